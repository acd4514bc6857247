//! What a phase of a call wants done, in order. The owner performs it.

use offhook_base::{FactRecord, PhoneId, RecordingStart};
use offhook_sip_core::{Command, LegId};

use crate::command::ApiReply;
use crate::fence::Class;
use crate::mailbox::MailboxRequest;
use crate::secrecy::KeysId;
use offhook_media_core::{MediaCommand, RelayId, Side};

/// One thing to be done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Hand a fact to the journal. What is `Held` after it waits for its commit.
    Record(Box<FactRecord>),
    /// A command to the stack that tells a peer of the facts recorded so far.
    Held {
        /// The leg it concerns.
        leg: LegId,
        /// What may happen to it when commits stall.
        class: Class,
        /// The command.
        command: Command,
    },
    /// A command to the stack that tells nobody of a new state; it still stays in the order of its leg.
    Free {
        /// The leg it concerns.
        leg: LegId,
        /// The command.
        command: Command,
    },
    /// Hang up a leg that rings. If its INVITE has not left yet it is dropped, else CANCEL is sent.
    Cancel {
        /// The leg.
        leg: LegId,
        /// The phone that rings; none behind a trunk.
        phone: Option<PhoneId>,
        /// Value of the `Reason` header.
        reason: &'static str,
    },
    /// Drop what is held for a leg, but for replies: it would tell of a state that did not come to be.
    DropHeld(LegId),
    /// A command to the media shell.
    Media(MediaCommand),
    /// To the media shell: how a side of a relay is encrypted from here on.
    Secure {
        /// The relay.
        relay: RelayId,
        /// Whose packets.
        side: Side,
        /// With what; none: they are plain.
        keys: Option<KeysId>,
    },
    /// To the recorder: a message begins.
    Recording(Box<RecordingStart>),
    /// To the recorder: this is not worth keeping.
    DropRecording(Box<RecordingStart>),
    /// A question of a mailbox to the store.
    Mailbox(MailboxRequest),
    /// Reserve call ids below this number.
    ReserveCallIds(u64),
    /// The answer to an API command; held like a message, because it tells of a new state too.
    Reply(ApiReply),
    /// Another answer in place of one that is still held, at once: it tells of nothing. None where that one has left.
    ReplyInstead(ApiReply),
}
