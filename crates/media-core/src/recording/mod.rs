//! Recording without a file: packets with their times of arrival become a timeline of samples.
//!
//! ```text
//! packets ──► Tape: per channel a line of encoded packets, each at its place in time
//!               │ half a second after a place has passed, nothing is awaited for it any more
//!               ▼
//!             poll_block: decoded, brought to one sample rate, interleaved; what never came is silence
//! ```
//!
//! The place of a packet follows its RTP timestamp, not its arrival: jitter does not stretch the sound. Both channels have
//! the clock of arrival in common, so that both sides stay in time with each other.

mod channel;
mod decoder;
mod mp3;
mod peaks;
mod tape;
mod wav;

pub use mp3::Mp3Format;
pub use peaks::Peaks;
pub use tape::{Tape, TapedPacket};
pub use wav::{WAV_HEADER_OCTETS, WavFormat};

#[cfg(test)]
mod tests;
