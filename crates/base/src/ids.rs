//! Identifiers. Each is a newtype, so that a call can never be mistaken for a delivery.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// A call as our contract numbers it: node number (10 bits) × 2^43 + a counter; below 2^53, never reused.
    CallId(u64)
}
id! {
    /// An outside number of ours, by which outsiders reach a target.
    DdiId(u32)
}
id! {
    /// One event on its way to one webhook.
    DeliveryId(u64)
}
id! {
    /// The place of a fact in the journal: 1, 2, 3 … in commit order.
    JournalPos(u64)
}
id! {
    /// A phone: one set of SIP credentials, one address-of-record.
    PhoneId(u32)
}
id! {
    /// A queue: callers wait in it for an agent.
    QueueId(u32)
}
id! {
    /// A recorded sound in the library.
    SoundId(u32)
}
id! {
    /// A recording of a call, or a message that was left: numbered from the same space as calls.
    RecordingId(u64)
}
id! {
    /// A ring group: one number that rings several users.
    RingGroupId(u32)
}
id! {
    /// A text message.
    SmsId(u64)
}
id! {
    /// A trunk: a way to the outside world.
    TrunkId(u32)
}
id! {
    /// A user; numbered from 100001, because published client scripts insist on six or seven digits.
    UserId(u32)
}
id! {
    /// A subscriber's webhook as the API numbers it (`delivery` calls it an endpoint).
    WebhookId(u32)
}
