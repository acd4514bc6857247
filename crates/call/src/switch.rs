//! The whole switch of one node: SIP stack and calls, driven by one owner.

use std::collections::VecDeque;

use bytes::Bytes;
use offhook_base::{
    Audio, CallId, FactRecord, Mono, Now, PhoneId, Quality, RecordingId, RecordingStart, SmsId,
    SmsRecord, TrunkId, UserId,
};
use offhook_sip_core::{
    AccountChange, Binding, BindingKey, Command, Event, FlowId, Output as Wire, Peer, Stack,
    StackConfig,
};
use offhook_sip_message::{Message, ParseError};

use crate::CallIds;
use crate::command::{ApiCommand, ApiReply};
use crate::config::CallConfig;
use crate::directory::DirectoryChange;
use crate::guard::Guard;
use crate::mailbox::{MailboxNews, MailboxRequest};
use crate::mwi::MessageCount;
use crate::pbx::{Action, LegName, Pbx};
use crate::phase::MediaNews;
use crate::sms::{TextChange, TextCommand, TextReply};
use crate::star::AgentLogin;
use offhook_media_core::{MediaCommand, MediaEvent, PortPair};

/// A change of the registrations that the store keeps.
#[derive(Clone, Debug)]
pub enum BindingChange {
    /// A contact is new or refreshed.
    Put(PhoneId, Box<Binding>),
    /// A contact is gone.
    Remove(PhoneId, BindingKey),
}

/// What leaves the switch, in order.
#[derive(Debug)]
pub enum Output {
    /// Octets to send.
    Send {
        /// Where to.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
        /// The leg, for the capture.
        leg: Option<LegName>,
    },
    /// A message was received: for the capture.
    Received {
        /// Where from.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
        /// The leg.
        leg: Option<LegName>,
    },
    /// A fact for the journal. Facts are numbered 1, 2, 3 … in the order in which they appear here;
    /// [`Switch::handle_committed`] takes that number.
    Record(Box<FactRecord>),
    /// For the media shell.
    Media(MediaCommand),
    /// The last figures of a call that has ended: its CDR, which may not be written yet, is to have these instead.
    Heard {
        /// The call.
        call: CallId,
        /// How well its sides were heard.
        quality: Quality,
    },
    /// A call is being recorded from here on, or is not any more: for the live list.
    Monitored {
        /// The call.
        call: CallId,
        /// Whether it is.
        on: bool,
    },
    /// For the recorder: what the media shell is told to record next. Each is answered once by
    /// [`Switch::handle_recorded`].
    Recording(Box<RecordingStart>),
    /// For the recorder: what it told of last is not worth keeping.
    DropRecording(Box<RecordingStart>),
    /// The answer to an API command.
    Reply(ApiReply),
    /// For the store.
    Binding(BindingChange),
    /// Reserve call ids in the journal; then call [`Switch::handle_reserved`].
    ReserveCallIds(u64),
    /// An agent logs in or out of queues by his phone: for the store. It takes effect when each queue comes back as a
    /// change of the directory; after those, call [`Switch::handle_agent_login`].
    AgentLogin(AgentLogin),
    /// A user hears his messages: for the store. Its answer comes by [`Switch::handle_mailbox`].
    Mailbox(MailboxRequest),
    /// Whether calls are sent to a trunk.
    Trunk {
        /// The trunk.
        trunk: TrunkId,
        /// Whether they are.
        up: bool,
        /// Why not, in words; empty when they are.
        reason: &'static str,
    },
    /// A text for the store.
    Text(TextChange),
    /// The answer to a REST client's text.
    TextReply(TextReply),
    /// A request was refused by the stack: for bans and the "why won't my phone register" list.
    Rejected {
        /// Where from.
        peer: Peer,
        /// The status.
        status: u16,
    },
}

/// SIP stack and calls of one node. No socket, no clock, no disk: inputs come with a time, outputs are polled.
#[derive(Debug)]
pub struct Switch {
    stack: Stack,
    pbx: Pbx,
    guard: Guard,
    outputs: VecDeque<Output>,
}

impl Switch {
    /// A switch without phones. `seed` is where all that must not be guessed comes from.
    #[must_use]
    pub fn new(
        stack: StackConfig,
        calls: CallConfig,
        call_ids: CallIds,
        seed: [u8; 32],
        now: Now,
    ) -> Self {
        let guard = Guard::new(calls.guard.clone());
        Self {
            stack: Stack::new(stack, now),
            pbx: Pbx::new(calls, call_ids, seed),
            guard,
            outputs: VecDeque::new(),
        }
    }

    /// A datagram arrived.
    pub fn handle_datagram(&mut self, now: Now, peer: Peer, octets: &[u8]) {
        if !self.guard.admits(now.mono, peer.addr.ip(), octets) {
            return;
        }
        self.stack.handle_datagram(now, peer, octets);
        self.drain(now);
    }

    /// A message arrived on a connection.
    pub fn handle_message(&mut self, now: Now, peer: Peer, message: Message) {
        if !self.guard.admits(now.mono, peer.addr.ip(), message.raw()) {
            return;
        }
        self.stack.handle_message(now, peer, message);
        self.drain(now);
    }

    /// A connection carried what cannot be cut into messages; `salvaged` is what can be answered of it.
    pub fn handle_malformed(&mut self, now: Now, peer: Peer, salvaged: Message, error: ParseError) {
        self.stack.handle_malformed(now, peer, salvaged, error);
        self.drain(now);
    }

    /// A connection closed.
    pub fn handle_flow_closed(&mut self, now: Now, flow: FlowId) {
        self.stack.handle_flow_closed(now, flow);
        self.drain(now);
    }

    /// The journal has every fact up to this number.
    pub fn handle_committed(&mut self, now: Now, fact: u64) {
        self.pbx.handle_committed(now, fact);
        self.pbx.handle_texts_committed(now, fact);
        self.drain(now);
    }

    /// The journal has reserved call ids.
    pub fn handle_reserved(&mut self, upto: u64) {
        self.pbx.handle_reserved(upto);
    }

    /// The disk has room for so many calls at once; further ones get 503.
    pub const fn handle_room(&mut self, calls: usize) {
        self.pbx.handle_room(calls);
    }

    /// Configuration changed.
    pub fn handle_directory(&mut self, now: Now, change: DirectoryChange) {
        self.pbx.handle_directory(now, change);
        self.drain(now);
    }

    /// Credentials changed.
    pub fn handle_account(&mut self, now: Now, change: AccountChange) {
        self.stack.handle_command(now, Command::Account(change));
        self.drain(now);
    }

    /// Bindings stored before a restart.
    pub fn handle_restored(&mut self, now: Now, bindings: Vec<(PhoneId, Binding)>) {
        for (phone, binding) in &bindings {
            self.pbx.restore(now, *phone, binding.clone());
        }
        self.stack.handle_command(now, Command::Restore(bindings));
        self.drain(now);
    }

    /// Ports for calls to come.
    pub fn handle_ports(&mut self, pairs: impl IntoIterator<Item = PortPair>) {
        self.pbx.handle_ports(pairs);
    }

    /// The media shell tells something.
    pub fn handle_media(&mut self, now: Now, event: MediaEvent) {
        match event {
            MediaEvent::Ports(pairs) => self.pbx.handle_ports(pairs),
            MediaEvent::Pressed {
                relay,
                side,
                digit,
                way,
            } => {
                let news = MediaNews::Pressed { side, digit, way };
                self.pbx.handle_media(now, relay, news);
            }
            MediaEvent::Refused { relay, .. } => self.pbx.media_lost(now, CallId(relay.0)),
            MediaEvent::Quality { relay, a, b } => self.pbx.note_quality(relay, [a, b]),
            MediaEvent::Silent { relay, side } => {
                self.pbx.handle_media(now, relay, MediaNews::Silent(side));
            }
            MediaEvent::Played { relay, side, cue } => {
                let news = MediaNews::Played { side, cue };
                self.pbx.handle_media(now, relay, news);
            }
            // What passed is told by the quality before it.
            MediaEvent::Stopped { relay, .. } => self.pbx.note_stopped(relay),
        }
        self.drain(now);
    }

    /// The media shell could not start the relay of this call.
    pub fn handle_media_lost(&mut self, now: Now, call: CallId) {
        self.pbx.media_lost(now, call);
        self.drain(now);
    }

    /// The recorder tells what there is of a recording that is over: `None` when nothing was recorded.
    pub fn handle_recorded(&mut self, now: Now, recording: RecordingId, audio: Option<Audio>) {
        self.pbx.handle_recorded(now, recording, audio);
        self.drain(now);
    }

    /// How many messages a user has: at the start, and whenever that changes. His phones that subscribed are told.
    pub fn handle_message_count(&mut self, now: Now, user: UserId, count: MessageCount) {
        self.pbx.handle_message_count(user, count);
        self.drain(now);
    }

    /// A command of a REST client; the answer comes as [`Output::Reply`] with this token.
    pub fn handle_api(&mut self, now: Now, command: ApiCommand, token: u64) {
        self.pbx.handle_api(now, command, token);
        self.drain(now);
    }

    /// A REST client sends a text; the answer comes as [`Output::TextReply`] with this token.
    pub fn handle_text(&mut self, now: Now, command: TextCommand, token: u64) {
        self.pbx.handle_text(now, command, token);
        self.drain(now);
    }

    /// The store has the text of a [`TextChange::Keep`], or could not keep it.
    pub fn handle_text_stored(&mut self, now: Now, text: SmsId, stored: bool) {
        self.pbx.handle_text_stored(now, text, stored);
        self.drain(now);
    }

    /// What [`Output::AgentLogin`] asked for is stored and its queues have changed, or it could not be stored.
    pub fn handle_agent_login(&mut self, now: Now, call: CallId, stored: bool) {
        self.pbx.handle_agent_login(now, call, stored);
        self.drain(now);
    }

    /// The store answers an [`Output::Mailbox`] of this call.
    pub fn handle_mailbox(&mut self, now: Now, call: CallId, news: MailboxNews) {
        self.pbx.handle_mailbox(now, call, news);
        self.drain(now);
    }

    /// Texts that were unfinished before a restart, oldest first; after the directory and [`Self::handle_restored`].
    pub fn handle_restored_texts(&mut self, now: Now, texts: Vec<SmsRecord>) {
        self.pbx.handle_restored_texts(now, texts);
        self.drain(now);
    }

    /// Ends every call with cause System Shutdown.
    pub fn shut_down(&mut self, now: Now) {
        self.pbx.shut_down(now);
        self.drain(now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        self.stack.handle_timeout(now);
        self.drain(now);
        self.pbx.handle_timeout(now);
        self.pbx.handle_texts_timeout(now);
        self.drain(now);
    }

    /// When [`Self::handle_timeout`] next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        [
            self.stack.next_timeout(),
            self.pbx.next_timeout(),
            self.pbx.next_texts_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Calls that are up or being set up.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.pbx.len()
    }

    /// Port pairs in stock; the shell keeps it filled.
    #[must_use]
    pub fn ports_in_stock(&self) -> usize {
        self.pbx.ports_in_stock()
    }

    /// Whether commits are stalled: then we are not ready for new calls.
    #[must_use]
    pub fn is_stalled(&self, now: Mono) -> bool {
        self.pbx.is_stalled(now)
    }

    /// Messages that ended a call and left unheld because commits were stalled.
    #[must_use]
    pub const fn released_unheld(&self) -> u64 {
        self.pbx.released_unheld()
    }

    /// Moves events up and commands down until both are quiet.
    ///
    /// What was sent and received is named after the events of the same round, since the leg of a new call gets
    /// its call only then.
    fn drain(&mut self, now: Now) {
        loop {
            let mut wire = Vec::new();
            let mut quiet = true;
            while let Some(output) = self.stack.poll_output() {
                quiet = false;
                match output {
                    Wire::Event(event) => self.on_event(now, event),
                    sent_or_received @ (Wire::Send { .. } | Wire::Tap { .. }) => {
                        wire.push(sent_or_received)
                    }
                }
            }
            for output in wire {
                self.name(output);
            }
            while let Some(action) = self.pbx.actions.pop_front() {
                quiet = false;
                match action {
                    Action::Sip(command) => self.stack.handle_command(now, command),
                    Action::Record(fact) => self.outputs.push_back(Output::Record(fact)),
                    Action::Media(command) => self.outputs.push_back(Output::Media(command)),
                    Action::Heard { call, quality } => {
                        self.outputs.push_back(Output::Heard { call, quality })
                    }
                    Action::Monitored { call, on } => {
                        self.outputs.push_back(Output::Monitored { call, on })
                    }
                    Action::Recording(start) => self.outputs.push_back(Output::Recording(start)),
                    Action::DropRecording(recording) => {
                        self.outputs.push_back(Output::DropRecording(recording))
                    }
                    Action::Reply(reply) => self.outputs.push_back(Output::Reply(reply)),
                    Action::AgentLogin(login) => self.outputs.push_back(Output::AgentLogin(login)),
                    Action::Mailbox(request) => self.outputs.push_back(Output::Mailbox(request)),
                    Action::Trunk(state) => self.outputs.push_back(Output::Trunk {
                        trunk: state.trunk,
                        up: state.up,
                        reason: state.reason,
                    }),
                    Action::ReserveCallIds(upto) => {
                        self.outputs.push_back(Output::ReserveCallIds(upto))
                    }
                    Action::Text(change) => self.outputs.push_back(Output::Text(change)),
                    Action::TextReply(reply) => self.outputs.push_back(Output::TextReply(reply)),
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn on_event(&mut self, now: Now, event: Event) {
        if let Event::Registered { phone, binding } = &event {
            self.outputs.push_back(Output::Binding(BindingChange::Put(
                *phone,
                Box::new(binding.clone()),
            )));
        } else if let Event::Unregistered { phone, key } = &event {
            self.outputs
                .push_back(Output::Binding(BindingChange::Remove(*phone, key.clone())));
        } else if let Event::Rejected {
            peer,
            status,
            genuine,
            ..
        } = &event
        {
            // Anybody can write another's address on a datagram; nobody else gets its nonces.
            if *genuine {
                self.guard.refused(now.mono, peer.addr.ip(), *status);
            }
            self.outputs.push_back(Output::Rejected {
                peer: *peer,
                status: *status,
            });
        }
        self.pbx.handle_event(now, event);
    }

    fn name(&mut self, output: Wire) {
        let named = match output {
            Wire::Send { peer, bytes, leg } => Output::Send {
                peer,
                bytes,
                leg: leg.and_then(|leg| self.pbx.leg(leg)),
            },
            Wire::Tap { leg, peer, bytes } => Output::Received {
                peer,
                bytes,
                leg: leg.and_then(|leg| self.pbx.leg(leg)),
            },
            Wire::Event(_) => return,
        };
        self.outputs.push_back(named);
    }
}
