//! The whole system in one thread under a virtual clock: phones, a bad network, the switch, a journal that is slow
//! and dies with what it has not committed, the delivery engine, receivers that fail. All from one seed.
//!
//! The world plays and watches; [`World::verdict`] says which promises were broken.

#![expect(
    clippy::expect_used,
    clippy::cast_possible_truncation,
    reason = "a simulation may stop at what cannot be, and counts small things"
)]

mod api;
mod cast;
mod check;
mod deliver;
mod disk;
mod happening;
mod media;
mod people;
mod plan;
mod process;
mod recorder;
mod stage;
mod texts;
mod trouble;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::{Mono, Now, PhoneId, Wall};
use offhook_sip_core::{Binding, BindingKey};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng as _;

use crate::phone::Phone;
use api::Api;
use check::Watch;
use disk::Disk;
use happening::Happening;
use media::Media;
use people::Part;
use process::Process;
use recorder::Recorder;
use texts::Texts;
use trouble::Trouble;

pub(crate) use cast::Cast;
pub use plan::Plan;

const PBX: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    5060,
);
const REALM: &str = "offhook";

/// What is left to chance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Luck {
    /// Nothing: disk and receivers are quick, and phones do what they are told.
    Calm,
    /// What the seed says.
    OfSeed,
}

/// The world.
pub struct World {
    plan: Plan,
    cast: Cast,
    luck: Luck,
    rng: ChaCha12Rng,
    now: Now,
    queue: BinaryHeap<Reverse<(Mono, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    counter: u64,
    /// Phones, and after them the far ends of trunks.
    phones: Vec<Phone>,
    parts: Vec<Part>,
    addresses: BTreeMap<SocketAddr, usize>,
    /// `None` while the process is dead.
    process: Option<Process>,
    disk: Disk,
    watch: Watch,
    media: Media,
    recorder: Recorder,
    api: Api,
    texts: Texts,
    trouble: Trouble,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("plan", &self.plan)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl World {
    /// A world before its first moment.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self::with(plan, Cast::of(&plan), Luck::OfSeed)
    }

    fn with(plan: Plan, cast: Cast, luck: Luck) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
        let mut world = Self {
            plan,
            cast,
            luck,
            rng: ChaCha12Rng::from_seed(seed),
            now: Now {
                mono: Mono(1_000_000_000),
                wall: Wall::from_unix_seconds(1_700_000_000),
            },
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            counter: 0,
            phones: Vec::new(),
            parts: Vec::new(),
            addresses: BTreeMap::new(),
            process: None,
            disk: Disk::default(),
            watch: Watch::default(),
            media: Media::default(),
            recorder: Recorder::default(),
            api: Api::default(),
            texts: Texts::default(),
            trouble: Trouble::default(),
        };
        world.set_up();
        world
    }

    /// Plays to the end: the calls, then as long as it takes for every phone, timer and retry to be quiet.
    pub fn play(&mut self) {
        let quiet_at = self.now.mono + self.plan.during + Duration::from_secs(560);
        // A receiver that failed often before it healed may be tried again hours later only.
        let delivered_at = quiet_at + Duration::from_secs(24 * 3_600);
        while let Some(at) = self.next_moment() {
            if at > quiet_at && (self.disk.deliveries.is_empty() || at > delivered_at) {
                break;
            }
            self.advance(at);
            self.step();
        }
    }

    /// What was broken; empty when every promise was kept.
    #[must_use]
    pub fn verdict(&self) -> Vec<String> {
        let mut broken = self.watch.verdict(&self.disk);
        broken.extend(self.watch.waits(self.cast.longest_wait()));
        broken.extend(self.api.verdict());
        broken.extend(self.verdict_on_texts());
        if let Some(Process { switch, .. }) = &self.process {
            if switch.calls() > 0 {
                let calls = switch.calls();
                broken.push(format!("{calls} calls are left in the switch at the end"));
            }
            broken.extend(self.media.verdict(switch.ports_in_stock()));
            broken.extend(self.verdict_on_recordings());
            broken.extend(self.media.verdict_on_silence(self.disk.cdrs()));
        }
        for (index, phone) in self.phones.iter().enumerate() {
            // A process that died answers nobody; what phones miss then is not the living one's fault.
            if self.plan.crashes == 0 && !self.trouble.is_forgetful(index) {
                broken.extend(
                    phone
                        .violations()
                        .iter()
                        .map(|seen| format!("phone {index}: {seen:?}")),
                );
                let left = phone.calls();
                if !left.is_empty() {
                    broken.push(format!("phone {index}: {left:?} are left at the end"));
                }
            }
        }
        broken
    }

    /// Calls begun, those of each member and agent that was tried among them.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.count(offhook_base::EventName::CallInitial)
    }

    /// Answered calls, for a look at whether the run was worth anything.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.count(offhook_base::EventName::CallConnected)
    }

    fn count(&self, name: offhook_base::EventName) -> usize {
        self.disk.facts().filter(|event| event.name == name).count()
    }
}

/// A registration on the disk.
type Stored = BTreeMap<(PhoneId, BindingKey), Binding>;
