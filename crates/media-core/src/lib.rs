//! What a media relay decides, without a socket or a clock: whether an RTP or RTCP packet belongs to a call,
//! and where it goes; and what a phone hears while nobody speaks to it.
//!
//! It refuses to know SIP, SDP text and the sockets. A shell receives a packet, has it made plain by [`Relay::decrypt`], asks
//! [`Relay::handle_packet`] and does what the [`Verdict`] says, with what [`Relay::encrypt`] makes of it; a call's owner starts and stops relays by [`MediaCommand`]s and names the ports it was
//! handed as [`PortPair`]s.
//!
//! ```
//! use offhook_base::Mono;
//! use offhook_media_core::{Kind, Relay, Remote, Side, Verdict};
//!
//! let phone_a: Remote = "192.0.2.1:4000".parse().expect("an address");
//! let phone_b: Remote = "192.0.2.2:5000".parse().expect("an address");
//! let mut relay = Relay::new(Some(phone_a), Some(phone_b));
//!
//! let mut packet = [0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, 0xff];
//! let verdict = relay.handle_packet(Mono(1), Side::A, Kind::Rtp, phone_a.address, &mut packet);
//! assert_eq!(verdict, Verdict::Forward { side: Side::B, to: phone_b.address });
//! ```

mod clip;
mod codec;
mod command;
mod composed;
mod dtmf;
mod formats;
mod g711;
mod latch;
mod outgoing;
mod packet;
mod phrase;
mod player;
mod program;
mod prompts;
mod quality;
#[cfg(test)]
mod random;
mod recording;
mod relay;
mod resample;
mod rtcp;
mod sequence;
mod srtp;
mod tone;
mod wav;

pub use clip::{Clip, UnusableClip};
pub use codec::{Codec, Decoder, Encoder, G722Decoder, G722Encoder};
#[cfg(feature = "opus")]
pub use codec::{OpusDecoder, OpusEncoder};
pub use command::{
    Cue, Format, Law, MediaCommand, MediaEvent, Music, PairId, PortPair, PressWay, RefusedStart,
    RelayId, SideQuality, Sound, Taped,
};
pub use dtmf::{
    Digit, EVENT_OCTETS, EventPacket, EventReceiver, EventSender, EventStream, Press, SAME_PRESS,
    Tone, ToneDetector, UnknownDigit, UnusableEventStream,
};
pub use formats::{Encoding, Formats, PayloadFormat};
pub use latch::Remote;
pub use packet::{Kind, RtpHeader};
pub use phrase::Phrase;
pub use player::{PLAYED_OCTETS, StreamEntropy, UnusablePayloadType};
pub use prompts::Prompts;
pub use quality::{Arrival, CodecImpairment, Quality, Receiver};
pub use recording::{Mp3Format, Peaks, Tape, TapedPacket, WAV_HEADER_OCTETS, WavFormat};
pub use relay::{DropReason, Notice, Played, Relay, RelayStats, Side, SideStats, Verdict};
pub use rtcp::{Reception, Report, RoundTrip, reports};
pub use srtp::{SRTP_TRAILER_OCTETS, SrtpKey, SrtpKeys, SrtpSuite};
pub use wav::UnusableWav;
