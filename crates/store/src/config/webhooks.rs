//! Webhooks: where events go, which, in what order, and the secrets they are signed with.

use std::collections::BTreeMap;
use std::time::Duration;

use offhook_base::{Secret, Wall, WebhookId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::users::words;
use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

words! {
    /// Health of a webhook.
    WebhookState {
        /// Deliveries succeed, or there were none.
        Active = "active",
        /// The last attempts failed.
        Failing = "failing",
        /// Switched off after failures, or by its own 410.
        Disabled = "disabled",
    }
}

words! {
    /// What a webhook does when an event of a call cannot be delivered.
    Ordering {
        /// Later events of that call wait until it is given up.
        Strict = "strict",
        /// Later events wait for a bounded time.
        Bounded = "bounded",
        /// Later events do not wait.
        None = "none",
    }
}

/// A signing secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookSecret {
    /// `whsec_` + base64.
    pub secret: Secret<String>,
    /// When a rotated secret ends; `None` for the one in force.
    pub expires_at: Option<Wall>,
}

/// A webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Webhook {
    /// From 1; never used again.
    pub id: WebhookId,
    /// Free label.
    pub name: String,
    /// `https://…`, may carry credentials.
    pub url: String,
    /// Categories and event names it wants.
    pub events: Vec<String>,
    /// Contexts it wants, empty for the default.
    pub contexts: Vec<String>,
    /// Switched on by the admin.
    pub active: bool,
    /// Health.
    pub state: WebhookState,
    /// Why it was switched off.
    pub disabled_reason: Option<String>,
    /// Order within a call.
    pub order: Ordering,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Headers the admin added.
    pub headers: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Wall,
    /// Last delivery that succeeded.
    pub last_delivery_at: Option<Wall>,
    /// Secrets to sign with, the one in force first; includes a rotated one until it ends.
    pub secrets: Vec<WebhookSecret>,
}

/// What a webhook is made from.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// Free label.
    pub name: String,
    /// `https://…`
    pub url: String,
    /// Categories and event names it wants.
    pub events: Vec<String>,
    /// Contexts it wants, empty for the default.
    pub contexts: Vec<String>,
    /// Switched on.
    pub active: bool,
    /// Order within a call.
    pub order: Ordering,
    /// Time for one attempt.
    pub timeout: Duration,
    /// Headers the admin added.
    pub headers: BTreeMap<String, String>,
    /// `whsec_` + base64.
    pub secret: Secret<String>,
}

/// What to alter; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookPatch {
    /// Free label.
    pub name: Option<String>,
    /// `https://…`
    pub url: Option<String>,
    /// Categories and event names it wants.
    pub events: Option<Vec<String>>,
    /// Contexts it wants.
    pub contexts: Option<Vec<String>>,
    /// Switched on; `true` also ends a `disabled` state.
    pub active: Option<bool>,
    /// Order within a call.
    pub order: Option<Ordering>,
    /// Time for one attempt.
    pub timeout: Option<Duration>,
    /// Headers the admin added.
    pub headers: Option<BTreeMap<String, String>>,
}

/// What the delivery engine found out about a webhook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WebhookHealth {
    /// Which.
    pub id: WebhookId,
    /// Health.
    pub state: WebhookState,
    /// Why it was switched off.
    pub disabled_reason: Option<String>,
    /// Last delivery that succeeded; `None` leaves the stored one.
    pub last_delivery_at: Option<Wall>,
}

/// What `/webhooks` can be filtered by.
pub static WEBHOOKS: Resource = Resource {
    name: "webhooks",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::new("url", Kind::Text),
        Property::new("active", Kind::Bool),
        Property::new("state", Kind::Text),
        Property::computed("order", Kind::Text, "ordering"),
        Property::new("timeout_ms", Kind::Int),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
        Property::computed("last_delivery_at", Kind::Time, "last_delivery_at / 1000000"),
    ],
};

impl ConfigDb {
    /// The id that the next webhook gets, unless another one is made in between.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn next_webhook_id(&self) -> Result<WebhookId, StoreError> {
        self.read(|db| {
            db.query_row(
                "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'webhook'",
                [],
                |row| row.get(0).map(WebhookId),
            )
        })
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn create_webhook(&self, new: &NewWebhook, now: Wall) -> Result<Webhook, StoreError> {
        self.configure(|tx| {
            tx.execute(
                "INSERT INTO webhook (name, url, events, contexts, active, state, ordering, timeout_ms, headers, created_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    new.name,
                    new.url,
                    self.json(&new.events)?,
                    self.json(&new.contexts)?,
                    new.active,
                    WebhookState::Active,
                    new.order,
                    millis(new.timeout),
                    self.json(&new.headers)?,
                    now.0
                ],
            )
            .map_err(|e| self.sqlite(e))?;
            let id = WebhookId(tx.query_row("SELECT last_insert_rowid()", [], |row| row.get(0)).map_err(|e| self.sqlite(e))?);
            self.add_secret(tx, id, &new.secret)?;
            self.webhook_in(tx, id, now)
        })
    }

    /// Alters a webhook.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn update_webhook(
        &self,
        id: WebhookId,
        patch: &WebhookPatch,
        now: Wall,
    ) -> Result<Webhook, StoreError> {
        self.configure(|tx| {
            let events = patch.events.as_ref().map(|list| self.json(list)).transpose()?;
            let contexts = patch.contexts.as_ref().map(|list| self.json(list)).transpose()?;
            let headers = patch.headers.as_ref().map(|map| self.json(map)).transpose()?;
            tx.execute(
                "UPDATE webhook SET name = coalesce(?2, name), url = coalesce(?3, url), events = coalesce(?4, events), \
                 contexts = coalesce(?5, contexts), active = coalesce(?6, active), ordering = coalesce(?7, ordering), \
                 timeout_ms = coalesce(?8, timeout_ms), headers = coalesce(?9, headers), \
                 state = CASE WHEN ?6 AND state = 'disabled' THEN 'active' ELSE state END, \
                 disabled_reason = CASE WHEN ?6 THEN NULL ELSE disabled_reason END WHERE id = ?1",
                params![id.0, patch.name, patch.url, events, contexts, patch.active, patch.order, patch.timeout.map(millis), headers],
            )
            .map_err(|e| self.sqlite(e))?;
            self.webhook_in(tx, id, now)
        })
    }

    /// Gives a webhook a new secret; what it had signs beside it until `old_until`.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn rotate_secret(
        &self,
        id: WebhookId,
        secret: &Secret<String>,
        old_until: Wall,
        now: Wall,
    ) -> Result<Webhook, StoreError> {
        self.configure(|tx| {
            self.webhook_in(tx, id, now)?;
            // Of the earlier ones only the latest stays: a signature header carries two values.
            tx.execute(
                "DELETE FROM webhook_secret WHERE webhook_id = ? AND expires_at IS NOT NULL",
                [id.0],
            )
            .map_err(|e| self.sqlite(e))?;
            tx.execute(
                "UPDATE webhook_secret SET expires_at = ? WHERE webhook_id = ?",
                params![old_until.0, id.0],
            )
            .map_err(|e| self.sqlite(e))?;
            self.add_secret(tx, id, secret)?;
            self.webhook_in(tx, id, now)
        })
    }

    /// Removes webhooks with their secrets: all of them or none.
    ///
    /// # Errors
    /// `NotFound` when one is missing.
    pub fn delete_webhooks(&self, ids: &[WebhookId]) -> Result<(), StoreError> {
        self.configure(|tx| {
            for id in ids {
                if tx
                    .execute("DELETE FROM webhook WHERE id = ?", [id.0])
                    .map_err(|e| self.sqlite(e))?
                    == 0
                {
                    return Err(StoreError::NotFound);
                }
            }
            Ok(())
        })
    }

    /// Notes what the delivery engine found out; ids that are gone are passed over.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be stored.
    pub fn note_health(&self, found: &[WebhookHealth]) -> Result<(), StoreError> {
        self.note(|tx| {
            for health in found {
                tx.execute(
                    "UPDATE webhook SET state = ?2, disabled_reason = ?3, \
                     last_delivery_at = coalesce(max(?4, last_delivery_at), ?4, last_delivery_at) WHERE id = ?1",
                    params![health.id.0, health.state, health.disabled_reason, health.last_delivery_at.map(|at| at.0)],
                )
                .map_err(|e| self.sqlite(e))?;
            }
            Ok(())
        })
    }

    /// One webhook with its secrets.
    ///
    /// # Errors
    /// `NotFound`; `Corrupt` when a secret does not open with the key file.
    pub fn webhook(&self, id: WebhookId, now: Wall) -> Result<Webhook, StoreError> {
        let (webhook, sealed) = self.read(|db| {
            let webhook =
                db.query_row("SELECT * FROM webhook WHERE id = ?", [id.0], webhook_row)?;
            Ok((webhook, sealed(db, id, now)?))
        })?;
        self.with_secrets(webhook, sealed)
    }

    /// Every webhook with its secrets, for the delivery engine at start.
    ///
    /// # Errors
    /// `Corrupt` when a secret does not open with the key file.
    pub fn all_webhooks(&self, now: Wall) -> Result<Vec<Webhook>, StoreError> {
        let ids: Vec<WebhookId> = self.read(|db| {
            db.prepare("SELECT id FROM webhook ORDER BY id")?
                .query_map([], |row| row.get(0).map(WebhookId))?
                .collect()
        })?;
        ids.into_iter().map(|id| self.webhook(id, now)).collect()
    }

    /// A page of webhooks, without their secrets.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn webhooks(&self, selection: &Selection) -> Result<Page<Webhook>, StoreError> {
        self.page("webhook t", &Scope::ALL, selection, LIST_LIMIT, webhook_row)
    }

    fn webhook_in(
        &self,
        tx: &Transaction<'_>,
        id: WebhookId,
        now: Wall,
    ) -> Result<Webhook, StoreError> {
        let webhook = tx
            .query_row("SELECT * FROM webhook WHERE id = ?", [id.0], webhook_row)
            .map_err(|e| self.sqlite(e))?;
        let sealed = sealed(tx, id, now).map_err(|e| self.sqlite(e))?;
        self.with_secrets(webhook, sealed)
    }

    fn add_secret(
        &self,
        tx: &Transaction<'_>,
        id: WebhookId,
        secret: &Secret<String>,
    ) -> Result<(), StoreError> {
        let sealed = self.inner.seal.seal(id.0, secret).ok_or_else(|| {
            StoreError::unavailable(&self.inner.path, "the system gives no random octets")
        })?;
        tx.execute(
            "INSERT INTO webhook_secret (webhook_id, sealed) VALUES (?, ?)",
            params![id.0, sealed],
        )
        .map(drop)
        .map_err(|e| self.sqlite(e))
    }

    fn with_secrets(
        &self,
        mut webhook: Webhook,
        sealed: Vec<(Vec<u8>, Option<i64>)>,
    ) -> Result<Webhook, StoreError> {
        for (sealed, expires_at) in sealed {
            let secret = self
                .inner
                .seal
                .open_sealed(webhook.id.0, &sealed)
                .ok_or_else(|| {
                    self.corrupt(format!(
                        "the secret of webhook {} was not sealed with the key in offhook.key",
                        webhook.id
                    ))
                })?;
            webhook.secrets.push(WebhookSecret {
                secret,
                expires_at: expires_at.map(Wall),
            });
        }
        Ok(webhook)
    }

    fn json<T: Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.corrupt(error.to_string()))
    }
}

/// The sealed secrets that are in force, the newest first.
fn sealed(
    db: &Connection,
    id: WebhookId,
    now: Wall,
) -> rusqlite::Result<Vec<(Vec<u8>, Option<i64>)>> {
    db.prepare(
        "SELECT sealed, expires_at FROM webhook_secret WHERE webhook_id = ? AND (expires_at IS NULL OR expires_at > ?) \
         ORDER BY expires_at IS NOT NULL, id DESC",
    )?
    .query_map(params![id.0, now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

fn webhook_row(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    Ok(Webhook {
        id: WebhookId(row.get("id")?),
        name: row.get("name")?,
        url: row.get("url")?,
        events: json_column(row, "events")?,
        contexts: json_column(row, "contexts")?,
        active: row.get("active")?,
        state: row.get("state")?,
        disabled_reason: row.get("disabled_reason")?,
        order: row.get("ordering")?,
        timeout: Duration::from_millis(u64::from(row.get::<_, u32>("timeout_ms")?)),
        headers: json_column(row, "headers")?,
        created_at: Wall(row.get("created_at")?),
        last_delivery_at: row.get::<_, Option<i64>>("last_delivery_at")?.map(Wall),
        secrets: Vec::new(),
    })
}

/// A column that holds JSON.
pub(super) fn json_column<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> rusqlite::Result<T> {
    let value = row.get_ref(column)?;
    let text = value.as_str()?;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::from(FromSqlError::Other(error.into())))
}

fn millis(timeout: Duration) -> i64 {
    i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)
}
