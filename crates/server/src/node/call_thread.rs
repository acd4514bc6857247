//! The call thread: owns the switch, the UDP sockets and the write queues of connections. It moves octets and
//! time, and decides nothing.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use mio::{Events, Interest, Poll, Token};
use offhook_base::{CallId, FactRecord, Now, RecordingId, RecordingStart, SmsId};
use offhook_call::{
    AgentLogin, ApiAnswer, ApiRefusal, BindingChange, MailboxRequest, Output, Switch, TextChange,
    TextRefusal,
};
use offhook_media_core::{MediaCommand, MediaEvent};
use offhook_sip_core::{FlowId, Peer, Transport};
use offhook_store::{CaptureHandle, CaptureTransport, CapturedMessage, JournalHandle};
use tokio::sync::{mpsc, oneshot};

use super::backlog::Backlog;
use super::clock;
use super::inbox::{CallInput, Inbox, Inputs};
use super::listen::ConnectionLocals;
use super::live::LiveIndex;
use super::projector::ProjectorHandle;
use super::trunk_states::TrunkStates;
use crate::media::Media;
use crate::recorder::RecorderHandle;

const WAKE: Token = Token(usize::MAX);
/// Datagrams of one socket that are handled before the others get their turn.
const BURST: usize = 64;
/// Datagrams that are handled before it is looked whether more have come.
const LOOK_AFTER: usize = 8;
/// Rounds of bursts before timers get their turn.
const ROUNDS: usize = 8;
/// Port pairs kept ready for new calls; two are used by each.
const PORTS_READY: usize = 128;

/// What the call thread works with.
pub(crate) struct CallThread {
    pub(crate) switch: Switch,
    pub(crate) end: Mailbox,
    pub(crate) sockets: Vec<UdpListener>,
    pub(crate) journal: JournalHandle,
    /// Told which calls are being recorded.
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) captures: CaptureHandle,
    pub(crate) projector: ProjectorHandle,
    pub(crate) media: Option<Media>,
    pub(crate) recorder: RecorderHandle,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) trunks: TrunkStates,
    pub(crate) logins: mpsc::Sender<AgentLogin>,
    pub(crate) mailboxes: mpsc::Sender<MailboxRequest>,
    /// Addresses that stand for us in captures.
    pub(crate) connection_locals: ConnectionLocals,
    pub(crate) first_fact: u64,
    /// Longer datagrams are not looked at.
    pub(crate) max_message: usize,
}

/// The call thread's end of its inputs, and what it sleeps on.
#[derive(Debug)]
pub(crate) struct Mailbox {
    poll: Poll,
    inputs: Inputs,
}

/// Both ends of the call thread's inputs.
pub(crate) fn mailbox() -> anyhow::Result<(Inbox, Mailbox)> {
    let poll = Poll::new().context("making the call thread's poll")?;
    let waker = mio::Waker::new(poll.registry(), WAKE).context("making the call thread's waker")?;
    let (inbox, inputs) = super::inbox::channel(waker);
    Ok((inbox, Mailbox { poll, inputs }))
}

/// A bound UDP socket and the address by which peers know it.
#[derive(Debug)]
pub(crate) struct UdpListener {
    pub(crate) socket: mio::net::UdpSocket,
    pub(crate) local: SocketAddr,
}

/// What other threads may read of the call thread.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) stalled: AtomicBool,
    pub(crate) disk_full: AtomicBool,
    pub(crate) calls: AtomicU64,
    pub(crate) unsent_datagrams: AtomicU64,
}

/// State that only the running thread has.
struct Loop {
    core: CallThread,
    /// One a socket.
    backlogs: Vec<Backlog>,
    flows: HashMap<FlowId, mpsc::Sender<Bytes>>,
    replies: HashMap<u64, oneshot::Sender<Result<ApiAnswer, ApiRefusal>>>,
    text_replies: HashMap<u64, oneshot::Sender<Result<SmsId, TextRefusal>>>,
    next_token: u64,
    next_fact: u64,
    /// Facts that the journal's queue had no room for, oldest first.
    waiting: VecDeque<(u64, FactRecord)>,
    /// A reservation of call ids that the journal's queue had no room for.
    ids_wanted: Option<u64>,
    committed: u64,
    reserved: u64,
    /// Recordings of which the recorder has yet to tell what became of them.
    recordings: HashSet<RecordingId>,
    /// Pairs asked of the media thread and not yet received.
    ports_asked: usize,
    ending: Option<offhook_base::Mono>,
}

/// How long a shutdown waits at most.
const GRACE: Duration = Duration::from_secs(5);
/// How long it waits at least, so that a lost BYE is sent once more.
const LAST_ANSWERS: Duration = Duration::from_millis(600);

impl CallThread {
    /// Runs until it is told to shut down; false when it had to end before.
    pub(crate) fn run(self) -> bool {
        let next_fact = self.first_fact;
        let backlogs = self.sockets.iter().map(|_| Backlog::default()).collect();
        let mut state = Loop {
            core: self,
            backlogs,
            flows: HashMap::new(),
            replies: HashMap::new(),
            text_replies: HashMap::new(),
            next_token: 0,
            next_fact,
            waiting: VecDeque::new(),
            ids_wanted: None,
            committed: 0,
            reserved: 0,
            recordings: HashSet::new(),
            ports_asked: 0,
            ending: None,
        };
        state
            .run()
            .inspect_err(|error| tracing::error!(%error, "polling the SIP sockets"))
            .is_ok()
    }
}

impl Loop {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; 65_535];
        for (index, listener) in self.core.sockets.iter_mut().enumerate() {
            self.core.end.poll.registry().register(
                &mut listener.socket,
                Token(index),
                Interest::READABLE,
            )?;
        }
        self.refill_ports();
        let mut unread = false;
        loop {
            let timeout = if unread { Duration::ZERO } else { self.wait() };
            match self.core.end.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => done?,
            }
            self.core.end.inputs.begin();
            self.hand_over();
            self.take_inputs();
            // A socket that had more than a burst stays readable without a new edge, so all are tried in turn; timers
            // get their turn after some rounds, whatever the sockets bring.
            let mut more = true;
            for _ in 0..ROUNDS {
                more = self.receive(&mut buffer);
                self.refill_ports();
                if !more {
                    break;
                }
                self.take_inputs();
            }
            unread = more;
            let now = clock::now();
            if self
                .core
                .switch
                .next_timeout()
                .is_some_and(|at| at <= now.mono)
            {
                self.core.switch.handle_timeout(now);
                self.perform(now);
            }
            self.core
                .gauges
                .stalled
                .store(self.core.switch.is_stalled(now.mono), Ordering::Relaxed);
            self.core
                .gauges
                .calls
                .store(self.core.switch.calls() as u64, Ordering::Relaxed);
            self.refill_ports();
            if self.is_over(now) {
                if let Some(media) = self.core.media.take() {
                    media.stop();
                }
                return Ok(());
            }
        }
    }

    fn wait(&self) -> Duration {
        const LONGEST: Duration = Duration::from_millis(250);
        let now = clock::now().mono;
        self.core
            .switch
            .next_timeout()
            .map_or(LONGEST, |at| (at - now).min(LONGEST))
    }

    /// After a shutdown: every call has ended, so has what is recorded, its last fact is on disk, and the answers to our BYEs had a moment.
    fn is_over(&self, now: Now) -> bool {
        let Some(since) = self.ending else {
            return false;
        };
        let waited = now.mono - since;
        let quiet = self.core.switch.calls() == 0
            && self.recordings.is_empty()
            && self.committed + 1 >= self.next_fact;
        waited >= GRACE || (quiet && waited >= LAST_ANSWERS)
    }

    /// Handles a burst of each socket. True when one of them may have more.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        let mut more = false;
        for index in 0..self.core.sockets.len() {
            let mut taken = 0;
            while taken < BURST {
                if taken % LOOK_AFTER == 0 {
                    more |= self.fill(buffer);
                }
                let waiting = self.backlogs.get_mut(index).and_then(Backlog::pop);
                let Some((from, datagram)) = waiting else {
                    break;
                };
                taken += 1;
                let now = clock::now();
                let flow = FlowId::udp(u32::try_from(index).unwrap_or(u32::MAX));
                let peer = Peer {
                    flow,
                    addr: from,
                    transport: Transport::Udp,
                };
                self.core.switch.handle_datagram(now, peer, &datagram);
                self.perform(now);
            }
        }
        more || !self.backlogs.iter().all(Backlog::is_empty)
    }

    /// Takes what all sockets have. True when one of them may have more.
    fn fill(&mut self, buffer: &mut [u8]) -> bool {
        let longest = self.core.max_message;
        let sockets = self.core.sockets.iter().zip(&mut self.backlogs);
        sockets.fold(false, |more, (listener, backlog)| {
            more | backlog.fill(longest, buffer, |octets| listener.socket.recv_from(octets))
        })
    }

    fn take_inputs(&mut self) {
        let now = clock::now();
        let committed = self.core.end.inputs.committed();
        if committed > self.committed {
            self.committed = committed;
            self.core
                .switch
                .handle_committed(now, (committed + 1).saturating_sub(self.core.first_fact));
            self.perform(now);
        }
        let reserved = self.core.end.inputs.reserved();
        if reserved > self.reserved {
            self.reserved = reserved;
            self.core.switch.handle_reserved(reserved);
        }
        while let Some(input) = self.core.end.inputs.next() {
            self.take(now, input);
            self.perform(now);
        }
    }

    fn take(&mut self, now: Now, input: CallInput) {
        let switch = &mut self.core.switch;
        match input {
            CallInput::Account(change) => switch.handle_account(now, change),
            CallInput::Directory(change) => switch.handle_directory(now, change),
            CallInput::FlowClosed(flow) => {
                self.flows.remove(&flow);
                switch.handle_flow_closed(now, flow);
            }
            CallInput::FlowOpened { flow, outbox } => {
                self.flows.insert(flow, outbox);
            }
            CallInput::FlowMalformed {
                peer,
                salvaged,
                error,
            } => {
                switch.handle_malformed(now, peer, *salvaged, error);
            }
            CallInput::FlowMessage { peer, message } => switch.handle_message(now, peer, *message),
            CallInput::Api { reply, .. } if reply.is_closed() => {
                // Its client was told already that nothing was done.
                tracing::debug!("a command came too late and is not carried out");
            }
            CallInput::Api { command, reply } => {
                self.next_token += 1;
                self.replies.insert(self.next_token, reply);
                switch.handle_api(now, command, self.next_token);
            }
            CallInput::Media(MediaEvent::Ports(pairs)) => {
                self.ports_asked = self.ports_asked.saturating_sub(pairs.len());
                switch.handle_ports(pairs);
            }
            CallInput::Media(MediaEvent::Refused { relay, reason }) => {
                tracing::warn!(
                    call = relay.0,
                    ?reason,
                    "this call gets no media relay and ends"
                );
                switch.handle_media_lost(now, CallId(relay.0));
            }
            CallInput::Media(MediaEvent::Stopped { relay, stats }) => {
                tracing::debug!(call = relay.0, ?stats, "relayed");
                switch.handle_media(now, MediaEvent::Stopped { relay, stats });
            }
            CallInput::Media(
                event @ (MediaEvent::Played { .. }
                | MediaEvent::Pressed { .. }
                | MediaEvent::Quality { .. }
                | MediaEvent::Silent { .. }),
            ) => switch.handle_media(now, event),
            CallInput::Recorded { id, audio } => {
                self.recordings.remove(&id);
                switch.handle_recorded(now, id, audio);
            }
            CallInput::Messages { user, count } => switch.handle_message_count(now, user, count),
            CallInput::Room(calls) => {
                switch.handle_room(calls);
                self.core
                    .gauges
                    .disk_full
                    .store(calls == 0, Ordering::Relaxed);
            }
            CallInput::Shutdown => {
                switch.shut_down(now);
                self.ending = Some(now.mono);
            }
            CallInput::Text { reply, .. } if reply.is_closed() => {
                tracing::debug!("a text came too late and is not taken");
            }
            CallInput::Text { command, reply } => {
                self.next_token += 1;
                self.text_replies.insert(self.next_token, reply);
                switch.handle_text(now, command, self.next_token);
            }
            CallInput::AgentLogin { call, stored } => {
                switch.handle_agent_login(now, call, stored);
            }
            CallInput::Mailbox { call, news } => switch.handle_mailbox(now, call, news),
            CallInput::TextStored { id, stored } => switch.handle_text_stored(now, id, stored),
        }
    }

    fn perform(&mut self, now: Now) {
        while let Some(output) = self.core.switch.poll_output() {
            match output {
                Output::Send { peer, bytes, leg } => {
                    self.send(now, peer, &bytes);
                    self.capture(now, leg, peer, bytes, false);
                }
                Output::Received { peer, bytes, leg } => self.capture(now, leg, peer, bytes, true),
                Output::Record(fact) => self.record(*fact),
                Output::Media(command) => self.command_media(now, command),
                Output::Heard { call, quality } => self.core.projector.heard(call, quality),
                Output::Monitored { call, on } => self.core.live.monitor(call, on),
                Output::Recording(start) => self.begin_recording(now, start),
                Output::DropRecording(start) => self.core.recorder.discard(start),
                Output::Reply(reply) => {
                    answer(self.replies.remove(&reply.token), reply.result);
                }
                Output::Text(change) => self.store_text(now, change),
                Output::TextReply(reply) => {
                    answer(self.text_replies.remove(&reply.token), reply.result);
                }
                Output::Binding(change) => self.store_binding(change),
                Output::ReserveCallIds(upto) => {
                    self.ids_wanted = Some(upto);
                    self.hand_over();
                }
                Output::AgentLogin(code) => {
                    if let Err(error) = self.core.logins.try_send(code) {
                        let AgentLogin { call, user, .. } = error.into_inner();
                        tracing::warn!(%user, "too many agents log in at once; this one has to try again");
                        self.core.switch.handle_agent_login(now, call, false);
                    }
                }
                Output::Mailbox(request) => {
                    if let Err(error) = self.core.mailboxes.try_send(request) {
                        let MailboxRequest { call, user, ask } = error.into_inner();
                        tracing::warn!(%user, ?ask, "too many hear their messages at once; this is not done");
                        if let Some(news) = ask.unanswered() {
                            self.core.switch.handle_mailbox(now, call, news);
                        }
                    }
                }
                Output::Trunk { trunk, up, reason } => {
                    self.core.trunks.tried(trunk, up, reason.to_owned());
                }
                Output::Rejected { peer, status } => {
                    tracing::debug!(peer = %peer.addr, status, "a request was refused");
                }
            }
        }
    }

    fn send(&mut self, now: Now, peer: Peer, bytes: &Bytes) {
        if peer.flow.is_connection() {
            // A peer that does not read fills its own queue: that flow closes, no other waits for it. One that is gone
            // is told to the stack, too, so that no transaction waits for its timer.
            let sent = self
                .flows
                .get(&peer.flow)
                .is_some_and(|outbox| outbox.try_send(bytes.clone()).is_ok());
            if !sent {
                self.flows.remove(&peer.flow);
                self.core.switch.handle_flow_closed(now, peer.flow);
            }
            return;
        }
        let index = usize::try_from(peer.flow.0).unwrap_or(usize::MAX);
        let Some(listener) = self.core.sockets.get(index) else {
            return;
        };
        if let Err(error) = listener.socket.send_to(bytes, peer.addr) {
            // UDP may lose: the transaction sends again.
            self.core
                .gauges
                .unsent_datagrams
                .fetch_add(1, Ordering::Relaxed);
            tracing::debug!(peer = %peer.addr, %error, "a datagram could not be sent");
        }
    }

    fn record(&mut self, fact: FactRecord) {
        if fact.event.name.is_last() && self.core.captures.ended(fact.event.call).is_err() {
            tracing::debug!(call = %fact.event.call, "the end of this call's capture was not taken");
        }
        tracing::debug!(call = %fact.event.call, event = %fact.event.name, "fact");
        self.waiting.push_back((self.next_fact, fact));
        self.next_fact += 1;
        self.hand_over();
    }

    /// Hands facts to the journal's writer, in order. When its queue is full the disk hangs: the facts wait here.
    /// They stay few, since new calls are refused while commits are stalled and an open one has few facts left.
    fn hand_over(&mut self) {
        if let Some(upto) = self.ids_wanted
            && self.core.journal.reserve_call_ids(upto).is_ok()
        {
            self.ids_wanted = None;
        }
        while let Some((n, fact)) = self.waiting.front() {
            if self.core.journal.record(*n, fact.clone()).is_err() {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Tells the recorder first: the media thread's packets must find it prepared.
    fn begin_recording(&mut self, now: Now, start: Box<RecordingStart>) {
        let id = start.id;
        if self.core.media.is_some() && self.core.recorder.begin(start).is_ok() {
            self.recordings.insert(id);
        } else {
            tracing::warn!(recording = %id, "nothing is recorded: the recorder takes no more");
            self.core.switch.handle_recorded(now, id, None);
        }
    }

    fn command_media(&mut self, now: Now, command: MediaCommand) {
        let Some(media) = &mut self.core.media else {
            return;
        };
        if media.send(command.clone()).is_ok() {
            return;
        }
        tracing::warn!(?command, "the media thread does not take commands");
        if let MediaCommand::Start { relay, a, b, .. } = command {
            // Both pairs go back (a release is never refused); the call would be silent, so it ends.
            for pair in [a, b] {
                if media.send(MediaCommand::Release { pair }).is_err() {
                    tracing::error!(?pair, "a pair of ports is lost");
                }
            }
            self.core.switch.handle_media_lost(now, CallId(relay.0));
        }
        if let MediaCommand::Record { recording, .. } = command
            && self.core.recorder.cancel(recording).is_err()
        {
            self.recordings.remove(&recording);
            self.core.switch.handle_recorded(now, recording, None);
        }
    }

    fn refill_ports(&mut self) {
        let Some(media) = &mut self.core.media else {
            return;
        };
        media.flush();
        let have = self.core.switch.ports_in_stock() + self.ports_asked;
        if have < PORTS_READY {
            let count = PORTS_READY * 2 - have;
            if media
                .send(MediaCommand::Refill {
                    count: u16::try_from(count).unwrap_or(u16::MAX),
                })
                .is_ok()
            {
                self.ports_asked += count;
            }
        }
    }

    fn store_binding(&self, change: BindingChange) {
        self.core.projector.binding(change);
    }

    /// A text that finds no room is refused; how one stands is tried again by the next start.
    fn store_text(&mut self, now: Now, change: TextChange) {
        match change {
            TextChange::Keep(text) => {
                let id = text.id;
                if self.core.projector.keep_text(text).is_err() {
                    self.core.switch.handle_text_stored(now, id, false);
                }
            }
            TextChange::Status(text) => self.core.projector.note_text(text),
        }
    }

    fn capture(
        &self,
        now: Now,
        leg: Option<offhook_call::LegName>,
        peer: Peer,
        bytes: Bytes,
        inbound: bool,
    ) {
        let Some(leg) = leg else { return };
        let connections = self.core.connection_locals;
        let local = if peer.flow.is_connection() {
            connections.of(peer.transport)
        } else {
            let index = usize::try_from(peer.flow.0).unwrap_or(usize::MAX);
            let listener = self.core.sockets.get(index);
            listener.map_or_else(|| connections.of(peer.transport), |listener| listener.local)
        };
        self.core.captures.message(CapturedMessage {
            at: now.wall,
            call: leg.call,
            root: leg.root,
            leg: leg_name(leg),
            inbound,
            local,
            remote: peer.addr,
            transport: match peer.transport {
                Transport::Udp => CaptureTransport::Udp,
                Transport::Tcp => CaptureTransport::Tcp,
                Transport::Tls => CaptureTransport::Tls,
                Transport::Wss => CaptureTransport::Wss,
            },
            bytes,
        });
    }
}

/// Tells a REST client what came of its command.
fn answer<T>(waiting: Option<oneshot::Sender<T>>, result: T) {
    if let Some(waiting) = waiting
        && waiting.send(result).is_err()
    {
        tracing::debug!("nobody waits for this answer any more");
    }
}

/// `A` called; `B1`, `B2` … were called.
fn leg_name(leg: offhook_call::LegName) -> String {
    if leg.index == 0 {
        "A".to_owned()
    } else {
        format!("B{}", leg.index)
    }
}
