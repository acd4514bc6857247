//! All calls of a node: finds the call that an input belongs to, lets its phase decide, performs the effects.

mod apply;
mod incoming;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use offhook_base::{CallId, FactRecord, Mono, Now};
use offhook_sip_core::{Command, Event, LegId, Origin, TxId};
use offhook_sip_message::Method;
use sha2::{Digest as _, Sha256};

use crate::bindings::Bindings;
use crate::command::{ApiCommand, ApiRefusal, ApiReply};
use crate::config::CallConfig;
use crate::directory::{Directory, DirectoryChange};
use crate::effect::Effect;
use crate::fence::Fence;
use crate::limit::{Bucket, Buckets};
use crate::phase::{Context, Input, Phase, reply};
use crate::record::CallRecord;
use crate::{CallIds, EventIds};
use offhook_media_core::{MediaCommand, PortPair};

/// What the calls want done, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// To the stack.
    Sip(Command),
    /// To the journal; facts are numbered 1, 2, 3 … in this order.
    Record(Box<FactRecord>),
    /// To the media shell.
    Media(MediaCommand),
    /// To whoever gave the command.
    Reply(ApiReply),
    /// Reserve call ids below this number.
    ReserveCallIds(u64),
}

/// What waits behind the fence.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all of them are commands; a box each would cost more than it saves"
)]
pub(crate) enum Gated {
    Sip(Command),
    Reply(ApiReply),
}

#[derive(Debug)]
struct Entry {
    record: CallRecord,
    phase: Phase,
    /// The fact that the phase waits for: the first one while ringing, the answer once connected.
    gate: u64,
    deadline: Option<Mono>,
    legs: Vec<LegId>,
}

/// Name of a leg in captures and pictures: `A` called, `B1`, `B2` … were called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LegName {
    /// The call.
    pub call: CallId,
    /// 0 for the caller, 1 … for those called.
    pub index: u16,
}

/// How long the legs of an ended call are still known: 64 × T1, in which copies of its last messages arrive.
const LINGER: Duration = Duration::from_secs(34);

/// The calls of one node; one owner, no lock.
#[derive(Debug)]
pub(crate) struct Pbx {
    config: CallConfig,
    pub(crate) directory: Directory,
    pub(crate) bindings: Bindings,
    calls: BTreeMap<CallId, Box<Entry>>,
    legs: HashMap<LegId, LegName>,
    timers: BTreeSet<(Mono, CallId)>,
    lingering: VecDeque<(Mono, Vec<LegId>)>,
    fence: Fence<LegId, Gated>,
    ids: EventIds,
    call_ids: CallIds,
    ports: Vec<PortPair>,
    /// Calls that the disk has room for.
    room: usize,
    /// The node stops: new calls get 503.
    closing: bool,
    salt: [u8; 32],
    next_leg: u64,
    next_tx: u64,
    sources: Buckets,
    new_calls: Option<Bucket>,
    effects: Vec<Effect>,
    pub(crate) actions: VecDeque<Action>,
}

impl Pbx {
    pub(crate) fn new(config: CallConfig, call_ids: CallIds, seed: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = seed;
        let ids = EventIds::new(&config.node, u32::from_le_bytes([a, b, c, d]));
        Self {
            config,
            directory: Directory::default(),
            bindings: Bindings::default(),
            calls: BTreeMap::new(),
            legs: HashMap::new(),
            timers: BTreeSet::new(),
            lingering: VecDeque::new(),
            fence: Fence::new(),
            ids,
            call_ids,
            ports: Vec::new(),
            room: usize::MAX,
            closing: false,
            salt: Sha256::digest(seed).into(),
            next_leg: 0,
            next_tx: 0,
            sources: Buckets::new(),
            new_calls: None,
            effects: Vec::new(),
            actions: VecDeque::new(),
        }
    }

    /// Live calls.
    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// The call and name of a leg, also for a while after its call ended.
    pub(crate) fn leg(&self, leg: LegId) -> Option<LegName> {
        self.legs.get(&leg).copied()
    }

    pub(crate) fn is_stalled(&self, now: Mono) -> bool {
        self.fence.is_stalled(now)
    }

    pub(crate) const fn released_unheld(&self) -> u64 {
        self.fence.released_unheld()
    }

    pub(crate) fn handle_directory(&mut self, change: DirectoryChange) {
        self.directory.apply(change);
    }

    pub(crate) const fn handle_room(&mut self, calls: usize) {
        self.room = calls;
    }

    pub(crate) fn handle_reserved(&mut self, upto: u64) {
        self.call_ids.reserved(upto);
    }

    /// Ports for calls to come. More than the core asked for are kept too: they are bound already.
    pub(crate) fn handle_ports(&mut self, pairs: impl IntoIterator<Item = PortPair>) {
        self.ports.extend(pairs);
    }

    pub(crate) fn ports_in_stock(&self) -> usize {
        self.ports.len()
    }

    /// What the stack reports.
    pub(crate) fn handle_event(&mut self, now: Now, event: Event) {
        match event {
            Event::Invite {
                leg,
                from: Origin::Phone(phone),
                peer,
                request,
            } => self.on_invite(now, leg, phone, peer, &request),
            Event::Invite {
                leg,
                from: Origin::Trunk(_),
                ..
            } => self.gate(
                0,
                leg,
                crate::fence::Class::Tells,
                crate::phase::answer(leg, 404, Vec::new()),
            ),
            Event::Registered { phone, binding } => self.bindings.insert(phone, binding),
            Event::Unregistered { phone, key } => self.bindings.remove(phone, &key),
            Event::Cancelled { leg, reason } => {
                self.feed_leg(now, leg, Input::Cancelled { reason })
            }
            Event::Acked { leg, body } => self.feed_leg(now, leg, Input::Acked { leg, body }),
            Event::AckMissing { leg } => self.feed_leg(now, leg, Input::AckMissing),
            Event::Lost { leg } => self.feed_leg(now, leg, Input::AckMissing),
            Event::Provisional { leg, response } => {
                self.feed_leg(now, leg, Input::Provisional { leg, response })
            }
            Event::Answered { leg, response } => {
                if self.is_live(leg) {
                    return self.feed_leg(now, leg, Input::Answered { leg, response });
                }
                self.gate(
                    0,
                    leg,
                    crate::fence::Class::Tells,
                    Command::Ack { leg, body: None },
                );
                self.gate(
                    0,
                    leg,
                    crate::fence::Class::Ends,
                    Command::Bye {
                        leg,
                        headers: Vec::new(),
                    },
                );
            }
            Event::Refused {
                leg,
                status,
                response,
            } => self.feed_leg(
                now,
                leg,
                Input::Refused {
                    leg,
                    status,
                    response,
                },
            ),
            Event::Request { leg, tx, request } => {
                if self.is_live(leg) {
                    return self.feed_leg(now, leg, Input::Request { leg, tx, request });
                }
                self.answer_ended(leg, tx, request.view().method());
            }
            Event::Response { leg, tx, response } => {
                self.feed_leg(now, leg, Input::Response { tx, response })
            }
            Event::Failed { leg, tx, status } => {
                self.feed_leg(now, leg, Input::Failed { tx, status })
            }
            // Text messages are not built yet; the stack admits no MESSAGE, so this is a peer's other method.
            Event::OutOfDialog { tx, .. } => {
                self.actions
                    .push_back(Action::Sip(reply(tx, 405, Vec::new())))
            }
            Event::OutsideResponse { .. }
            | Event::OutsideFailed { .. }
            | Event::Rejected { .. } => {}
        }
    }

    /// A command of a REST client.
    pub(crate) fn handle_api(&mut self, now: Now, command: ApiCommand, token: u64) {
        let refusal = match command {
            ApiCommand::Hangup { call } if self.calls.contains_key(&call) => {
                return self.feed(now, call, Input::Hangup { token });
            }
            ApiCommand::Hangup { .. } => ApiRefusal::NotFound,
            ApiCommand::Hold { .. }
            | ApiCommand::Originate { .. }
            | ApiCommand::QueueLive { .. }
            | ApiCommand::Transfer { .. }
            | ApiCommand::WrapupClose { .. } => ApiRefusal::Unavailable,
        };
        self.actions.push_back(Action::Reply(ApiReply {
            token,
            result: Err(refusal),
        }));
    }

    /// The relay of `call` could not be started: a call that nobody would hear ends.
    pub(crate) fn media_lost(&mut self, now: Now, call: CallId) {
        self.feed(now, call, Input::MediaLost);
    }

    /// Ends every call: cause System Shutdown. New ones are refused from here on.
    pub(crate) fn shut_down(&mut self, now: Now) {
        self.closing = true;
        let open: Vec<CallId> = self.calls.keys().copied().collect();
        for call in open {
            self.feed(now, call, Input::Shutdown);
        }
    }

    /// The journal has every fact up to this number.
    pub(crate) fn handle_committed(&mut self, fact: u64) {
        let mut released = Vec::new();
        self.fence.commit(fact, &mut released);
        self.release(released);
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        while let Some((at, call)) = self.timers.first().copied()
            && at <= now.mono
        {
            self.timers.pop_first();
            self.feed(now, call, Input::Timeout);
        }
        while self
            .lingering
            .front()
            .is_some_and(|(at, _)| *at <= now.mono)
        {
            for leg in self
                .lingering
                .pop_front()
                .map(|(_, legs)| legs)
                .unwrap_or_default()
            {
                self.legs.remove(&leg);
            }
        }
        let mut released = Vec::new();
        self.fence.release_stalled(now.mono, &mut released);
        self.release(released);
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let linger = self.lingering.front().map(|(at, _)| *at);
        [timer, linger, self.fence.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_live(&self, leg: LegId) -> bool {
        self.legs
            .get(&leg)
            .is_some_and(|name| self.calls.contains_key(&name.call))
    }

    /// A request for a call that has ended: its BYE crossed ours.
    fn answer_ended(&mut self, leg: LegId, tx: TxId, method: Option<Method>) {
        let status = if method == Some(Method::Bye) {
            200
        } else {
            481
        };
        self.gate(
            0,
            leg,
            crate::fence::Class::Ends,
            reply(tx, status, Vec::new()),
        );
    }

    fn feed_leg(&mut self, now: Now, leg: LegId, input: Input) {
        if let Some(name) = self.legs.get(&leg) {
            self.feed(now, name.call, input);
        }
    }

    /// Lets the call's phase decide and performs what it wants.
    fn feed(&mut self, now: Now, call: CallId, input: Input) {
        let Some(mut entry) = self.calls.remove(&call) else {
            return;
        };
        let mut effects = std::mem::take(&mut self.effects);
        let phase = std::mem::replace(&mut entry.phase, Phase::Ended);
        let mut cx = Context {
            now,
            record: &mut entry.record,
            ids: &mut self.ids,
            longest: self.config.longest,
            committed: self.fence.is_committed(entry.gate),
            next_tx: &mut self.next_tx,
            effects: &mut effects,
        };
        // A fault of ours in one call ends that call and leaves the others alone.
        match catch_unwind(AssertUnwindSafe(|| phase.handle(&mut cx, input))) {
            Ok(phase) => entry.phase = phase,
            Err(_) => {
                tracing::error!(%call, "a fault in this call ended it");
                // What was recorded before the fault has its seq; what it would have told nobody was told.
                effects.retain(|effect| matches!(effect, Effect::Record(_)));
                abandon(&mut entry, now, &mut self.ids, &mut effects);
            }
        }
        self.settle(now, call, entry, effects);
    }

    /// Performs the effects and files the call, or lets go of it when it is over.
    fn settle(&mut self, now: Now, call: CallId, mut entry: Box<Entry>, mut effects: Vec<Effect>) {
        let mut last = 0;
        for effect in effects.drain(..) {
            self.apply(now, effect, &mut entry.gate, &mut last);
        }
        self.effects = effects;
        if let Some(old) = entry.deadline.take() {
            self.timers.remove(&(old, call));
        }
        if matches!(entry.phase, Phase::Ended) {
            self.lingering.push_back((now.mono + LINGER, entry.legs));
            return;
        }
        entry.deadline = entry.phase.next_timeout();
        if let Some(at) = entry.deadline {
            // A deadline that is due again at once would spin: time must pass in between.
            let at = at.max(now.mono + Duration::from_nanos(1));
            entry.deadline = Some(at);
            self.timers.insert((at, call));
        }
        self.calls.insert(call, entry);
    }
}

/// Ends a call whose phase was lost to a fault of ours: cause System Shutdown, and both legs are let go.
fn abandon(entry: &mut Entry, now: Now, ids: &mut EventIds, effects: &mut Vec<Effect>) {
    use crate::cause::EndCause;
    use crate::fence::Class;
    use crate::record::End;

    entry.phase = Phase::Ended;
    let over = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Record(fact) if fact.event.name.is_last()));
    let sip = if entry.record.connected_at.is_some() {
        200
    } else {
        503
    };
    let end = End {
        cause: EndCause::SystemShutdown.with_sip(sip),
        by: offhook_base::TerminatedBy::System,
        info: "".into(),
    };
    if !over {
        effects.push(Effect::Record(Box::new(entry.record.ended(now, end, ids))));
    }
    for leg in &entry.legs {
        effects.push(Effect::Held {
            leg: *leg,
            class: Class::Ends,
            command: Command::Bye {
                leg: *leg,
                headers: Vec::new(),
            },
        });
    }
    effects.push(Effect::Media(MediaCommand::Stop {
        relay: offhook_media_core::RelayId(entry.record.id.0),
    }));
}

#[cfg(test)]
mod tests;
