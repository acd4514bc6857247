//! Settings that are changed at run time or fixed at the first start.

use offhook_base::{Language, SoundId, SoundUse};
use rusqlite::{OptionalExtension, Transaction, params};

use super::ConfigDb;
use crate::StoreError;

const DIGEST_REALM: &str = "digest_realm";
const INTEGRATION_ENABLED: &str = "integration_enabled";
const LANGUAGE: &str = "language";

/// What of the settings is to be changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SettingsPatch {
    /// Sounds that are chosen; `None`: what there is without a library.
    pub sounds: Vec<(SoundUse, Option<SoundId>)>,
    /// The language that callers are spoken to in.
    pub language: Option<Language>,
}

impl ConfigDb {
    /// The digest realm: `configured` at the first start, and that same text for good, or every stored HA1 would die.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn fix_digest_realm(&self, configured: &str) -> Result<String, StoreError> {
        self.configure(|tx| {
            put_new(tx, DIGEST_REALM, configured).map_err(|e| self.sqlite(e))?;
            self.realm(tx)
        })
    }

    /// The realm fixed at the first start.
    pub(super) fn realm(&self, tx: &Transaction<'_>) -> Result<String, StoreError> {
        tx.query_row(
            "SELECT value FROM setting WHERE name = ?",
            [DIGEST_REALM],
            |row| row.get(0),
        )
        .map_err(|e| self.sqlite(e))
    }

    /// The language that callers are spoken to in.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn language(&self) -> Result<Language, StoreError> {
        let stored: Option<String> = self.read(|db| {
            db.query_row(
                "SELECT value FROM setting WHERE name = ?",
                [LANGUAGE],
                |row| row.get(0),
            )
            .optional()
        })?;
        let known = stored.as_deref().and_then(Language::from_name);
        Ok(known.unwrap_or_default())
    }

    /// Changes settings: all of them or none.
    ///
    /// # Errors
    /// `Dangling` when there is no such sound.
    pub fn change_settings(&self, patch: &SettingsPatch) -> Result<(), StoreError> {
        self.configure(|tx| {
            self.choose_sounds(tx, &patch.sounds)?;
            let language = patch
                .language
                .map(|language| put(tx, LANGUAGE, language.name()));
            language.unwrap_or(Ok(())).map_err(|e| self.sqlite(e))
        })
    }

    /// Whether webhooks are sent at all; true until an admin switches it off.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn integration_enabled(&self) -> Result<bool, StoreError> {
        let stored: Option<String> = self.read(|db| {
            db.query_row(
                "SELECT value FROM setting WHERE name = ?",
                [INTEGRATION_ENABLED],
                |row| row.get(0),
            )
            .optional()
        })?;
        Ok(stored.is_none_or(|value| value == "true"))
    }

    /// Switches all webhooks on or off.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn set_integration_enabled(&self, enabled: bool) -> Result<(), StoreError> {
        let value = if enabled { "true" } else { "false" };
        self.configure(|tx| put(tx, INTEGRATION_ENABLED, value).map_err(|e| self.sqlite(e)))
    }
}

/// Sets what may be set already.
pub(super) fn put(tx: &Transaction<'_>, name: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
        params![name, value],
    )
    .map(drop)
}

fn put_new(tx: &Transaction<'_>, name: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        params![name, value],
    )
    .map(drop)
}
