//! What a call's owner and the media shell say to each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::RecordingId;

use crate::clip::Clip;
use crate::codec::Codec;
use crate::phrase::Phrase;
use crate::{Digit, Formats, RelayStats, Remote, Side, SrtpKeys};

/// The relay of one call; chosen by the owner, never reused within a process.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RelayId(pub u64);

impl fmt::Display for RelayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One even and odd pair of bound ports, chosen by the shell.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PairId(pub u32);

/// A pair of ports as handed to a call's owner: bound already, and nobody else's until given back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PortPair {
    /// Names the pair in commands.
    pub id: PairId,
    /// The even port; RTCP uses the next one (RFC 3550 section 11).
    pub rtp_port: u16,
}

/// Whose sound is taken into a recording.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taped {
    /// What passes between both; this side in the left channel, the other in the right.
    Both {
        /// Who is heard on the left.
        left: Side,
    },
    /// What this side says, to nobody: a message after a tone. One channel.
    Only(Side),
}

/// What a call's owner asks of the media shell. Commands take effect in the order in which they were sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MediaCommand {
    /// Says what the payload types of a side mean: its SDP's formats. They replace what was said before.
    Formats {
        /// The relay.
        relay: RelayId,
        /// Whose SDP it was.
        side: Side,
        /// What it lists.
        formats: Formats,
    },
    /// Starts what is played to the phone of a side, or replaces it. While it plays, nothing of the other side is
    /// relayed to that phone. Music that goes on in the next sound is not begun anew.
    Play {
        /// The relay.
        relay: RelayId,
        /// Who hears it.
        side: Side,
        /// What is heard.
        sound: Sound,
        /// How it is encoded.
        format: Format,
    },
    /// Sends a key to the phone of a side as packets of RFC 4733, where its formats list them.
    Press {
        /// The relay.
        relay: RelayId,
        /// Who gets it.
        side: Side,
        /// The key.
        digit: Digit,
        /// How long it is held down.
        duration: Duration,
    },
    /// Starts to record what passes, beside what is recorded already. The recorder has been told what the recording is before
    /// that.
    Record {
        /// The relay.
        relay: RelayId,
        /// The recording.
        recording: RecordingId,
        /// What is taken.
        taped: Taped,
    },
    /// Hand out this many more pairs. What is not free yet is owed and follows when a pair has rested.
    Refill {
        /// How many.
        count: u16,
    },
    /// Gives back a pair that no relay used.
    Release {
        /// The pair.
        pair: PairId,
    },
    /// Says how the packets of a side are encrypted from here on. Keys that stay go on where they were.
    Secure {
        /// The relay.
        relay: RelayId,
        /// Whose packets.
        side: Side,
        /// With what; `None`: they are plain.
        keys: Option<Box<SrtpKeys>>,
    },
    /// Starts relaying between two pairs, which belong to the relay until it stops.
    Start {
        /// The relay.
        relay: RelayId,
        /// The pair that the first side sends to.
        a: PairId,
        /// The pair that the second side sends to.
        b: PairId,
        /// Where the first side's SDP wants its media; `None` while it is unknown, or how it is encrypted is not said yet.
        a_remote: Option<Remote>,
        /// Where the second side's SDP wants its media; `None` while it is unknown.
        b_remote: Option<Remote>,
    },
    /// Ends a relay and gives both pairs back; answered by [`MediaEvent::Stopped`].
    Stop {
        /// The relay.
        relay: RelayId,
    },
    /// Ends a recording; the end of the relay does so, too.
    StopRecord {
        /// The relay.
        relay: RelayId,
        /// The recording.
        recording: RecordingId,
    },
    /// Ends what is played to a side; the other side's packets are relayed to it again.
    StopPlay {
        /// The relay.
        relay: RelayId,
        /// Who heard it.
        side: Side,
    },
    /// Tells of a side's new SDP.
    Update {
        /// The relay.
        relay: RelayId,
        /// Whose SDP it was.
        side: Side,
        /// Where it wants its media; `None` when it wants none.
        remote: Option<Remote>,
    },
    /// Begins to watch, anew, whether both sides send, or ends it. A side that has sent no RTP for so long, since this
    /// command or its last packet, is told of once by [`MediaEvent::Silent`], and again only after it has sent.
    Watch {
        /// The relay.
        relay: RelayId,
        /// How long a side may be silent; `None`: for ever.
        after: Option<Duration>,
    },
}

impl MediaCommand {
    /// The relay that it is about, if about one.
    #[must_use]
    pub const fn relay(&self) -> Option<RelayId> {
        match self {
            Self::Refill { .. } | Self::Release { .. } => None,
            Self::Formats { relay, .. }
            | Self::Play { relay, .. }
            | Self::Press { relay, .. }
            | Self::Record { relay, .. }
            | Self::Secure { relay, .. }
            | Self::Start { relay, .. }
            | Self::Stop { relay }
            | Self::StopRecord { relay, .. }
            | Self::StopPlay { relay, .. }
            | Self::Update { relay, .. }
            | Self::Watch { relay, .. } => Some(*relay),
        }
    }
}

/// What a phone hears while nobody speaks to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sound {
    /// What is said once, then the music goes on: what a caller is told who waits.
    Announcement(Phrase, Music),
    /// 1 kHz for half a second: speak now. Its end is told by [`MediaEvent::Played`]; then there is silence.
    Beep(Cue),
    /// Music, repeating.
    Music(Music),
    /// What is said once. Its end is told by [`MediaEvent::Played`]; then there is silence.
    Once(Phrase, Cue),
    /// The caller's position as so many short high beeps (1 to 9; 10 or more one long one), then the music goes on.
    /// Position 0 is none and gives music at once.
    Position(u32, Music),
    /// 425 Hz, 1 s on, 4 s off (ITU-T E.180).
    Ringback,
}

/// What is heard while somebody waits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Music {
    /// A recording, repeating.
    Clip(Arc<Clip>),
    /// A soft arpeggio, quiet (-20 dBm0), repeating: it needs no memory, and is there where nothing else is.
    #[default]
    Tune,
}

/// Names one playing of a sound that ends, so that its end is not taken for that of the next one. Chosen by the owner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cue(pub u32);

/// How a sound is encoded: 20 ms a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Format {
    /// Payload type of the packets, as the SDP of the phone has it: 0 for PCMU, 8 for PCMA and 9 for G722 (RFC 3551
    /// section 6), or a dynamic one.
    pub payload_type: u8,
    /// The encoding.
    pub codec: Codec,
}

/// The two laws of G.711.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Law {
    /// PCMA.
    A,
    /// PCMU.
    Mu,
}

/// What the media shell tells a call's owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MediaEvent {
    /// A sound that has an end has been played to it. Not told of one that was replaced or stopped before.
    Played {
        /// The relay.
        relay: RelayId,
        /// Who heard it.
        side: Side,
        /// As it stood in the sound.
        cue: Cue,
    },
    /// Pairs for calls to come, the answer to [`MediaCommand::Refill`].
    Ports(Vec<PortPair>),
    /// A key was pressed, told once for each way in which it was heard.
    Pressed {
        /// The relay.
        relay: RelayId,
        /// Who pressed it.
        side: Side,
        /// The key.
        digit: Digit,
        /// How it was heard.
        way: PressWay,
    },
    /// How well each side is heard, from the start of the relay on; told now and then, and before [`MediaEvent::Stopped`].
    Quality {
        /// The relay.
        relay: RelayId,
        /// What the first side sent.
        a: SideQuality,
        /// What the second side sent.
        b: SideQuality,
    },
    /// A relay could not be started; its pairs are back in the stock.
    Refused {
        /// The relay.
        relay: RelayId,
        /// Why.
        reason: RefusedStart,
    },
    /// A side that is [watched](MediaCommand::Watch) sends nothing.
    Silent {
        /// The relay.
        relay: RelayId,
        /// Who is silent.
        side: Side,
    },
    /// A relay is over.
    Stopped {
        /// The relay.
        relay: RelayId,
        /// What passed through it.
        stats: RelayStats,
    },
}

/// How a key was heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PressWay {
    /// As tones among the sound.
    InBand,
    /// As packets of RFC 4733.
    Rfc4733,
}

/// How well one side is heard: its RTP as it arrived at the relay (RFC 3550 sections 6.4.1, 6.4.3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SideQuality {
    /// Packets that arrived.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Interarrival jitter in microseconds.
    pub jitter_us: u32,
    /// Estimated mean opinion score times 100: 100 to 450 (ITU-T G.107).
    pub mos_x100: u16,
    /// Round trip to the phone in microseconds, where its RTCP tells.
    pub round_trip_us: Option<u32>,
}

/// Why a relay could not be started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusedStart {
    /// The relay runs already.
    Duplicate,
    /// The operating system refused to watch a socket.
    Sockets,
    /// A pair is not in the owner's hands: never handed out, given back, or in use.
    UnknownPair,
}
