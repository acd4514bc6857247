//! Where phones can be reached, so that a call rings a phone that has not registered since a restart.

use offhook_base::{PhoneId, Wall};
use rusqlite::params;

use crate::{ConfigDb, StoreError};

/// A binding of a phone as the registrar keeps it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredBinding {
    /// The phone.
    pub phone: PhoneId,
    /// Tells the phone's bindings apart (contact, or instance and reg-id).
    pub key: String,
    /// Contact address as shown in `/phones`.
    pub contact: String,
    /// User-Agent of the phone, empty when it did not say.
    pub user_agent: String,
    /// Where it registered from, `address:port`.
    pub address: String,
    /// How: `UDP`, `TCP` …
    pub transport: String,
    /// When it ends.
    pub expires_at: Wall,
    /// The registrar's own JSON; opaque here.
    pub data: String,
}

/// A change of the registrar's bindings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BindingChange {
    /// A binding was made or refreshed.
    Put(StoredBinding),
    /// A binding was removed or has expired.
    Gone {
        /// The phone.
        phone: PhoneId,
        /// Its key.
        key: String,
    },
}

impl ConfigDb {
    /// Applies a batch of changes in one transaction, in order; bindings of phones that are gone are passed over.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored; nothing of the batch is stored then.
    pub fn apply_bindings(&self, changes: &[BindingChange]) -> Result<(), StoreError> {
        self.note(|tx| {
            let apply = || -> rusqlite::Result<()> {
                let mut put = tx.prepare_cached(
                    "INSERT INTO binding (phone_id, key, contact, expires_at, data, user_agent, address, transport) \
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM phone WHERE id = ?1) \
                     ON CONFLICT (phone_id, key) DO UPDATE SET contact = ?3, expires_at = ?4, data = ?5, \
                     user_agent = ?6, address = ?7, transport = ?8",
                )?;
                let mut remove = tx.prepare_cached("DELETE FROM binding WHERE phone_id = ? AND key = ?")?;
                for change in changes {
                    match change {
                        BindingChange::Put(binding) => {
                            put.execute(params![
                                binding.phone.0, binding.key, binding.contact, binding.expires_at.0, binding.data,
                                binding.user_agent, binding.address, binding.transport
                            ])?;
                        }
                        BindingChange::Gone { phone, key } => {
                            remove.execute(params![phone.0, key])?;
                        }
                    }
                }
                Ok(())
            };
            apply().map_err(|e| self.sqlite(e))
        })
    }

    /// The bindings alive at `now`, for the registrar at start; the dead ones are removed.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read or written.
    pub fn load_bindings(&self, now: Wall) -> Result<Vec<StoredBinding>, StoreError> {
        self.note(|tx| {
            let load = || -> rusqlite::Result<Vec<StoredBinding>> {
                tx.execute("DELETE FROM binding WHERE expires_at <= ?", [now.0])?;
                tx.prepare("SELECT phone_id, key, contact, expires_at, data, user_agent, address, transport FROM binding ORDER BY phone_id, key")?
                    .query_map([], |row| {
                        Ok(StoredBinding {
                            phone: PhoneId(row.get(0)?),
                            key: row.get(1)?,
                            contact: row.get(2)?,
                            expires_at: Wall(row.get(3)?),
                            data: row.get(4)?,
                            user_agent: row.get(5)?,
                            address: row.get(6)?,
                            transport: row.get(7)?,
                        })
                    })?
                    .collect()
            };
            load().map_err(|e| self.sqlite(e))
        })
    }
}
