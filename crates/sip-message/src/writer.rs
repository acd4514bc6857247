use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use memchr::{memchr, memchr3};

use crate::lex::{List, is_token_octet, split_around, trim_end};
use crate::name::Name;
use crate::uri::push_encoded;
use crate::via::Via;
use crate::view::View;

/// Appends one message to a reusable buffer.
///
/// Nothing that is given to it can break out of its line: a run of CR, LF and NUL in a value becomes one space
/// (which is also how a folded header is unfolded, RFC 3261 §7.3.1), control octets and spaces in a URI are
/// percent-encoded, and octets that no token may hold become `_` in a header's name. Writing never fails.
#[derive(Debug)]
#[must_use = "a message without `finish` has no end"]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    /// Starts a request.
    pub fn request(out: &'o mut Vec<u8>, method: &[u8], uri: &[u8]) -> Self {
        push_token(out, method);
        out.push(b' ');
        for octet in uri {
            match octet {
                0..=b' ' | 0x7f => push_encoded(*octet, out),
                _ => out.push(*octet),
            }
        }
        out.extend_from_slice(b" SIP/2.0\r\n");
        Self { out }
    }

    /// Starts a response. A status outside 100 to 699 is written as 500.
    pub fn response(out: &'o mut Vec<u8>, status: u16, reason: &[u8]) -> Self {
        let status = if (100..700).contains(&status) {
            status
        } else {
            500
        };
        out.extend_from_slice(b"SIP/2.0 ");
        push_decimal(out, usize::from(status));
        out.push(b' ');
        push_value(out, reason);
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Starts the response to a request (RFC 3261 §8.2.6.2): all Via, From, To, Call-ID and CSeq are copied.
    ///
    /// `to_tag` is added unless To has a tag. `source`, where the request came from, fills `received` and `rport` of
    /// the topmost Via (RFC 3261 §18.2.1, RFC 3581 §4), replacing what a client wrote there itself. Whatever the
    /// request lacks, the response lacks too: no request can make this fail.
    pub fn respond(
        out: &'o mut Vec<u8>,
        request: View<'_>,
        status: u16,
        reason: &[u8],
        to_tag: Option<&str>,
        source: Option<SocketAddr>,
    ) -> Self {
        let mut writer = Self::response(out, status, reason);
        for (place, value) in request.headers(Name::Via).enumerate() {
            writer.out.extend_from_slice(b"Via: ");
            match source.filter(|_| place == 0) {
                Some(source) => push_via_from(writer.out, value, source),
                None => push_value(writer.out, value),
            }
            writer.out.extend_from_slice(b"\r\n");
        }
        if let Some(from) = request.header(Name::From) {
            writer.header("From", from);
        }
        if let Some(to) = request.header(Name::To) {
            writer.out.extend_from_slice(b"To: ");
            push_value(writer.out, to);
            if let Some(tag) = to_tag.filter(|_| request.to_tag().is_none()) {
                writer.out.extend_from_slice(b";tag=");
                push_token(writer.out, tag.as_bytes());
            }
            writer.out.extend_from_slice(b"\r\n");
        }
        if let Some(call_id) = request.header(Name::CallId) {
            writer.header("Call-ID", call_id);
        }
        if let Some(cseq) = request.header(Name::CSeq) {
            writer.header("CSeq", cseq);
        }
        writer
    }

    /// Adds one header.
    pub fn header(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        push_token(self.out, name.as_ref());
        self.out.extend_from_slice(b": ");
        push_value(self.out, value.as_ref());
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Adds one header whose value is formatted, without a string in between.
    pub fn header_fmt(
        &mut self,
        name: impl AsRef<[u8]>,
        value: std::fmt::Arguments<'_>,
    ) -> &mut Self {
        push_token(self.out, name.as_ref());
        self.out.extend_from_slice(b": ");
        let start = self.out.len();
        if self.out.write_fmt(value).is_err() {
            // Only a Display of the caller's own can fail; what it wrote until then stays.
            self.out.push(b' ');
        }
        let needs_care = self
            .out
            .get(start..)
            .is_some_and(|value| memchr3(b'\r', b'\n', 0, value).is_some());
        if needs_care {
            let value = self.out.split_off(start);
            push_value(self.out, &value);
        }
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Copies all headers of this name from another message, in order.
    pub fn copy(&mut self, from: View<'_>, name: Name) -> &mut Self {
        for header in from.all_headers().filter(|header| header.id == name) {
            let long = name.as_str().as_bytes();
            self.header(
                if long.is_empty() { header.name } else { long },
                header.value,
            );
        }
        self
    }

    /// Ends the message: Content-Type and the body where there is one, and Content-Length.
    pub fn finish(mut self, body: Option<(&[u8], &[u8])>) {
        let octets = body.map_or(&[][..], |(_, octets)| octets);
        if let Some((content_type, _)) = body {
            self.header("Content-Type", content_type);
        }
        self.out.extend_from_slice(b"Content-Length: ");
        push_decimal(self.out, octets.len());
        self.out.extend_from_slice(b"\r\n\r\n");
        self.out.extend_from_slice(octets);
    }
}

/// Appends a value in which each run of CR, LF and NUL, with the white space around it, is one space.
fn push_value(out: &mut Vec<u8>, value: &[u8]) {
    let mut rest = value;
    while let Some(at) = memchr3(b'\r', b'\n', 0, rest) {
        let (head, tail) = split_around(rest, at);
        out.extend_from_slice(trim_end(head));
        out.push(b' ');
        rest = tail;
        while let [b'\r' | b'\n' | b'\t' | b' ' | 0, more @ ..] = rest {
            rest = more;
        }
    }
    out.extend_from_slice(rest);
}

/// Appends a token; octets that no token may hold become `_`.
fn push_token(out: &mut Vec<u8>, token: &[u8]) {
    let start = out.len();
    out.extend_from_slice(token);
    if !crate::is_token(token) {
        for octet in out.iter_mut().skip(start) {
            if !is_token_octet(*octet) {
                *octet = b'_';
            }
        }
    }
}

fn push_decimal(out: &mut Vec<u8>, number: usize) {
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % 10).map_or(b'0', |value| b'0' + value);
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// Appends a Via value whose topmost element says where the request came from.
fn push_via_from(out: &mut Vec<u8>, value: &[u8], source: SocketAddr) {
    let top = List::head(value);
    let Some(via) = Via::parse(top) else {
        return push_value(out, value);
    };
    let (sent_by, _) = split_around(via.raw, memchr(b';', via.raw).unwrap_or(via.raw.len()));
    push_value(out, trim_end(sent_by));
    let address = source.ip().to_canonical();
    let mut asked = false;
    for param in via.params {
        let is_rport = param.name.eq_ignore_ascii_case(b"rport");
        if is_rport && !asked {
            asked = true;
            out.extend_from_slice(b";rport=");
            push_decimal(out, usize::from(source.port()));
        } else if !is_rport && !param.name.eq_ignore_ascii_case(b"received") {
            out.push(b';');
            push_value(out, param.raw);
        }
    }
    if asked || via.host_ip() != Some(address) {
        out.extend_from_slice(b";received=");
        push_ip(out, address);
    }
    if let Some(below) = value.get(top.len()..) {
        push_value(out, below);
    }
}

fn push_ip(out: &mut Vec<u8>, address: IpAddr) {
    let written = match address {
        IpAddr::V4(address) => write!(out, "{address}"),
        IpAddr::V6(address) => write!(out, "{address}"),
    };
    debug_assert!(written.is_ok(), "a Vec takes all that is written to it");
}
