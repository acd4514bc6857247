//! What REST clients ask of texts, what they are told, and what the store is told.

use std::sync::Arc;

use bytes::Bytes;
use offhook_base::{SmsId, SmsRecord, UserId};
use offhook_sip_core::Headers;

/// One command of a REST client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextCommand {
    /// `POST /sms/inbound`: a carrier hands over a text.
    Inbound {
        /// Number of the sender.
        from: String,
        /// A number of ours.
        to: String,
        /// What it says.
        text: String,
    },
    /// `POST /sms`.
    Send {
        /// Who asks.
        by: UserId,
        /// Whether `by` may write in others' names.
        for_others: bool,
        /// Extension or number that it comes from; `None` for the extension of `by`.
        from: Option<String>,
        /// Whom to, as dialled.
        to: String,
        /// What it says.
        text: String,
    },
}

/// The answer to a command: the text is on disk, or nothing was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TextReply {
    /// As given with the command.
    pub token: u64,
    /// The text.
    pub result: Result<SmsId, TextRefusal>,
}

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TextRefusal {
    /// It says nothing.
    #[error("the text is empty")]
    Empty,
    /// The sender is nobody of ours, or somebody else.
    #[error("is not a number of yours")]
    NotYours,
    /// It is longer than 1,600 characters.
    #[error("the text is too long")]
    TooLong,
    /// No texts are taken now: commits are stalled, too many are on their way, or a shutdown.
    #[error("no texts are taken now")]
    Unavailable,
    /// Nobody has that number, and no trunk leads there.
    #[error("nobody has this number")]
    UnknownNumber,
}

/// A change for the store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TextChange {
    /// A text towards a trunk is to be kept; then call [`crate::Switch::handle_text_stored`].
    Keep(Arc<SmsRecord>),
    /// A text stands differently.
    Status(Arc<SmsRecord>),
}

/// A refusal as the sender of a MESSAGE is told.
pub(super) fn as_sip(refusal: TextRefusal) -> (u16, Headers) {
    let status = match refusal {
        TextRefusal::Empty => 400,
        TextRefusal::NotYours => 403,
        TextRefusal::TooLong => 413,
        TextRefusal::Unavailable => 503,
        TextRefusal::UnknownNumber => 404,
    };
    let headers = if refusal == TextRefusal::Unavailable {
        vec![(Bytes::from_static(b"Retry-After"), Bytes::from_static(b"5"))]
    } else {
        Vec::new()
    };
    (status, headers)
}
