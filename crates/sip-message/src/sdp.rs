//! Session descriptions (RFC 8866, RFC 3264), read where they stand and edited line by line.
//!
//! Reading is tolerant: what a phone left out or wrote in its own way hinders only what needs it. Editing
//! ([`Sdp::rewrite`]) changes the lines that a media relay has to change and keeps every other octet.

mod amend;
mod answer;
mod codec;
mod crypto;
mod rewrite;
mod secure;

pub use amend::Amend;
pub use answer::Answer;
pub use codec::Codec;
pub use crypto::Crypto;
pub use rewrite::{Origin, PortPair, Rewrite};
pub use secure::{KEYS, Profile, Secured};

use std::net::IpAddr;

use memchr::memchr;

use crate::lex::{decimal, split_around, trim};
use crate::via::parse_ip;

/// How many media sections a description may have.
pub const MAX_MEDIA: usize = 64;

/// How many payload types RTP has (RFC 3550 §5.1).
const PAYLOAD_TYPES: u8 = 128;

/// Why a body is no session description that we can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// It does not start with `v=`.
    #[error("a session description starts with v=")]
    NotSdp,
    /// It has more than [`MAX_MEDIA`] sections.
    #[error("too many media sections")]
    TooManyMedia,
    /// An m= line has no port, no protocol, or a port beyond 65,535.
    #[error("media line {line} cannot be read")]
    BadMedia {
        /// Which m= line, counted from zero.
        line: usize,
    },
}

/// A session description. Borrows the body.
#[derive(Clone, Debug)]
pub struct Sdp<'a> {
    /// The lines in front of the first m= line.
    session: &'a [u8],
    media: Vec<Media<'a>>,
}

/// One media section: an m= line and what belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Media<'a> {
    /// What kind of media it is.
    pub kind: MediaKind,
    /// The port; zero says that the stream is refused or over (RFC 3264 §6).
    pub port: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub proto: &'a [u8],
    /// The address of the c= line, its own or the session's: IP address or host name, without TTL.
    pub connection: Option<&'a [u8]>,
    /// The direction as the sender of the description sees it, its own or the session's.
    pub direction: Direction,
    /// The format list as it stands.
    formats: &'a [u8],
    /// The lines of the section, its m= line first.
    section: &'a [u8],
}

/// What kind of media an m= line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// `audio`
    Audio,
    /// `application`
    Application,
    /// `image`, which is fax over T.38
    Image,
    /// `message`
    Message,
    /// `text`
    Text,
    /// `video`
    Video,
    /// Any other.
    Other,
}

/// Which way media flows, as the sender of the description sees it (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways; what holds where nothing is said.
    #[default]
    SendRecv,
    /// The sender of the description only sends.
    SendOnly,
    /// The sender of the description only receives.
    RecvOnly,
    /// No media flows.
    Inactive,
}

/// One line.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    /// The letter in front of `=`; zero where the line is no `x=` line.
    kind: u8,
    /// What follows the `=`.
    value: &'a [u8],
    /// The line without its end.
    text: &'a [u8],
    /// CRLF, LF or, at the end of the body, nothing.
    end: &'a [u8],
}

impl<'a> Sdp<'a> {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// Where it is no session description or an m= line cannot be read; all else is tolerated.
    pub fn parse(body: &'a [u8]) -> Result<Self, SdpError> {
        let first = lines(body).find(|line| !line.text.is_empty());
        if first.is_none_or(|line| line.kind != b'v') {
            return Err(SdpError::NotSdp);
        }
        let (session, mut rest) = split_section(body);
        let fallback = Fallback {
            connection: connection_in(session),
            direction: direction_in(session),
        };
        let mut media = Vec::new();
        while !rest.is_empty() {
            if media.len() == MAX_MEDIA {
                return Err(SdpError::TooManyMedia);
            }
            let (section, more) = split_section(rest);
            let line = media.len();
            media.push(Media::parse(section, &fallback).ok_or(SdpError::BadMedia { line })?);
            rest = more;
        }
        Ok(Self { session, media })
    }

    /// The media sections in order.
    #[must_use]
    pub fn media(&self) -> &[Media<'a>] {
        &self.media
    }

    /// The first audio section that is in use; the first one of all where none is.
    #[must_use]
    pub fn first_audio(&self) -> Option<&Media<'a>> {
        let mut audio = self
            .media
            .iter()
            .filter(|media| media.kind == MediaKind::Audio);
        let first = audio.next()?;
        if first.port != 0 {
            Some(first)
        } else {
            audio.find(|media| media.port != 0).or(Some(first))
        }
    }

    /// The name of the first codec of the first audio section, without tones and comfort noise.
    #[must_use]
    pub fn first_audio_codec(&self) -> Option<&'a str> {
        self.first_audio()?.codecs().find(Codec::is_voice)?.name()
    }

    /// Whether the sender of this description has put the other side on hold (RFC 3264 §8.4, RFC 6337 §5.3): its first
    /// audio stream that is in use is `sendonly` or `inactive`, or its address is the null address.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.first_audio().is_some_and(|audio| {
            audio.port != 0
                && (audio.has_null_address()
                    || matches!(audio.direction, Direction::SendOnly | Direction::Inactive))
        })
    }

    /// The fields of the o= line: user name, session id, version, and what follows them.
    #[must_use]
    pub fn origin(&self) -> Option<Origin> {
        let line = lines(self.session).find(|line| line.kind == b'o')?;
        let mut fields = words(line.value).skip(1);
        let session = decimal(fields.next()?)?;
        let version = decimal(fields.next()?)?;
        Some(Origin { session, version })
    }
}

/// What the session part says for sections that do not say it themselves.
#[derive(Debug)]
struct Fallback<'a> {
    connection: Option<&'a [u8]>,
    direction: Option<Direction>,
}

impl<'a> Media<'a> {
    fn parse(section: &'a [u8], fallback: &Fallback<'a>) -> Option<Self> {
        let line = lines(section).next()?;
        let (kind, rest) = word(line.value)?;
        let (port, rest) = word(rest)?;
        let (proto, formats) = word(rest)?;
        let (port, _count) = split_around(port, memchr(b'/', port).unwrap_or(port.len()));
        Some(Self {
            kind: MediaKind::parse(kind),
            port: u16::try_from(decimal(port)?).ok()?,
            proto,
            connection: connection_in(section).or(fallback.connection),
            direction: direction_in(section)
                .or(fallback.direction)
                .unwrap_or_default(),
            formats: trim(formats),
            section,
        })
    }

    /// The formats of the m= line in order; for RTP these are payload types.
    pub fn formats(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        words(self.formats)
    }

    /// The address of the c= line, where it is an IP address and no host name.
    #[must_use]
    pub fn connection_ip(&self) -> Option<IpAddr> {
        parse_ip(self.connection?)
    }

    /// Whether the address is the null address, with which RFC 2543 put a call on hold.
    #[must_use]
    pub fn has_null_address(&self) -> bool {
        self.connection_ip()
            .is_some_and(|address| address.is_unspecified())
    }

    /// The values of the section's attributes of this name; a flag has the empty value.
    pub fn attributes(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        lines(self.section).filter_map(move |line| {
            attribute(&line)
                .filter(|(key, _)| *key == name.as_bytes())
                .map(|(_, value)| value)
        })
    }

    /// Where RTCP goes if not to the port above: the port of a=rtcp (RFC 3605).
    #[must_use]
    pub fn rtcp_port(&self) -> Option<u16> {
        let value = self.attributes("rtcp").next()?;
        u16::try_from(decimal(words(value).next()?)?).ok()
    }

    /// The codecs of an RTP section in order of preference; formats that are no payload types are left out.
    pub fn codecs(&self) -> impl Iterator<Item = Codec<'a>> {
        let section = *self;
        let payload_type = |format| {
            u8::try_from(decimal(format)?)
                .ok()
                .filter(|number| *number < PAYLOAD_TYPES)
        };
        // There are no more payload types than that, and each costs a look at all lines.
        let formats = self.formats().take(usize::from(PAYLOAD_TYPES));
        formats.filter_map(move |format| Codec::of(&section, payload_type(format)?))
    }

    /// The payload types of telephone-event (RFC 4733) with their clock rates.
    pub fn telephone_events(&self) -> impl Iterator<Item = (u8, u32)> {
        self.codecs()
            .filter(Codec::is_telephone_event)
            .map(|codec| (codec.payload_type, codec.rate))
    }
}

impl MediaKind {
    fn parse(token: &[u8]) -> Self {
        match token {
            b"application" => Self::Application,
            b"audio" => Self::Audio,
            b"image" => Self::Image,
            b"message" => Self::Message,
            b"text" => Self::Text,
            b"video" => Self::Video,
            _ => Self::Other,
        }
    }
}

impl Direction {
    /// The attribute's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::RecvOnly => "recvonly",
            Self::SendOnly => "sendonly",
            Self::SendRecv => "sendrecv",
        }
    }

    /// Whether the sender of the description sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendOnly | Self::SendRecv)
    }

    /// Whether the sender of the description receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::RecvOnly | Self::SendRecv)
    }

    /// The same flow as the other side sees it (RFC 3264 §6.1).
    #[must_use]
    pub fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// The direction of a side that sends and receives so.
    #[must_use]
    pub fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"inactive" => Some(Self::Inactive),
            b"recvonly" => Some(Self::RecvOnly),
            b"sendonly" => Some(Self::SendOnly),
            b"sendrecv" => Some(Self::SendRecv),
            _ => None,
        }
    }
}

/// Cuts in front of the next m= line behind the first line.
fn split_section(body: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in lines(body) {
        if at > 0 && line.kind == b'm' {
            break;
        }
        at += line.text.len() + line.end.len();
    }
    body.split_at_checked(at).unwrap_or((body, &[]))
}

fn lines(body: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
        let (line, more) = rest.split_at_checked(cut)?;
        rest = more;
        let text = line
            .strip_suffix(b"\n")
            .map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let end = line.get(text.len()..).unwrap_or_default();
        let (kind, value) = match text {
            [kind, b'=', value @ ..] => (*kind, value),
            _ => (0, &[][..]),
        };
        Some(Line {
            kind,
            value,
            text,
            end,
        })
    })
}

/// The first word and what follows it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    text.split_at_checked(end)
        .filter(|(word, _)| !word.is_empty())
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The name and value of an a= line.
fn attribute<'a>(line: &Line<'a>) -> Option<(&'a [u8], &'a [u8])> {
    if line.kind != b'a' {
        return None;
    }
    let (name, value) = split_around(
        line.value,
        memchr(b':', line.value).unwrap_or(line.value.len()),
    );
    Some((trim(name), trim(value)))
}

/// The address of the first c= line, without its TTL.
fn connection_in(section: &[u8]) -> Option<&[u8]> {
    let line = lines(section).find(|line| line.kind == b'c')?;
    let address = words(line.value).nth(2)?;
    Some(split_around(address, memchr(b'/', address).unwrap_or(address.len())).0)
}

/// The last direction counts, as phones that send two add the one they mean at the end.
fn direction_in(section: &[u8]) -> Option<Direction> {
    lines(section)
        .filter_map(|line| Direction::parse(attribute(&line)?.0))
        .last()
}
