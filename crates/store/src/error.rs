//! Why the store could not do what it was asked, and why a writer would not take it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row with the same key exists, or another row still needs this one.
    #[error("{what} is already taken or still in use")]
    Conflict {
        /// The table and column, such as `user.ext`; empty when SQLite does not tell.
        what: String,
    },
    /// The octets in the file are not what this program wrote.
    #[error("{} is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
        /// The error underneath, where there is one.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// A row names another one that does not exist.
    #[error("{field}: {id} is not the id of a {kind}")]
    Dangling {
        /// The field that names it.
        field: &'static str,
        /// What it names.
        id: u32,
        /// What kind of row it should be, in words.
        kind: &'static str,
    },
    /// There is no room for another one.
    #[error("no room: {what}")]
    Full {
        /// How full it is, in words.
        what: String,
    },
    /// Another row still needs this one.
    #[error("{by} still needs it")]
    InUse {
        /// Which, in words.
        by: String,
    },
    /// The file was written by a later version; opening it could lose what that version added.
    #[error("{} has schema {found}, this version knows up to {known}: start the version that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Schema number in the file.
        found: u32,
        /// Latest schema number of this program.
        known: u32,
    },
    /// There is no such row.
    #[error("not found")]
    NotFound,
    /// Somebody else is called by this number.
    #[error("{field} is taken by {by}")]
    Taken {
        /// The field that holds the number.
        field: &'static str,
        /// Who has it, in words.
        by: String,
    },
    /// The query was stopped because it took too long.
    #[error("the query took too long")]
    TooBroad,
    /// The file cannot be used at this moment: disk full, no permission, I/O error, lock.
    #[error("{}: {reason}", path.display())]
    Unavailable {
        /// The file or folder.
        path: PathBuf,
        /// What was being done and what went wrong.
        reason: String,
        /// The error underneath, where there is one.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// Why a command was not queued. Records are cheap to clone; who cannot lose one keeps a clone until the
/// report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The writer has stopped, or is about to.
    #[error("the writer has stopped")]
    Closed,
    /// The queue is full: commits are slower than what comes in.
    #[error("the writer's queue is full")]
    Full,
}

impl StoreError {
    /// Sorts an SQLite error, met in the file at `path`, into our kinds.
    pub(crate) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        if matches!(error, rusqlite::Error::QueryReturnedNoRows) {
            return Self::NotFound;
        }
        if matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
        ) {
            return Self::Corrupt {
                path: path.to_owned(),
                reason: error.to_string(),
                source: Some(error),
            };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Self::Conflict {
                what: constrained_column(&error),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt {
                path: path.to_owned(),
                reason: error.to_string(),
                source: Some(error),
            },
            Some(ErrorCode::OperationInterrupted) => Self::TooBroad,
            _ => Self::Unavailable {
                path: path.to_owned(),
                reason: error.to_string(),
                source: Some(Box::new(error)),
            },
        }
    }

    /// A value in the file that no version of this program writes.
    pub(crate) fn corrupt(path: &Path, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }

    /// An error of the file system while doing `doing`.
    pub(crate) fn io(path: &Path, doing: &str, error: std::io::Error) -> Self {
        Self::Unavailable {
            path: path.to_owned(),
            reason: format!("{doing}: {error}"),
            source: Some(Box::new(error)),
        }
    }

    /// A refusal of our own, without an error underneath.
    pub(crate) fn unavailable(path: &Path, reason: impl Into<String>) -> Self {
        Self::Unavailable {
            path: path.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }
}

/// `UNIQUE constraint failed: user.ext` names the column after the last `: `.
fn constrained_column(error: &rusqlite::Error) -> String {
    let text = error.to_string();
    text.rsplit_once("failed: ")
        .map(|(_, column)| column.to_owned())
        .unwrap_or_default()
}
