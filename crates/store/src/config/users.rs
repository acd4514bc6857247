//! People who call, are called, and use the API.

use offhook_base::{Secret, UserId, Wall};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params};

use super::extensions::Holder;
use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// A value of a closed list, kept and shown as one fixed text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as in the API.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The value that `word` stands for.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from(self.as_str()))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::from_word(value.as_str()?).ok_or(FromSqlError::InvalidType)
            }
        }
    };
}
pub(super) use words;

words! {
    /// What a user may do by the API.
    Role {
        /// Everything.
        Admin = "admin",
        /// Own calls, CDRs and recordings.
        User = "user",
    }
}

words! {
    /// Which calls of a user are recorded.
    RecordMode {
        /// No call.
        None = "none",
        /// Calls to the user.
        In = "in",
        /// Calls by the user.
        Out = "out",
        /// Every call.
        All = "all",
    }
}

/// A user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct User {
    /// From 100001; never used again.
    pub id: UserId,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Unique without regard to case; names the user at login.
    pub email: String,
    /// Extension, unique: the number by which the user is called.
    pub ext: String,
    /// What the user may do.
    pub role: Role,
    /// A user that is switched off can neither log in nor call nor be called.
    pub active: bool,
    /// Do not disturb: calls are missed with `USER_BUSY`.
    pub dnd: bool,
    /// Which calls are recorded.
    pub record: RecordMode,
    /// Callers may leave a message when the user does not answer.
    pub voicemail: bool,
    /// How many seconds the phones ring before that.
    pub voicemail_after: u32,
    /// When it was made.
    pub created_at: Wall,
    /// Bindings that are alive, over all phones of the user.
    pub nb_registered: u32,
}

/// What a user is made from.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Login name.
    pub email: String,
    /// Extension.
    pub ext: String,
    /// What the user may do.
    pub role: Role,
    /// Whether the user is switched on.
    pub active: bool,
    /// Do not disturb.
    pub dnd: bool,
    /// Which calls are recorded.
    pub record: RecordMode,
    /// Callers may leave a message.
    pub voicemail: bool,
    /// Seconds of ringing before that.
    pub voicemail_after: u32,
    /// PHC string of the login password; without one the user cannot log in.
    pub password_hash: Option<Secret<String>>,
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Login name.
    pub email: Option<String>,
    /// Extension.
    pub ext: Option<String>,
    /// What the user may do.
    pub role: Option<Role>,
    /// Whether the user is switched on.
    pub active: Option<bool>,
    /// Do not disturb.
    pub dnd: Option<bool>,
    /// Which calls are recorded.
    pub record: Option<RecordMode>,
    /// Callers may leave a message.
    pub voicemail: Option<bool>,
    /// Seconds of ringing before that.
    pub voicemail_after: Option<u32>,
    /// PHC string of a new login password.
    pub password_hash: Option<Secret<String>>,
}

/// How many seconds a phone rings before the caller may leave a message, unless the user says otherwise.
pub const VOICEMAIL_AFTER: u32 = 20;

/// What `/users` can be filtered by.
pub static USERS: Resource = Resource {
    name: "users",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("first_name", Kind::Text),
        Property::new("last_name", Kind::Text),
        Property::new("email", Kind::Text),
        Property::new("ext", Kind::Text),
        Property::new("role", Kind::Text),
        Property::new("active", Kind::Bool),
        Property::new("dnd", Kind::Bool),
        Property::new("record", Kind::Text),
        Property::new("voicemail", Kind::Bool),
        Property::new("voicemail_after", Kind::Int),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
        Property::new("nb_registered", Kind::Int),
    ],
};

/// One `?`: the present moment.
const TABLE: &str = "(SELECT u.*, (SELECT count(*) FROM binding b JOIN phone p ON p.id = b.phone_id \
                     WHERE p.user_id = u.id AND b.expires_at > ?) AS nb_registered FROM user u) t";

impl ConfigDb {
    /// Makes a user.
    ///
    /// # Errors
    /// `Conflict` naming `user.email` when it is taken; `Taken` when somebody is called by the extension.
    pub fn create_user(&self, new: &NewUser, now: Wall) -> Result<User, StoreError> {
        self.configure(|tx| {
            self.must_be_free(tx, &new.ext, Holder::User(None))?;
            tx.execute(
                "INSERT INTO user (first_name, last_name, email, ext, role, active, dnd, record, password_hash, created_at, \
                 voicemail, voicemail_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    new.first_name,
                    new.last_name,
                    new.email,
                    new.ext,
                    new.role,
                    new.active,
                    new.dnd,
                    new.record,
                    new.password_hash.as_ref().map(Secret::expose),
                    now.0,
                    new.voicemail,
                    new.voicemail_after
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            self.user_in(tx, tx.last_insert_rowid(), now)
        })
    }

    /// Alters a user.
    ///
    /// # Errors
    /// `NotFound`; `Taken` when somebody else is called by the extension; `Conflict` naming `user.email` when it is
    /// taken, `user.role` when no active admin would be left.
    pub fn update_user(
        &self,
        id: UserId,
        patch: &UserPatch,
        now: Wall,
    ) -> Result<User, StoreError> {
        self.configure(|tx| {
            if let Some(ext) = &patch.ext {
                self.must_be_free(tx, ext, Holder::User(Some(id.0)))?;
            }
            let changed = tx
                .execute(
                    "UPDATE user SET first_name = coalesce(?2, first_name), last_name = coalesce(?3, last_name), \
                     email = coalesce(?4, email), ext = coalesce(?5, ext), role = coalesce(?6, role), \
                     active = coalesce(?7, active), dnd = coalesce(?8, dnd), record = coalesce(?9, record), \
                     password_hash = coalesce(?10, password_hash), voicemail = coalesce(?11, voicemail), \
                     voicemail_after = coalesce(?12, voicemail_after) WHERE id = ?1",
                    params![
                        id.0,
                        patch.first_name,
                        patch.last_name,
                        patch.email,
                        patch.ext,
                        patch.role,
                        patch.active,
                        patch.dnd,
                        patch.record,
                        patch.password_hash.as_ref().map(Secret::expose),
                        patch.voicemail,
                        patch.voicemail_after
                    ],
                )
                .map_err(|e| self.sqlite(e))?;
            if changed == 0 {
                return Err(StoreError::NotFound);
            }
            if patch.password_hash.is_some() || patch.active == Some(false) {
                // Whoever knew the old password, or was shut out, must not stay logged in.
                tx.execute("DELETE FROM token WHERE user_id = ? AND name IS NULL", [id.0]).map_err(|e| self.sqlite(e))?;
            }
            if patch.role.is_some() || patch.active.is_some() {
                self.keep_an_admin(tx)?;
            }
            self.user_in(tx, i64::from(id.0), now)
        })
    }

    /// Removes users with their phones, bindings and tokens, and out of groups and queues: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing; `InUse` when a number leads to one; `Conflict` naming `user.role` when no active admin would be left.
    pub fn delete_users(&self, ids: &[UserId]) -> Result<(), StoreError> {
        let ids: Vec<u32> = ids.iter().map(|id| id.0).collect();
        self.configure(|tx| {
            self.delete_unless_called(tx, "user", &ids)?;
            self.keep_an_admin(tx)
        })
    }

    fn keep_an_admin(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let left: bool = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM user WHERE role = 'admin' AND active)",
                [],
                |row| row.get(0),
            )
            .map_err(|e| self.sqlite(e))?;
        if left {
            Ok(())
        } else {
            Err(StoreError::Conflict {
                what: "user.role".to_owned(),
            })
        }
    }

    /// One user.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn user(&self, id: UserId, now: Wall) -> Result<User, StoreError> {
        self.read(|db| {
            db.query_row(
                &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
                params![now.0, id.0],
                user_row,
            )
        })
    }

    fn user_in(&self, tx: &Transaction<'_>, id: i64, now: Wall) -> Result<User, StoreError> {
        tx.query_row(
            &format!("SELECT t.* FROM {TABLE} WHERE id = ?"),
            params![now.0, id],
            user_row,
        )
        .map_err(|e| self.sqlite(e))
    }

    /// Every user.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_users(&self, now: Wall) -> Result<Vec<User>, StoreError> {
        self.read(|db| {
            let mut rows = db.prepare(&format!("SELECT t.* FROM {TABLE} ORDER BY id"))?;
            rows.query_map([now.0], user_row)?.collect()
        })
    }

    /// A page of users.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn users(&self, selection: &Selection, now: Wall) -> Result<Page<User>, StoreError> {
        self.page(
            TABLE,
            &Scope {
                condition: "",
                args: &[&now.0],
            },
            selection,
            LIST_LIMIT,
            user_row,
        )
    }

    /// The active user that logs in as `email`, and the PHC string to check the password against.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn login(&self, email: &str) -> Result<Option<(UserId, Secret<String>)>, StoreError> {
        self.read(|db| {
            db.query_row(
                "SELECT id, password_hash FROM user WHERE email = ? AND active AND password_hash IS NOT NULL",
                [email],
                |row| Ok((UserId(row.get(0)?), Secret::new(row.get(1)?))),
            )
            .optional()
        })
    }

    /// Whether there is any user: a fresh installation has none.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn has_users(&self) -> Result<bool, StoreError> {
        self.read(|db| db.query_row("SELECT EXISTS (SELECT 1 FROM user)", [], |row| row.get(0)))
    }
}

pub(super) fn user_row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get("id")?),
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        email: row.get("email")?,
        ext: row.get("ext")?,
        role: row.get("role")?,
        active: row.get("active")?,
        dnd: row.get("dnd")?,
        record: row.get("record")?,
        voicemail: row.get("voicemail")?,
        voicemail_after: row.get("voicemail_after")?,
        created_at: Wall(row.get("created_at")?),
        nb_registered: row.get("nb_registered")?,
    })
}
