//! Requests that come in.

use std::net::SocketAddr;

use offhook_base::Mono;
use offhook_sip_message::{Contact, Method, Name, View};
use rand_core::Rng;

use super::call::{Action, Call, Phase, Role, Up};
use super::sdp::Session;
use super::server::{Server, ServerKey};
use super::transfer::Transfer;
use super::{CallRef, First, Incoming, Phone, PhoneEvent, Rule, Script, Side, Then};

impl Phone {
    pub(super) fn on_request(&mut self, now: Mono, source: SocketAddr, request: View<'_>) {
        let method = request.method().unwrap_or(Method::Other);
        if !self.check_request(now, request) {
            return;
        }
        if method == Method::Ack {
            self.on_ack(now, request);
            return;
        }
        let Some(key) = ServerKey::of(request, request.method_bytes().unwrap_or_default()) else {
            return;
        };
        if let Some(server) = self.servers.get(&key) {
            let again = server.on_retransmission().map(<[u8]>::to_vec);
            if server.request != request.raw() {
                self.violation(now, Rule::RetransmissionDiffers, describe(request));
            }
            self.outputs
                .extend(again.map(|bytes| super::Output::Send { to: source, bytes }));
            return;
        }
        if self.is_silent_to(now, method, request) {
            return;
        }
        let server = Server::new(request, request.raw(), source, self.config.timers);
        self.servers.insert(key.clone(), server);
        match method {
            Method::Cancel => self.on_cancel(now, &key, request),
            Method::Options => self.respond(now, &key, 200, Some("options"), None),
            _ if request.to_tag().is_some() => self.on_dialog_request(now, &key, method, request),
            Method::Invite => self.on_invite(now, &key, request),
            Method::Bye | Method::Info | Method::Prack | Method::Update => {
                self.violation(now, Rule::RequestOutsideDialog, describe(request));
                self.respond(now, &key, 481, Some("none"), None);
            }
            Method::Notify => self.on_stray_notify(now, &key, request),
            Method::Message => self.on_text(now, &key, request),
            Method::Ack
            | Method::Publish
            | Method::Refer
            | Method::Register
            | Method::Subscribe => {
                self.respond(now, &key, 405, Some("none"), None);
            }
            Method::Other => self.respond(now, &key, 501, Some("none"), None),
        }
    }

    /// What every request must have (8.1.1), and that it was meant for us.
    fn check_request(&mut self, now: Mono, request: View<'_>) -> bool {
        let branch = request.top_via().and_then(|via| via.branch());
        let fatal = [
            (
                "Via with a branch",
                !branch.is_some_and(|branch| branch.starts_with(b"z9hG4bK")),
            ),
            ("From tag", request.from_tag().is_none()),
            ("To", request.to().is_none()),
            ("Call-ID", request.call_id().is_none()),
            ("CSeq of its method", !request.cseq_matches_method()),
        ];
        let dialog_forming = request.method() == Some(Method::Invite);
        let lesser = [
            ("Max-Forwards", request.max_forwards().is_none()),
            (
                "Contact",
                dialog_forming && request.header(Name::Contact).is_none(),
            ),
        ];
        for (what, _) in fatal.iter().chain(&lesser).filter(|(_, missing)| *missing) {
            self.violation(
                now,
                Rule::HeaderMissing,
                format!("{} without {what}", describe(request)),
            );
        }
        if !request
            .request_uri()
            .is_some_and(|uri| self.is_our_contact(uri))
        {
            self.violation(now, Rule::WrongTarget, describe(request));
        }
        !fatal.iter().any(|(_, missing)| *missing)
    }

    /// A call comes in.
    fn on_invite(&mut self, now: Mono, key: &ServerKey, request: View<'_>) {
        let (call_id, from_tag) = (
            request.call_id().unwrap_or_default(),
            request.from_tag().unwrap_or_default(),
        );
        let merged = self.calls.values().any(|call| {
            call.role == Role::Callee
                && call.call_id == call_id
                && call.remote_tag.as_deref() == Some(from_tag)
        });
        if merged {
            // 8.2.2.2
            self.violation(now, Rule::MergedRequest, describe(request));
            self.respond(now, key, 482, Some("merged"), None);
            return;
        }
        let id = self.new_call_ref();
        let call = self.new_callee(key, request);
        self.calls.insert(id, call);
        if let Some(server) = self.servers.get_mut(key) {
            server.call = Some(id);
        }
        let from =
            String::from_utf8_lossy(request.header(Name::From).unwrap_or_default()).into_owned();
        self.event(PhoneEvent::Incoming { call: id, from });
        let incoming = self.draw_incoming(id);
        self.first_word(now, key, id, (request.body(), incoming));
    }

    fn new_callee(&mut self, key: &ServerKey, request: View<'_>) -> Call {
        let session_id = u64::from(self.rng.next_u32());
        // 12.1.1: From becomes the remote side, To the local one; the route set keeps its order.
        let party = |value: Option<offhook_sip_message::NameAddr<'_>>| {
            value
                .map(|address| without_tag(address.raw))
                .unwrap_or_default()
        };
        Call {
            role: Role::Callee,
            call_id: request.call_id().unwrap_or_default().to_vec(),
            local_tag: self.token(),
            remote_tag: request.from_tag().map(<[u8]>::to_vec),
            local: party(request.to()),
            asserted: None,
            remote: party(request.from()),
            target: contact(request).unwrap_or_default(),
            routes: request
                .routes(Name::RecordRoute)
                .flatten()
                .map(|route| route.raw.to_vec())
                .collect(),
            cseq: 0,
            remote_cseq: request.cseq().map(|cseq| cseq.number),
            script: Script::NOTHING,
            session: Session::new(self.config.local.ip(), self.config.rtp_port, session_id),
            told_held: false,
            transfer: Transfer::None,
            phase: Phase::Ringing {
                invite: key.clone(),
            },
        }
    }

    /// 100, 180 or 183, and what is to come later.
    fn first_word(
        &mut self,
        now: Mono,
        key: &ServerKey,
        id: CallRef,
        (offer, incoming): (&[u8], Incoming),
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let tag = call.local_tag.clone();
        match incoming.first {
            // An INVITE that gets no word is dropped before it becomes a call.
            First::Silence => {}
            First::Trying => self.respond(now, key, 100, None, None),
            First::Ringing => self.respond(now, key, 180, Some(&tag), None),
            First::EarlyMedia => {
                let answer = if offer.is_empty() {
                    None
                } else {
                    call.session.answer(offer)
                };
                self.respond(now, key, 183, Some(&tag), answer.as_deref());
                self.tell_media(id);
            }
        }
        match incoming.then {
            Then::Answer { after, script } => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.script = script;
                }
                self.at(now + after, id, Action::Answer);
            }
            Then::Refuse { after, status } => self.at(now + after, id, Action::Refuse(status)),
            Then::Ring => {}
        }
    }

    /// The invite of a call that rings, its octets, and our tag.
    fn invite_of(&self, id: CallRef) -> Option<(ServerKey, Vec<u8>, String)> {
        let call = self.calls.get(&id)?;
        let Phase::Ringing { invite } = &call.phase else {
            return None;
        };
        let request = &self.servers.get(invite)?.request;
        let index =
            offhook_sip_message::Index::parse(request, offhook_sip_message::Framing::Datagram)
                .ok()?;
        let body = View::new(request, &index).body().to_vec();
        Some((invite.clone(), body, call.local_tag.clone()))
    }

    pub(super) fn answer_ringing(&mut self, now: Mono, id: CallRef) {
        let Some((invite, offer, tag)) = self.invite_of(id) else {
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let body = if offer.is_empty() {
            Some(call.session.offer())
        } else {
            call.session.answer(&offer)
        };
        let Some(body) = body else {
            self.refuse_ringing(now, id, 488);
            return;
        };
        call.phase = Phase::Up(Up {
            unacknowledged: true,
            awaits_answer: offer.is_empty(),
            ..Up::default()
        });
        let actions = call.after_answer();
        self.respond(now, &invite, 200, Some(&tag), Some(&body));
        self.event(PhoneEvent::Answered { call: id });
        self.tell_media(id);
        for (after, action) in actions {
            self.at(now + after, id, action);
        }
    }

    pub(super) fn refuse_ringing(&mut self, now: Mono, id: CallRef, status: u16) {
        if let Some((invite, _, tag)) = self.invite_of(id) {
            self.respond(now, &invite, status, Some(&tag), None);
            self.over(now, id, Side::Us, Some(status));
        }
    }

    fn on_ack(&mut self, now: Mono, request: View<'_>) {
        // To a refusal: the branch of its INVITE (17.1.1.3).
        let refused = ServerKey::of(request, b"INVITE").and_then(|key| self.servers.get_mut(&key));
        if let Some(server) = refused {
            if server.is_accepted() {
                self.violation(
                    now,
                    Rule::AckOfNothing,
                    "ACK to a 2xx with the branch of the INVITE".to_owned(),
                );
            } else {
                server.on_ack(now);
            }
            return;
        }
        let Some(id) = self.dialog_of(request) else {
            self.violation(now, Rule::AckOfNothing, describe(request));
            return;
        };
        let number = request.cseq().map(|cseq| cseq.number);
        let accepted = self.servers.values_mut().find(|server| {
            server.call == Some(id) && server.is_accepted() && Some(server.cseq) == number
        });
        let Some(server) = accepted else {
            let over = self.calls.get(&id).is_some_and(Call::is_over);
            if !over {
                self.violation(now, Rule::AckOfNothing, describe(request));
            }
            return;
        };
        let first = server.awaits_ack();
        server.on_ack(now);
        if first {
            self.on_acknowledged(now, id, request.body());
        }
    }

    /// Our 2xx arrived: what had to wait for that can go on.
    fn on_acknowledged(&mut self, now: Mono, id: CallRef, body: &[u8]) {
        let Some(up) = self.calls.get_mut(&id).and_then(Call::up) else {
            return;
        };
        up.unacknowledged = false;
        let hangup = up.hangup;
        if std::mem::take(&mut up.awaits_answer) {
            self.on_answer_description(now, id, body);
        }
        if hangup {
            self.send_bye(now, id);
        } else {
            self.reinvite_if_due(now, id);
        }
    }

    fn on_cancel(&mut self, now: Mono, key: &ServerKey, request: View<'_>) {
        let invite = ServerKey::of(request, b"INVITE");
        let Some((invite, server)) =
            invite.and_then(|key| self.servers.get(&key).map(|server| (key, server)))
        else {
            self.violation(now, Rule::CancelOfNothing, describe(request));
            self.respond(now, key, 481, Some("none"), None);
            return;
        };
        let (call, proceeding, answered) =
            (server.call, server.is_proceeding(), server.has_answered());
        if !same_request(&server.request, request) {
            self.violation(
                now,
                Rule::CancelOfNothing,
                format!("differs from its INVITE: {}", describe(request)),
            );
        }
        if !answered {
            self.violation(now, Rule::CancelTooEarly, describe(request));
        }
        let tag = call
            .and_then(|id| self.calls.get(&id))
            .map(|call| call.local_tag.clone());
        self.respond(now, key, 200, tag.as_deref(), None);
        if let Some(id) = call.filter(|_| proceeding) {
            self.respond(now, &invite, 487, tag.as_deref(), None);
            if let Some(reason) = request.header(Name::Reason) {
                let reason = String::from_utf8_lossy(reason).into_owned();
                self.event(PhoneEvent::CancelReason { call: id, reason });
            }
            self.over(now, id, Side::Peer, Some(487));
        }
    }
}

pub(super) fn contact(request: View<'_>) -> Option<Vec<u8>> {
    request.contacts().find_map(|contact| match contact {
        Ok(Contact::Address(address)) => Some(address.uri.to_vec()),
        Ok(_) | Err(_) => None,
    })
}

/// Method and Request-URI, for a person.
pub(super) fn describe(request: View<'_>) -> String {
    let text =
        |octets: Option<&[u8]>| String::from_utf8_lossy(octets.unwrap_or_default()).into_owned();
    format!(
        "{} {}",
        text(request.method_bytes()),
        text(request.request_uri())
    )
}

/// The element up to its tag; a tag is the only parameter of From and To that has a meaning.
fn without_tag(value: &[u8]) -> Vec<u8> {
    let end = value
        .windows(5)
        .position(|five| five.eq_ignore_ascii_case(b";tag="));
    value
        .get(..end.unwrap_or(value.len()))
        .unwrap_or_default()
        .to_vec()
}

/// 9.1: a CANCEL has the Request-URI, Call-ID, From, To and CSeq number of its INVITE.
fn same_request(invite: &[u8], cancel: View<'_>) -> bool {
    let Ok(index) =
        offhook_sip_message::Index::parse(invite, offhook_sip_message::Framing::Datagram)
    else {
        return false;
    };
    let invite = View::new(invite, &index);
    invite.request_uri() == cancel.request_uri()
        && invite.call_id() == cancel.call_id()
        && invite.header(Name::From) == cancel.header(Name::From)
        && invite.header(Name::To) == cancel.header(Name::To)
        && invite.cseq().map(|cseq| cseq.number) == cancel.cseq().map(|cseq| cseq.number)
}
