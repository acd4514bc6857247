//! All calls of a node: finds the call that an input belongs to, lets its phase decide, performs the effects.

mod api;
mod apply;
mod incoming;
mod messages;
mod owed;
mod queues;
pub(crate) mod recordings;
mod secrecy;
mod texts;
mod watching;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use offhook_base::{CallId, FactRecord, Mono, Now, Quality, RecordingStart, RingGroupId, UserId};
use offhook_media_core::{MediaCommand, PortPair, RelayId, SideQuality};
use offhook_sip_core::{Command, Event, LegId, Origin, TrunkPeer, TxId};
use offhook_sip_message::Method;

use crate::CallIds;
use crate::calls::Calls;
use crate::command::{ApiRefusal, ApiReply};
use crate::config::CallConfig;
use crate::directory::DirectoryChange;
use crate::effect::Effect;
use crate::fence::{Class, Fence};
use crate::figures::Awaited;
use crate::keys::Keys;
use crate::limit::{Bucket, Buckets};
use crate::mailbox::MailboxRequest;
use crate::mwi::Mwi;
use crate::office::Office;
use crate::phase::{Context, Input, MediaNews, Phase, Senders, answer, reply};
use crate::secrecy::Secrecy;
use crate::sms::{Answer, TextChange, TextReply, Texts, TextsConfig};
use crate::star::AgentLogin;
use crate::trunks::{TrunkOutput, TrunkState};
use messages::Messages;
use owed::Owed;
use queues::QueueDesk;
use recordings::{Recordings, Tape};

/// What the calls want done, in order.
#[derive(Debug)]
pub(crate) enum Action {
    /// To the stack.
    Sip(Command),
    /// To the journal; facts are numbered 1, 2, 3 … in this order.
    Record(Box<FactRecord>),
    /// To the media shell.
    Media(MediaCommand),
    /// The last figures of a call that has ended.
    Heard { call: CallId, quality: Quality },
    /// Whether a call is being recorded.
    Monitored { call: CallId, on: bool },
    /// To the recorder, before the media shell is told to record.
    Recording(Box<RecordingStart>),
    /// To the recorder: this one is not worth keeping.
    DropRecording(Box<RecordingStart>),
    /// To whoever gave the command.
    Reply(ApiReply),
    /// Reserve call ids below this number.
    ReserveCallIds(u64),
    /// An agent logs in or out by his phone: to be stored.
    AgentLogin(AgentLogin),
    /// A user hears his messages: for the store.
    Mailbox(MailboxRequest),
    /// Whether calls are sent to a trunk.
    Trunk(TrunkState),
    /// To the store.
    Text(TextChange),
    /// To whoever sent a text by REST.
    TextReply(TextReply),
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

/// One conversation: the calls of one root, and where they stand.
#[derive(Debug)]
struct Entry {
    calls: Calls,
    phase: Phase,
    /// The first fact; 0 before it. The pick-up, once who asked for a call by a click has done so.
    first: u64,
    /// The last fact.
    last: u64,
    /// The fact that the phase waits for: the last call that was opened while ringing, the answer once connected.
    gate: u64,
    deadline: Option<Mono>,
    legs: Vec<LegId>,
    /// Users of ours who are in one of its calls, but for agents that a queue found.
    busy: Vec<UserId>,
    /// [`Calls::turns`] when they were looked at.
    busy_at: u64,
    /// The user of ours whose leg is up only until his transfer is done.
    transferor: Option<UserId>,
    tape: Tape,
    keys: Keys,
    /// Who is watched for silence.
    watched: Option<Senders>,
}

/// Name of a leg in captures and pictures: `A` called, `B1`, `B2` … were called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LegName {
    /// The call.
    pub call: CallId,
    /// Its root.
    pub root: CallId,
    /// 0 for the caller, 1 … for those called.
    pub index: u16,
}

/// Where a leg belongs.
#[derive(Clone, Copy, Debug)]
struct Place {
    root: CallId,
    name: LegName,
}

/// How long the legs of an ended call are still known: 64 × T1, in which copies of its last messages arrive.
const LINGER: Duration = Duration::from_secs(34);

/// The calls of one node; one owner, no lock.
#[derive(Debug)]
pub(crate) struct Pbx {
    pub(crate) office: Office,
    /// By root.
    conversations: BTreeMap<CallId, Box<Entry>>,
    /// The root of each call that is open.
    open: BTreeMap<CallId, CallId>,
    legs: HashMap<LegId, Place>,
    timers: BTreeSet<(Mono, CallId)>,
    lingering: VecDeque<(Mono, Vec<LegId>)>,
    fence: Fence<LegId, Gated>,
    /// Calls that the disk has room for.
    room: usize,
    /// The node stops: new calls get 503.
    closing: bool,
    sources: Buckets,
    texts: Texts,
    text_sources: Buckets,
    new_calls: Option<Bucket>,
    effects: Vec<Effect>,
    new_legs: Vec<(LegId, LegName)>,
    queues: QueueDesk,
    messages: Messages,
    mwi: Mwi,
    recordings: Recordings,
    /// `None` where media does not pass by us: then keys are the phones' own affair.
    secrecy: Option<Secrecy>,
    figures: Awaited,
    pub(crate) actions: VecDeque<Action>,
}

impl Pbx {
    pub(crate) fn new(config: CallConfig, call_ids: CallIds, seed: [u8; 32]) -> Self {
        let texts = Texts::new(TextsConfig {
            host: config.host.clone(),
            customer_id: config.customer_id,
        });
        let secrecy = config
            .relay
            .is_some()
            .then(|| Secrecy::new(config.srtp, seed));
        Self {
            office: Office::new(config, call_ids, seed),
            conversations: BTreeMap::new(),
            open: BTreeMap::new(),
            legs: HashMap::new(),
            timers: BTreeSet::new(),
            lingering: VecDeque::new(),
            fence: Fence::new(),
            room: usize::MAX,
            closing: false,
            sources: Buckets::new(),
            texts,
            text_sources: Buckets::new(),
            new_calls: None,
            effects: Vec::new(),
            new_legs: Vec::new(),
            queues: QueueDesk::default(),
            messages: Messages::default(),
            mwi: Mwi::default(),
            recordings: Recordings::default(),
            secrecy,
            figures: Awaited::default(),
            actions: VecDeque::new(),
        }
    }

    /// Live calls.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// The call and name of a leg, also for a while after its call ended.
    pub(crate) fn leg(&self, leg: LegId) -> Option<LegName> {
        self.legs.get(&leg).map(|place| place.name)
    }

    pub(crate) fn is_stalled(&self, now: Mono) -> bool {
        self.fence.is_stalled(now)
    }

    pub(crate) const fn released_unheld(&self) -> u64 {
        self.fence.released_unheld()
    }

    pub(crate) fn handle_directory(&mut self, now: Now, change: DirectoryChange) {
        let gone = self.before_change(now, &change);
        let trunks_changed = matches!(
            change,
            DirectoryChange::Trunk(_) | DirectoryChange::TrunkRemoved(_)
        );
        let users = self.users_of(&change);
        self.office.directory.apply(change);
        for user in users {
            self.office.note_reach(now.mono, user);
        }
        if trunks_changed {
            self.admit_trunks();
            self.drain_trunks();
            self.on_text_trunk(now);
        }
        if let Some(group) = gone {
            // Rare, and each conversation knows best whether it hunts in that group.
            let roots: Vec<CallId> = self.conversations.keys().copied().collect();
            for root in roots {
                self.feed(now, root, Input::GroupRemoved(group));
            }
        }
        self.drain_queues(now);
    }

    /// What the machines beside the directory must know of a change. Gives the ring group that is gone with it.
    fn before_change(&mut self, now: Now, change: &DirectoryChange) -> Option<RingGroupId> {
        match change {
            DirectoryChange::RingGroupRemoved(group) => return Some(*group),
            DirectoryChange::Queue(queue) => {
                self.note_agents(now, queue);
                self.office.queues.configure(now.mono, queue.clone());
            }
            DirectoryChange::QueueRemoved(queue) => self.office.queues.remove(now.mono, *queue),
            DirectoryChange::Trunk(trunk) => self.office.trunks.put(now.mono, trunk.clone()),
            DirectoryChange::TrunkRemoved(trunk) => self.office.trunks.remove(*trunk),
            DirectoryChange::Ddi(_)
            | DirectoryChange::DdiRemoved(_)
            | DirectoryChange::Language(_)
            | DirectoryChange::Phone(_)
            | DirectoryChange::PhoneRemoved(_)
            | DirectoryChange::RingGroup(_)
            | DirectoryChange::SoundChosen(..)
            | DirectoryChange::Sound(..)
            | DirectoryChange::SoundRemoved(_)
            | DirectoryChange::User(_) => {}
            DirectoryChange::UserRemoved(user) => self.mwi.user_removed(*user),
        }
        None
    }

    /// Whose phones may ring, or not any more, after a change.
    fn users_of(&self, change: &DirectoryChange) -> Vec<UserId> {
        let owner = |phone| self.office.directory.phone(phone).map(|(_, user)| user.id);
        match change {
            DirectoryChange::User(user) => vec![user.id],
            DirectoryChange::UserRemoved(user) => vec![*user],
            DirectoryChange::Phone(phone) => {
                owner(phone.id).into_iter().chain([phone.user]).collect()
            }
            DirectoryChange::PhoneRemoved(phone) => owner(*phone).into_iter().collect(),
            DirectoryChange::Ddi(_)
            | DirectoryChange::DdiRemoved(_)
            | DirectoryChange::Language(_)
            | DirectoryChange::Queue(_)
            | DirectoryChange::SoundChosen(..)
            | DirectoryChange::QueueRemoved(_)
            | DirectoryChange::RingGroup(_)
            | DirectoryChange::RingGroupRemoved(_)
            | DirectoryChange::Sound(..)
            | DirectoryChange::SoundRemoved(_)
            | DirectoryChange::Trunk(_)
            | DirectoryChange::TrunkRemoved(_) => Vec::new(),
        }
    }

    pub(crate) const fn handle_room(&mut self, calls: usize) {
        self.room = calls;
    }

    pub(crate) fn handle_reserved(&mut self, upto: u64) {
        self.office.call_ids.reserved(upto);
    }

    /// Ports for calls to come. More than the core asked for are kept too: they are bound already.
    pub(crate) fn handle_ports(&mut self, pairs: impl IntoIterator<Item = PortPair>) {
        self.office.ports.extend(pairs);
    }

    pub(crate) fn ports_in_stock(&self) -> usize {
        self.office.ports.len()
    }

    /// What the stack reports.
    pub(crate) fn handle_event(&mut self, now: Now, event: Event) {
        let invited = if let Event::Invite { leg, .. } = &event {
            Some(*leg)
        } else {
            None
        };
        let event = self.made_plain(event);
        self.on_event(now, event);
        if let Some(leg) = invited {
            self.forget_keys_of_refused(leg);
        }
    }

    fn on_event(&mut self, now: Now, event: Event) {
        match event {
            Event::Invite {
                leg,
                from: Origin::Phone(phone),
                peer,
                request,
            } => self.on_invite(now, leg, phone, peer, &request),
            Event::Invite {
                leg,
                from: Origin::Trunk(trunk),
                peer,
                request,
            } => self.on_trunk_invite(now, leg, trunk, peer, &request),
            Event::Registered { phone, binding } => {
                let key = binding.key.clone();
                let is_new = self.office.bindings.insert(phone, binding);
                self.note_reach_of(now, phone);
                self.on_text_contact(now, phone, &key, is_new);
            }
            Event::Unregistered { phone, key } => {
                self.office.bindings.remove(phone, &key);
                self.note_reach_of(now, phone);
                self.on_text_contact_gone(now, phone, &key);
            }
            Event::Cancelled { leg, reason } => {
                self.feed_leg(now, leg, Input::Cancelled { leg, reason })
            }
            Event::Acked { leg, body } => self.feed_leg(now, leg, Input::Acked { leg, body }),
            Event::AckMissing { leg } | Event::Lost { leg } => {
                self.feed_leg(now, leg, Input::Lost { leg })
            }
            Event::Provisional { leg, response } => {
                self.feed_leg(now, leg, Input::Provisional { leg, response })
            }
            Event::Answered { leg, response } => {
                self.note_quiet(now, leg);
                if self.is_live(leg) {
                    return self.feed_leg(now, leg, Input::Answered { leg, response });
                }
                let headers = Vec::new();
                self.gate(0, leg, Class::Tells, Command::Ack { leg, body: None });
                self.gate(0, leg, Class::Ends, Command::Bye { leg, headers });
            }
            Event::Refused {
                leg,
                status,
                response,
            } => {
                self.office.free_line(leg);
                self.note_quiet(now, leg);
                let refused = Input::Refused {
                    leg,
                    status,
                    response,
                };
                self.feed_leg(now, leg, refused);
                let root = self.legs.get(&leg).map(|place| place.root);
                if let Some(entry) = root.and_then(|root| self.conversations.get_mut(&root)) {
                    let lingering = &mut self.lingering;
                    linger(lingering, now.mono, &mut entry.legs, leg);
                }
            }
            Event::Request { leg, tx, request } => {
                if request.view().method() == Some(Method::Bye) {
                    self.office.free_line(leg);
                }
                if self.is_live(leg) {
                    return self.feed_leg(now, leg, Input::Request { leg, tx, request });
                }
                self.answer_ended(leg, tx, request.view().method());
            }
            Event::Response { leg, tx, response } => {
                self.feed_leg(now, leg, Input::Response { leg, tx, response })
            }
            Event::Failed { leg, tx, status } => {
                self.feed_leg(now, leg, Input::Failed { leg, tx, status })
            }
            Event::OutOfDialog {
                tx,
                from,
                peer,
                request,
            } => self.on_out_of_dialog(now, tx, from, peer, &request),
            Event::OutsideResponse { tx, response } => {
                if self.office.trunks.on_response(now.mono, tx) {
                    return self.drain_trunks();
                }
                let status = response.view().status();
                self.on_text_answer(now, tx, status.map_or(Answer::Nothing, Answer::Final));
            }
            Event::OutsideFailed { tx, .. } => {
                if self.office.trunks.on_failed(now.mono, tx) {
                    return self.drain_trunks();
                }
                self.on_text_answer(now, tx, Answer::Nothing);
            }
            Event::Subscribed { .. } | Event::Unsubscribed { .. } => self.on_subscription(&event),
            Event::Rejected { .. } => {}
        }
    }

    /// What the media shell hears of a conversation.
    pub(crate) fn handle_media(&mut self, now: Now, relay: RelayId, news: MediaNews) {
        self.feed(now, CallId(relay.0), Input::Media(news));
    }

    /// The media shell tells how well the sides of a relay are heard. The newest counts; nobody waits for it.
    pub(crate) fn note_quality(&mut self, relay: RelayId, heard: [SideQuality; 2]) {
        if let Some(entry) = self.conversations.get_mut(&CallId(relay.0)) {
            entry.calls.hear(heard, entry.phase.side_of_caller());
        }
        if heard.iter().any(|side| side.packets > 0) {
            let told = self.figures.told(relay, heard);
            self.actions
                .extend(told.map(|(call, quality)| Action::Heard { call, quality }));
        }
    }

    /// A relay has stopped, and told its last figures.
    pub(crate) fn note_stopped(&mut self, relay: RelayId) {
        self.figures.over(relay);
        if let Some(entry) = self.conversations.get_mut(&CallId(relay.0)) {
            entry.calls.note_unheard();
        }
    }

    /// The relay of the conversation `root` could not be started: a call that nobody would hear ends.
    pub(crate) fn media_lost(&mut self, now: Now, root: CallId) {
        self.note_stopped(RelayId(root.0));
        self.feed(now, root, Input::MediaLost);
    }

    /// Ends every call: cause System Shutdown. New ones are refused from here on.
    pub(crate) fn shut_down(&mut self, now: Now) {
        self.closing = true;
        // Twice: a phone that transferred a call is not waited for once that call has ended.
        for _ in 0..2 {
            let roots: Vec<CallId> = self.conversations.keys().copied().collect();
            for root in roots {
                self.feed(now, root, Input::Shutdown);
            }
        }
    }

    /// The journal has every fact up to this number.
    pub(crate) fn handle_committed(&mut self, now: Now, fact: u64) {
        let mut released = Vec::new();
        self.fence.commit(fact, &mut released);
        self.tape_committed(now);
        self.release(released);
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        while let Some((at, root)) = self.timers.first().copied()
            && at <= now.mono
        {
            self.timers.pop_first();
            self.feed(now, root, Input::Timeout);
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
                if let Some(secrecy) = &mut self.secrecy {
                    secrecy.close(leg);
                }
            }
        }
        let office = &mut self.office;
        office
            .trunks
            .handle_timeout(now.mono, || office.tx_ids.next());
        self.drain_trunks();
        self.office.queues.handle_timeout(now.mono);
        self.drain_queues(now);
        let mut released = Vec::new();
        self.fence.release_stalled(now.mono, &mut released);
        self.release(released);
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let linger = self.lingering.front().map(|(at, _)| *at);
        let trunks = self.office.trunks.next_timeout();
        let queues = self.office.queues.next_timeout();
        [timer, linger, trunks, queues, self.fence.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Tells the stack whose requests need no password.
    fn admit_trunks(&mut self) {
        let trunks = self.office.directory.trunks();
        let active = trunks.filter(|trunk| trunk.active);
        let peers = active
            .flat_map(|trunk| {
                let addresses = trunk.addresses.iter();
                addresses.map(|address| TrunkPeer {
                    trunk: trunk.id,
                    address: address.ip(),
                })
            })
            .collect();
        self.actions.push_back(Action::Sip(Command::Trunks(peers)));
    }

    fn drain_trunks(&mut self) {
        while let Some(output) = self.office.trunks.poll_output() {
            self.actions.push_back(match output {
                TrunkOutput::Sip(command) => Action::Sip(*command),
                TrunkOutput::State(state) => Action::Trunk(state),
            });
        }
    }

    fn is_live(&self, leg: LegId) -> bool {
        self.legs
            .get(&leg)
            .is_some_and(|place| self.conversations.contains_key(&place.root))
    }

    /// A request for a call that has ended: its BYE crossed ours.
    fn answer_ended(&mut self, leg: LegId, tx: TxId, method: Option<Method>) {
        let status = if method == Some(Method::Bye) {
            200
        } else {
            481
        };
        self.gate(0, leg, Class::Ends, reply(tx, status, Vec::new()));
    }

    fn feed_leg(&mut self, now: Now, leg: LegId, input: Input) {
        if let Some(place) = self.legs.get(&leg) {
            self.feed(now, place.root, input);
        }
    }

    /// Lets the conversation's phase decide and performs what it wants.
    fn feed(&mut self, now: Now, root: CallId, input: Input) {
        let Some(entry) = self.conversations.remove(&root) else {
            return;
        };
        let owed = Owed::for_input(&input);
        if !self.run(now, entry, |cx, phase| phase.handle(cx, input)) {
            self.settle_debt(owed);
        }
    }

    /// What a fault of ours has left unanswered.
    fn settle_debt(&mut self, owed: Option<Owed>) {
        match owed {
            Some(Owed::Invite(leg)) => {
                self.gate(0, leg, Class::Ends, answer(leg, 500, Vec::new()));
            }
            Some(Owed::Request { leg, tx, is_bye }) => {
                let status = if is_bye { 200 } else { 500 };
                self.gate(0, leg, Class::Ends, reply(tx, status, Vec::new()));
            }
            Some(Owed::Command(token)) => self.refuse(token, ApiRefusal::NotFound),
            None => {}
        }
    }

    /// Lets `step` move a conversation on. False when a fault of ours ended it instead.
    fn run(
        &mut self,
        now: Now,
        mut entry: Box<Entry>,
        step: impl FnOnce(&mut Context<'_>, Phase) -> Phase,
    ) -> bool {
        let mut effects = std::mem::take(&mut self.effects);
        let mut legs = std::mem::take(&mut self.new_legs);
        entry.calls.note_caller(entry.phase.side_of_caller());
        let phase = std::mem::replace(&mut entry.phase, Phase::Ended);
        let mut cx = Context {
            now,
            calls: &mut entry.calls,
            office: &mut self.office,
            begun: self.fence.is_committed(entry.first),
            committed: self.fence.is_committed(entry.gate),
            stalled: self.fence.is_stalled(now.mono),
            keys: &mut entry.keys,
            legs: &mut legs,
            effects: &mut effects,
        };
        // A fault of ours in one conversation ends that one and leaves the others alone.
        let stepped = catch_unwind(AssertUnwindSafe(|| step(&mut cx, phase)));
        let is_sound = stepped.is_ok();
        if let Ok(phase) = stepped {
            entry.phase = phase;
        } else {
            tracing::error!(root = %entry.calls.root(), "a fault in this call ended it");
            abandon(&mut entry, now, &mut self.office, &mut effects, &mut legs);
        }
        self.settle(now, entry, effects, legs);
        self.drain_queues(now);
        is_sound
    }

    /// Performs the effects and files the conversation, or lets go of it when it is over.
    fn settle(
        &mut self,
        now: Now,
        mut entry: Box<Entry>,
        mut effects: Vec<Effect>,
        mut legs: Vec<(LegId, LegName)>,
    ) {
        let root = entry.calls.root();
        for (leg, name) in legs.drain(..) {
            entry.legs.push(leg);
            self.legs.insert(leg, Place { root, name });
        }
        self.new_legs = legs;
        // Facts of this input alone: an API command that changed nothing is answered at once.
        let mut told = 0;
        for effect in effects.drain(..) {
            self.apply(now, effect, &mut entry, &mut told);
        }
        self.effects = effects;
        if let Some(old) = entry.deadline.take() {
            self.timers.remove(&(old, root));
        }
        self.note_busy(now, &mut entry);
        self.note_transferor(now, &mut entry);
        self.tape(now, &mut entry);
        self.watch(&mut entry);
        self.figures.wait(RelayId(root.0), entry.calls.take_ended());
        if entry.phase.is_over() {
            self.office.leave_queue(now.mono, root);
            self.office.forget_relay(root);
            for leg in &entry.legs {
                self.office.free_line(*leg);
            }
            debug_assert_eq!(entry.calls.iter().count(), 0, "every call has its end");
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
            self.timers.insert((at, root));
        }
        self.conversations.insert(root, entry);
    }
}

/// A leg is over before its conversation is: it is known for as long as copies of its last messages may arrive.
fn linger(
    lingering: &mut VecDeque<(Mono, Vec<LegId>)>,
    now: Mono,
    legs: &mut Vec<LegId>,
    leg: LegId,
) {
    if let Some(place) = legs.iter().position(|one| *one == leg) {
        legs.swap_remove(place);
        lingering.push_back((now + LINGER, vec![leg]));
    }
}

/// Ends a conversation whose phase was lost to a fault of ours: cause System Shutdown, and all legs are let go.
fn abandon(
    entry: &mut Entry,
    now: Now,
    office: &mut Office,
    effects: &mut Vec<Effect>,
    legs: &mut Vec<(LegId, LegName)>,
) {
    use crate::cause::EndCause;
    use crate::record::End;

    // What was recorded before the fault has its seq, and what was asked of others is under way; what the peers would
    // have been told nobody was told.
    effects.retain(|effect| match effect {
        Effect::Media(_)
        | Effect::DropRecording(_)
        | Effect::Mailbox(_)
        | Effect::Record(_)
        | Effect::Recording(_)
        | Effect::Reply(_)
        | Effect::ReplyInstead(_)
        | Effect::ReserveCallIds(_)
        | Effect::Secure { .. } => true,
        Effect::Cancel { .. } | Effect::DropHeld(_) | Effect::Free { .. } | Effect::Held { .. } => {
            false
        }
    });
    entry.phase = Phase::Ended;
    let root = entry.calls.root();
    let answered = entry.calls.iter().any(|call| call.connected_at.is_some());
    let cause = EndCause::SystemShutdown.with_sip(if answered { 200 } else { 503 });
    let opened: Vec<LegId> = legs.iter().map(|(leg, _)| *leg).collect();
    let mut cx = Context {
        now,
        calls: &mut entry.calls,
        office,
        begun: false,
        committed: false,
        stalled: false,
        keys: &mut entry.keys,
        legs,
        effects,
    };
    let end = End::new(cause, offhook_base::TerminatedBy::System);
    cx.end_all(&end);
    for leg in entry.legs.iter().copied().chain(opened) {
        cx.bye(leg, Vec::new());
    }
    let mut given_back = false;
    for effect in cx.effects.iter() {
        if let Effect::Media(command) = effect {
            match command {
                MediaCommand::Start { relay, .. } => cx.office.note_relay(*relay),
                MediaCommand::Release { .. } | MediaCommand::Stop { .. } => given_back = true,
                MediaCommand::Formats { .. }
                | MediaCommand::Play { .. }
                | MediaCommand::Press { .. }
                | MediaCommand::Record { .. }
                | MediaCommand::Refill { .. }
                | MediaCommand::Secure { .. }
                | MediaCommand::StopRecord { .. }
                | MediaCommand::StopPlay { .. }
                | MediaCommand::Update { .. }
                | MediaCommand::Watch { .. } => {}
            }
        }
    }
    let owed = cx.office.forget_relay(root);
    if !given_back {
        cx.effects.extend(owed.into_iter().map(Effect::Media));
    }
}

#[cfg(test)]
mod tests;
