//! Who is there: the directory that the switch is given, and the peers that play it.

use std::net::SocketAddr;
use std::time::Duration;

use offhook_base::{DdiId, PhoneId, QueueId, RingGroupId, Secret, TrunkId, UserId};
use offhook_call::{
    Ddi, DdiTarget, DirectoryChange, GroupStrategy, QueueConfig, QueueStrategy, RecordMode,
    RingGroup, Trunk, User,
};
use offhook_sip_core::{Account, AccountChange, DigestAlgorithm, ha1};

use super::{PBX, Plan, REALM};
use crate::phone::{CarrierConfig, Outage, Phone, PhoneConfig, Timers};

/// Phones, carriers, and what the switch knows of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cast {
    pub(crate) users: Vec<User>,
    /// Phones and their users.
    pub(crate) phones: Vec<(PhoneId, UserId)>,
    pub(crate) trunks: Vec<(Trunk, Option<Outage>)>,
    pub(crate) groups: Vec<RingGroup>,
    pub(crate) queues: Vec<QueueConfig>,
    pub(crate) ddis: Vec<Ddi>,
}

/// The first number of each kind.
pub(super) const FIRST_USER: u32 = 2_001;
const FIRST_GROUP: u32 = 3_000;
const FIRST_QUEUE: u32 = 4_000;
const FIRST_DDI: u64 = 441_632_960_000;

impl Cast {
    /// The cast of a plan.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut cast = Self::default();
        for user in 0..plan.users {
            cast.users.push(User {
                id: UserId(100_001 + user),
                ext: format!("{}", FIRST_USER + user),
                name: format!("User {user}"),
                active: true,
                dnd: false,
                voicemail: (user % 3 == 0).then(|| Duration::from_secs(10)),
                record: match user % 4 {
                    0 => RecordMode::All,
                    1 => RecordMode::In,
                    2 => RecordMode::Out,
                    _ => RecordMode::None,
                },
            });
        }
        let first = (0..plan.users).map(|user| (user + 1, user));
        let every = plan.second_phones.max(1) as usize;
        let second = (0..plan.users)
            .step_by(every)
            .map(|user| (100 + user, user));
        cast.phones = first
            .chain(second)
            .map(|(phone, user)| (PhoneId(phone), UserId(100_001 + user)))
            .collect();
        cast.share(plan);
        cast.open_to_the_outside(plan);
        cast
    }

    /// Ring groups of callers, queues of agents.
    fn share(&mut self, plan: &Plan) {
        let (callers, agents) = self.users.split_at(self.users.len() - plan.agents as usize);
        let ids = |users: &[User]| users.iter().map(|user| user.id).collect::<Vec<_>>();
        for n in 0..plan.groups {
            self.groups.push(RingGroup {
                id: RingGroupId(n + 1),
                name: format!("Group {n}"),
                number: format!("{}", FIRST_GROUP + n),
                strategy: if n.is_multiple_of(2) {
                    GroupStrategy::All
                } else {
                    GroupStrategy::Linear
                },
                ring_time: Duration::from_secs(8),
                users: ids(callers),
            });
        }
        let strategies = [
            QueueStrategy::LeastRecent,
            QueueStrategy::All,
            QueueStrategy::RoundRobin,
            QueueStrategy::FewestCalls,
            QueueStrategy::InOrder,
        ];
        for n in 0..plan.queues {
            // Every agent is in every queue: that is where one could be offered two calls.
            let strategy = strategies.get(n as usize % strategies.len());
            self.queues.push(QueueConfig {
                id: QueueId(n + 1),
                name: format!("Queue {n}"),
                number: format!("{}", FIRST_QUEUE + n),
                strategy: strategy.copied().unwrap_or(QueueStrategy::InOrder),
                ring_time: Duration::from_secs(5),
                max_wait: Some(Duration::from_secs(60)),
                max_length: Some(5),
                wrap_up: Duration::from_secs(u64::from(n) * 2),
                announce: Some(Duration::from_secs(10)),
                skip_busy: true,
                music: None,
                announcement: None,
                agents: ids(agents).into_iter().map(|agent| (agent, true)).collect(),
            });
        }
    }

    /// Trunks, the last of which flaps, and a number for each user, group and queue.
    fn open_to_the_outside(&mut self, plan: &Plan) {
        for n in 0..plan.trunks {
            let address = carrier_address(n);
            let trunk = Trunk {
                id: TrunkId(n + 1),
                name: format!("Trunk {n}"),
                host: address.ip().to_string(),
                addresses: vec![address],
                from_domain: String::new(),
                prefix: String::new(),
                strip: 0,
                caller_id: String::new(),
                priority: n,
                max_calls: None,
                active: true,
            };
            let outage = (n > 0 && n + 1 == plan.trunks).then_some(Outage {
                up: Duration::from_secs(25),
                down: Duration::from_secs(10),
            });
            self.trunks.push((trunk, outage));
        }
        if plan.trunks == 0 {
            return;
        }
        let users = self.users.iter().map(|user| DdiTarget::User(user.id));
        let groups = self
            .groups
            .iter()
            .map(|group| DdiTarget::RingGroup(group.id));
        let queues = self.queues.iter().map(|queue| DdiTarget::Queue(queue.id));
        let ddis = users.chain(groups).chain(queues).zip(0..);
        self.ddis = ddis
            .map(|(target, n)| Ddi {
                id: DdiId(n + 1),
                e164: format!("{}", FIRST_DDI + u64::from(n)),
                trunk: None,
                target,
            })
            .collect();
    }

    /// What the switch is told.
    pub(super) fn directory(&self) -> Vec<DirectoryChange> {
        let users = self.users.iter().cloned().map(DirectoryChange::User);
        let phones = self.phones.iter().map(|(phone, user)| {
            DirectoryChange::Phone(offhook_call::Phone {
                id: *phone,
                user: *user,
                display_name: String::new(),
            })
        });
        let trunks = self.trunks.iter().map(|(trunk, _)| trunk.clone());
        users
            .chain(phones)
            .chain(trunks.map(DirectoryChange::Trunk))
            .chain(self.groups.iter().cloned().map(DirectoryChange::RingGroup))
            .chain(self.queues.iter().cloned().map(DirectoryChange::Queue))
            .chain(self.ddis.iter().cloned().map(DirectoryChange::Ddi))
            .collect()
    }

    /// The credentials of its phones.
    pub(super) fn accounts(&self) -> Vec<AccountChange> {
        let account = |(phone, _): &(PhoneId, UserId)| {
            let (name, password) = credentials(*phone);
            AccountChange::Put(Account {
                phone: *phone,
                ha1_md5: Some(Secret::new(ha1(
                    DigestAlgorithm::Md5,
                    &name,
                    REALM,
                    &password,
                ))),
                ha1_sha256: None,
                username: name,
                enabled: true,
            })
        };
        self.phones.iter().map(account).collect()
    }

    /// Logs an agent in or out of those of `queues` that he serves; gives them as they are now.
    pub(super) fn log_agent(
        &mut self,
        user: UserId,
        queues: &[QueueId],
        login: bool,
    ) -> Vec<QueueConfig> {
        let mut changed = Vec::new();
        for queue in &mut self.queues {
            let agent = queue.agents.iter_mut().find(|(agent, _)| *agent == user);
            if let Some((_, is_in)) = agent.filter(|_| queues.contains(&queue.id)) {
                *is_in = login;
                changed.push(queue.clone());
            }
        }
        changed
    }

    /// Whether this user takes the calls of a queue.
    pub(super) fn is_agent(&self, user: UserId) -> bool {
        let mut agents = self.queues.iter().flat_map(|queue| &queue.agents);
        agents.any(|(agent, _)| *agent == user)
    }

    /// How long a caller may wait in a queue at most.
    pub(super) fn longest_wait(&self) -> Option<Duration> {
        let waits = self.queues.iter().map(|queue| queue.max_wait);
        waits.max().flatten()
    }

    /// The numbers at which an outsider reaches groups and queues.
    pub(super) fn shared_ddis(&self) -> Vec<&str> {
        let shared = |ddi: &&Ddi| match ddi.target {
            DdiTarget::User(_) => false,
            DdiTarget::Queue(_) | DdiTarget::RingGroup(_) => true,
        };
        self.ddis
            .iter()
            .filter(shared)
            .map(|ddi| &*ddi.e164)
            .collect()
    }

    /// What can be dialled besides users.
    pub(super) fn shared_numbers(&self) -> Vec<&str> {
        let groups = self.groups.iter().map(|group| &*group.number);
        let queues = self.queues.iter().map(|queue| &*queue.number);
        groups.chain(queues).collect()
    }
}

fn credentials(phone: PhoneId) -> (String, String) {
    (format!("p{}", phone.0), format!("secret{}", phone.0))
}

fn carrier_address(n: u32) -> SocketAddr {
    let octet = u8::try_from(10 + n).unwrap_or(250);
    SocketAddr::from(([203, 0, 113, octet], 5060))
}

/// A phone of the cast.
pub(super) fn phone(index: usize, id: PhoneId, seed: u64) -> Phone {
    let octet = u8::try_from(10 + index).unwrap_or(250);
    let (username, password) = credentials(id);
    Phone::new(PhoneConfig {
        username,
        password,
        display_name: format!("Phone {}", id.0),
        domain: "pbx.example".into(),
        server: PBX,
        local: SocketAddr::from(([192, 0, 2, octet], 5060)),
        rtp_port: 4_000,
        user_agent: "sim/1".into(),
        expires: 600,
        timers: Timers::RFC3261,
        seed: seed_of(seed, id.0),
    })
}

/// The far end of a trunk.
pub(super) fn carrier(trunk: &Trunk, outage: Option<Outage>, seed: u64) -> Phone {
    let local = trunk.addresses.first().copied();
    Phone::carrier(CarrierConfig {
        host: trunk.host.clone(),
        domain: "pbx.example".into(),
        server: PBX,
        local: local.unwrap_or_else(|| carrier_address(trunk.id.0)),
        rtp_port: 4_000,
        outage,
        timers: Timers::RFC3261,
        seed: seed_of(seed, 10_000 + trunk.id.0),
    })
}

fn seed_of(seed: u64, peer: u32) -> [u8; 32] {
    let mut octets = [1; 32];
    octets[..8].copy_from_slice(&(seed ^ u64::from(peer) << 32).to_le_bytes());
    octets
}
