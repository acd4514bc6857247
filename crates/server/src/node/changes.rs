//! A change of configuration reaches the running switch and the delivery engine.

use offhook_api::ports::{ConfigChange, ConfigChanged};
use offhook_call::{DirectoryChange, Phone, User};
use offhook_sip_core::{Account, AccountChange};
use offhook_store::PhoneAccount;

use super::inbox::{CallInput, Inbox};
use super::subscribers::Subscribers;

/// Passes changes on, in the order of their commits.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) inbox: Inbox,
    pub(crate) subscribers: Subscribers,
}

impl ConfigChanged for Changes {
    fn config_changed(&self, change: ConfigChange) {
        match change {
            ConfigChange::User(user) => {
                self.inbox.send(CallInput::Directory(directory_user(&user)))
            }
            ConfigChange::UserGone(id) => self
                .inbox
                .send(CallInput::Directory(DirectoryChange::UserRemoved(id))),
            ConfigChange::Phone(account) => {
                self.inbox
                    .send(CallInput::Directory(directory_phone(&account)));
                self.inbox
                    .send(CallInput::Account(AccountChange::Put(sip_account(account))));
            }
            ConfigChange::PhoneGone(id) => {
                self.inbox
                    .send(CallInput::Account(AccountChange::Remove(id)));
                self.inbox
                    .send(CallInput::Directory(DirectoryChange::PhoneRemoved(id)));
            }
            ConfigChange::Webhook(webhook) => self.subscribers.put(&webhook),
            ConfigChange::WebhookGone(id) => self.subscribers.remove(id),
            ConfigChange::IntegrationEnabled(enabled) => self.subscribers.set_enabled(enabled),
        }
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
