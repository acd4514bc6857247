//! What the owner tells the [`Stack`](crate::Stack) to do.
//!
//! A command for a leg or a transaction that is unknown or already over is ignored: the peer may have ended it
//! while the command was held.

use std::net::IpAddr;

use bytes::Bytes;
use offhook_base::{PhoneId, TrunkId};

use crate::{Account, Binding, LegId, Peer, SubscriptionId, TxId};

/// Header fields passed through as octets, in order: name and value.
pub type Headers = Vec<(Bytes, Bytes)>;

/// A message body with its type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Body {
    /// Value of Content-Type.
    pub content_type: Bytes,
    /// The octets.
    pub octets: Bytes,
}

/// Where an INVITE of ours goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// Request-URI: the contact of a binding.
    pub uri: Bytes,
    /// Route header values in order: the Path of a binding.
    pub route: Vec<Bytes>,
    /// The flow and address it is sent to, whatever the URI says.
    pub peer: Peer,
}

impl From<&Binding> for Target {
    fn from(binding: &Binding) -> Self {
        Self {
            uri: binding.contact.clone(),
            route: binding.path.clone(),
            peer: binding.peer,
        }
    }
}

/// An INVITE of ours. The Stack adds Via, the From tag, Call-ID, CSeq, Contact, Allow, Supported and User-Agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InviteOut {
    /// From as a name-addr without a tag, such as `"Alice" <sip:1001@pbx.example>`.
    pub from: Bytes,
    /// To as a name-addr without a tag.
    pub to: Bytes,
    /// Max-Forwards: 70, or one less than the caller's.
    pub max_forwards: u8,
    /// Headers passed through from the other leg.
    pub headers: Headers,
    /// The body; an offer, or none for a delayed offer.
    pub body: Option<Body>,
}

/// A request of ours outside any dialog. The Stack adds Via, the From tag, Call-ID, CSeq and User-Agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutsideRequest {
    /// Method, such as `MESSAGE`.
    pub method: Bytes,
    /// From as a name-addr without a tag.
    pub from: Bytes,
    /// To as a name-addr without a tag.
    pub to: Bytes,
    /// Headers passed through.
    pub headers: Headers,
    /// The body.
    pub body: Option<Body>,
}

/// An address of a trunk in IP mode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TrunkPeer {
    /// The trunk.
    pub trunk: TrunkId,
    /// Where its requests come from. The port is not asked: a carrier sends from many.
    pub address: IpAddr,
}

/// A change of the accounts that may authenticate.
#[derive(Clone, Debug)]
pub enum AccountChange {
    /// Adds an account, or replaces the one of the same phone.
    Put(Account),
    /// Forgets an account and all its bindings.
    Remove(PhoneId),
}

/// What the owner wants done. Timers of what is sent start when the command is given.
#[derive(Clone, Debug)]
pub enum Command {
    /// Opens an outgoing leg: its client transaction starts at once.
    Invite {
        /// A leg id by [`LegId::outgoing`], never used before.
        leg: LegId,
        /// Where to.
        target: Target,
        /// What.
        invite: InviteOut,
    },
    /// Answers the INVITE of an incoming leg, provisionally or finally.
    ///
    /// All answers of a leg carry the same To tag. The Stack adds Contact and Record-Route where the RFC wants them
    /// and retransmits a 2xx until its ACK. A final answer of 300 or above ends the leg.
    Answer {
        /// The incoming leg.
        leg: LegId,
        /// 101 to 699; the Stack sends 100 itself.
        status: u16,
        /// Reason phrase; empty means the usual one.
        reason: Bytes,
        /// Headers passed through.
        headers: Headers,
        /// The body.
        body: Option<Body>,
    },
    /// Acknowledges the 2xx to our INVITE or re-INVITE; copies of that 2xx get the same ACK again.
    Ack {
        /// The leg.
        leg: LegId,
        /// The answer, when the 2xx carried the offer.
        body: Option<Body>,
    },
    /// Gives up an outgoing INVITE. CANCEL leaves after the first provisional response, as RFC 3261 9.1 demands.
    ///
    /// The leg ends with [`Refused`](crate::Event::Refused): 487, or what the peer said. A 2xx that crosses is ACKed
    /// and BYEd by the Stack and reported as 487. On a leg already answered this is the same as `Bye`.
    Cancel {
        /// The outgoing leg.
        leg: LegId,
        /// Value of a Reason header (RFC 3326).
        reason: Option<Bytes>,
    },
    /// Ends an answered leg. It waits for an ACK that the peer owes; an ACK that we owe is sent first.
    ///
    /// The leg is gone for the owner: no event follows. On an outgoing leg not yet answered it is the same as
    /// `Cancel`; on an incoming one it answers 480.
    Bye {
        /// The leg.
        leg: LegId,
        /// Headers passed through, such as Reason.
        headers: Headers,
    },
    /// Sends a request inside a leg: re-INVITE, UPDATE, INFO, NOTIFY …
    ///
    /// Ends with [`Response`](crate::Event::Response) or [`Failed`](crate::Event::Failed). A re-INVITE while
    /// another one is in progress fails with 491.
    Request {
        /// The leg.
        leg: LegId,
        /// A transaction id by [`TxId::outgoing`], never used before.
        tx: TxId,
        /// Method, such as `INVITE`.
        method: Bytes,
        /// Headers passed through.
        headers: Headers,
        /// The body.
        body: Option<Body>,
    },
    /// Answers a request that came by [`Request`](crate::Event::Request) or
    /// [`OutOfDialog`](crate::Event::OutOfDialog). A final answer to BYE ends the leg.
    Reply {
        /// The transaction.
        tx: TxId,
        /// 101 to 699.
        status: u16,
        /// Reason phrase; empty means the usual one.
        reason: Bytes,
        /// Headers passed through.
        headers: Headers,
        /// The body.
        body: Option<Body>,
    },
    /// Tells a phone what it [subscribed](crate::Event::Subscribed) to. While one such NOTIFY waits for its answer only the
    /// newest body is kept.
    Notify {
        /// The subscription.
        subscription: SubscriptionId,
        /// What there is.
        body: Body,
    },
    /// Forgets a leg: no event follows, and nothing is said to its peer, but that an INVITE in progress is cancelled.
    ///
    /// A 2xx that arrives for it later is still ACKed and BYEd. A leg that was never opened is no fault.
    Drop {
        /// The leg.
        leg: LegId,
    },
    /// Sends a request outside any dialog: MESSAGE, OPTIONS. A peer that challenges it gets no credentials; its 401 or
    /// 407 is the response.
    ///
    /// Ends with [`OutsideResponse`](crate::Event::OutsideResponse) or
    /// [`OutsideFailed`](crate::Event::OutsideFailed).
    Outside {
        /// A transaction id by [`TxId::outgoing`], never used before.
        tx: TxId,
        /// Where to.
        target: Target,
        /// What.
        request: OutsideRequest,
    },
    /// The addresses that INVITE and MESSAGE may come from without a password; replaces what was said before.
    ///
    /// An address that several trunks name is the one's with the lowest id.
    Trunks(Vec<TrunkPeer>),
    /// Adds, changes or removes an account.
    Account(AccountChange),
    /// Puts back bindings that were stored before a restart.
    ///
    /// Those whose time is over, whose account is unknown, or that hung on a connection of the previous process are
    /// reported by [`Unregistered`](crate::Event::Unregistered).
    Restore(Vec<(PhoneId, Binding)>),
}
