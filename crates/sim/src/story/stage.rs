//! Who is in a story.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{DdiId, PhoneId, QueueId, RingGroupId, TrunkId, UserId};
use offhook_call::{
    Ddi, DdiTarget, GroupStrategy, QueueConfig, QueueStrategy, RecordMode, RingGroup, Trunk, User,
};

use super::{Actor, Story};
use crate::phone::Outsider;
use crate::world::{Cast, World};

/// The people, groups, queues and numbers of a story, before it begins.
#[derive(Debug, Default)]
pub struct Stage {
    cast: Cast,
    /// Phones by name, in the order of the cast.
    phones: Vec<String>,
    /// People outside by name, each behind a trunk of their own.
    outsiders: Vec<(String, Outsider)>,
}

impl Stage {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A user with a phone; both are called by the extension.
    #[must_use]
    pub fn user(self, ext: &str) -> Self {
        self.absent(ext).phone(ext, ext)
    }

    /// A user without a phone: nothing is registered.
    #[must_use]
    pub fn absent(mut self, ext: &str) -> Self {
        let id = UserId(100_001 + count(self.cast.users.len()));
        self.cast.users.push(User {
            id,
            ext: ext.to_owned(),
            name: format!("User {ext}"),
            active: true,
            dnd: false,
            voicemail: None,
            record: RecordMode::None,
        });
        self
    }

    /// One more phone of a user; it stays silent until it is told what to do.
    #[must_use]
    pub fn phone(mut self, name: &str, ext: &str) -> Self {
        let id = PhoneId(1 + count(self.cast.phones.len()));
        let user = self.user_of(ext);
        self.cast.phones.push((id, user));
        self.phones.push(name.to_owned());
        self
    }

    /// A user who does not want to be disturbed.
    #[must_use]
    pub fn undisturbed(mut self, ext: &str) -> Self {
        let users = self.cast.users.iter_mut();
        for user in users.filter(|user| user.ext == ext) {
            user.dnd = true;
        }
        self
    }

    /// A user who takes messages after so many seconds of ringing.
    #[must_use]
    pub fn takes_messages(mut self, ext: &str, after: u64) -> Self {
        let users = self.cast.users.iter_mut();
        for user in users.filter(|user| user.ext == ext) {
            user.voicemail = Some(Duration::from_secs(after));
        }
        self
    }

    /// A user whose calls are recorded.
    #[must_use]
    pub fn recorded(mut self, ext: &str, record: RecordMode) -> Self {
        let users = self.cast.users.iter_mut();
        for user in users.filter(|user| user.ext == ext) {
            user.record = record;
        }
        self
    }

    /// A ring group whose members all ring at once.
    #[must_use]
    pub fn group(self, number: &str, members: &[&str]) -> Self {
        self.group_with(number, members, |_| ())
    }

    /// A ring group that is changed before it is used: strategy, ring time.
    #[must_use]
    pub fn group_with(
        mut self,
        number: &str,
        members: &[&str],
        change: impl FnOnce(&mut RingGroup),
    ) -> Self {
        let mut group = RingGroup {
            id: RingGroupId(1 + count(self.cast.groups.len())),
            name: format!("Group {number}"),
            number: number.to_owned(),
            strategy: GroupStrategy::All,
            ring_time: Duration::from_secs(20),
            users: members.iter().map(|ext| self.user_of(ext)).collect(),
        };
        change(&mut group);
        self.cast.groups.push(group);
        self
    }

    /// A queue that tries its agents in order.
    #[must_use]
    pub fn queue(self, number: &str, agents: &[&str]) -> Self {
        self.queue_with(number, agents, |_| ())
    }

    /// A queue that is changed before it is used.
    #[must_use]
    pub fn queue_with(
        mut self,
        number: &str,
        agents: &[&str],
        change: impl FnOnce(&mut QueueConfig),
    ) -> Self {
        let mut queue = QueueConfig {
            id: QueueId(1 + count(self.cast.queues.len())),
            name: format!("Queue {number}"),
            number: number.to_owned(),
            strategy: QueueStrategy::InOrder,
            ring_time: Duration::from_secs(10),
            max_wait: Some(Duration::from_secs(60)),
            max_length: None,
            wrap_up: Duration::ZERO,
            announce: None,
            skip_busy: true,
            music: None,
            announcement: None,
            agents: agents.iter().map(|ext| (self.user_of(ext), true)).collect(),
        };
        change(&mut queue);
        self.cast.queues.push(queue);
        self
    }

    /// Somebody outside, behind a trunk. What users dial outside reaches whoever was named first, whatever the number.
    #[must_use]
    pub fn outsider(self, name: &str, number: &str) -> Self {
        self.outsider_with(name, number, |_| ())
    }

    /// Somebody outside, behind a trunk that is changed before it is used.
    #[must_use]
    pub fn outsider_with(
        mut self,
        name: &str,
        number: &str,
        change: impl FnOnce(&mut Trunk),
    ) -> Self {
        let n = count(self.cast.trunks.len());
        let octet = u8::try_from(10 + n).unwrap_or(250);
        let address = std::net::SocketAddr::from(([203, 0, 113, octet], 5060));
        let mut trunk = Trunk {
            id: TrunkId(1 + n),
            name: format!("Trunk of {name}"),
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
        change(&mut trunk);
        self.cast.trunks.push((trunk, None));
        let outsider = Outsider {
            number: number.to_owned(),
            name: String::new(),
        };
        self.outsiders.push((name.to_owned(), outsider));
        self
    }

    /// A number of ours, and whose it is: the extension of a user, group or queue that was named before.
    #[must_use]
    pub fn number(mut self, e164: &str, ext: &str) -> Self {
        let groups = self.cast.groups.iter();
        let group = groups
            .filter(|group| group.number == ext)
            .map(|group| group.id);
        let queues = self.cast.queues.iter();
        let queue = queues
            .filter(|queue| queue.number == ext)
            .map(|queue| queue.id);
        let shared = group
            .map(DdiTarget::RingGroup)
            .chain(queue.map(DdiTarget::Queue))
            .next();
        let target = shared.unwrap_or_else(|| DdiTarget::User(self.user_of(ext)));
        self.cast.ddis.push(Ddi {
            id: DdiId(1 + count(self.cast.ddis.len())),
            e164: e164.to_owned(),
            trunk: None,
            target,
        });
        self
    }

    /// The curtain: every phone is registered, and rings until it is told what to do.
    #[must_use]
    pub fn begin(self) -> Story {
        let phones = self.phones.into_iter().map(|name| (name, None));
        let outsiders = self.outsiders.into_iter();
        let outsiders = outsiders.map(|(name, outsider)| (name, Some(outsider)));
        let actors: BTreeMap<String, Actor> = phones
            .chain(outsiders)
            .enumerate()
            .map(|(peer, (name, outsider))| (name, Actor { peer, outsider }))
            .collect();
        Story::new(World::calm(self.cast), actors)
    }

    fn user_of(&self, ext: &str) -> UserId {
        match self.cast.users.iter().find(|user| user.ext == ext) {
            Some(user) => user.id,
            None => panic!("no user has the extension {ext:?}"),
        }
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
