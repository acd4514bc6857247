//! A new call: who calls, whom the plan names, and what cannot even ring.

use std::net::IpAddr;

use bytes::Bytes;
use offhook_base::{CallId, Mono, Now, PhoneId, TerminatedBy};
use offhook_media_core::Side;
use offhook_sip_core::{Body, Command, InviteOut, LegId, Peer, Target};
use offhook_sip_message::{Message, Name, Uri};
use sha2::{Digest as _, Sha256};

use super::{Entry, LegName, Pbx};
use crate::cause::EndCause;
use crate::convey;
use crate::effect::Effect;
use crate::fence::Class;
use crate::limit::{Bucket, admit};
use crate::media::Media;
use crate::phase::{Branch, NewRinging, Phase, Ringing, answer};
use crate::plan::{Plan, Unreachable, plan};
use crate::record::{CallRecord, Destination, End, NewCall, Participant};

/// A call that is admitted: its id, who calls and what they dialled.
struct Admitted {
    leg: LegId,
    host: IpAddr,
    id: CallId,
    src: Participant,
    dialled: String,
}

impl Pbx {
    pub(super) fn on_invite(
        &mut self,
        now: Now,
        leg: LegId,
        phone: PhoneId,
        peer: Peer,
        request: &Message,
    ) {
        let Some((user_id, src)) = self.caller(phone, request) else {
            // The phone was removed between its challenge and now: nobody calls, so nothing is recorded.
            return self.refuse_unrecorded(leg, 403, None);
        };
        if self.closing
            || self.fence.is_stalled(now.mono)
            || self.calls.len() >= self.config.max_calls.min(self.room)
            || !self.admit_rate(now.mono, peer)
        {
            return self.refuse_unrecorded(leg, 503, Some(5));
        }
        let Some(id) = self.call_ids.next() else {
            return self.refuse_unrecorded(leg, 503, Some(1));
        };
        if let Some(upto) = self.call_ids.wants_more() {
            self.actions.push_back(super::Action::ReserveCallIds(upto));
        }
        let dialled = dialled(request);
        let admitted = Admitted {
            leg,
            host: peer.addr.ip(),
            id,
            src,
            dialled,
        };
        match plan(&self.directory, &self.bindings, phone, &admitted.dialled) {
            Plan::Unknown => {
                let dst = Participant {
                    number: admitted.dialled.clone(),
                    ..Participant::default()
                };
                self.end_at_once(
                    now,
                    admitted,
                    dst,
                    Destination::Out,
                    EndCause::UnallocatedNumber,
                );
            }
            Plan::Unreachable { user, why } => {
                let dst = Participant {
                    number: admitted.dialled.clone(),
                    user: Some(user.id),
                    name: user.name,
                    ..Participant::default()
                };
                let cause = match why {
                    Unreachable::DoNotDisturb => EndCause::DoNotDisturb,
                    Unreachable::Unregistered => EndCause::SubscriberAbsent,
                };
                self.end_at_once(now, admitted, dst, Destination::In, cause);
            }
            Plan::Ring { user, targets } => {
                let dst = Participant {
                    number: admitted.dialled.clone(),
                    user: Some(user.id),
                    name: user.name,
                    ..Participant::default()
                };
                tracing::debug!(call = %admitted.id, caller = %user_id, callee = %user.id, contacts = targets.len(), "a call rings");
                self.ring(now, admitted, dst, &targets, request);
            }
        }
    }

    /// Who calls is who proved the password; From is not asked.
    fn caller(
        &self,
        phone: PhoneId,
        request: &Message,
    ) -> Option<(offhook_base::UserId, Participant)> {
        let (phone, user) = self
            .directory
            .phone(phone)
            .filter(|(_, user)| user.active)?;
        let view = request.view();
        let name = if phone.display_name.is_empty() {
            user.name.clone()
        } else {
            phone.display_name.clone()
        };
        let contact = view
            .contacts()
            .find_map(|contact| contact.ok().and_then(|contact| contact.address()))
            .map(|address| convey::text(Some(address.uri)))
            .unwrap_or_default();
        let side = Participant {
            number: user.ext.clone(),
            user: Some(user.id),
            phone: Some(phone.id),
            name,
            ua: convey::text(view.header(Name::UserAgent)),
            codec: String::new(),
            contact,
            sip_call_id: convey::text(view.call_id()),
        };
        Some((user.id, side))
    }

    fn admit_rate(&mut self, now: Mono, peer: Peer) -> bool {
        if let Some(rate) = self.config.new_calls_per_s
            && !self
                .new_calls
                .get_or_insert_with(|| Bucket::full(now, rate))
                .take(now, rate)
        {
            return false;
        }
        let source = peer.addr.ip();
        match self.config.invites_per_s_per_source {
            Some(rate)
                if !self
                    .config
                    .guard
                    .exempt
                    .iter()
                    .any(|network| network.contains(source)) =>
            {
                admit(&mut self.sources, now, source, rate)
            }
            _ => true,
        }
    }

    /// Refuses a call that never was: no id, no event, nothing to be fenced.
    fn refuse_unrecorded(&mut self, leg: LegId, status: u16, retry_after: Option<u32>) {
        let headers = retry_after
            .map(|seconds| {
                (
                    Bytes::from_static(b"Retry-After"),
                    Bytes::from(seconds.to_string()),
                )
            })
            .into_iter()
            .collect();
        self.gate(0, leg, Class::Tells, answer(leg, status, headers));
    }

    fn new_record(
        &self,
        now: Now,
        admitted: &Admitted,
        dst: Participant,
        destination: Destination,
    ) -> CallRecord {
        CallRecord::new(
            now,
            NewCall {
                id: admitted.id,
                destination,
                clid: format!(
                    "\"{}\" <{}>",
                    admitted.src.name.replace('"', "'"),
                    admitted.src.number
                ),
                src_hash: self.src_hash(admitted.id),
                src: admitted.src.clone(),
                dst,
            },
        )
    }

    /// 40 hex digits that are the same in all events of one root and tell nothing.
    fn src_hash(&self, root: CallId) -> String {
        use std::fmt::Write as _;
        let digest = Sha256::new()
            .chain_update(self.salt)
            .chain_update(root.0.to_le_bytes())
            .finalize();
        digest
            .iter()
            .take(20)
            .fold(String::with_capacity(40), |mut hex, octet| {
                let written = write!(hex, "{octet:02x}");
                debug_assert!(written.is_ok(), "a String takes every write");
                hex
            })
    }

    /// A target was chosen but nothing is rung: initial, then the last event.
    fn end_at_once(
        &mut self,
        now: Now,
        admitted: Admitted,
        dst: Participant,
        destination: Destination,
        end: EndCause,
    ) {
        let mut record = self.new_record(now, &admitted, dst, destination);
        let cause = end.cause();
        let initial = record.initial(now, &mut self.ids);
        let last = record.ended(
            now,
            End {
                cause,
                by: TerminatedBy::System,
                info: "".into(),
            },
            &mut self.ids,
        );
        let effects = vec![
            Effect::Record(Box::new(initial)),
            Effect::Record(Box::new(last)),
            Effect::Held {
                leg: admitted.leg,
                class: Class::Ends,
                command: answer(admitted.leg, cause.sip, vec![convey::reason(cause)]),
            },
        ];
        self.name_legs(admitted.id, &[admitted.leg]);
        let entry = Box::new(Entry {
            record,
            phase: Phase::Ended,
            gate: 0,
            deadline: None,
            legs: vec![admitted.leg],
        });
        self.settle(now, admitted.id, entry, effects);
    }

    fn ring(
        &mut self,
        now: Now,
        admitted: Admitted,
        dst: Participant,
        targets: &[(PhoneId, offhook_sip_core::Binding)],
        request: &Message,
    ) {
        let mut effects = Vec::new();
        let Some(mut media) = self.media(admitted.id, admitted.host) else {
            return self.end_at_once(
                now,
                admitted,
                dst,
                Destination::In,
                EndCause::CircuitCongestion,
            );
        };
        let offer = convey::body(request);
        let delayed_offer = offer.is_none();
        let body = match offer {
            Some(body) if convey::is_sdp(&body) => {
                match media.translate(Side::A, &body.octets, &mut effects) {
                    Ok(octets) => Some(Body {
                        content_type: body.content_type,
                        octets,
                    }),
                    Err(_) => {
                        media.stop(&mut effects);
                        self.perform_media(effects);
                        return self.end_at_once(
                            now,
                            admitted,
                            dst,
                            Destination::In,
                            EndCause::IncompatibleDestination,
                        );
                    }
                }
            }
            other => other,
        };
        let invite = self.invite(&admitted, request, body);
        let record = self.new_record(now, &admitted, dst, Destination::In);
        let mut legs = vec![admitted.leg];
        let mut branches = Vec::with_capacity(targets.len());
        let mut invites = Vec::with_capacity(targets.len());
        for (phone, binding) in targets {
            self.next_leg += 1;
            let leg = LegId::outgoing(self.next_leg);
            legs.push(leg);
            branches.push(Branch {
                leg,
                phone: *phone,
                ua: convey::text(Some(binding.user_agent.as_ref())),
                contact: convey::text(Some(binding.contact.as_ref())),
                host: binding.peer.addr.ip(),
                early: None,
                rings: false,
            });
            let command = Command::Invite {
                leg,
                target: Target::from(binding),
                invite: invite.clone(),
            };
            invites.push(Effect::Held {
                leg,
                class: Class::Opens,
                command,
            });
        }
        self.name_legs(admitted.id, &legs);
        let ringing = Ringing::new(NewRinging {
            caller: admitted.leg,
            branches,
            media,
            delayed_offer,
            now: now.mono,
            ring: self.config.ring,
        });
        let mut entry = Box::new(Entry {
            record,
            phase: Phase::Ringing(Box::new(ringing)),
            gate: 0,
            deadline: None,
            legs,
        });
        effects.push(Effect::Record(Box::new(
            entry.record.initial(now, &mut self.ids),
        )));
        effects.append(&mut invites);
        self.settle(now, admitted.id, entry, effects);
    }

    /// Ports for both sides; `None` when the stock is empty.
    fn media(&mut self, call: CallId, caller: IpAddr) -> Option<Media> {
        let Some(address) = self.config.relay else {
            return Some(Media::Direct);
        };
        if self.ports.len() < 2 {
            return None;
        }
        let (a, b) = (self.ports.pop()?, self.ports.pop()?);
        Some(Media::relayed(call, address, caller, a, b))
    }

    fn perform_media(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Media(command) = effect {
                self.actions.push_back(super::Action::Media(command));
            }
        }
    }

    fn invite(&self, admitted: &Admitted, request: &Message, body: Option<Body>) -> InviteOut {
        let host = &self.config.host;
        let name = admitted
            .src
            .name
            .replace(['"', '\\', '\r', '\n', '\0'], "'");
        InviteOut {
            from: Bytes::from(format!("\"{name}\" <sip:{}@{host}>", admitted.src.number)),
            to: Bytes::from(format!("<sip:{}@{host}>", admitted.dialled)),
            max_forwards: request.view().max_forwards().map_or(70, |hops| {
                u8::try_from(hops.saturating_sub(1)).unwrap_or(70)
            }),
            headers: convey::headers(request),
            body,
        }
    }

    fn name_legs(&mut self, call: CallId, legs: &[LegId]) {
        for (index, leg) in legs.iter().enumerate() {
            self.legs.insert(
                *leg,
                LegName {
                    call,
                    index: u16::try_from(index).unwrap_or(u16::MAX),
                },
            );
        }
    }
}

/// What was dialled: the user part of the Request-URI, percent-decoded; for `tel:` the number. A `+` in front and the
/// separators that people write into numbers (RFC 3966 §5.1.1) are no part of the number. Anything else that no number
/// has is kept as `?`, which nobody answers to, so that a caller never reaches a number that was not dialled.
fn dialled(request: &Message) -> String {
    let view = request.view();
    let Some(uri) = view.request_uri().and_then(Uri::parse) else {
        return String::new();
    };
    let decoded = if uri.is_tel() {
        uri.host.into()
    } else {
        uri.user_decoded().unwrap_or_default()
    };
    let text = String::from_utf8_lossy(&decoded);
    // User parameters such as `;phone-context=` are no part of the number either.
    let number = text.split(';').next().unwrap_or_default();
    let global = number.starts_with('+') || uri.is_tel();
    let separator = |c: char| global && "-.()".contains(c);
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || "*#-_.!~".contains(c) {
            c
        } else {
            '?'
        }
    };
    number
        .trim_start_matches('+')
        .chars()
        .filter(|c| !separator(*c))
        .map(kept)
        .take(64)
        .collect()
}
