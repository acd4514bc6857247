use memchr::{memchr_iter, memrchr};

use crate::error::ParseError;
use crate::lex::{decimal, is_space, is_token, trim, trim_end, trim_start};
use crate::method::Method;
use crate::name::Name;

/// How many header lines a message may have.
pub const MAX_HEADERS: usize = 128;

/// How many octets a message may have: offsets are 16 bits wide.
pub const MAX_MESSAGE: usize = 65_535;

/// What carries a message, and so what ends its body (RFC 3261 §18.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One message is one datagram or one WebSocket frame: without Content-Length the body runs to its end.
    Datagram,
    /// Messages follow one another: Content-Length is required.
    Stream,
}

/// Where the parts of one message are. Holds no octets of it and nothing on the heap.
#[derive(Clone)]
pub struct Index {
    start: Start,
    body: Span,
    ignored: u16,
    count: u8,
    /// The slot of the first header of each known name.
    first: [u8; Name::KNOWN],
    slots: [Slot; MAX_HEADERS],
}

/// Half-open range of octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    end: u16,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Span,
    pub(crate) value: Span,
    pub(crate) id: Name,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The first line was not seen yet.
    Unread,
    Request {
        method: Method,
        token: Span,
        uri: Span,
    },
    Response {
        status: u16,
        reason: Span,
    },
}

const NO_SLOT: u8 = u8::MAX;

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        // Heads and bodies are held to MAX_MESSAGE before any span is made.
        let narrow = |offset| u16::try_from(offset).unwrap_or(u16::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    /// Where it is.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }

    /// The octets of the span; empty where `raw` is not what was indexed.
    pub(crate) fn of(self, raw: &[u8]) -> &[u8] {
        raw.get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }

    /// The span of `part`, which `line` holds and which starts `line_start` octets into the message.
    fn within(line_start: usize, line: &[u8], part: &[u8]) -> Self {
        let offset = (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
        let start = line_start + offset.min(line.len());
        Self::new(start, start + part.len())
    }
}

impl Index {
    /// Indexes one message.
    ///
    /// # Errors
    ///
    /// A fault that forbids acting on the message; [`Index::salvage`] recovers what an answer needs.
    pub fn parse(raw: &[u8], framing: Framing) -> Result<Self, ParseError> {
        let lead = leading_line_ends(raw);
        if lead == raw.len() {
            return Err(ParseError::Empty);
        }
        if raw.len() > MAX_MESSAGE && framing == Framing::Datagram {
            return Err(ParseError::TooLarge);
        }
        let mut index = Self::empty();
        let mut scan = HeadScan::at(lead);
        let window = raw.get(..MAX_MESSAGE).unwrap_or(raw);
        let Some(head) = scan.advance(&mut index, window)? else {
            return Err(if raw.len() > MAX_MESSAGE {
                ParseError::TooLarge
            } else {
                ParseError::Incomplete
            });
        };
        scan.verdict()?;
        let length = index.body_length(raw, head, framing)?;
        index.set_body(head, length)?;
        Ok(index)
    }

    /// Indexes what can be read of a message that [`Index::parse`] refuses, so that it can be answered.
    ///
    /// The body is left out, and so are headers beyond the limit. `None` where not even the first line is SIP.
    #[must_use]
    pub fn salvage(raw: &[u8]) -> Option<Self> {
        let window = raw.get(..MAX_MESSAGE).unwrap_or(raw);
        let mut index = Self::empty();
        let mut scan = HeadScan::at(leading_line_ends(window));
        match scan.advance(&mut index, window) {
            Ok(_) if index.start != Start::Unread => Some(index),
            Ok(_) | Err(_) => None,
        }
    }

    /// How many octets of the buffer the message takes, leading line ends included.
    #[must_use]
    pub fn message_len(&self) -> usize {
        usize::from(self.body.end)
    }

    /// How many header lines were left out: no colon, or a name that is no token.
    #[must_use]
    pub fn ignored_lines(&self) -> u16 {
        self.ignored
    }

    pub(crate) const fn empty() -> Self {
        let span = Span { start: 0, end: 0 };
        Self {
            start: Start::Unread,
            body: span,
            ignored: 0,
            count: 0,
            first: [NO_SLOT; Name::KNOWN],
            slots: [Slot {
                name: span,
                value: span,
                id: Name::Other,
            }; MAX_HEADERS],
        }
    }

    pub(crate) fn start(&self) -> Start {
        self.start
    }

    pub(crate) fn body(&self) -> Span {
        self.body
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        self.slots
            .get(..usize::from(self.count))
            .unwrap_or_default()
    }

    /// The slots from the first one of this name on.
    pub(crate) fn slots_from(&self, name: Name) -> &[Slot] {
        match self.first.get(name.ordinal()) {
            Some(first) => self.slots().get(usize::from(*first)..).unwrap_or_default(),
            None => self.slots(),
        }
    }

    /// How long the body is (RFC 3261 §18.3, §20.14).
    pub(crate) fn body_length(
        &self,
        raw: &[u8],
        head: usize,
        framing: Framing,
    ) -> Result<usize, ParseError> {
        let actual = raw.len().saturating_sub(head);
        match (self.content_length(raw)?, framing) {
            (Some(declared), _) if declared > actual => {
                Err(ParseError::BodyTooShort { declared, actual })
            }
            (Some(declared), _) => Ok(declared),
            (None, Framing::Datagram) => Ok(actual),
            (None, Framing::Stream) => Err(ParseError::ContentLengthMissing),
        }
    }

    pub(crate) fn content_length(&self, raw: &[u8]) -> Result<Option<usize>, ParseError> {
        let mut agreed = None;
        for slot in self
            .slots_from(Name::ContentLength)
            .iter()
            .filter(|slot| slot.id == Name::ContentLength)
        {
            let length =
                decimal(slot.value.of(raw)).and_then(|length| usize::try_from(length).ok());
            let length = length.ok_or(ParseError::ContentLength)?;
            if agreed.is_some_and(|agreed| agreed != length) {
                return Err(ParseError::ContentLengthConflict);
            }
            agreed = Some(length);
        }
        Ok(agreed)
    }

    pub(crate) fn set_body(&mut self, head: usize, length: usize) -> Result<(), ParseError> {
        let end = head
            .checked_add(length)
            .filter(|end| *end <= MAX_MESSAGE)
            .ok_or(ParseError::TooLarge)?;
        self.body = Span::new(head, end);
        Ok(())
    }

    fn push(&mut self, slot: Slot) -> Result<(), ParseError> {
        let place = self
            .slots
            .get_mut(usize::from(self.count))
            .ok_or(ParseError::TooManyHeaders)?;
        *place = slot;
        if let Some(first) = self.first.get_mut(slot.id.ordinal())
            && *first == NO_SLOT
        {
            *first = self.count;
        }
        self.count += 1;
        Ok(())
    }

    fn last_mut(&mut self) -> Option<&mut Slot> {
        self.slots.get_mut(usize::from(self.count.checked_sub(1)?))
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("start", &self.start)
            .field("body", &self.body)
            .field("ignored", &self.ignored)
            .field("slots", &self.slots())
            .finish_non_exhaustive()
    }
}

/// How many CR and LF stand in front of the message (RFC 3261 §7.5).
pub(crate) fn leading_line_ends(raw: &[u8]) -> usize {
    raw.iter()
        .take_while(|octet| matches!(octet, b'\r' | b'\n'))
        .count()
}

/// The one pass over a head, line by line. It can stop where the octets end and go on when more are there, which
/// makes it the framer of streams too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeadScan {
    /// Where the line that is not yet complete starts.
    line: usize,
    /// No LF is between `line` and here.
    seen: usize,
    /// Whether a folded line would continue a header that was kept.
    foldable: bool,
    /// A fault that does not hinder reading on; the first one counts.
    fault: Option<ParseError>,
}

impl HeadScan {
    pub(crate) fn at(start: usize) -> Self {
        Self {
            line: start,
            seen: start,
            ..Self::default()
        }
    }

    /// Reads on; the answer is where the body starts, or `None` where the head goes on past the end of `raw`.
    pub(crate) fn advance(
        &mut self,
        index: &mut Index,
        raw: &[u8],
    ) -> Result<Option<usize>, ParseError> {
        let from = self.seen;
        for found in memchr_iter(b'\n', raw.get(from..).unwrap_or_default()) {
            let end = from + found;
            let line = raw.get(self.line..end).unwrap_or_default();
            let start = self.line;
            self.line = end + 1;
            self.seen = end + 1;
            match line.first() {
                _ if index.start == Start::Unread => self.read_start(index, start, line)?,
                Some(b' ' | b'\t') => self.read_fold(index, start, line),
                None => return Ok(Some(self.line)),
                Some(b'\r') if line.len() == 1 => return Ok(Some(self.line)),
                Some(_) => self.read_header(index, start, line),
            }
        }
        self.seen = raw.len();
        Ok(None)
    }

    /// The fault that forbids acting on a head that was read to its end.
    pub(crate) fn verdict(&self) -> Result<(), ParseError> {
        self.fault.map_or(Ok(()), Err)
    }

    fn note(&mut self, fault: ParseError) {
        self.fault.get_or_insert(fault);
    }

    fn read_start(&mut self, index: &mut Index, at: usize, line: &[u8]) -> Result<(), ParseError> {
        let text = trim(line);
        let version = if text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
        {
            let (version, rest) = split_at_space(text).ok_or(ParseError::StartLine)?;
            let (code, reason) = split_at_space(rest).unwrap_or((rest, &[]));
            let status = Some(code).filter(|code| code.len() == 3).and_then(decimal);
            let status = status
                .and_then(|status| u16::try_from(status).ok())
                .filter(|status| (100..700).contains(status));
            let status = status.ok_or(ParseError::StartLine)?;
            index.start = Start::Response {
                status,
                reason: Span::within(at, line, reason),
            };
            version
        } else {
            let (token, rest) = split_at_space(text).ok_or(ParseError::StartLine)?;
            let cut = memrchr(b' ', rest)
                .max(memrchr(b'\t', rest))
                .ok_or(ParseError::StartLine)?;
            let (uri, version) = rest.split_at_checked(cut).ok_or(ParseError::StartLine)?;
            let (uri, version) = (trim_end(uri), trim_start(version));
            let is_sip = version
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
            if !is_sip || !is_token(token) || uri.is_empty() {
                return Err(ParseError::StartLine);
            }
            index.start = Start::Request {
                method: Method::parse(token),
                token: Span::within(at, line, token),
                uri: Span::within(at, line, uri),
            };
            if uri.iter().any(|octet| is_space(*octet)) {
                self.note(ParseError::RequestUri);
            }
            version
        };
        if version.get(4..) != Some(b"2.0") {
            self.note(ParseError::Version);
        }
        Ok(())
    }

    fn read_header(&mut self, index: &mut Index, at: usize, line: &[u8]) {
        self.foldable = false;
        let Some((name, value)) = colon_in(line).and_then(|colon| line.split_at_checked(colon))
        else {
            index.ignored = index.ignored.saturating_add(1);
            return;
        };
        let name = trim_end(name);
        let id = Name::parse(name);
        if id == Name::Other && !is_token(name) {
            index.ignored = index.ignored.saturating_add(1);
            return;
        }
        // `value` is the rest of the line, its colon first.
        let text = trim_end(value);
        let start = text.len() - trim_start(text.get(1..).unwrap_or_default()).len();
        let from = at + line.len() - value.len();
        let slot = Slot {
            name: Span::new(at, at + name.len()),
            value: Span::new(from + start, from + text.len()),
            id,
        };
        match index.push(slot) {
            Ok(()) => self.foldable = true,
            Err(fault) => self.note(fault),
        }
    }

    /// A line that starts with white space goes on with the header above it (RFC 3261 §7.3.1).
    fn read_fold(&mut self, index: &mut Index, at: usize, line: &[u8]) {
        let more = trim(line);
        if !self.foldable {
            index.ignored = index.ignored.saturating_add(1);
            return;
        }
        if let Some(slot) = index.last_mut().filter(|_| !more.is_empty()) {
            let more = Span::within(at, line, more);
            if slot.value.start == slot.value.end {
                slot.value.start = more.start;
            }
            slot.value.end = more.end;
        }
    }
}

/// Where the colon is. Names are so short that looking at each octet is the fastest way.
fn colon_in(line: &[u8]) -> Option<usize> {
    line.iter().position(|octet| *octet == b':')
}

/// Splits at the first run of spaces.
fn split_at_space(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text
        .iter()
        .position(|octet| matches!(octet, b' ' | b'\t'))?;
    let (head, rest) = text.split_at_checked(at)?;
    Some((head, trim_start(rest)))
}
