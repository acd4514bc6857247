use super::{Media, attribute, lines, word};
use crate::lex::{decimal, split_around};

/// A codec as an m= line offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec<'a> {
    /// The RTP payload type.
    pub payload_type: u8,
    /// The clock rate of RTP; zero where none is said.
    pub rate: u32,
    /// How many channels; one where none is said.
    pub channels: u8,
    name: &'a [u8],
}

/// The audio and video payload types that need no rtpmap (RFC 3551 §6), with clock rate and channels.
const STATIC: [(u8, &str, u32, u8); 24] = [
    (0, "PCMU", 8000, 1),
    (3, "GSM", 8000, 1),
    (4, "G723", 8000, 1),
    (5, "DVI4", 8000, 1),
    (6, "DVI4", 16_000, 1),
    (7, "LPC", 8000, 1),
    (8, "PCMA", 8000, 1),
    (9, "G722", 8000, 1),
    (10, "L16", 44_100, 2),
    (11, "L16", 44_100, 1),
    (12, "QCELP", 8000, 1),
    (13, "CN", 8000, 1),
    (14, "MPA", 90_000, 1),
    (15, "G728", 8000, 1),
    (16, "DVI4", 11_025, 1),
    (17, "DVI4", 22_050, 1),
    (18, "G729", 8000, 1),
    (25, "CelB", 90_000, 1),
    (26, "JPEG", 90_000, 1),
    (28, "nv", 90_000, 1),
    (31, "H261", 90_000, 1),
    (32, "MPV", 90_000, 1),
    (33, "MP2T", 90_000, 1),
    (34, "H263", 90_000, 1),
];

impl<'a> Codec<'a> {
    /// The codec of a payload type in a section: its rtpmap, else the static assignment.
    pub(super) fn of(media: &Media<'a>, payload_type: u8) -> Option<Self> {
        Self::mapped(media, payload_type).or_else(|| Self::assigned(payload_type))
    }

    fn mapped(media: &Media<'a>, payload_type: u8) -> Option<Self> {
        lines(media.section).find_map(|line| {
            let (_, value) = attribute(&line).filter(|(name, _)| *name == b"rtpmap")?;
            let (number, encoding) = word(value)?;
            if decimal(number)? != u64::from(payload_type) {
                return None;
            }
            let mut parts = word(encoding)?.0.split(|octet| *octet == b'/');
            let name = parts.next().filter(|name| !name.is_empty())?;
            let rate = parts
                .next()
                .and_then(decimal)
                .and_then(|rate| u32::try_from(rate).ok());
            let channels = parts
                .next()
                .and_then(decimal)
                .and_then(|channels| u8::try_from(channels).ok());
            Some(Self {
                payload_type,
                name,
                rate: rate.unwrap_or(0),
                channels: channels.unwrap_or(1),
            })
        })
    }

    fn assigned(payload_type: u8) -> Option<Self> {
        let (_, name, rate, channels) =
            STATIC.iter().find(|(number, ..)| *number == payload_type)?;
        Some(Self {
            payload_type,
            name: name.as_bytes(),
            rate: *rate,
            channels: *channels,
        })
    }

    /// The encoding name as written; `None` where it is no ASCII text.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        std::str::from_utf8(self.name)
            .ok()
            .filter(|name| name.is_ascii())
    }

    /// Whether the encoding has this name; names know no case (RFC 8866 §6.6).
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether these are tones by RFC 4733.
    #[must_use]
    pub fn is_telephone_event(&self) -> bool {
        self.is("telephone-event")
    }

    /// Whether it carries speech, not tones, comfort noise or redundancy.
    #[must_use]
    pub fn is_voice(&self) -> bool {
        !["telephone-event", "tone", "CN", "red", "ulpfec"]
            .into_iter()
            .any(|name| self.is(name))
    }

    /// The format parameters (a=fmtp) of this codec in its section.
    #[must_use]
    pub fn format_parameters(&self, media: &Media<'a>) -> Option<&'a [u8]> {
        media.attributes("fmtp").find_map(|value| {
            let (number, parameters) =
                split_around(value, value.iter().position(u8::is_ascii_whitespace)?);
            (decimal(number)? == u64::from(self.payload_type)).then(|| parameters.trim_ascii())
        })
    }
}
