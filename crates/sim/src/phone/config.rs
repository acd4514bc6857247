use std::net::SocketAddr;
use std::time::Duration;

/// What a phone is given.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// Digest user name and user part of the address-of-record.
    pub username: String,
    /// Digest password.
    pub password: String,
    /// Name in From; may be empty.
    pub display_name: String,
    /// Host part of the address-of-record and of every number dialled.
    pub domain: String,
    /// Where requests go.
    pub server: SocketAddr,
    /// Where the phone is reached; goes into Via, Contact and SDP.
    pub local: SocketAddr,
    /// Port of its audio.
    pub rtp_port: u16,
    /// User-Agent.
    pub user_agent: String,
    /// Seconds a registration is asked for.
    pub expires: u32,
    /// Timers.
    pub timers: Timers,
    /// Tags, branches and Call-IDs are drawn from it.
    pub seed: [u8; 32],
}

/// Base values of the timers (RFC 3261, section 17, table 4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timers {
    /// Estimate of a round trip.
    pub t1: Duration,
    /// Longest pause between retransmissions of anything but an INVITE.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
}

impl Timers {
    /// The values of RFC 3261.
    pub const RFC3261: Self = Self {
        t1: Duration::from_millis(500),
        t2: Duration::from_secs(4),
        t4: Duration::from_secs(5),
    };

    /// 64 × T1: timers B, F, H and J, and how long a 2xx waits for its ACK.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }
}

/// What a phone does with a call that comes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Incoming {
    /// What it says at once.
    pub first: First,
    /// What it does then.
    pub then: Then,
}

/// The first word to an INVITE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum First {
    /// 180 Ringing.
    Ringing,
    /// 183 Session Progress with a session description: audio before the answer.
    EarlyMedia,
    /// None at all, not even 100; nothing follows it.
    Silence,
    /// 100 Trying only.
    Trying,
}

/// What follows the first word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    /// It answers.
    Answer {
        /// How long it rings.
        after: Duration,
        /// What it does with the answered call.
        script: Script,
    },
    /// It refuses.
    Refuse {
        /// How long it rings.
        after: Duration,
        /// With this status, 300 or above.
        status: u16,
    },
    /// It rings until the caller gives up, or until it is told what to do.
    Ring,
}

impl Incoming {
    /// Rings, then answers and does nothing more.
    #[must_use]
    pub const fn answer(after: Duration) -> Self {
        Self::answer_and(after, Script::NOTHING)
    }

    /// Rings, then answers and follows the script.
    #[must_use]
    pub const fn answer_and(after: Duration, script: Script) -> Self {
        Self {
            first: First::Ringing,
            then: Then::Answer { after, script },
        }
    }

    /// Busy at once.
    pub const BUSY: Self = Self {
        first: First::Trying,
        then: Then::Refuse {
            after: Duration::ZERO,
            status: 486,
        },
    };

    /// Rings, then the user declines.
    #[must_use]
    pub const fn decline(after: Duration) -> Self {
        Self {
            first: First::Ringing,
            then: Then::Refuse { after, status: 603 },
        }
    }

    /// Rings for ever.
    pub const RING: Self = Self {
        first: First::Ringing,
        then: Then::Ring,
    };
}

/// What a phone does and watches beyond its calls.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Habits {
    /// Whether offers within a call are watched for [`super::Rule::Origin`]. A PBX that neither relays media nor
    /// rewrites o= lines breaks it when it joins another phone to a call.
    pub check_origin: bool,
    /// What a text gets for an answer: 200, or the status of a phone that cannot take it. A text that is no
    /// `text/plain` gets 415 in any case.
    pub answer_to_texts: u16,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            check_origin: true,
            answer_to_texts: 200,
        }
    }
}

/// What a phone does in a call without being told; `None` is never.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Script {
    /// The caller gives up so long after dialling, unless it was answered.
    pub cancel_after: Option<Duration>,
    /// Holds so long after the answer.
    pub hold_after: Option<Duration>,
    /// Takes the call back so long after the answer.
    pub unhold_after: Option<Duration>,
    /// Asks for a transfer.
    pub transfer: Option<TransferOrder>,
    /// Hangs up so long after the answer.
    pub hangup_after: Option<Duration>,
}

/// A blind transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TransferOrder {
    /// So long after the answer, when it is part of a script.
    pub after: Duration,
    /// Who shall get the call.
    pub to: Number,
    /// Whether Referred-By says who asks (RFC 3892).
    pub referred_by: bool,
    /// What the phone does when it was asked for.
    pub then: AfterRefer,
}

impl TransferOrder {
    /// To this number; says who asks, and waits for the result.
    #[must_use]
    pub const fn to(number: Number) -> Self {
        Self {
            after: Duration::ZERO,
            to: number,
            referred_by: true,
            then: AfterRefer::Wait,
        }
    }
}

/// What a phone does when it has asked for a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AfterRefer {
    /// Hangs up at the 202.
    HangUpWhenAccepted,
    /// Hangs up at the first NOTIFY.
    HangUpWhenNotified,
    /// Waits for the result: hangs up when it is a 2xx, and has its call back when not.
    Wait,
}

/// What is dialled: short enough to be copied about.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Number {
    octets: [u8; Self::LONGEST],
    len: usize,
}

impl Number {
    /// The longest one, in octets.
    pub const LONGEST: usize = 24;

    /// `None` when the text is empty or too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut octets = [0; Self::LONGEST];
        octets
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        (!text.is_empty()).then_some(Self {
            octets,
            len: text.len(),
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let octets = self.octets.get(..self.len).unwrap_or_default();
        std::str::from_utf8(octets).unwrap_or_default()
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Script {
    /// Leaves all to the other side.
    pub const NOTHING: Self = Self {
        cancel_after: None,
        hold_after: None,
        unhold_after: None,
        transfer: None,
        hangup_after: None,
    };
}
