//! The whole system in one thread under a virtual clock: phones, a bad network, the switch, a journal that is slow
//! and dies with what it has not committed, the delivery engine, receivers that fail. All from one seed.
//!
//! The world plays and watches; [`World::verdict`] says which promises were broken.

#![expect(
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "a simulation may stop at what cannot be, and counts small things"
)]

mod check;
mod deliver;
mod disk;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::{Mono, Now, PhoneId, Secret, UserId, Wall};
use offhook_call::{
    CallConfig, CallIds, DirectoryChange, Output, Switch, User, close_after_restart,
};
use offhook_sip_core::{
    Account, AccountChange, Binding, BindingKey, DigestAlgorithm, FlowId, Listener, Peer,
    StackConfig, Transport, ha1,
};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::network::Conditions;
use crate::phone::{First, Incoming, Phone, PhoneConfig, PhoneEvent, Script, Then, Timers};
use check::Watch;
use deliver::Deliverer;
use disk::Disk;

/// What a run is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// The network.
    pub network: Conditions,
    /// Users, each with one phone; every third has two.
    pub users: u32,
    /// Calls placed.
    pub calls: u32,
    /// Virtual time in which they are placed.
    pub during: Duration,
    /// How often the process dies meanwhile.
    pub crashes: u32,
    /// Octets of chance thrown at the switch meanwhile.
    pub garbage: u32,
}

impl Plan {
    /// A run whose shape follows from its seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let network = if seed.is_multiple_of(4) {
            Conditions::PERFECT
        } else {
            Conditions::BAD
        };
        Self {
            seed,
            network,
            users: 6,
            calls: 14,
            during: Duration::from_secs(60),
            crashes: u32::try_from(seed % 3).unwrap_or(0),
            garbage: 20,
        }
    }
}

const PBX: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    5060,
);
const REALM: &str = "offhook";

/// Something that happens at a moment.
#[derive(Debug)]
enum Happening {
    Commit,
    Crash,
    Dial {
        phone: usize,
        number: String,
        script: Script,
    },
    Garbage,
    ToPbx {
        from: SocketAddr,
        octets: Vec<u8>,
    },
    ToPhone {
        phone: usize,
        octets: Vec<u8>,
    },
    Answer(deliver::Answer),
    Projected,
    Start,
}

/// The world.
pub struct World {
    plan: Plan,
    rng: ChaCha12Rng,
    now: Now,
    queue: BinaryHeap<Reverse<(Mono, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    counter: u64,
    phones: Vec<Phone>,
    addresses: BTreeMap<SocketAddr, usize>,
    /// `None` while the process is dead.
    process: Option<Process>,
    disk: Disk,
    watch: Watch,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("plan", &self.plan)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What dies with a crash.
struct Process {
    switch: Switch,
    deliverer: Deliverer,
    /// Number of the first fact that this process's switch hands over.
    first_fact: u64,
    reserved: u64,
}

impl World {
    /// A world before its first moment.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
        let mut world = Self {
            plan,
            rng: ChaCha12Rng::from_seed(seed),
            now: Now {
                mono: Mono(1_000_000_000),
                wall: Wall::from_unix_seconds(1_700_000_000),
            },
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            counter: 0,
            phones: Vec::new(),
            addresses: BTreeMap::new(),
            process: None,
            disk: Disk::default(),
            watch: Watch::default(),
        };
        world.set_up();
        world
    }

    /// Plays to the end: the calls, then as long as it takes for every phone, timer and retry to be quiet.
    pub fn play(&mut self) {
        let quiet_at = self.now.mono + self.plan.during + Duration::from_secs(560);
        while let Some(at) = self.next_moment().filter(|at| *at <= quiet_at) {
            self.advance(at);
            self.step();
        }
    }

    /// What was broken; empty when every promise was kept.
    #[must_use]
    pub fn verdict(&self) -> Vec<String> {
        let mut broken = self.watch.verdict(&self.disk);
        for (index, phone) in self.phones.iter().enumerate() {
            // A process that died answers nobody; what phones miss then is not the living one's fault.
            if self.plan.crashes == 0 {
                broken.extend(
                    phone
                        .violations()
                        .iter()
                        .map(|seen| format!("phone {index}: {seen:?}")),
                );
            }
        }
        broken
    }

    /// Answered calls, for a look at whether the run was worth anything.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.disk
            .facts()
            .filter(|event| event.name == offhook_base::EventName::CallConnected)
            .count()
    }

    fn set_up(&mut self) {
        let phones: Vec<(u32, u32)> = phones(self.plan.users);
        for (index, (phone, _)) in phones.iter().enumerate() {
            let octet = u8::try_from(10 + index).unwrap_or(250);
            let local = SocketAddr::from(([192, 0, 2, octet], 5060));
            let mut seed = [1; 32];
            seed[..8].copy_from_slice(&(self.plan.seed ^ u64::from(*phone) << 32).to_le_bytes());
            let mut sim = Phone::new(PhoneConfig {
                username: format!("p{phone}"),
                password: format!("secret{phone}"),
                display_name: format!("Phone {phone}"),
                domain: "pbx.example".into(),
                server: PBX,
                local,
                rtp_port: 4_000,
                user_agent: "sim/1".into(),
                expires: 600,
                timers: Timers::RFC3261,
                seed,
            });
            sim.set_incoming(self.manner());
            self.addresses.insert(local, self.phones.len());
            self.phones.push(sim);
        }
        self.start();
        for phone in 0..self.phones.len() {
            let now = self.now.mono;
            if let Some(sim) = self.phones.get_mut(phone) {
                sim.register(now);
            }
            self.drain_phone(phone);
        }
        let during = self.plan.during;
        for _ in 0..self.plan.calls {
            let at = self.within(Duration::from_secs(5), during);
            let phone = self.below(self.phones.len() as u64) as usize;
            // One number in eight does not exist.
            let number = if self.below(8) == 0 {
                "7777".to_owned()
            } else {
                format!("{}", 2_001 + self.below(u64::from(self.plan.users)))
            };
            let script = self.script();
            self.at(
                at,
                Happening::Dial {
                    phone,
                    number,
                    script,
                },
            );
        }
        for _ in 0..self.plan.crashes {
            let at = self.within(Duration::from_secs(8), during);
            self.at(at, Happening::Crash);
        }
        for _ in 0..self.plan.garbage {
            let at = self.within(Duration::ZERO, during);
            self.at(at, Happening::Garbage);
        }
    }

    fn manner(&mut self) -> Incoming {
        let after = Duration::from_millis(200 + self.below(4_000));
        match self.below(6) {
            0 => Incoming::BUSY,
            1 => Incoming::decline(after),
            2 => Incoming::RING,
            3 => Incoming {
                first: First::EarlyMedia,
                then: Then::Answer {
                    after,
                    script: self.script(),
                },
            },
            _ => Incoming::answer_and(after, self.script()),
        }
    }

    fn script(&mut self) -> Script {
        let mut sometimes = |chance: u64, from: u64, to: u64| {
            (self.below(chance) == 0).then(|| Duration::from_millis(from + self.below(to - from)))
        };
        let cancel_after = sometimes(5, 100, 3_000);
        let hold_after = sometimes(3, 500, 2_000);
        let unhold_after = sometimes(2, 2_500, 4_000).filter(|_| hold_after.is_some());
        let hangup_after = Some(Duration::from_millis(300 + self.below(9_000)));
        Script {
            cancel_after,
            hold_after,
            unhold_after,
            hangup_after,
        }
    }

    /// Starts the process from what the disk holds.
    fn start(&mut self) {
        let mut seed = [3; 32];
        seed[..8].copy_from_slice(&self.rng.next_u64().to_le_bytes());
        let listener = Listener {
            transport: Transport::Udp,
            flow: Some(FlowId::udp(0)),
            advertised: PBX.to_string(),
        };
        let stack = StackConfig::new(REALM, vec![listener], seed);
        let call_ids = CallIds::new(0, self.disk.next_call_id(), self.disk.next_call_id());
        let mut switch = Switch::new(
            stack,
            CallConfig::new("sim", "pbx.example"),
            call_ids,
            seed,
            self.now,
        );
        for user in 0..self.plan.users {
            let user = User {
                id: UserId(100_001 + user),
                ext: format!("{}", 2_001 + user),
                name: format!("User {user}"),
                active: true,
                dnd: false,
            };
            switch.handle_directory(self.now, DirectoryChange::User(user));
        }
        for (phone, user) in phones(self.plan.users) {
            let entry = offhook_call::Phone {
                id: PhoneId(phone),
                user: UserId(user),
                display_name: String::new(),
            };
            switch.handle_directory(self.now, DirectoryChange::Phone(entry));
            let (name, password) = (format!("p{phone}"), format!("secret{phone}"));
            let account = Account {
                phone: PhoneId(phone),
                ha1_md5: Some(Secret::new(ha1(
                    DigestAlgorithm::Md5,
                    &name,
                    REALM,
                    &password,
                ))),
                ha1_sha256: None,
                username: name,
                enabled: true,
            };
            switch.handle_account(self.now, AccountChange::Put(account));
        }
        switch.handle_restored(self.now, self.disk.bindings());
        let mut ids = offhook_call::EventIds::new(
            "sim",
            u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]]),
        );
        let mut next = self.disk.next_fact();
        for (open, last_seq) in self.disk.open_roots() {
            let snapshots = open.iter().map(|snapshot| &**snapshot);
            let facts = close_after_restart(snapshots, last_seq, self.now.wall, &mut ids)
                .expect("our own snapshot can be read");
            for fact in facts {
                self.disk.hand_over(next, fact);
                next += 1;
            }
        }
        let reserved = self.disk.next_call_id() + 1_000;
        self.disk.reserve(reserved);
        switch.handle_reserved(reserved);
        let deliverer = Deliverer::start(&mut self.disk, self.now, seed);
        self.process = Some(Process {
            switch,
            deliverer,
            first_fact: next,
            reserved,
        });
        self.schedule_commit();
        self.drain_pbx();
    }

    fn crash(&mut self) {
        if self.process.take().is_none() {
            return;
        }
        self.disk.crash();
        self.watch.crashed();
        let pause = Duration::from_millis(200 + self.below(2_000));
        self.at(self.now.mono + pause, Happening::Start);
    }

    fn next_moment(&self) -> Option<Mono> {
        let queued = self.queue.peek().map(|Reverse((at, _))| *at);
        let phones = self.phones.iter().filter_map(Phone::next_timeout).min();
        let process = self.process.as_ref().and_then(|process| {
            [
                process.switch.next_timeout(),
                process.deliverer.next_timeout(),
            ]
            .into_iter()
            .flatten()
            .min()
        });
        [queued, phones, process].into_iter().flatten().min()
    }

    fn advance(&mut self, at: Mono) {
        let at = at.max(self.now.mono);
        self.now.wall = self.now.wall + (at - self.now.mono);
        self.now.mono = at;
    }

    fn step(&mut self) {
        while let Some(Reverse((at, n))) = self.queue.peek().copied()
            && at <= self.now.mono
        {
            self.queue.pop();
            if let Some(happening) = self.happenings.remove(&n) {
                self.happen(happening);
            }
        }
        for phone in 0..self.phones.len() {
            let now = self.now.mono;
            if let Some(sim) = self
                .phones
                .get_mut(phone)
                .filter(|sim| sim.next_timeout().is_some_and(|at| at <= now))
            {
                sim.handle_timeout(now);
                self.drain_phone(phone);
            }
        }
        if let Some(process) = &mut self.process {
            process.switch.handle_timeout(self.now);
            process.deliverer.handle_timeout(self.now);
            self.drain_pbx();
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Answer(answer) => {
                if let Some(process) = &mut self.process {
                    process.deliverer.answered(self.now, answer);
                }
            }
            Happening::Commit => self.commit(),
            Happening::Crash => self.crash(),
            Happening::Dial {
                phone,
                number,
                script,
            } => {
                let manner = self.manner();
                let now = self.now.mono;
                if let Some(sim) = self.phones.get_mut(phone) {
                    sim.set_incoming(manner);
                    sim.dial(now, &number, script);
                }
                self.drain_phone(phone);
            }
            Happening::Garbage => self.throw_garbage(),
            Happening::Projected => {
                if let Some(process) = &mut self.process {
                    process.deliverer.projected(self.now, self.disk.position());
                }
            }
            Happening::Start => self.start(),
            Happening::ToPbx { from, octets } => {
                if let Some(process) = &mut self.process {
                    let peer = Peer {
                        flow: FlowId::udp(0),
                        addr: from,
                        transport: Transport::Udp,
                    };
                    process.switch.handle_datagram(self.now, peer, &octets);
                }
            }
            Happening::ToPhone { phone, octets } => {
                let now = self.now.mono;
                if let Some(sim) = self.phones.get_mut(phone) {
                    sim.handle_datagram(now, PBX, &octets);
                }
                self.drain_phone(phone);
            }
        }
        self.drain_pbx();
    }

    fn throw_garbage(&mut self) {
        let len = self.below(300) as usize;
        let mut octets = vec![0; len];
        self.rng.fill_bytes(&mut octets);
        if self.below(2) == 0 {
            let mut start = b"INVITE sip:2001@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP ".to_vec();
            start.append(&mut octets);
            octets = start;
        }
        let from = SocketAddr::from(([198, 51, 100, 7], 5060));
        let at = self.now.mono;
        self.at(at, Happening::ToPbx { from, octets });
    }

    /// The disk commits what it was handed, tells the switch, and hands the events to the deliverer.
    fn commit(&mut self) {
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
        let lag = Duration::from_millis(1 + self.below(15));
        self.at(self.now.mono + lag, Happening::Projected);
        self.schedule_commit();
    }

    fn schedule_commit(&mut self) {
        if self.disk.wants_commit() {
            // Mostly fast, now and then slow, rarely stalled.
            let takes = match self.below(200) {
                0 => Duration::from_secs(3),
                1..=9 => Duration::from_millis(100),
                _ => Duration::from_micros(200 + self.below(5_000)),
            };
            self.at(self.now.mono + takes, Happening::Commit);
        }
    }

    fn drain_phone(&mut self, phone: usize) {
        let Some(sim) = self.phones.get_mut(phone) else {
            return;
        };
        let mut sent = Vec::new();
        let mut manner = false;
        while let Some(output) = sim.poll_output() {
            match output {
                crate::phone::Output::Send { bytes, .. } => sent.push(bytes),
                crate::phone::Output::Event(event) => {
                    manner |= matches!(event, PhoneEvent::Ended { .. })
                }
            }
        }
        let from = self
            .addresses
            .iter()
            .find(|(_, index)| **index == phone)
            .map(|(address, _)| *address);
        if manner {
            let next = self.manner();
            if let Some(sim) = self.phones.get_mut(phone) {
                sim.set_incoming(next);
            }
        }
        for octets in sent {
            for (after, octets) in self.plan.network.carry(&mut self.rng, &octets) {
                if let Some(from) = from {
                    self.at(self.now.mono + after, Happening::ToPbx { from, octets });
                }
            }
        }
    }

    fn drain_pbx(&mut self) {
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
                        .sent(self.now.mono, &bytes, leg, &self.disk, stalled);
                    let Some(phone) = self.addresses.get(&peer.addr).copied() else {
                        continue;
                    };
                    for (after, octets) in self.plan.network.carry(&mut self.rng, &bytes) {
                        self.at(self.now.mono + after, Happening::ToPhone { phone, octets });
                    }
                }
                Output::Record(fact) => {
                    let n = self.disk.next_fact();
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
                Output::Media(_) | Output::Reply(_) | Output::Rejected { .. } => {}
            }
        }
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

    fn at(&mut self, at: Mono, happening: Happening) {
        self.counter += 1;
        self.queue.push(Reverse((at, self.counter)));
        self.happenings.insert(self.counter, happening);
    }

    fn within(&mut self, from: Duration, to: Duration) -> Mono {
        let range = u64::try_from((to - from).as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        self.now.mono + from + Duration::from_micros(self.below(range))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }
}

/// Phones and their users: one each, and a second one for every third user.
fn phones(users: u32) -> Vec<(u32, u32)> {
    let first = (0..users).map(|user| (user + 1, 100_001 + user));
    let second = (0..users)
        .step_by(3)
        .map(|user| (100 + user, 100_001 + user));
    first.chain(second).collect()
}

/// A registration on the disk.
type Stored = BTreeMap<(PhoneId, BindingKey), Binding>;
