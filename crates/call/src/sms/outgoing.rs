//! Texts towards a trunk: kept first, then sent, once. After a crash one that was not answered is sent again.
//!
//! ```text
//! admitted ──► Storing ──stored──► Sending ──answered──► gone
//!                 └─not stored─► gone  ▲
//!                                      │ a trunk is there
//! after a start, no trunk up ──► Stranded ──a minute──► gone: failed
//! ```

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Mono, SmsId, SmsRecord, SmsStatus, UserId};
use offhook_sip_core::Command;

use super::address::{NoWay, Way};
use super::forward::{request, status};
use super::{Answer, Asker, Context, Flight, TextChange, TextEffect, Texts};

/// Texts on their way to trunks at most; further ones get 503.
const MOST: usize = 500;
/// How long texts of the previous process wait for a trunk: a start sends before the names of trunks are looked up.
const STRANDED: Duration = Duration::from_secs(60);

#[derive(Debug)]
enum State {
    /// The store has not said yet that it has it.
    Storing { way: Box<Way>, askers: Vec<Asker> },
    /// The trunk has not answered yet.
    Sending,
    /// It is the previous process's, and no trunk is up yet.
    Stranded,
}

/// A text towards a trunk.
#[derive(Debug)]
pub(super) struct Outgoing {
    text: Arc<SmsRecord>,
    state: State,
}

/// What the store's answer was waited for by.
pub(super) type Stored = (Box<Way>, Vec<Asker>);

impl Outgoing {
    pub(super) fn new(text: SmsRecord, way: Box<Way>) -> Self {
        Self {
            text: Arc::new(text),
            state: State::Storing {
                way,
                askers: Vec::new(),
            },
        }
    }

    /// Those who wait for it to be stored; `None` once it is.
    pub(super) const fn askers(&mut self) -> Option<&mut Vec<Asker>> {
        match &mut self.state {
            State::Storing { askers, .. } => Some(askers),
            State::Sending | State::Stranded => None,
        }
    }

    /// The store has answered. Gives its way and those who waited; `None` when it had before.
    pub(super) fn stored(&mut self) -> Option<Stored> {
        match std::mem::replace(&mut self.state, State::Sending) {
            State::Storing { way, askers } => Some((way, askers)),
            other @ (State::Sending | State::Stranded) => {
                self.state = other;
                None
            }
        }
    }
}

impl Texts {
    pub(super) fn outgoing_is_full(&self) -> bool {
        self.outgoing.len() >= MOST
    }

    pub(super) fn keep_outgoing(&mut self, cx: &mut Context<'_>, outgoing: Outgoing) {
        cx.change(TextChange::Keep(Arc::clone(&outgoing.text)));
        self.outgoing.insert(outgoing.text.id, outgoing);
    }

    /// A text that the previous process had stored and that no trunk has answered.
    pub(super) fn send_again(&mut self, cx: &mut Context<'_>, text: Arc<SmsRecord>) {
        let user = text.from_user.filter(|_| !self.outgoing_is_full());
        let Some(user) = user else {
            return cx.change(status(&text, SmsStatus::Failed));
        };
        let id = text.id;
        let state = State::Stranded;
        self.outgoing.insert(id, Outgoing { text, state });
        self.stranded_until.get_or_insert(cx.now.mono + STRANDED);
        self.try_again(cx, id, user);
    }

    /// A trunk is new or altered, or its host resolves to other addresses.
    pub(crate) fn on_trunk(&mut self, cx: &mut Context<'_>) {
        if self.stranded_until.is_none() {
            return;
        }
        for (id, user) in self.stranded() {
            self.try_again(cx, id, user);
        }
    }

    /// Gives up what no trunk could be found for in time.
    pub(super) fn give_up_stranded(&mut self, cx: &mut Context<'_>) {
        if self.stranded_until.is_some_and(|at| at <= cx.now.mono) {
            self.stranded_until = None;
            for (id, _) in self.stranded() {
                self.end_outgoing(cx, id, SmsStatus::Failed);
            }
        }
    }

    fn stranded(&self) -> Vec<(SmsId, UserId)> {
        let stranded = self.outgoing.values().filter_map(|one| match one.state {
            State::Stranded => Some((one.text.id, one.text.from_user?)),
            State::Sending | State::Storing { .. } => None,
        });
        stranded.collect()
    }

    fn try_again(&mut self, cx: &mut Context<'_>, id: SmsId, user: UserId) {
        let Some(outgoing) = self.outgoing.get_mut(&id) else {
            return;
        };
        let text = &outgoing.text;
        let way = |dialled: &str| {
            cx.outside
                .way(cx.directory, user, Some(&text.from), dialled)
        };
        // Stored as E.164; a service number is none.
        let way = way(&format!("+{}", text.to)).or_else(|why| match why {
            NoWay::Nowhere => way(&text.to),
            NoWay::NotNow => Err(why),
        });
        match way {
            Ok(way) => {
                outgoing.state = State::Sending;
                self.send_outside(cx, id, &way);
            }
            Err(NoWay::NotNow) => {}
            Err(NoWay::Nowhere) => self.end_outgoing(cx, id, SmsStatus::Failed),
        }
    }

    /// Sends a stored text on its way.
    pub(super) fn send_outside(&mut self, cx: &mut Context<'_>, id: SmsId, way: &Way) {
        let Some(Outgoing { text, .. }) = self.outgoing.get(&id) else {
            return;
        };
        let from = format!("<{}>", way.from_uri);
        let mut request = request(from.clone(), format!("<{}>", way.to_uri), text);
        // RFC 3325 §9.1: we assert who sends it, as with a call.
        request.headers.push((
            Bytes::from_static(b"P-Asserted-Identity"),
            Bytes::from(from),
        ));
        let tx = cx.next_tx();
        tracing::debug!(sms = %id, trunk = %way.trunk, "a text leaves");
        self.flights.insert(tx, Flight::Trunk(id));
        cx.effects.push(TextEffect::Sip(Box::new(Command::Outside {
            tx,
            target: way.target.clone(),
            request,
        })));
    }

    pub(super) fn on_trunk_answer(&mut self, cx: &mut Context<'_>, id: SmsId, answer: Answer) {
        let how = match answer {
            Answer::Final(200..300) => SmsStatus::Sent,
            Answer::Final(_) | Answer::Nothing => SmsStatus::Failed,
        };
        self.end_outgoing(cx, id, how);
    }

    fn end_outgoing(&mut self, cx: &mut Context<'_>, id: SmsId, how: SmsStatus) {
        if let Some(outgoing) = self.outgoing.remove(&id) {
            cx.change(status(&outgoing.text, how));
        }
    }

    /// When [`Self::give_up_stranded`] next has something to do.
    pub(super) const fn stranded_until(&self) -> Option<Mono> {
        self.stranded_until
    }
}
