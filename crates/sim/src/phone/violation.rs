use std::fmt;

use offhook_base::Mono;

/// Something the other side did that a standard forbids.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// When it was seen.
    pub at: Mono,
    /// What was broken.
    pub rule: Rule,
    /// In words, for a person.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.detail)
    }
}

/// The rules that a phone watches. RFC 3261 where no other is named.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Rule {
    /// A 2xx or a final answer of ours was not acknowledged within 64 × T1 (13.3.1.4, 17.2.1).
    AckMissing,
    /// An ACK that acknowledges nothing (17.1.1.3, 13.2.2.4).
    AckOfNothing,
    /// A 200 to REGISTER that does not list the contact it bound (10.3).
    BindingMissing,
    /// A CANCEL for an INVITE that had no provisional answer yet (9.1).
    CancelTooEarly,
    /// A CANCEL that fits no INVITE (9.1).
    CancelOfNothing,
    /// A challenge without realm and nonce, or with nothing that we could answer (22.1).
    ChallengeUnusable,
    /// A new request whose CSeq was used before in its dialog (12.2.1.1).
    CSeqReused,
    /// Final answers of different status, or of different dialogs, to one INVITE (17.2.1).
    FinalAnswersDiffer,
    /// A BYE to who asked for a transfer, before its last NOTIFY was answered: the result would be lost (RFC 3515, 2.4.4).
    ByeBeforeResult,
    /// Octets that are no SIP message (7).
    Garbage,
    /// A header that this message must have is missing or cannot be read (8.1.1, 8.2.6).
    HeaderMissing,
    /// A key by INFO that was refused as if it were none.
    KeyRefused,
    /// The same call came by a second way (8.2.2.2).
    MergedRequest,
    /// A NOTIFY that is none of a transfer's, or not as it must be: Event, Subscription-State, a sipfrag that is one and
    /// ends in CRLF (RFC 3515, 2.4.5; RFC 3420; RFC 6665, 4.1.3).
    NotifyMalformed,
    /// A transfer's result was never told, though the dialog stayed (RFC 3515, 2.4.4).
    NotifyMissing,
    /// A NOTIFY of a transfer that was not accepted, or after its result (RFC 3515, 2.4.4).
    NotifyUnexpected,
    /// A request was never answered (17.1.2.2; 9.1 for an INVITE that was cancelled).
    NoAnswer,
    /// An offer within a dialog with another session id in its o= line, or with another content and no higher version
    /// (RFC 3264, 8). Watched when [`super::Habits::check_origin`] says so.
    Origin,
    /// A 2xx to a REFER that is not 202 (RFC 3515, 2.4.2).
    ReferAnswer,
    /// A REFER: the PBX carries transfers out by itself.
    ReferPassedOn,
    /// A request in a dialog that does not exist (12.2.2).
    RequestOutsideDialog,
    /// A response that answers no request of ours (17.1.3).
    ResponseToNothing,
    /// The same branch, but not the same request (17.2.3).
    RetransmissionDiffers,
    /// A session description where none may be, none where one must be, or a wrong answer (13.2.1; RFC 3264, 6).
    SessionDescription,
    /// The To tag of the answers to one request changed: the PBX promises one to the caller.
    ToTagChanged,
    /// A response with more than one Via, or an address that is not ours in it (8.1.3.3).
    ViaForeign,
    /// A MESSAGE with a Contact or without a Content-Type (RFC 3428, 4 and 7).
    TextMalformed,
    /// The Request-URI is not the contact we gave (10.3, 12.2.1.1).
    WrongTarget,
}
