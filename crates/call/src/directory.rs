//! Who can be called: users, ring groups and queues by extension, outsiders by trunks; and how outsiders call us.

mod outside;
mod shared;
mod sounds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{
    DdiId, Language, PhoneId, QueueId, RingGroupId, SoundId, SoundUse, TrunkId, UserId,
};
use offhook_media_core::{Clip, Music, Prompts};

use crate::numbers::Numbering;
pub use outside::{Ddi, DdiTarget, Trunk};
pub use shared::{GroupStrategy, QueueConfig, QueueStrategy, RingGroup};
use sounds::Sounds;

/// A user as routing sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Extension, as dialled.
    pub ext: String,
    /// First and last name.
    pub name: String,
    /// An inactive user is unknown to callers and may not call.
    pub active: bool,
    /// Do-not-disturb.
    pub dnd: bool,
    /// How long its phones ring before the caller may leave a message; `None`: for as long as any.
    pub voicemail: Option<Duration>,
    /// Which of its calls are recorded.
    pub record: RecordMode,
}

/// Which calls of a user are recorded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RecordMode {
    /// None.
    #[default]
    None,
    /// Those that it answers.
    In,
    /// Those that it makes.
    Out,
    /// All.
    All,
}

impl RecordMode {
    /// Whether calls that the user answers are recorded.
    pub(crate) const fn takes_in(self) -> bool {
        matches!(self, Self::In | Self::All)
    }

    /// Whether calls that the user makes are recorded.
    pub(crate) const fn takes_out(self) -> bool {
        matches!(self, Self::Out | Self::All)
    }
}

/// A phone as routing sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phone {
    /// Id.
    pub id: PhoneId,
    /// Whose it is.
    pub user: UserId,
    /// Shown instead of the user's name, when not empty.
    pub display_name: String,
}

/// A change of configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DirectoryChange {
    /// A user is new or altered.
    User(User),
    /// A user is gone.
    UserRemoved(UserId),
    /// A phone is new or altered.
    Phone(Phone),
    /// A phone is gone.
    PhoneRemoved(PhoneId),
    /// A trunk is new or altered, or its host resolves to other addresses.
    Trunk(Trunk),
    /// A trunk is gone.
    TrunkRemoved(TrunkId),
    /// A number is new or altered.
    Ddi(Ddi),
    /// A number is gone.
    DdiRemoved(DdiId),
    /// A ring group is new or altered.
    RingGroup(RingGroup),
    /// A ring group is gone.
    RingGroupRemoved(RingGroupId),
    /// A queue is new or altered; also when an agent came or went.
    Queue(QueueConfig),
    /// A queue is gone.
    QueueRemoved(QueueId),
    /// A sound of the library is new or altered.
    Sound(SoundId, Arc<Clip>),
    /// A sound is gone. Who hears it hears it on.
    SoundRemoved(SoundId),
    /// Another sound was chosen for this; `None`: what there is without a library.
    SoundChosen(SoundUse, Option<SoundId>),
    /// Callers are spoken to in another language.
    Language(Language),
}

/// What answers to an extension.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extension<'a> {
    /// A user.
    User(&'a User),
    /// A ring group.
    RingGroup(&'a RingGroup),
    /// A queue.
    Queue(&'a QueueConfig),
}

/// Everybody and everything that can be called, looked up by what is dialled.
#[derive(Debug, Default)]
pub struct Directory {
    users: BTreeMap<UserId, User>,
    by_ext: BTreeMap<String, UserId>,
    phones: BTreeMap<PhoneId, Phone>,
    phones_of: BTreeMap<UserId, Vec<PhoneId>>,
    trunks: BTreeMap<TrunkId, Trunk>,
    ddis: BTreeMap<DdiId, Ddi>,
    by_e164: BTreeMap<String, DdiId>,
    ddis_of: BTreeMap<UserId, BTreeSet<DdiId>>,
    groups: BTreeMap<RingGroupId, RingGroup>,
    group_by_number: BTreeMap<String, RingGroupId>,
    queues: BTreeMap<QueueId, QueueConfig>,
    queue_by_number: BTreeMap<String, QueueId>,
    pub(crate) sounds: Sounds,
}

impl Directory {
    /// An empty one; this is heard where no sound was chosen.
    pub(crate) fn with_built_in(music: Music, prompts: BTreeMap<Language, Prompts>) -> Self {
        Self {
            sounds: Sounds::with_built_in(music, prompts),
            ..Self::default()
        }
    }

    /// Applies one change.
    pub fn apply(&mut self, change: DirectoryChange) {
        match change {
            DirectoryChange::User(user) => {
                self.forget_ext(user.id);
                self.by_ext.insert(user.ext.clone(), user.id);
                self.users.insert(user.id, user);
            }
            DirectoryChange::UserRemoved(id) => {
                self.forget_ext(id);
                self.users.remove(&id);
            }
            DirectoryChange::Phone(phone) => {
                self.forget_phone(phone.id);
                self.phones_of.entry(phone.user).or_default().push(phone.id);
                self.phones.insert(phone.id, phone);
            }
            DirectoryChange::PhoneRemoved(id) => {
                self.forget_phone(id);
                self.phones.remove(&id);
            }
            DirectoryChange::Trunk(trunk) => {
                self.trunks.insert(trunk.id, trunk);
            }
            DirectoryChange::TrunkRemoved(id) => {
                self.trunks.remove(&id);
            }
            DirectoryChange::Ddi(ddi) => {
                self.forget_ddi(ddi.id);
                self.by_e164.insert(ddi.e164.clone(), ddi.id);
                if let DdiTarget::User(user) = ddi.target {
                    self.ddis_of.entry(user).or_default().insert(ddi.id);
                }
                self.ddis.insert(ddi.id, ddi);
            }
            DirectoryChange::DdiRemoved(id) => self.forget_ddi(id),
            DirectoryChange::RingGroup(group) => {
                self.forget_group(group.id);
                self.group_by_number.insert(group.number.clone(), group.id);
                self.groups.insert(group.id, group);
            }
            DirectoryChange::RingGroupRemoved(id) => self.forget_group(id),
            DirectoryChange::Queue(queue) => {
                self.forget_queue(queue.id);
                self.queue_by_number.insert(queue.number.clone(), queue.id);
                self.queues.insert(queue.id, queue);
            }
            DirectoryChange::QueueRemoved(id) => self.forget_queue(id),
            DirectoryChange::Sound(id, clip) => self.sounds.put(id, clip),
            DirectoryChange::SoundRemoved(id) => self.sounds.remove(id),
            DirectoryChange::Language(language) => self.sounds.language = language,
            DirectoryChange::SoundChosen(SoundUse::Greeting, id) => self.sounds.greeting = id,
            DirectoryChange::SoundChosen(SoundUse::Music, id) => self.sounds.music = id,
            DirectoryChange::SoundChosen(SoundUse::Ringback, id) => self.sounds.ringback = id,
        }
    }

    /// What answers to `ext`. A user who shares it with a group or a queue goes first; the store lets none be shared.
    #[must_use]
    pub fn extension(&self, ext: &str) -> Option<Extension<'_>> {
        if let Some(user) = self.user_by_ext(ext) {
            return Some(Extension::User(user));
        }
        if let Some(id) = self.group_by_number.get(ext) {
            return self.groups.get(id).map(Extension::RingGroup);
        }
        let id = self.queue_by_number.get(ext)?;
        self.queues.get(id).map(Extension::Queue)
    }

    /// A user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }

    /// A ring group.
    #[must_use]
    pub fn ring_group(&self, id: RingGroupId) -> Option<&RingGroup> {
        self.groups.get(&id)
    }

    /// A queue.
    #[must_use]
    pub fn queue(&self, id: QueueId) -> Option<&QueueConfig> {
        self.queues.get(&id)
    }

    /// All queues, in the order of their ids.
    pub(crate) fn queues(&self) -> impl Iterator<Item = &QueueConfig> {
        self.queues.values()
    }

    /// A trunk.
    #[must_use]
    pub fn trunk(&self, id: TrunkId) -> Option<&Trunk> {
        self.trunks.get(&id)
    }

    /// All trunks, in the order of their ids.
    pub fn trunks(&self) -> impl Iterator<Item = &Trunk> {
        self.trunks.values()
    }

    /// The number of ours with these digits.
    #[must_use]
    pub fn ddi(&self, e164: &str) -> Option<&Ddi> {
        self.ddis.get(self.by_e164.get(e164)?)
    }

    /// The number of ours that was dialled, in any of the forms in which `numbering` reads it.
    #[must_use]
    pub fn ddi_dialled(&self, numbering: &Numbering, dialled: &str) -> Option<&Ddi> {
        let e164 = numbering.to_e164(dialled);
        let forms = [e164.as_deref(), dialled.strip_prefix('+'), Some(dialled)];
        forms
            .into_iter()
            .flatten()
            .find_map(|number| self.ddi(number))
    }

    /// The first number of ours that reaches this user: it is shown when the user calls outside.
    #[must_use]
    pub fn number_of(&self, user: UserId) -> Option<&Ddi> {
        self.ddis.get(self.ddis_of.get(&user)?.first()?)
    }

    /// The user who answers to `ext`.
    #[must_use]
    pub fn user_by_ext(&self, ext: &str) -> Option<&User> {
        self.users.get(self.by_ext.get(ext)?)
    }

    /// The phone, and the user it belongs to.
    #[must_use]
    pub fn phone(&self, id: PhoneId) -> Option<(&Phone, &User)> {
        let phone = self.phones.get(&id)?;
        Some((phone, self.users.get(&phone.user)?))
    }

    /// The phones of a user, in the order in which they were made.
    #[must_use]
    pub fn phones_of(&self, user: UserId) -> &[PhoneId] {
        self.phones_of.get(&user).map_or(&[], Vec::as_slice)
    }

    fn forget_ddi(&mut self, id: DdiId) {
        let Some(old) = self.ddis.remove(&id) else {
            return;
        };
        if self.by_e164.get(&old.e164) == Some(&id) {
            self.by_e164.remove(&old.e164);
        }
        if let DdiTarget::User(user) = old.target
            && let Some(numbers) = self.ddis_of.get_mut(&user)
        {
            numbers.remove(&id);
            if numbers.is_empty() {
                self.ddis_of.remove(&user);
            }
        }
    }

    fn forget_group(&mut self, id: RingGroupId) {
        if let Some(old) = self.groups.remove(&id)
            && self.group_by_number.get(&old.number) == Some(&id)
        {
            self.group_by_number.remove(&old.number);
        }
    }

    fn forget_queue(&mut self, id: QueueId) {
        if let Some(old) = self.queues.remove(&id)
            && self.queue_by_number.get(&old.number) == Some(&id)
        {
            self.queue_by_number.remove(&old.number);
        }
    }

    fn forget_ext(&mut self, id: UserId) {
        if let Some(old) = self.users.get(&id)
            && self.by_ext.get(&old.ext) == Some(&id)
        {
            self.by_ext.remove(&old.ext);
        }
    }

    fn forget_phone(&mut self, id: PhoneId) {
        if let Some(old) = self.phones.get(&id)
            && let Some(list) = self.phones_of.get_mut(&old.user)
        {
            list.retain(|phone| *phone != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: u32, ext: &str) -> User {
        User {
            id: UserId(id),
            ext: ext.into(),
            name: format!("User {ext}"),
            active: true,
            dnd: false,
            voicemail: None,
            record: RecordMode::None,
        }
    }

    #[test]
    fn a_user_who_changes_extension_is_found_under_the_new_one_only() {
        let mut directory = Directory::default();
        directory.apply(DirectoryChange::User(user(100_001, "2001")));
        directory.apply(DirectoryChange::User(user(100_001, "2002")));
        assert!(directory.user_by_ext("2001").is_none());
        assert_eq!(
            directory.user_by_ext("2002").map(|u| u.id),
            Some(UserId(100_001))
        );
        directory.apply(DirectoryChange::UserRemoved(UserId(100_001)));
        assert!(directory.user_by_ext("2002").is_none());
    }

    #[test]
    fn two_users_who_swap_extensions_are_each_found() {
        let mut directory = Directory::default();
        directory.apply(DirectoryChange::User(user(100_001, "2001")));
        directory.apply(DirectoryChange::User(user(100_002, "2002")));
        directory.apply(DirectoryChange::User(user(100_001, "2002")));
        directory.apply(DirectoryChange::User(user(100_002, "2001")));
        assert_eq!(
            directory.user_by_ext("2001").map(|u| u.id),
            Some(UserId(100_002))
        );
        assert_eq!(
            directory.user_by_ext("2002").map(|u| u.id),
            Some(UserId(100_001))
        );
    }

    #[test]
    fn a_phone_that_moves_to_another_user_leaves_the_first() {
        let mut directory = Directory::default();
        let phone = |user| Phone {
            id: PhoneId(1),
            user: UserId(user),
            display_name: String::new(),
        };
        directory.apply(DirectoryChange::Phone(phone(100_001)));
        directory.apply(DirectoryChange::Phone(phone(100_002)));
        assert!(directory.phones_of(UserId(100_001)).is_empty());
        assert_eq!(directory.phones_of(UserId(100_002)), [PhoneId(1)]);
    }

    #[test]
    fn a_user_is_shown_by_the_first_number_that_still_reaches_him() {
        let mut directory = Directory::default();
        let ddi = |id, user| Ddi {
            id: DdiId(id),
            e164: format!("3491{id}"),
            trunk: None,
            target: DdiTarget::User(UserId(user)),
        };
        for (id, user) in [(2, 1), (1, 1), (3, 2)] {
            directory.apply(DirectoryChange::Ddi(ddi(id, user)));
        }
        let shown = |directory: &Directory, user| {
            let ddi = directory.number_of(UserId(user));
            ddi.map(|ddi| ddi.id.0)
        };
        assert_eq!(shown(&directory, 1), Some(1));
        directory.apply(DirectoryChange::Ddi(ddi(1, 2)));
        assert_eq!(shown(&directory, 1), Some(2));
        assert_eq!(shown(&directory, 2), Some(1));
        directory.apply(DirectoryChange::DdiRemoved(DdiId(2)));
        assert_eq!(shown(&directory, 1), None);
        assert!(!directory.ddis_of.contains_key(&UserId(1)));
    }
}
