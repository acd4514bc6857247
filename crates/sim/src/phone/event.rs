use std::net::SocketAddr;

use super::Direction;

/// One of a phone's calls; counts from zero in the order they began.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallRef(pub u32);

/// One of the texts that a phone sends; counts from zero.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TextRef(pub u32);

/// What a phone gives to its owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// Something to tell.
    Event(PhoneEvent),
    /// A datagram.
    Send {
        /// Where to.
        to: SocketAddr,
        /// The message.
        bytes: Vec<u8>,
    },
}

/// Which side did it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The other one.
    Peer,
    /// This phone.
    Us,
}

/// What a phone tells of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PhoneEvent {
    /// The call is up: our INVITE got its 2xx, or we sent ours.
    Answered {
        /// Which.
        call: CallRef,
    },
    /// The caller's CANCEL gave a reason (RFC 3326); told before [`PhoneEvent::Ended`].
    CancelReason {
        /// Which.
        call: CallRef,
        /// The Reason header as it stands.
        reason: String,
    },
    /// The call is over; told once of each call.
    Ended {
        /// Which.
        call: CallRef,
        /// Who ended it.
        by: Side,
        /// The final status of an INVITE that was not answered with 2xx.
        status: Option<u16>,
    },
    /// The other side put us on hold, or took us back.
    Held {
        /// Which.
        call: CallRef,
        /// Whether we are held.
        held: bool,
    },
    /// A call comes in.
    Incoming {
        /// Which.
        call: CallRef,
        /// From as it stands.
        from: String,
    },
    /// Where audio goes has changed.
    Media {
        /// Which.
        call: CallRef,
        /// Where the other side wants it; `None` when it wants none or gave no IP address.
        to: Option<SocketAddr>,
        /// Which way it flows, as this phone sees it.
        direction: Direction,
    },
    /// A provisional answer to our INVITE other than 100.
    Progress {
        /// Which.
        call: CallRef,
        /// 101 to 199.
        status: u16,
    },
    /// The registration holds.
    Registered {
        /// For so many seconds.
        expires: u32,
    },
    /// No registration: refused with this status, 408 when nobody answered.
    RegistrationFailed {
        /// The status.
        status: u16,
    },
    /// A text came (RFC 3428).
    TextReceived {
        /// From as it stands.
        from: String,
        /// What it says.
        text: String,
        /// What the phone answered.
        status: u16,
    },
    /// A text of ours was answered.
    TextSent {
        /// Which.
        text: TextRef,
        /// The final status, 408 when nobody answered.
        status: u16,
    },
    /// How the transfer goes that this phone asked for.
    Transfer {
        /// The call that is moved.
        call: CallRef,
        /// What is new.
        news: TransferNews,
    },
    /// The registration was taken back.
    Unregistered,
}

/// How a transfer goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransferNews {
    /// The REFER got its 202.
    Accepted,
    /// What the first provisional answers of the new target were: 100 to 199.
    Progress(u16),
    /// The REFER was refused with this status, 408 when nobody answered.
    Refused(u16),
    /// It is over: the final answer of the new target, 200 or above.
    Result(u16),
}
