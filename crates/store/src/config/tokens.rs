//! Sessions and API tokens. Only the SHA-256 of a token is kept: a copied database lets nobody in.

use offhook_base::{Secret, UserId, Wall};
use ring::digest::{SHA256, digest};
use rusqlite::{OptionalExtension, Row, params};

use super::users::user_row;
use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::config::users::User;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// Idle life of a session.
const SESSION_SECONDS: i64 = 30 * 60;

/// Use is written down when the last note is older than this (or a tenth of a shorter life), so a token lives
/// by up to so much less than its idle time, never longer.
const NOTE_SECONDS: i64 = 10;

/// An API token as it is listed; the token itself is shown once, at its creation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiToken {
    /// Never used again.
    pub id: u32,
    /// Whose it is.
    pub user_id: UserId,
    /// Unique per user.
    pub name: String,
    /// When it was made.
    pub created_at: Wall,
    /// Seconds without use after which it ends; `None` for never.
    pub expiry: Option<u32>,
}

/// What an API token is made from.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whose it is.
    pub user_id: UserId,
    /// Unique per user.
    pub name: String,
    /// Seconds without use after which it ends; `None` for never.
    pub expiry: Option<u32>,
    /// The token; only its hash is kept.
    pub token: Secret<String>,
}

/// Whom a token let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The active user.
    pub user: User,
}

/// Which tokens let in.
#[derive(Clone, Copy, Debug)]
enum Accepted {
    Any,
    Sessions,
}

/// What `/apitokens` can be filtered by.
pub static TOKENS: Resource = Resource {
    name: "apitokens",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
        Property::computed("expiry", Kind::Int, "idle_seconds"),
    ],
};

impl ConfigDb {
    /// Stores a session of `user`, which ends after 30 min without use.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn create_session(
        &self,
        user: UserId,
        token: &Secret<String>,
        now: Wall,
    ) -> Result<(), StoreError> {
        self.configure(|tx| {
            // Dead sessions are swept here, so that the table is bounded by the logins of half an hour.
            tx.execute("DELETE FROM token WHERE name IS NULL AND used_at < ?", [now.0 - SESSION_SECONDS * 1_000_000])
                .and_then(|_| {
                    tx.execute(
                        "INSERT INTO token (user_id, hash, idle_seconds, created_at, used_at) VALUES (?, ?, ?, ?, ?)",
                        params![user.0, hash(token), SESSION_SECONDS, now.0, now.0],
                    )
                })
                .map(drop)
                .map_err(|e| self.sqlite(e))
        })
    }

    /// Stores an API token.
    ///
    /// # Errors
    /// `Conflict` naming `token.name` when the user has one of that name.
    pub fn create_token(&self, new: &NewToken, now: Wall) -> Result<ApiToken, StoreError> {
        self.configure(|tx| {
            tx.execute(
                "INSERT INTO token (user_id, hash, name, idle_seconds, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?)",
                params![new.user_id.0, hash(&new.token), new.name, new.expiry, now.0, now.0],
            )
            .map_err(|e| self.sqlite(e))?;
            tx.query_row("SELECT t.* FROM token t WHERE id = ?", [tx.last_insert_rowid()], token_row).map_err(|e| self.sqlite(e))
        })
    }

    /// A page of a user's API tokens.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn tokens(
        &self,
        user: UserId,
        selection: &Selection,
    ) -> Result<Page<ApiToken>, StoreError> {
        let scope = Scope {
            condition: "user_id = ? AND name IS NOT NULL",
            args: &[&user.0],
        };
        self.page("token t", &scope, selection, LIST_LIMIT, token_row)
    }

    /// Removes an API token of `user`, named by its id or by itself.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn delete_token(&self, user: UserId, id_or_token: &str) -> Result<(), StoreError> {
        let id = id_or_token
            .parse::<u32>()
            .ok()
            .filter(|_| id_or_token.len() < 11);
        let hash = hash(&Secret::new(id_or_token.to_owned()));
        self.configure(|tx| {
            let gone = tx
                .execute(
                    "DELETE FROM token WHERE user_id = ? AND name IS NOT NULL AND (id = ? OR hash = ?)",
                    params![user.0, id, hash],
                )
                .map_err(|e| self.sqlite(e))?;
            if gone == 0 { Err(StoreError::NotFound) } else { Ok(()) }
        })
    }

    /// The active user whom `token` lets in, and notes the use.
    ///
    /// # Errors
    /// `NotFound` for an unknown, expired or shut-out token.
    pub fn authenticate(&self, token: &Secret<String>, now: Wall) -> Result<Session, StoreError> {
        self.let_in(token, Accepted::Any, now)
    }

    /// The same for the token of a session only: an API token does not let in where a browser sends it by itself.
    ///
    /// # Errors
    /// `NotFound` for an unknown, expired or shut-out token, and for an API token.
    pub fn authenticate_session(
        &self,
        token: &Secret<String>,
        now: Wall,
    ) -> Result<Session, StoreError> {
        self.let_in(token, Accepted::Sessions, now)
    }

    /// Ends a session. One that is over is no fault, and an API token stays.
    ///
    /// # Errors
    /// `Unavailable` when that cannot be stored.
    pub fn end_session(&self, token: &Secret<String>) -> Result<(), StoreError> {
        let hash = hash(token);
        self.configure(|tx| {
            tx.execute("DELETE FROM token WHERE name IS NULL AND hash = ?", [hash])
                .map(drop)
                .map_err(|e| self.sqlite(e))
        })
    }

    fn let_in(
        &self,
        token: &Secret<String>,
        accepted: Accepted,
        now: Wall,
    ) -> Result<Session, StoreError> {
        let hash = hash(token);
        let found = self.read(|db| {
            db.query_row(
                "SELECT k.id AS token_id, k.used_at, k.idle_seconds, u.*, 0 AS nb_registered FROM token k JOIN user u ON u.id = k.user_id \
                 WHERE k.hash = ?1 AND u.active AND (?2 OR k.name IS NULL)",
                params![hash, matches!(accepted, Accepted::Any)],
                |row| Ok((row.get::<_, i64>("token_id")?, row.get::<_, i64>("used_at")?, row.get("idle_seconds")?, user_row(row)?)),
            )
            .optional()
        })?;
        let (token_id, used_at, life, user): (i64, i64, Option<i64>, User) =
            found.ok_or(StoreError::NotFound)?;
        let idle = now.0.saturating_sub(used_at) / 1_000_000;
        if life.is_some_and(|life| idle >= life) {
            return Err(StoreError::NotFound);
        }
        if idle >= life.map_or(NOTE_SECONDS, |life| NOTE_SECONDS.min(life / 10)) {
            self.note(|tx| {
                tx.execute(
                    "UPDATE token SET used_at = max(used_at, ?) WHERE id = ?",
                    [now.0, token_id],
                )
                .map(drop)
                .map_err(|e| self.sqlite(e))
            })?;
        }
        Ok(Session { user })
    }
}

fn hash(token: &Secret<String>) -> Vec<u8> {
    digest(&SHA256, token.expose().as_bytes()).as_ref().to_vec()
}

fn token_row(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    Ok(ApiToken {
        id: row.get("id")?,
        user_id: UserId(row.get("user_id")?),
        name: row.get("name")?,
        created_at: Wall(row.get("created_at")?),
        expiry: row.get("idle_seconds")?,
    })
}
