//! What the [`Stack`](crate::Stack) tells its owner, and what it wants sent.

use bytes::Bytes;
use offhook_base::PhoneId;
use offhook_sip_message::Message;

use crate::{Binding, BindingKey, LegId, Origin, Peer, SubscriptionId, TxId};

/// What happened on the wire, as far as a call cares.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody calls. They are known, and 100 was sent. Answer by [`Answer`](crate::Command::Answer).
    Invite {
        /// The leg, new.
        leg: LegId,
        /// Who calls, as proved; a phone's From header proves nothing.
        from: Origin,
        /// Where it came from.
        peer: Peer,
        /// The INVITE.
        request: Message,
    },
    /// The caller gave up before the answer; CANCEL (or its BYE) has been answered with 200. Or its connection closed.
    ///
    /// The INVITE still waits for the owner's [`Answer`](crate::Command::Answer), normally 487.
    Cancelled {
        /// The incoming leg.
        leg: LegId,
        /// The CANCEL or BYE, for its Reason header; none when the connection closed.
        reason: Option<Message>,
    },
    /// The ACK to our 2xx arrived.
    Acked {
        /// The leg.
        leg: LegId,
        /// The ACK, when it carries a body (the answer to a delayed offer).
        body: Option<Message>,
    },
    /// No ACK to our 2xx for 64 × T1 (RFC 3261 13.3.1.4). The owner ends the call by [`Bye`](crate::Command::Bye).
    AckMissing {
        /// The leg.
        leg: LegId,
    },
    /// The connection of an answered leg closed, and 64 × T1 later its phone is registered nowhere.
    ///
    /// The owner ends the call by [`Bye`](crate::Command::Bye), which is sent only if the phone is back by then.
    Lost {
        /// The leg.
        leg: LegId,
    },
    /// A provisional response other than 100 to our INVITE; copies are filtered. Several To tags are possible.
    Provisional {
        /// The outgoing leg.
        leg: LegId,
        /// The response.
        response: Message,
    },
    /// The first 2xx to our INVITE. The owner sends [`Ack`](crate::Command::Ack).
    ///
    /// A 2xx with another To tag is ACKed and BYEd by the Stack.
    Answered {
        /// The outgoing leg.
        leg: LegId,
        /// The response.
        response: Message,
    },
    /// Our INVITE failed; the leg is gone.
    Refused {
        /// The outgoing leg.
        leg: LegId,
        /// The peer's status, or ours: 408 no answer at all, 487 cancelled, 503 the flow is broken or we are full.
        status: u16,
        /// The response, unless the status is ours.
        response: Option<Message>,
    },
    /// A request inside a leg. Answer by [`Reply`](crate::Command::Reply).
    ///
    /// After a BYE nothing else is reported for the leg, and the reply to it ends the leg.
    Request {
        /// The leg.
        leg: LegId,
        /// The transaction.
        tx: TxId,
        /// The request.
        request: Message,
    },
    /// The final response to a request of ours inside a leg. A 2xx to a re-INVITE wants [`Ack`](crate::Command::Ack).
    Response {
        /// The leg.
        leg: LegId,
        /// The owner's transaction.
        tx: TxId,
        /// The response.
        response: Message,
    },
    /// The final response to a request of ours outside any dialog.
    OutsideResponse {
        /// The owner's transaction.
        tx: TxId,
        /// The response.
        response: Message,
    },
    /// A request of ours outside any dialog got no answer.
    OutsideFailed {
        /// The owner's transaction.
        tx: TxId,
        /// 408 time-out, 503 the flow is broken or we are full, 405 the method lives in a leg.
        status: u16,
    },
    /// A request of ours inside a leg got no answer.
    Failed {
        /// The leg.
        leg: LegId,
        /// The owner's transaction.
        tx: TxId,
        /// 408 time-out, 481 no such dialog (yet), 491 another re-INVITE is in progress, 503 the flow is broken.
        status: u16,
    },
    /// A phone registered or refreshed a contact.
    Registered {
        /// The phone.
        phone: PhoneId,
        /// The binding as it is from here on.
        binding: Binding,
    },
    /// A contact was removed, replaced, ran out, or its connection closed.
    Unregistered {
        /// The phone.
        phone: PhoneId,
        /// Which one.
        key: BindingKey,
    },
    /// A phone wants to know of its messages, now and whenever that changes: the owner answers by
    /// [`Notify`](crate::Command::Notify). Told again with each refresh.
    Subscribed {
        /// The subscription.
        subscription: SubscriptionId,
        /// The phone, as proved.
        phone: PhoneId,
    },
    /// A subscription is over.
    Unsubscribed {
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// An authenticated request outside any dialog, such as MESSAGE. Answer by [`Reply`](crate::Command::Reply).
    OutOfDialog {
        /// The transaction.
        tx: TxId,
        /// Who sent it, as proved.
        from: Origin,
        /// Where it came from.
        peer: Peer,
        /// The request.
        request: Message,
    },
    /// The Stack refused a request by itself; for the "why won't my phone register" ring and for bans.
    ///
    /// The first challenge to a request without credentials is no refusal.
    Rejected {
        /// Where it came from.
        peer: Peer,
        /// The status sent.
        status: u16,
        /// Whether it was refused for its credentials or after them, and they answer a nonce given to this source.
        ///
        /// Only then did it come from there for certain: anybody can write a source address on a datagram.
        genuine: bool,
        /// The request.
        request: Message,
    },
}

/// What leaves the Stack, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Octets to send.
    Send {
        /// Where to.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
        /// The leg it belongs to, for the capture.
        leg: Option<LegId>,
    },
    /// A message was received; for the capture. It precedes what it causes.
    Tap {
        /// The leg it belongs to.
        leg: Option<LegId>,
        /// Where it came from.
        peer: Peer,
        /// One whole message.
        bytes: Bytes,
    },
    /// Something for the owner.
    Event(Event),
}
