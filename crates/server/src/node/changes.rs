//! A change of configuration reaches the running switch and the delivery engine.

use std::time::Duration;

use offhook_api::ports::{ConfigChange, ConfigChanged};
use offhook_call::{
    Ddi, DdiTarget, DirectoryChange, GroupStrategy, Phone, QueueConfig, QueueStrategy, RecordMode,
    RingGroup, User,
};
use offhook_sip_core::{Account, AccountChange};
use offhook_store::PhoneAccount;

use super::inbox::{CallInput, Inbox};
use super::projector::ProjectorHandle;
use super::subscribers::Subscribers;
use super::trunks::Trunks;

/// Passes changes on, in the order of their commits.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) inbox: Inbox,
    pub(crate) subscribers: Subscribers,
    pub(crate) trunks: Trunks,
    pub(crate) projector: ProjectorHandle,
}

impl ConfigChanged for Changes {
    fn config_changed(&self, change: ConfigChange) {
        match change {
            ConfigChange::User(user) => self.tell(directory_user(&user)),
            ConfigChange::UserGone(id) => self.tell(DirectoryChange::UserRemoved(id)),
            ConfigChange::Phone(account) => {
                self.tell(directory_phone(&account));
                self.inbox
                    .send(CallInput::Account(AccountChange::Put(sip_account(account))));
            }
            ConfigChange::PhoneGone(id) => {
                self.inbox
                    .send(CallInput::Account(AccountChange::Remove(id)));
                self.tell(DirectoryChange::PhoneRemoved(id));
            }
            ConfigChange::Trunk(trunk) => self.trunks.put(trunk),
            ConfigChange::TrunkGone(id) => self.trunks.remove(id),
            ConfigChange::Ddi(ddi) => self.tell(directory_ddi(&ddi)),
            ConfigChange::DdiGone(id) => self.tell(DirectoryChange::DdiRemoved(id)),
            ConfigChange::RingGroup(group) => self.tell(directory_ring_group(&group)),
            ConfigChange::RingGroupGone(id) => self.tell(DirectoryChange::RingGroupRemoved(id)),
            ConfigChange::Queue(queue) => self.tell(directory_queue(&queue)),
            ConfigChange::QueueGone(id) => self.tell(DirectoryChange::QueueRemoved(id)),
            ConfigChange::Sound(id, clip) => self.tell(DirectoryChange::Sound(id, clip)),
            ConfigChange::SoundGone(id) => self.tell(DirectoryChange::SoundRemoved(id)),
            ConfigChange::Language(language) => self.tell(DirectoryChange::Language(language)),
            ConfigChange::SoundChosen(of, id) => {
                self.tell(DirectoryChange::SoundChosen(of, id));
            }
            ConfigChange::Webhook(webhook) => self.subscribers.put(&webhook),
            ConfigChange::WebhookGone(id) => self.subscribers.remove(id),
            ConfigChange::Messages(user) => self.projector.messages(user),
            ConfigChange::IntegrationEnabled(enabled) => self.subscribers.set_enabled(enabled),
        }
    }
}

impl Changes {
    fn tell(&self, change: DirectoryChange) {
        self.inbox.send(CallInput::Directory(change));
    }
}

/// A user as routing sees it.
pub(crate) fn directory_user(user: &offhook_store::User) -> DirectoryChange {
    DirectoryChange::User(User {
        id: user.id,
        ext: user.ext.clone(),
        name: format!("{} {}", user.first_name, user.last_name)
            .trim()
            .to_owned(),
        active: user.active,
        dnd: user.dnd,
        voicemail: user
            .voicemail
            .then(|| Duration::from_secs(user.voicemail_after.into())),
        record: match user.record {
            offhook_store::RecordMode::None => RecordMode::None,
            offhook_store::RecordMode::In => RecordMode::In,
            offhook_store::RecordMode::Out => RecordMode::Out,
            offhook_store::RecordMode::All => RecordMode::All,
        },
    })
}

/// A phone as routing sees it.
pub(crate) fn directory_phone(account: &PhoneAccount) -> DirectoryChange {
    DirectoryChange::Phone(Phone {
        id: account.phone,
        user: account.user,
        display_name: account.display_name.clone(),
    })
}

/// A number as routing sees it.
pub(crate) fn directory_ddi(ddi: &offhook_store::Ddi) -> DirectoryChange {
    DirectoryChange::Ddi(Ddi {
        id: ddi.id,
        e164: ddi.spec.e164.clone(),
        trunk: ddi.spec.trunk,
        target: match ddi.spec.target {
            offhook_store::DdiTarget::Queue(id) => DdiTarget::Queue(id),
            offhook_store::DdiTarget::RingGroup(id) => DdiTarget::RingGroup(id),
            offhook_store::DdiTarget::User(id) => DdiTarget::User(id),
        },
    })
}

/// A ring group as routing sees it.
pub(crate) fn directory_ring_group(group: &offhook_store::RingGroup) -> DirectoryChange {
    let spec = &group.spec;
    DirectoryChange::RingGroup(RingGroup {
        id: group.id,
        name: spec.name.clone(),
        number: spec.number.clone(),
        strategy: match spec.strategy {
            offhook_store::GroupStrategy::All => GroupStrategy::All,
            offhook_store::GroupStrategy::Linear => GroupStrategy::Linear,
        },
        ring_time: seconds(spec.ring_time),
        users: spec.users.clone(),
    })
}

/// A queue as routing sees it.
pub(crate) fn directory_queue(queue: &offhook_store::Queue) -> DirectoryChange {
    let spec = &queue.spec;
    // 0 stands for none.
    let some = |value: u32| (value > 0).then_some(value);
    DirectoryChange::Queue(QueueConfig {
        id: queue.id,
        name: spec.name.clone(),
        number: spec.number.clone(),
        strategy: match spec.ring_strategy {
            offhook_store::QueueStrategy::All => QueueStrategy::All,
            offhook_store::QueueStrategy::LeastRecent => QueueStrategy::LeastRecent,
            offhook_store::QueueStrategy::FewestCalls => QueueStrategy::FewestCalls,
            offhook_store::QueueStrategy::RoundRobin => QueueStrategy::RoundRobin,
            offhook_store::QueueStrategy::InOrder => QueueStrategy::InOrder,
        },
        ring_time: seconds(spec.ring_time),
        max_wait: some(spec.max_wait).map(seconds),
        max_length: some(spec.max_length),
        wrap_up: seconds(spec.wrap_up_time),
        announce: some(spec.announce).map(seconds),
        skip_busy: spec.skip_busy,
        music: spec.music,
        announcement: spec.announcement,
        agents: spec
            .users
            .iter()
            .map(|agent| (agent.id, agent.status))
            .collect(),
    })
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// A phone as the registrar sees it.
pub(crate) fn sip_account(account: PhoneAccount) -> Account {
    Account {
        phone: account.phone,
        username: account.username,
        ha1_md5: Some(account.ha1_md5),
        ha1_sha256: Some(account.ha1_sha256),
        enabled: account.enabled,
    }
}
