//! A text message as it is kept.

use serde::{Deserialize, Serialize};

use crate::{SmsId, UserId, Wall};

/// Which way a text goes, as in a call's `destination`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsDirection {
    /// Towards a user or a number of ours.
    In,
    /// Towards a trunk.
    Out,
}

impl SmsDirection {
    /// Both.
    pub const ALL: &'static [Self] = &[Self::In, Self::Out];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// How a text stands.
///
/// ```text
/// in:  received ──a phone took it──► delivered          out: queued ──the trunk took it──► sent
///         └──────no phone in time──► expired                   └─────────it did not──────► failed
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsStatus {
    /// Its event is told; phones are tried.
    Received,
    /// A phone has it.
    Delivered,
    /// No phone took it in time; its event was told all the same.
    Expired,
    /// On its way to a trunk.
    Queued,
    /// A trunk took it.
    Sent,
    /// No trunk took it.
    Failed,
}

impl SmsStatus {
    /// Every status, in the order of a text's life.
    pub const ALL: &'static [Self] = &[
        Self::Received,
        Self::Delivered,
        Self::Expired,
        Self::Queued,
        Self::Sent,
        Self::Failed,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Delivered => "delivered",
            Self::Expired => "expired",
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A text message. Its number comes from the same space as those of calls, so that its event has a lane of its own.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SmsRecord {
    /// Its number.
    pub id: SmsId,
    /// When it came in.
    pub created_at: Wall,
    /// Number or extension of the sender.
    pub from: String,
    /// Number or extension it was sent to.
    pub to: String,
    /// The sender, where it is a user of ours.
    pub from_user: Option<UserId>,
    /// Whose phones get it; `None` towards a trunk, and for a number that is no single user's.
    pub to_user: Option<UserId>,
    /// Which way it goes.
    pub direction: SmsDirection,
    /// What it says.
    pub text: String,
    /// How it stands.
    pub status: SmsStatus,
}
