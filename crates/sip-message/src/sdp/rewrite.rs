use std::io::Write;
use std::net::IpAddr;

use super::secure::is_keying;
use super::{Direction, Line, Media, Sdp, attribute, connection_in, lines, word, words};
use crate::lex::decimal;

/// What a media relay puts into a description that it passes on.
#[derive(Clone, Debug)]
pub struct Rewrite<'r> {
    /// The relay's address, for o= and all c= lines.
    pub address: IpAddr,
    /// The relay's ports for each m= line, in order. A section without ports is refused with port zero, and one
    /// that was refused already stays so.
    pub ports: &'r [Option<PortPair>],
    /// The direction that all sections in use get; `None` keeps what they say.
    pub direction: Option<Direction>,
    /// Session id and version of the o= line; `None` keeps what it says.
    pub origin: Option<Origin>,
}

/// The ports on which the relay takes RTP and RTCP for one section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortPair {
    /// RTP.
    pub rtp: u16,
    /// RTCP.
    pub rtcp: u16,
}

/// What identifies a description and its revision: each change of the description raises the version by one
/// (RFC 3264 §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The session id, which stays the same for the whole dialog.
    pub session: u64,
    /// The version.
    pub version: u64,
}

/// Attributes that would let media bypass the relay, or that promise what it does not do.
const STRIPPED: [&[u8]; 11] = [
    b"bundle-only",
    b"candidate",
    b"end-of-candidates",
    b"ice-lite",
    b"ice-mismatch",
    b"ice-options",
    b"ice-pacing",
    b"ice-pwd",
    b"ice-ufrag",
    b"remote-candidates",
    b"rtcp-mux",
];

impl Sdp<'_> {
    /// Appends the description as a relay passes it on.
    ///
    /// Changed are the address of o= and c=, the port of m=, a=rtcp and, where asked, the direction and the version.
    /// ICE, rtcp-mux and bundling are taken out, and keys, which are each side's own. The null address of a hold by RFC 2543 is said as a direction
    /// instead, as the relay's own address cannot say it. All other lines keep their octets, order and line ends.
    pub fn rewrite(&self, rewrite: &Rewrite<'_>, out: &mut Vec<u8>) {
        for line in lines(self.session) {
            match line.kind {
                b'o' => put(out, &line, |out| push_origin(out, line.value, rewrite)),
                b'c' => put(out, &line, |out| push_connection(out, rewrite.address)),
                b'a' if is_stripped(&line) || is_named(&line, b"rtcp") => {}
                b'a' if rewrite.direction.is_some() && is_direction(&line) => {}
                _ => copy(out, &line),
            }
        }
        let shared = connection_in(self.session).is_some();
        for (place, media) in self.media().iter().enumerate() {
            let ports = rewrite
                .ports
                .get(place)
                .copied()
                .flatten()
                .filter(|_| media.port != 0);
            Section {
                media,
                ports,
                shared,
                rewrite,
            }
            .write(out);
        }
    }
}

/// One media section on its way out.
struct Section<'s, 'a> {
    media: &'s Media<'a>,
    ports: Option<PortPair>,
    /// Whether the session part has a c= line.
    shared: bool,
    rewrite: &'s Rewrite<'s>,
}

impl Section<'_, '_> {
    fn write(&self, out: &mut Vec<u8>) {
        let Some(first) = lines(self.media.section).next() else {
            return;
        };
        let direction = self.direction();
        let mut missing = Missing {
            connection: self.ports.is_some()
                && !self.shared
                && connection_in(self.media.section).is_none(),
            rtcp: self
                .ports
                .filter(|ports| ports.rtp.checked_add(1) != Some(ports.rtcp)),
            direction,
        };
        for (place, line) in lines(self.media.section).enumerate() {
            // c= comes behind m= and i= (RFC 8866 §5).
            if place > 0 && line.kind != b'i' && std::mem::take(&mut missing.connection) {
                insert(out, &first, |out| {
                    push_connection(out, self.rewrite.address)
                });
            }
            match line.kind {
                b'm' => put(out, &line, |out| self.push_media(out, line.value)),
                b'c' => put(out, &line, |out| push_connection(out, self.rewrite.address)),
                b'a' if is_stripped(&line) => {}
                b'a' if is_named(&line, b"rtcp") => {
                    if let Some(ports) = missing.rtcp.take() {
                        put(out, &line, |out| push_rtcp(out, ports));
                    }
                }
                b'a' if direction.is_some() && is_direction(&line) => {
                    if let Some(direction) = missing.direction.take() {
                        put(out, &line, |out| push_direction(out, direction));
                    }
                }
                _ if line.text.is_empty() => {
                    // Some phones end the body with an empty line, behind which nobody reads on.
                    missing.insert(out, &first, self.rewrite.address);
                    copy(out, &line);
                }
                _ => copy(out, &line),
            }
        }
        missing.insert(out, &first, self.rewrite.address);
    }

    /// The direction that has to be written; `None` where the lines say it already.
    fn direction(&self) -> Option<Direction> {
        self.ports?;
        self.rewrite.direction.or_else(|| {
            // Who gives the null address receives nothing (RFC 3264 §8.4).
            self.media
                .has_null_address()
                .then(|| Direction::of(self.media.direction.sends(), false))
        })
    }

    fn push_media(&self, out: &mut Vec<u8>, value: &[u8]) {
        let port = self.ports.map_or(0, |ports| ports.rtp);
        let Some(((kind, _), tail)) = word(value).and_then(|kind| Some((kind, word(kind.1)?.1)))
        else {
            return;
        };
        out.extend_from_slice(b"m=");
        out.extend_from_slice(kind);
        push_fmt(out, format_args!(" {port}"));
        out.extend_from_slice(tail);
    }
}

/// Lines that a section needs and that were not met yet.
struct Missing {
    connection: bool,
    rtcp: Option<PortPair>,
    direction: Option<Direction>,
}

impl Missing {
    /// Writes what is missing, once.
    fn insert(&mut self, out: &mut Vec<u8>, model: &Line<'_>, address: IpAddr) {
        if std::mem::take(&mut self.connection) {
            insert(out, model, |out| push_connection(out, address));
        }
        if let Some(ports) = self.rtcp.take() {
            insert(out, model, |out| push_rtcp(out, ports));
        }
        if let Some(direction) = self.direction.take() {
            insert(out, model, |out| push_direction(out, direction));
        }
    }
}

fn is_named(line: &Line<'_>, name: &[u8]) -> bool {
    attribute(line).is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
}

pub(super) fn is_direction(line: &Line<'_>) -> bool {
    attribute(line).is_some_and(|(key, _)| Direction::parse(key).is_some())
}

fn is_stripped(line: &Line<'_>) -> bool {
    attribute(line).is_some_and(|(key, value)| {
        is_keying(key)
            || STRIPPED.iter().any(|name| name.eq_ignore_ascii_case(key))
            || key.eq_ignore_ascii_case(b"rtcp-mux-only")
            || (key.eq_ignore_ascii_case(b"group") && value.starts_with(b"BUNDLE"))
    })
}

pub(super) fn copy(out: &mut Vec<u8>, line: &Line<'_>) {
    put(out, line, |out| out.extend_from_slice(line.text));
}

/// Writes a line in the place of `line`, with its line end.
pub(super) fn put(out: &mut Vec<u8>, line: &Line<'_>, text: impl FnOnce(&mut Vec<u8>)) {
    text(out);
    out.extend_from_slice(line.end);
}

/// Writes a line that was not there, with the line end of the section's first line.
pub(super) fn insert(out: &mut Vec<u8>, model: &Line<'_>, text: impl FnOnce(&mut Vec<u8>)) {
    let end = if model.end.is_empty() {
        b"\r\n"
    } else {
        model.end
    };
    if out.last().is_some_and(|octet| *octet != b'\n') {
        out.extend_from_slice(end);
    }
    text(out);
    out.extend_from_slice(end);
}

pub(super) fn push_fmt(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a Vec takes all that is written to it");
}

pub(super) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address.to_canonical() {
        IpAddr::V4(address) => push_fmt(out, format_args!("IN IP4 {address}")),
        IpAddr::V6(address) => push_fmt(out, format_args!("IN IP6 {address}")),
    }
}

fn push_connection(out: &mut Vec<u8>, address: IpAddr) {
    out.extend_from_slice(b"c=");
    push_address(out, address);
}

fn push_rtcp(out: &mut Vec<u8>, ports: PortPair) {
    push_fmt(out, format_args!("a=rtcp:{}", ports.rtcp));
}

pub(super) fn push_direction(out: &mut Vec<u8>, direction: Direction) {
    push_fmt(out, format_args!("a={}", direction.as_str()));
}

/// An o= line that is not as RFC 8866 §5.2 wants it is written anew.
fn push_origin(out: &mut Vec<u8>, value: &[u8], rewrite: &Rewrite<'_>) {
    let mut fields = words(value);
    let user = fields.next().unwrap_or(b"-");
    let numbers = fields
        .next()
        .zip(fields.next())
        .filter(|(id, version)| decimal(id).is_some() && decimal(version).is_some());
    out.extend_from_slice(b"o=");
    out.extend_from_slice(user);
    match (rewrite.origin, numbers) {
        (Some(origin), _) => push_fmt(out, format_args!(" {} {} ", origin.session, origin.version)),
        (None, Some((id, version))) => {
            for number in [id, version] {
                out.push(b' ');
                out.extend_from_slice(number);
            }
            out.push(b' ');
        }
        (None, None) => out.extend_from_slice(b" 0 0 "),
    }
    push_address(out, rewrite.address);
}

/// The same o= line with other numbers; its address stays.
pub(super) fn push_origin_numbers(out: &mut Vec<u8>, value: &[u8], origin: Origin) {
    let mut fields = words(value);
    out.extend_from_slice(b"o=");
    out.extend_from_slice(fields.next().unwrap_or(b"-"));
    push_fmt(out, format_args!(" {} {}", origin.session, origin.version));
    for field in fields.skip(2) {
        out.push(b' ');
        out.extend_from_slice(field);
    }
}
