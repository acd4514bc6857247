//! The files of a node, opened and brought up to date before anything runs.

use std::fs::File;
use std::sync::Arc;

use anyhow::Context;
use offhook_base::Now;
use offhook_store::{AttemptsWriter, CaptureWriter, ConfigDb, Journal, JournalReader, Recovered};

use super::bootstrap;
use crate::config::Config;

/// Messages that may wait to be captured; more are dropped and counted.
const CAPTURE_QUEUE: usize = 16_384;
/// Attempts that may wait to be written down.
const ATTEMPTS_QUEUE: usize = 16_384;

/// Everything on the disk.
pub(crate) struct Files {
    /// Held for the life of the node: two processes on one folder would destroy it.
    pub(crate) lock: File,
    pub(crate) db: ConfigDb,
    pub(crate) realm: String,
    pub(crate) admin_password: Option<String>,
    pub(crate) journal: Journal,
    pub(crate) recovered: Recovered,
    /// For the API.
    pub(crate) events: Arc<JournalReader>,
    /// For delivery: a slow query of the API must not keep deliveries waiting.
    pub(crate) backlog: JournalReader,
    pub(crate) captures: CaptureWriter,
    pub(crate) attempts: AttemptsWriter,
}

/// Opens them all.
///
/// # Errors
/// The first one that cannot be opened, with its path.
pub(crate) fn open(config: &Config, now: Now) -> anyhow::Result<Files> {
    let dir = &config.node.data_dir;
    let lock = bootstrap::lock_data_dir(dir)?;
    let db = ConfigDb::open(dir).context("opening the configuration")?;
    // HA1 depends on the realm, so it is fixed at the first start: a later sip.domain does not change it.
    let realm = if config.sip.domain.is_empty() {
        "offhook"
    } else {
        &config.sip.domain
    };
    let realm = db
        .fix_digest_realm(realm)
        .context("fixing the digest realm")?;
    let admin_password = bootstrap::admin(&db, config, now.wall)?;
    let path = dir.join("journal.db");
    let (journal, recovered) = Journal::open(&path).context("opening the journal")?;
    let reader = || JournalReader::open(&path).context("opening the journal");
    let events = Arc::new(reader()?);
    catch_up(&db, &events)?;
    Ok(Files {
        lock,
        realm,
        admin_password,
        journal,
        recovered,
        backlog: reader()?,
        events,
        captures: CaptureWriter::start(&dir.join("captures.db"), CAPTURE_QUEUE)
            .context("opening the captures")?,
        attempts: AttemptsWriter::start(dir, now.wall, ATTEMPTS_QUEUE)
            .context("opening the attempts")?,
        db,
    })
}

/// Copies the CDRs and texts that the previous process committed and did not copy.
fn catch_up(db: &ConfigDb, events: &JournalReader) -> anyhow::Result<()> {
    loop {
        let after = db.projected().context("reading the CDRs' position")?;
        let facts = events
            .rows_after(after, 512)
            .context("reading the journal")?;
        if facts.is_empty() {
            return Ok(());
        }
        db.project_rows(&facts).context("copying CDRs and texts")?;
    }
}
