//! What the payload types of one side mean: the formats that its SDP lists (RFC 3551, RFC 8866 section 6.6).

use crate::codec::Codec;

/// How a payload is encoded, as far as it matters to whoever listens in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// Comfort noise (RFC 3389).
    ComfortNoise,
    /// G.722: 16,000 samples a second, on a clock of 8,000 (RFC 3551 section 4.5.2).
    G722,
    /// Opus (RFC 7587), on a clock of 48,000.
    Opus,
    /// Anything else: it is passed on and not understood.
    Other,
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// Keys (RFC 4733).
    TelephoneEvent,
}

impl Encoding {
    /// The codec of a voice that we understand.
    #[must_use]
    pub const fn codec(self) -> Option<Codec> {
        match self {
            Self::G722 => Some(Codec::G722),
            Self::Pcma => Some(Codec::Pcma),
            Self::Pcmu => Some(Codec::Pcmu),
            #[cfg(feature = "opus")]
            Self::Opus => Some(Codec::Opus),
            #[cfg(not(feature = "opus"))]
            Self::Opus => None,
            Self::ComfortNoise | Self::Other | Self::TelephoneEvent => None,
        }
    }
}

/// One payload type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PayloadFormat {
    /// As it stands in the RTP header.
    pub payload_type: u8,
    /// What it carries.
    pub encoding: Encoding,
    /// Timestamp units a second.
    pub clock: u32,
}

/// The formats of one side, in its order of preference.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Formats {
    listed: [Option<PayloadFormat>; Self::MOST],
    /// The SDP listed more than are kept.
    cut: bool,
}

impl Formats {
    /// Formats that are kept of one SDP; phones list some dozen.
    pub const MOST: usize = 24;

    /// Whether no SDP listed any yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.listed[0].is_none()
    }

    /// What this payload type means; `None` when it is not listed.
    #[must_use]
    pub fn of(&self, payload_type: u8) -> Option<PayloadFormat> {
        self.iter()
            .find(|format| format.payload_type == payload_type)
    }

    /// Whether a packet of this payload type is what the SDP allows. With formats beyond those kept, or none known, all are.
    #[must_use]
    pub fn allow(&self, payload_type: u8) -> bool {
        self.cut || self.is_empty() || self.of(payload_type).is_some()
    }

    /// All that are kept, in order.
    pub fn iter(&self) -> impl Iterator<Item = PayloadFormat> {
        self.listed.iter().copied().map_while(|format| format)
    }
}

impl FromIterator<PayloadFormat> for Formats {
    fn from_iter<I: IntoIterator<Item = PayloadFormat>>(formats: I) -> Self {
        let mut formats = formats.into_iter();
        let mut kept = Self::default();
        for (place, format) in kept.listed.iter_mut().zip(formats.by_ref()) {
            *place = Some(format);
        }
        kept.cut = formats.next().is_some();
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(payload_type: u8) -> PayloadFormat {
        PayloadFormat {
            payload_type,
            encoding: Encoding::Other,
            clock: 8_000,
        }
    }

    #[test]
    fn only_what_is_listed_is_allowed_once_something_is_known() {
        assert!(Formats::default().allow(5));
        let formats: Formats = [format(8), format(101)].into_iter().collect();
        assert!(formats.allow(101) && !formats.allow(102));
        assert_eq!(formats.of(8), Some(format(8)));
    }

    #[test]
    fn more_than_are_kept_allow_everything() {
        let all: Formats = (0..25).map(format).collect();
        assert!(all.allow(99), "what was not kept may be meant");
        assert_eq!(all.iter().count(), Formats::MOST);
        let fits: Formats = (0..24).map(format).collect();
        assert!(!fits.allow(99));
    }
}
