//! Who can be called: users by extension, and their phones.

use std::collections::BTreeMap;

use offhook_base::{PhoneId, UserId};

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
}

/// Users and phones, looked up by extension and by phone.
#[derive(Debug, Default)]
pub struct Directory {
    users: BTreeMap<UserId, User>,
    by_ext: BTreeMap<String, UserId>,
    phones: BTreeMap<PhoneId, Phone>,
    phones_of: BTreeMap<UserId, Vec<PhoneId>>,
}

impl Directory {
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
        }
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
}
