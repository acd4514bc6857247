//! A new call: who calls, and what they offer. Whom it reaches is the business of `phase::start`.

use bytes::Bytes;
use offhook_base::{CallId, Mono, Now, PhoneId, TrunkId, UserId};
use offhook_media_core::Side;
use offhook_sip_core::{Body, LegId, Peer};
use offhook_sip_message::{Message, Name};

use super::{LegName, Owed, Pbx};
use crate::cause::EndCause;
use crate::convey;
use crate::dialled::dialled;
use crate::fence::Class;
use crate::limit::{Bucket, admit};
use crate::mailbox::MailboxNews;
use crate::media::{Media, NoMedia};
use crate::phase::{
    Dial, Input, Mailbox, Phase, Service, Unanswered, Waiting, answer, committed_by, fail_at_once,
    start,
};
use crate::plan::Dialled;
use crate::record::Participant;
use crate::star::{self, AgentCode, AgentLogin, Code, NoEffect};
use crate::trunks::caller::{ANONYMOUS, caller_of, hides};

impl Pbx {
    pub(super) fn on_invite(
        &mut self,
        now: Now,
        leg: LegId,
        phone: PhoneId,
        peer: Peer,
        request: &Message,
    ) {
        let Some(party) = self.caller(phone, request) else {
            // The phone was removed between its challenge and now: nobody calls, so nothing is recorded.
            return self.refuse_unrecorded(leg, 403, None);
        };
        if !self.takes_calls(now.mono) || !self.admit_rate(now.mono, peer) {
            return self.refuse_unrecorded(leg, 503, Some(5));
        }
        let Some(root) = self.next_call_id() else {
            return self.refuse_unrecorded(leg, 503, Some(1));
        };
        let number = dialled(request);
        let code = party
            .user
            .and_then(|user| Some((user, star::read(&self.office.directory, user, &number)?)));
        if let Some((user, code)) = code {
            return self.on_code(now, (leg, peer), root, (user, code), request);
        }
        let dialled = Dialled::by_user(&number, Some(phone));
        self.begin(now, (leg, peer), root, (party, &dialled), request);
    }

    /// A user dials a code. What came of it is heard, or shown by the phone as a refusal.
    fn on_code(
        &mut self,
        now: Now,
        (leg, peer): (LegId, Peer),
        root: CallId,
        (user, code): (UserId, Result<Code, NoEffect>),
        request: &Message,
    ) {
        let code = match code {
            Ok(Code::Mailbox) if self.open_mailboxes() >= MOST_MAILBOXES => {
                return self.refuse_unrecorded(leg, 503, Some(60));
            }
            Ok(code) => code,
            Err(NoEffect::NoAgent) => return self.refuse_unrecorded(leg, 403, None),
            Err(NoEffect::UnknownQueue) => return self.refuse_unrecorded(leg, 404, None),
        };
        let Some(mut media) = self.office.media(root, peer.addr.ip()) else {
            return self.refuse_unrecorded(leg, 503, Some(5));
        };
        let mut effects = Vec::new();
        if let Some(body) = convey::body(request).filter(convey::is_sdp)
            && let Err(NoMedia) = media.translate(Side::A, &body.octets, &mut effects)
        {
            tracing::debug!(%user, "a code was dialled with an offer that cannot be answered");
        }
        self.perform_media(effects);
        if let Code::Agent(AgentCode { login, queues }) = &code {
            self.actions
                .push_back(super::Action::AgentLogin(AgentLogin {
                    call: root,
                    user,
                    queues: queues.clone(),
                    login: *login,
                }));
        }
        let entry = self.entry(root, now);
        self.run(now, entry, |cx, _| {
            cx.legs.push((
                leg,
                LegName {
                    root,
                    call: root,
                    index: 0,
                },
            ));
            match code {
                Code::Agent(code) => Service::start(cx, leg, media, if code.login { 1 } else { 2 }),
                Code::Mailbox => Mailbox::start(cx, leg, user, media),
            }
        });
    }

    fn open_mailboxes(&self) -> usize {
        let phases = self.conversations.values().map(|entry| &entry.phase);
        phases
            .filter(|phase| matches!(phase, Phase::Mailbox(_)))
            .count()
    }

    pub(crate) fn handle_mailbox(&mut self, now: Now, call: CallId, news: MailboxNews) {
        self.feed(now, call, Input::Mailbox(news));
    }

    pub(crate) fn handle_agent_login(&mut self, now: Now, call: CallId, stored: bool) {
        self.feed(now, call, Input::CodeStored(stored));
    }

    /// An outsider calls by a trunk. It reaches numbers of ours and nothing else, never another trunk.
    pub(super) fn on_trunk_invite(
        &mut self,
        now: Now,
        leg: LegId,
        trunk: TrunkId,
        peer: Peer,
        request: &Message,
    ) {
        let number = dialled(request);
        let numbering = &self.office.config.numbering;
        let ddi = self.office.directory.ddi_dialled(numbering, &number);
        let ddi = ddi.filter(|ddi| ddi.trunk.is_none_or(|only| only == trunk));
        let Some(ddi) = ddi else {
            return self.refuse_unrecorded(leg, 404, None);
        };
        let dialled = Dialled {
            number: ddi.e164.clone(),
            is_global: true,
            by: None,
            target: Some(ddi.target),
            outwards: false,
        };
        let (number, name) = caller_of(request, numbering);
        let party = Participant {
            number,
            name,
            ua: convey::text(request.view().header(Name::UserAgent)),
            contact: contact_of(request),
            sip_call_id: convey::text(request.view().call_id()),
            ..Participant::default()
        };
        if !self.takes_calls(now.mono) || !self.admit_rate(now.mono, peer) {
            return self.refuse_unrecorded(leg, 503, Some(5));
        }
        if !self.office.take_line(leg, trunk) {
            return self.refuse_unrecorded(leg, 503, None);
        }
        let Some(root) = self.next_call_id() else {
            self.office.free_line(leg);
            return self.refuse_unrecorded(leg, 503, Some(1));
        };
        self.begin(now, (leg, peer), root, (party, &dialled), request);
    }

    fn begin(
        &mut self,
        now: Now,
        (leg, peer): (LegId, Peer),
        root: CallId,
        (party, dialled): (Participant, &Dialled),
        request: &Message,
    ) {
        tracing::debug!(call = %root, caller = ?party.user, "a call arrives");
        let (waiting, obstacle) = self.waiting(now, (leg, peer), root, party, request);
        let entry = self.entry(root, now);
        let is_sound = self.run(now, entry, |cx, _| match obstacle {
            None => start(cx, waiting, dialled),
            Some(end) => fail_at_once(cx, waiting, dialled, end),
        });
        if !is_sound {
            // A leg that was not named yet is none of the conversation's.
            self.office.free_line(leg);
            self.settle_debt(Some(Owed::Invite(leg)));
        }
    }

    /// The caller as a party that waits, and what keeps its call from ringing anybody.
    fn waiting(
        &mut self,
        now: Now,
        (leg, peer): (LegId, Peer),
        root: CallId,
        party: Participant,
        request: &Message,
    ) -> (Waiting, Option<EndCause>) {
        let offer = convey::body(request);
        let delayed_offer = offer.is_none();
        let (mut media, mut obstacle) = match self.office.media(root, peer.addr.ip()) {
            Some(media) => (media, None),
            None => (Media::direct(), Some(EndCause::CircuitCongestion)),
        };
        let mut effects = Vec::new();
        let body = match offer {
            Some(body) if obstacle.is_none() && convey::is_sdp(&body) => {
                match media.translate(Side::A, &body.octets, &mut effects) {
                    Ok(octets) => Some(Body { octets, ..body }),
                    Err(NoMedia) => {
                        obstacle = Some(EndCause::IncompatibleDestination);
                        None
                    }
                }
            }
            other => other,
        };
        self.perform_media(effects);
        let waiting = Waiting {
            leg,
            unanswered: Some(Unanswered {
                delayed_offer,
                early: None,
            }),
            committed_by: committed_by(now.mono),
            on_behalf: party.user,
            caller_id: (party.user.is_some() && hides(request)).then(|| ANONYMOUS.to_owned()),
            clid: party.clid(),
            dial: Dial {
                name: party.name.clone(),
                number: party.number.clone(),
                max_forwards: request.view().max_forwards().map_or(70, |hops| {
                    u8::try_from(hops.saturating_sub(1)).unwrap_or(70)
                }),
                headers: convey::headers_of_invite(request, party.user.is_none()),
                body,
            },
            party,
            media,
            parent: None,
            referred_by: String::new(),
            transfer: None,
            departing: None,
            held: None,
            replaced: None,
        };
        (waiting, obstacle)
    }

    /// Who calls is who proved the password; From is not asked.
    fn caller(&self, phone: PhoneId, request: &Message) -> Option<Participant> {
        let (phone, user) = self
            .office
            .directory
            .phone(phone)
            .filter(|(_, user)| user.active)?;
        let view = request.view();
        let name = if phone.display_name.is_empty() {
            user.name.clone()
        } else {
            phone.display_name.clone()
        };
        Some(Participant {
            number: user.ext.clone(),
            user: Some(user.id),
            phone: Some(phone.id),
            name,
            ua: convey::text(view.header(Name::UserAgent)),
            codec: String::new(),
            contact: contact_of(request),
            sip_call_id: convey::text(view.call_id()),
            ..Participant::default()
        })
    }

    /// Whether a new call may start at all.
    pub(super) fn takes_calls(&self, now: Mono) -> bool {
        !self.closing
            && !self.fence.is_stalled(now)
            // Who only dialled a code has no call that is recorded, yet has ports and a leg like any other.
            && self.open.len().max(self.conversations.len())
                < self.office.config.max_calls.min(self.room)
    }

    /// Whether one more call may start in this second, whoever asks for it.
    pub(super) fn admit_new(&mut self, now: Mono) -> bool {
        let rate = self.office.config.new_calls_per_s;
        rate.is_none_or(|rate| {
            let bucket = self
                .new_calls
                .get_or_insert_with(|| Bucket::full(now, rate));
            bucket.take(now, rate)
        })
    }

    fn admit_rate(&mut self, now: Mono, peer: Peer) -> bool {
        if !self.admit_new(now) {
            return false;
        }
        let source = peer.addr.ip();
        match self.office.config.invites_per_s_per_source {
            Some(rate)
                if !self
                    .office
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
}

/// Users who hear messages at a time: each has one of three minutes in memory, at most, which is some 9 MB.
const MOST_MAILBOXES: usize = 32;

/// Where the sender of a request wants to be reached, for people to read.
fn contact_of(request: &Message) -> String {
    let mut contacts = request.view().contacts();
    let address = contacts.find_map(|contact| contact.ok().and_then(|contact| contact.address()));
    address
        .map(|address| convey::text(Some(address.uri)))
        .unwrap_or_default()
}
