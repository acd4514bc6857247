//! The legs as the stack keeps them: what it takes, what it ignores, what it answers by itself.

use std::collections::BTreeMap;

use bytes::Bytes;
use offhook_sip_core::{Body, Command, Event, LegId, TxId};
use offhook_sip_message::sdp::{Origin, Sdp};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// A phone's INVITE waits for our final answer.
    Calling,
    /// Our INVITE waits for a phone's.
    Inviting {
        cancelled: bool,
    },
    Up,
    Over,
}

#[derive(Debug)]
pub(super) struct Leg {
    pub(super) state: State,
    /// Whether its INVITE had an offer.
    pub(super) offered: bool,
    /// The phone answered, and our ACK is owed.
    pub(super) owes_ack: bool,
    acks: u32,
    answers: u32,
    /// We answered, and the phone's ACK is owed; whether that one carries the answer.
    pub(super) awaits_ack: Option<bool>,
    reinvite_of_ours: Option<TxId>,
    reinvite_of_theirs: Option<TxId>,
    /// What a phone asked, and whether it is INVITE without an offer.
    pub(super) theirs: BTreeMap<TxId, (Bytes, bool)>,
    /// What we asked.
    pub(super) ours: BTreeMap<TxId, Bytes>,
    refers: u32,
    notified: u32,
    /// The session that it was told of: o= line, and what was said under it.
    session: Option<(Origin, Bytes)>,
}

impl Leg {
    fn new(state: State, offered: bool) -> Self {
        Self {
            state,
            offered,
            owes_ack: false,
            acks: 0,
            answers: 0,
            awaits_ack: None,
            reinvite_of_ours: None,
            reinvite_of_theirs: None,
            theirs: BTreeMap::new(),
            ours: BTreeMap::new(),
            refers: 0,
            notified: 0,
            session: None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// The phone answered our INVITE, or a re-INVITE.
    pub(super) fn answers(&mut self) {
        self.owes_ack = true;
        self.answers += 1;
    }

    /// One session a dialog, and a higher version with each change of it (RFC 3264 8).
    fn hear(&mut self, body: Option<&Body>) {
        let Some(body) = body.filter(|body| body.content_type == "application/sdp") else {
            return;
        };
        let Ok(sdp) = Sdp::parse(&body.octets) else {
            return;
        };
        let Some(origin) = sdp.origin() else { return };
        if let Some((last, octets)) = &self.session {
            assert_eq!(origin.session, last.session, "one session a dialog");
            let is_copy = *octets == body.octets;
            assert!(
                origin.version > last.version || is_copy,
                "versions rise: {octets:?} {:?}",
                body.octets
            );
        }
        self.session = Some((origin, body.octets.clone()));
    }

    fn end(&mut self) {
        // What the stack answers by itself when a leg ends (RFC 3261 15.1.2), and the ACK that it sends before a BYE.
        if let Some(tx) = self.reinvite_of_theirs.take() {
            self.theirs.remove(&tx);
        }
        if std::mem::take(&mut self.owes_ack) {
            self.acks += 1;
        }
        self.awaits_ack = None;
        self.state = State::Over;
        self.ours.clear();
    }
}

#[derive(Default)]
pub(super) struct Stack {
    pub(super) legs: BTreeMap<LegId, Leg>,
    /// What it reports at once.
    pub(super) events: Vec<Event>,
    next_leg: u64,
    next_tx: u64,
}

impl Stack {
    pub(super) fn new_leg(&mut self, offered: bool) -> LegId {
        let leg = LegId(self.next_leg);
        self.next_leg += 2;
        self.legs.insert(leg, Leg::new(State::Calling, offered));
        leg
    }

    /// A phone asks something; `None` when the stack refuses that by itself.
    pub(super) fn ask(&mut self, id: LegId, method: &str, offers: bool) -> Option<TxId> {
        let leg = self.legs.get_mut(&id)?;
        let tx = TxId(self.next_tx);
        self.next_tx += 2;
        if method == "INVITE" {
            let busy = leg.reinvite_of_ours.is_some()
                || leg.reinvite_of_theirs.is_some()
                || leg.owes_ack
                || leg.awaits_ack.is_some();
            if busy {
                return None;
            }
            leg.reinvite_of_theirs = Some(tx);
        }
        let name = Bytes::copy_from_slice(method.as_bytes());
        leg.theirs.insert(tx, (name, method == "INVITE" && !offers));
        if method == "BYE" {
            let kept = std::mem::take(&mut leg.theirs);
            leg.end();
            leg.theirs = kept;
            if let Some(invite) = leg.reinvite_of_theirs.take() {
                leg.theirs.remove(&invite);
            }
            leg.theirs.retain(|_, (method, _)| method != "INVITE");
        }
        Some(tx)
    }

    /// The answer to one of ours arrives; the method.
    pub(super) fn answered(&mut self, id: LegId, tx: TxId, status: u16) -> Option<Bytes> {
        let leg = self.legs.get_mut(&id)?;
        let method = leg.ours.remove(&tx)?;
        if leg.reinvite_of_ours == Some(tx) {
            leg.reinvite_of_ours = None;
            if status < 300 {
                leg.answers();
            }
        }
        Some(method)
    }

    fn hear(&mut self, leg: LegId, body: Option<&Body>) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.hear(body);
        }
    }

    pub(super) fn take(&mut self, command: &Command) {
        match command {
            Command::Invite { leg, invite, .. } => {
                let mut new = Leg::new(State::Inviting { cancelled: false }, invite.body.is_some());
                new.hear(invite.body.as_ref());
                assert!(self.legs.insert(*leg, new).is_none(), "a leg is new");
            }
            Command::Answer {
                leg, status, body, ..
            } => {
                self.hear(*leg, body.as_ref());
                self.on_answer(*leg, *status);
            }
            Command::Ack { leg, body } => {
                self.hear(*leg, body.as_ref());
                if let Some(leg) = self.legs.get_mut(leg)
                    && std::mem::take(&mut leg.owes_ack)
                {
                    leg.acks += 1;
                }
            }
            Command::Cancel { leg, .. } => self.cancel_or_bye(*leg),
            Command::Bye { leg, .. } => self.cancel_or_bye(*leg),
            Command::Request {
                leg,
                tx,
                method,
                headers,
                body,
            } => {
                self.hear(*leg, body.as_ref());
                self.on_request(*leg, *tx, method, headers);
            }
            Command::Reply {
                tx, status, body, ..
            } => self.on_reply(*tx, *status, body.as_ref()),
            Command::Drop { .. }
            | Command::Notify { .. }
            | Command::Outside { .. }
            | Command::Trunks(_)
            | Command::Account(_)
            | Command::Restore(_) => {}
        }
    }

    fn on_answer(&mut self, id: LegId, status: u16) {
        let leg = self.legs.get_mut(&id).expect("a leg that called");
        if leg.state != State::Calling {
            return;
        }
        match status {
            ..200 => {}
            200..300 => {
                leg.state = State::Up;
                leg.awaits_ack = Some(!leg.offered);
            }
            _ => leg.state = State::Over,
        }
    }

    fn cancel_or_bye(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        match leg.state {
            State::Inviting { .. } => leg.state = State::Inviting { cancelled: true },
            State::Calling | State::Up => leg.end(),
            State::Over => {}
        }
    }

    fn on_request(&mut self, id: LegId, tx: TxId, method: &Bytes, headers: &[(Bytes, Bytes)]) {
        let leg = self.legs.get_mut(&id).expect("a leg that there was");
        let is_invite = method == "INVITE";
        let busy = leg.reinvite_of_ours.is_some()
            || leg.reinvite_of_theirs.is_some()
            || leg.owes_ack
            || leg.awaits_ack.is_some();
        let status = match leg.state {
            State::Up if is_invite && busy => Some(491),
            State::Up => None,
            State::Calling if !is_invite => None,
            State::Calling | State::Inviting { .. } | State::Over => Some(481),
        };
        if let Some(status) = status {
            return self.events.push(Event::Failed {
                leg: id,
                tx,
                status,
            });
        }
        if is_invite {
            leg.reinvite_of_ours = Some(tx);
        }
        if method == "NOTIFY" {
            let over = headers
                .iter()
                .any(|(_, value)| value.starts_with(b"terminated"));
            leg.notified += u32::from(over);
            assert!(leg.notified <= leg.refers, "one end a REFER");
        }
        leg.ours.insert(tx, method.clone());
    }

    fn on_reply(&mut self, tx: TxId, status: u16, body: Option<&Body>) {
        let found = self
            .legs
            .values_mut()
            .find(|leg| leg.theirs.contains_key(&tx));
        // One that the stack has answered by itself, or that we have.
        let Some(leg) = found else { return };
        assert!(status >= 200);
        leg.hear(body);
        let Some((method, delayed)) = leg.theirs.remove(&tx) else {
            return;
        };
        if method == "REFER" && status == 202 {
            leg.refers += 1;
        }
        if leg.reinvite_of_theirs == Some(tx) {
            leg.reinvite_of_theirs = None;
            if status < 300 && leg.state == State::Up {
                leg.awaits_ack = Some(delayed);
            }
        }
    }

    /// Everybody has hung up, and nobody waits for anything.
    pub(super) fn check_over(&self) {
        for (id, leg) in &self.legs {
            let over = matches!(leg.state, State::Over | State::Inviting { cancelled: true });
            assert!(over, "{id:?} is left behind: {leg:?}");
            assert_eq!(leg.acks, leg.answers, "{id:?}: one ACK a 2xx: {leg:?}");
            assert!(leg.theirs.is_empty(), "{id:?} waits for an answer: {leg:?}");
        }
    }
}
