//! The process: the switch and the delivery engine. It starts from what the disk holds and dies with the rest.

use std::time::Duration;

use offhook_call::{
    AgentLogin, CallConfig, CallIds, DirectoryChange, Output, Switch, close_after_restart,
};
use offhook_sip_core::{FlowId, Listener, StackConfig, Transport};
use rand_core::Rng as _;

use super::deliver::Deliverer;
use super::happening::Happening;
use super::{Luck, PBX, REALM, World};

/// What a commit and a projection take when nothing is left to chance.
const CALM: Duration = Duration::from_millis(1);

/// What dies with a crash.
pub(super) struct Process {
    pub(super) switch: Switch,
    pub(super) deliverer: Deliverer,
    /// Number of the first fact that this process's switch hands over.
    first_fact: u64,
    reserved: u64,
}

impl World {
    /// Starts the process from what the disk holds.
    pub(super) fn start(&mut self) {
        let mut seed = [3; 32];
        seed[..8].copy_from_slice(&self.rng.next_u64().to_le_bytes());
        let listener = Listener {
            transport: Transport::Udp,
            flow: Some(FlowId::udp(0)),
            advertised: PBX.to_string(),
        };
        let stack = StackConfig::new(REALM, vec![listener], seed);
        let call_ids = CallIds::new(0, self.disk.next_call_id(), self.disk.next_call_id());
        let mut calls = CallConfig::new("sim", "pbx.example");
        calls.relay = self.plan.relay.then(|| PBX.ip());
        let mut switch = Switch::new(stack, calls, call_ids, seed, self.now);
        for change in self.cast.directory() {
            switch.handle_directory(self.now, change);
        }
        for account in self.cast.accounts() {
            switch.handle_account(self.now, account);
        }
        switch.handle_restored(self.now, self.disk.bindings());
        let mut ids = offhook_call::EventIds::new(
            "sim",
            u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]]),
        );
        let mut next = self.disk.next_fact();
        let mut closed = Vec::new();
        for (open, last_seq) in self.disk.open_roots() {
            let snapshots = open.iter().map(|snapshot| &**snapshot);
            let facts = close_after_restart(snapshots, last_seq, self.now.wall, &mut ids)
                .expect("our own snapshot can be read");
            closed.extend(facts);
        }
        self.sweep_messages(&mut closed);
        let recorded = self.sweep_recordings(&closed, &mut ids);
        for fact in closed.into_iter().chain(recorded) {
            self.disk.hand_over(next, fact);
            next += 1;
        }
        let reserved = self.disk.next_call_id() + 1_000;
        self.disk.reserve(reserved);
        switch.handle_reserved(reserved);
        switch.handle_restored_texts(self.now, self.disk.unfinished_texts());
        let deliverer = Deliverer::start(&mut self.disk, self.now, seed, self.luck);
        self.process = Some(Process {
            switch,
            deliverer,
            first_fact: next,
            reserved,
        });
        self.schedule_commit();
        self.drain_pbx();
    }

    pub(super) fn crash(&mut self) {
        if self.process.take().is_none() {
            return;
        }
        self.disk.crash();
        self.watch.crashed();
        self.media.crashed();
        self.recorder.crashed(self.now.mono);
        self.api.crashed();
        self.texts.crashed();
        let pause = Duration::from_millis(200 + self.below(2_000));
        self.at(self.now.mono + pause, Happening::Start);
    }

    /// The disk commits what it was handed, tells the switch, and hands the events to the deliverer.
    pub(super) fn commit(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        let committed = self.disk.commit(self.now);
        if let Some(upto) = committed.upto {
            process
                .switch
                .handle_committed(self.now, (upto + 1).saturating_sub(process.first_fact));
        }
        process.deliverer.committed(self.now, committed.deliveries);
        // The projector is a little behind.
        let lag = match self.luck {
            Luck::OfSeed => Duration::from_millis(1 + self.below(15)),
            Luck::Calm => CALM,
        };
        self.at(self.now.mono + lag, Happening::Projected);
        self.schedule_commit();
    }

    pub(super) fn schedule_commit(&mut self) {
        if self.disk.wants_commit() {
            if self.luck == Luck::Calm {
                self.at(self.now.mono + CALM, Happening::Commit);
                return;
            }
            // Mostly fast, now and then slow, rarely stalled.
            let takes = match self.below(200) {
                0 => Duration::from_secs(3),
                1..=9 => Duration::from_millis(100),
                _ => Duration::from_micros(200 + self.below(5_000)),
            };
            self.at(self.now.mono + takes, Happening::Commit);
        }
    }

    /// The media shell keeps the switch supplied.
    fn supply_ports(&mut self) {
        if let Some(Process { switch, .. }) = self.process.as_mut().filter(|_| self.plan.relay) {
            let pairs = self.media.refill(switch.ports_in_stock());
            switch.handle_ports(pairs);
        }
    }

    /// The store keeps what an agent's code asks for, and tells of it.
    fn log_agent(&mut self, code: &AgentLogin) {
        let changed = self.cast.log_agent(code.user, &code.queues, code.login);
        if let Some(Process { switch, .. }) = &mut self.process {
            let stored = !changed.is_empty();
            for queue in changed {
                switch.handle_directory(self.now, DirectoryChange::Queue(queue));
            }
            switch.handle_agent_login(self.now, code.call, stored);
        }
    }

    pub(super) fn drain_pbx(&mut self) {
        let mut was_waiting = self.disk.wants_commit();
        while let Some(output) = self
            .process
            .as_mut()
            .and_then(|process| process.switch.poll_output())
        {
            match output {
                Output::Send { peer, bytes, leg } => {
                    let stalled = self
                        .process
                        .as_ref()
                        .is_some_and(|process| process.switch.is_stalled(self.now.mono));
                    self.watch
                        .sent(self.now.mono, (peer.addr, &bytes), leg, &self.disk, stalled);
                    let Some(phone) = self.addresses.get(&peer.addr).copied() else {
                        continue;
                    };
                    for (after, octets) in self.plan.network.carry(&mut self.rng, &bytes) {
                        self.at(self.now.mono + after, Happening::ToPhone { phone, octets });
                    }
                }
                Output::Record(fact) => {
                    let n = self.disk.next_fact();
                    self.watch.recorded(self.now.mono, &fact.event);
                    self.disk.hand_over(n, *fact);
                    if !was_waiting {
                        was_waiting = true;
                        self.schedule_commit();
                    }
                }
                Output::Binding(change) => self.disk.bind(change),
                Output::ReserveCallIds(upto) => {
                    self.disk.reserve(upto);
                    if let Some(process) = &mut self.process {
                        process.reserved = upto;
                        process.switch.handle_reserved(upto);
                    }
                }
                Output::Received { bytes, .. } => self.watch.received(&bytes),
                Output::Reply(reply) => self.api.replied(reply),
                Output::Media(command) => {
                    self.media.command(&command);
                    self.recorder.command(self.now.mono, &command);
                    self.play_sound(&command);
                }
                Output::Text(change) => self.store_text(change),
                Output::TextReply(reply) => self.texts.replied(reply),
                Output::AgentLogin(code) => self.log_agent(&code),
                // Nobody of the cast hears messages by phone.
                Output::Mailbox(_) => {}
                Output::Recording(start) => self.recorder.announced(*start),
                Output::DropRecording(start) => self.recorder.dropped(start.id),
                Output::Heard { .. }
                | Output::Monitored { .. }
                | Output::Rejected { .. }
                | Output::Trunk { .. } => {}
            }
        }
        self.supply_ports();
        self.finish_recordings();
        let answers = match &mut self.process {
            Some(process) => process
                .deliverer
                .drain(self.now, &mut self.rng, &mut self.disk),
            None => Vec::new(),
        };
        for (after, answer) in answers {
            self.at(self.now.mono + after, Happening::Answer(answer));
        }
    }
}
