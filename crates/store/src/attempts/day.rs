//! The files `attempts-YYYYMMDD.db`.

use std::path::{Path, PathBuf};

use offhook_base::Wall;
use rusqlite::Connection;

use crate::StoreError;
use crate::migrate::{self, Durability, Schema};

const SCHEMA: Schema = Schema {
    application_id: 0x4f68_6131,
    migrations: &[
        include_str!("../../migrations/attempts/0001_evidence.sql"),
        include_str!("../../migrations/attempts/0002_ended_by_hour.sql"),
    ],
};

/// A day, UTC, as `YYYYMMDD`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Day(u32);

impl Day {
    pub(super) fn of(at: Wall) -> Self {
        let text = at.to_contract();
        let digits = text.bytes().take(10).filter(u8::is_ascii_digit);
        Self(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    fn parse(file: &str) -> Option<Self> {
        let digits = file.strip_prefix("attempts-")?.strip_suffix(".db")?;
        (digits.len() == 8).then(|| digits.parse().ok().map(Self))?
    }

    pub(super) fn path(self, dir: &Path) -> PathBuf {
        dir.join(format!("attempts-{:08}.db", self.0))
    }

    pub(super) fn open(self, dir: &Path) -> Result<Connection, StoreError> {
        migrate::open(&self.path(dir), &SCHEMA, Durability::Normal)
    }

    pub(super) fn open_reader(self, dir: &Path) -> Result<Connection, StoreError> {
        migrate::open_reader(&self.path(dir), &SCHEMA)
    }
}

/// The days that have a file, newest first.
pub(super) fn days(dir: &Path) -> Result<Vec<Day>, StoreError> {
    let entries = std::fs::read_dir(dir).map_err(|e| StoreError::io(dir, "listing", e))?;
    let mut days = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| StoreError::io(dir, "listing", e))?;
        days.extend(entry.file_name().to_str().and_then(Day::parse));
    }
    days.sort_unstable_by(|a, b| b.cmp(a));
    Ok(days)
}

/// Deletes the files of the days before `keep`, and says how many.
pub(super) fn unlink_before(dir: &Path, keep: Day) -> Result<usize, StoreError> {
    let mut gone = 0;
    for day in days(dir)?.into_iter().filter(|day| *day < keep) {
        let path = day.path(dir);
        std::fs::remove_file(&path).map_err(|e| StoreError::io(&path, "deleting", e))?;
        gone += 1;
        for suffix in ["-wal", "-shm"] {
            let mut beside = path.clone().into_os_string();
            beside.push(suffix);
            match std::fs::remove_file(&beside) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(StoreError::io(Path::new(&beside), "deleting", e)),
            }
        }
    }
    Ok(gone)
}
