//! SIP credentials of users. A password is turned into HA1 at once and forgotten.

use md5::{Digest, Md5};
use offhook_base::{PhoneId, Secret, UserId, Wall};
use ring::digest::{SHA256, digest};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, params};
use serde::Deserialize;

use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// A phone as the API shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phone {
    /// Never used again.
    pub id: PhoneId,
    /// Whose phone it is.
    pub user_id: UserId,
    /// Digest username and user part of its address-of-record; unique.
    pub username: String,
    /// Name for the phone's own display.
    pub display_name: String,
    /// When it was made.
    pub created_at: Wall,
    /// Its bindings that are alive.
    pub registrations: Vec<Registration>,
}

/// Where a phone can be reached, as people look at it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Registration {
    /// Contact address.
    pub contact: String,
    /// User-Agent of the phone, empty when it did not say.
    pub user_agent: String,
    /// Where it registered from, `address:port`.
    pub address: String,
    /// How: `UDP`, `TCP` …
    pub transport: String,
    /// When it ends.
    pub expires_at: Wall,
}

/// What a phone is made from.
#[derive(Clone, Debug)]
pub struct NewPhone {
    /// Whose phone it is.
    pub user_id: UserId,
    /// Digest username; by default the user's ext, then ext-2, ext-3 …
    pub username: Option<String>,
    /// Name for the phone's own display; by default the user's name.
    pub display_name: Option<String>,
    /// Password; only its HA1 is kept.
    pub password: Secret<String>,
}

/// What the registrar needs to know a phone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PhoneAccount {
    /// The phone.
    pub phone: PhoneId,
    /// Whose phone it is.
    pub user: UserId,
    /// Digest username and user part of its address-of-record.
    pub username: String,
    /// Name for the phone's own display.
    pub display_name: String,
    /// MD5(username:realm:password) as hex.
    pub ha1_md5: Secret<String>,
    /// SHA-256(username:realm:password) as hex.
    pub ha1_sha256: Secret<String>,
    /// False while its user is switched off.
    pub enabled: bool,
}

/// What `/phones` can be filtered by.
pub static PHONES: Resource = Resource {
    name: "phones",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("user_id", Kind::Int),
        Property::new("username", Kind::Text),
        Property::new("display_name", Kind::Text),
        Property::new("registered", Kind::Bool),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
    ],
};

/// Two `?`: the present moment, twice.
const TABLE: &str = "(SELECT p.id, p.user_id, p.username, p.display_name, p.created_at, \
    EXISTS (SELECT 1 FROM binding b WHERE b.phone_id = p.id AND b.expires_at > ?) AS registered, \
    (SELECT json_group_array(json_object('contact', contact, 'user_agent', user_agent, 'address', address, 'transport', transport, \
     'expires_at', expires_at)) FROM (SELECT * FROM binding b WHERE b.phone_id = p.id AND b.expires_at > ? ORDER BY b.key)) \
     AS registrations FROM phone p) t";

const ACCOUNT: &str = "SELECT p.id, p.user_id, p.username, p.display_name, p.ha1_md5, p.ha1_sha256, u.active FROM phone p JOIN user u ON u.id = p.user_id";

impl ConfigDb {
    /// Makes a phone.
    ///
    /// # Errors
    /// `NotFound` when the user is missing; `Conflict` naming `phone.username` when it is taken.
    pub fn create_phone(
        &self,
        new: &NewPhone,
        now: Wall,
    ) -> Result<(Phone, PhoneAccount), StoreError> {
        self.configure(|tx| {
            let (ext, full_name): (String, String) = tx
                .query_row("SELECT ext, trim(first_name || ' ' || last_name) FROM user WHERE id = ?", [new.user_id.0], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .map_err(|e| self.sqlite(e))?;
            let username = match &new.username {
                Some(username) => username.clone(),
                None => free_username(tx, &ext).map_err(|e| self.sqlite(e))?,
            };
            let ha1 = Ha1::of(&username, &self.realm(tx)?, new.password.expose());
            tx.execute(
                "INSERT INTO phone (user_id, username, display_name, ha1_md5, ha1_sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                params![new.user_id.0, username, new.display_name.as_ref().unwrap_or(&full_name), ha1.md5, ha1.sha256, now.0],
            )
            .map_err(|e| self.sqlite(e))?;
            self.phone_in(tx, tx.last_insert_rowid(), now)
        })
    }

    /// Gives a phone a new password; its old one is of no use from here on.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn reset_phone(
        &self,
        id: PhoneId,
        password: &Secret<String>,
        now: Wall,
    ) -> Result<(Phone, PhoneAccount), StoreError> {
        self.configure(|tx| {
            let username: String = tx
                .query_row("SELECT username FROM phone WHERE id = ?", [id.0], |row| {
                    row.get(0)
                })
                .map_err(|e| self.sqlite(e))?;
            let ha1 = Ha1::of(&username, &self.realm(tx)?, password.expose());
            tx.execute(
                "UPDATE phone SET ha1_md5 = ?, ha1_sha256 = ? WHERE id = ?",
                params![ha1.md5, ha1.sha256, id.0],
            )
            .map_err(|e| self.sqlite(e))?;
            self.phone_in(tx, i64::from(id.0), now)
        })
    }

    /// Alters a phone's display name, which is all that can change without a new password.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn rename_phone(
        &self,
        id: PhoneId,
        display_name: &str,
        now: Wall,
    ) -> Result<(Phone, PhoneAccount), StoreError> {
        self.configure(|tx| {
            tx.execute(
                "UPDATE phone SET display_name = ? WHERE id = ?",
                params![display_name, id.0],
            )
            .map_err(|e| self.sqlite(e))?;
            self.phone_in(tx, i64::from(id.0), now)
        })
    }

    /// Removes phones with their bindings: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing.
    pub fn delete_phones(&self, ids: &[PhoneId]) -> Result<(), StoreError> {
        self.configure(|tx| {
            for id in ids {
                if tx
                    .execute("DELETE FROM phone WHERE id = ?", [id.0])
                    .map_err(|e| self.sqlite(e))?
                    == 0
                {
                    return Err(StoreError::NotFound);
                }
            }
            Ok(())
        })
    }

    /// One phone.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn phone(&self, id: PhoneId, now: Wall) -> Result<Phone, StoreError> {
        self.read(|db| one_phone(db, i64::from(id.0), now))
    }

    /// A page of phones.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn phones(&self, selection: &Selection, now: Wall) -> Result<Page<Phone>, StoreError> {
        self.page(
            TABLE,
            &Scope {
                condition: "",
                args: &[&now.0, &now.0],
            },
            selection,
            LIST_LIMIT,
            phone_row,
        )
    }

    /// Every phone, for the registrar at start.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn accounts(&self) -> Result<Vec<PhoneAccount>, StoreError> {
        self.read(|db| {
            db.prepare(&format!("{ACCOUNT} ORDER BY p.id"))?
                .query_map([], account_row)?
                .collect()
        })
    }

    /// The phones of one user, for the registrar.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn accounts_of(&self, user: UserId) -> Result<Vec<PhoneAccount>, StoreError> {
        self.read(|db| {
            db.prepare(&format!("{ACCOUNT} WHERE p.user_id = ? ORDER BY p.id"))?
                .query_map([user.0], account_row)?
                .collect()
        })
    }

    fn phone_in(
        &self,
        tx: &Transaction<'_>,
        id: i64,
        now: Wall,
    ) -> Result<(Phone, PhoneAccount), StoreError> {
        let phone = one_phone(tx, id, now).map_err(|e| self.sqlite(e))?;
        let account = tx
            .query_row(&format!("{ACCOUNT} WHERE p.id = ?"), [id], account_row)
            .map_err(|e| self.sqlite(e))?;
        Ok((phone, account))
    }
}

/// Both forms of HA1, as lowercase hex.
struct Ha1 {
    md5: String,
    sha256: String,
}

impl Ha1 {
    fn of(username: &str, realm: &str, password: &str) -> Self {
        let a1 = format!("{username}:{realm}:{password}");
        Self {
            md5: hex(&Md5::digest(&a1)),
            sha256: hex(digest(&SHA256, a1.as_bytes()).as_ref()),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// `ext`, or the first of `ext-2`, `ext-3` … that no phone has.
fn free_username(tx: &Transaction<'_>, ext: &str) -> rusqlite::Result<String> {
    let mut username = ext.to_owned();
    for number in 2_u32.. {
        let taken: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM phone WHERE username = ?)",
            [&username],
            |row| row.get(0),
        )?;
        if !taken {
            break;
        }
        username = format!("{ext}-{number}");
    }
    Ok(username)
}

fn one_phone(db: &Connection, id: i64, now: Wall) -> rusqlite::Result<Phone> {
    db.query_row(
        &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
        params![now.0, now.0, id],
        phone_row,
    )
}

fn phone_row(row: &Row<'_>) -> rusqlite::Result<Phone> {
    let registrations: String = row.get("registrations")?;
    Ok(Phone {
        id: PhoneId(row.get("id")?),
        user_id: UserId(row.get("user_id")?),
        username: row.get("username")?,
        display_name: row.get("display_name")?,
        created_at: Wall(row.get("created_at")?),
        registrations: serde_json::from_str(&registrations)
            .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))?,
    })
}

fn account_row(row: &Row<'_>) -> rusqlite::Result<PhoneAccount> {
    Ok(PhoneAccount {
        phone: PhoneId(row.get(0)?),
        user: UserId(row.get(1)?),
        username: row.get(2)?,
        display_name: row.get(3)?,
        ha1_md5: Secret::new(row.get(4)?),
        ha1_sha256: Secret::new(row.get(5)?),
        enabled: row.get(6)?,
    })
}
