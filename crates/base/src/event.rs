//! The closed list of event names (contract, sections 1.1 and 1.3).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// The name of an event as it stands on the wire.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum EventName {
            $($(#[$doc])* $variant,)+
        }

        impl EventName {
            /// Every name there is, in the order of a call's life and then the others.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as on the wire, such as `call.ringing`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

names! {
    /// A target was chosen; its INVITE has not left yet.
    CallInitial = "call.initial",
    /// Click-to-call: the originator picked up.
    CallAccepted = "call.accepted",
    /// First 180 or 183.
    CallRinging = "call.ringing",
    /// 2xx to the INVITE.
    CallConnected = "call.connected",
    /// The first side put the call on hold.
    CallHold = "call.hold",
    /// No side holds any more.
    CallUnhold = "call.unhold",
    /// A key was pressed.
    CallDtmf = "call.dtmf",
    /// Ended unanswered, towards us.
    CallMissed = "call.missed",
    /// Ended unanswered, towards a trunk, an unknown or a barred number.
    CallFailed = "call.failed",
    /// Ended after an answer.
    CallHangup = "call.hangup",
    /// A text message arrived.
    SmsReceived = "sms.received",
    /// A recording can be fetched.
    MonitorAudioReady = "monitor.audio_ready",
    /// An agent's wrap-up panel opened, closed or timed out.
    QueueWrapup = "queue.wrapup",
    /// Sent when a webhook is saved, and on demand.
    WebhookTest = "webhook.test",
    /// Another webhook was switched off.
    WebhookDisabled = "webhook.disabled",
}

impl EventName {
    /// Whether this event ends a `call_id`: each call that had a first event gets exactly one of these.
    #[must_use]
    pub const fn is_last(self) -> bool {
        matches!(self, Self::CallMissed | Self::CallFailed | Self::CallHangup)
    }

    /// Whether this event tells of a row that is copied out of the journal: a CDR, a text or a recording. It is told only once that row
    /// can be read.
    #[must_use]
    pub const fn has_row(self) -> bool {
        self.is_last() || matches!(self, Self::MonitorAudioReady | Self::SmsReceived)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not one of our event names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownEventName;

impl fmt::Display for UnknownEventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of an event")
    }
}

impl std::error::Error for UnknownEventName {}

impl FromStr for EventName {
    type Err = UnknownEventName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|name| name.as_str() == text)
            .ok_or(UnknownEventName)
    }
}

impl Serialize for EventName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_as_itself() {
        for name in EventName::ALL {
            assert_eq!(name.as_str().parse(), Ok(*name));
        }
        assert_eq!("call.nothing".parse::<EventName>(), Err(UnknownEventName));
    }
}
