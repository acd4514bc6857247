//! SIP messages as rows.

use std::collections::HashMap;
use std::net::SocketAddr;

use offhook_sip_message::sdp::{Direction, Media, MediaKind, Sdp};
use offhook_sip_message::{Framing, Index, Method, Name, Uri, View, percent_decode};
use offhook_store::{CaptureTransport, CapturedMessage};

use super::cause::Sign;
use super::columns::Columns;
use super::legs::Legs;
use super::{Draft, FlowRow, RowKind, lossless};

/// Longest start of an unreadable message that is shown as its label.
const UNREADABLE: usize = 40;

/// Headers that tell why, and who goes where.
const TOLD: [&str; 4] = ["Reason", "Warning", "Refer-To", "Referred-By"];

/// A message with its index, where it has one.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    pub(super) message: &'a CapturedMessage,
    index: Option<Index>,
}

/// What a retransmission has in common with the message it repeats (RFC 3261 section 17): its way, its
/// transaction, its kind and its body.
#[derive(Eq, Hash, PartialEq)]
struct Likeness<'a> {
    inbound: bool,
    remote: SocketAddr,
    start: (Option<&'a [u8]>, Option<u16>),
    branch: Option<&'a [u8]>,
    call_id: Option<&'a [u8]>,
    cseq: Option<&'a [u8]>,
    to_tag: Option<&'a [u8]>,
    body: &'a [u8],
}

impl<'a> Parsed<'a> {
    pub(super) fn of(message: &'a CapturedMessage) -> Self {
        let index = Index::parse(&message.bytes, Framing::Datagram)
            .ok()
            .or_else(|| Index::salvage(&message.bytes));
        Self { message, index }
    }

    fn view(&self) -> Option<View<'_>> {
        self.index
            .as_ref()
            .map(|index| View::new(&self.message.bytes, index))
    }

    pub(super) fn is_request(&self) -> bool {
        self.view().is_some_and(|view| view.is_request())
    }

    pub(super) fn caller(&self) -> Option<String> {
        user(self.view()?.from()?.uri)
    }

    pub(super) fn called(&self) -> Option<String> {
        user(self.view()?.to()?.uri)
    }

    /// Whether the phone of a called leg took the call with it.
    pub(super) fn answers(&self) -> bool {
        self.message.leg.starts_with('B') && self.sign() == Some(Sign::Answer)
    }

    fn likeness(&self) -> Option<Likeness<'_>> {
        let view = self.view()?;
        Some(Likeness {
            inbound: self.message.inbound,
            remote: self.message.remote,
            start: (view.method_bytes(), view.status()),
            branch: view.top_via().and_then(|via| via.branch()),
            call_id: view.call_id(),
            cseq: view.header(Name::CSeq),
            to_tag: view.to_tag(),
            body: view.body(),
        })
    }

    fn sdp(&self) -> Option<Sdp<'_>> {
        Sdp::parse(self.view()?.body()).ok()
    }

    fn cseq(&self) -> Option<String> {
        self.view()?.header(Name::CSeq).map(lossless)
    }

    fn media(&self) -> Option<Vec<String>> {
        Some(self.sdp()?.media().iter().map(media).collect())
    }

    fn label(&self) -> String {
        let Some(view) = self.view() else {
            let line = self
                .message
                .bytes
                .split(|octet| matches!(octet, b'\r' | b'\n'))
                .next()
                .unwrap_or_default();
            let start: String = lossless(line).chars().take(UNREADABLE).collect();
            return format!("unreadable: {start}");
        };
        let mut label = match (view.method_bytes(), view.status()) {
            (Some(method), _) => lossless(method),
            (None, Some(status)) => {
                format!("{status} {}", lossless(view.reason().unwrap_or_default()))
            }
            (None, None) => "unreadable".to_owned(),
        };
        if self.sdp().is_some() {
            label.push_str(" (SDP)");
        }
        label
    }

    fn detail(&self) -> String {
        let Some(view) = self.view() else {
            return format!("{} octets", self.message.bytes.len());
        };
        let mut parts = Vec::new();
        parts.extend(self.cseq().map(|cseq| format!("CSeq {cseq}")));
        parts.extend(self.media().into_iter().flatten());
        for name in TOLD {
            parts.extend(
                view.header_named(name)
                    .map(|value| format!("{name} {}", lossless(value))),
            );
        }
        parts.extend(self.result());
        parts.join(" · ")
    }

    /// How a transfer goes, as a NOTIFY tells it (RFC 3515, section 2.4.4): the status line in its body.
    fn result(&self) -> Option<String> {
        let view = self
            .view()
            .filter(|view| view.method() == Some(Method::Notify))?;
        let line = view.body().split(|octet| *octet == b'\r').next()?;
        let status = line.strip_prefix(b"SIP/2.0 ")?;
        Some(lossless(status))
    }

    fn sign(&self) -> Option<Sign> {
        let view = self.view()?;
        let inbound = self.message.inbound;
        let cseq = view.cseq()?.method;
        let held = self.sdp().map(|sdp| sdp.is_held());
        match (view.method(), view.status()) {
            (Some(Method::Invite), _) if inbound && view.to_tag().is_none() => Some(Sign::Invite),
            (Some(Method::Invite | Method::Update), _) if inbound => {
                held.map(|held| if held { Sign::Hold } else { Sign::Unhold })
            }
            (Some(Method::Bye | Method::Cancel), _) if inbound => Some(Sign::End),
            (Some(Method::Refer), _) if inbound => Some(Sign::Transfer),
            (None, Some(status)) if inbound && cseq == Method::Invite => match status {
                101..200 => Some(Sign::Ringing),
                200..300 => Some(Sign::Answer),
                // The answer to our own CANCEL: the call was over before it.
                487 => None,
                300.. => Some(Sign::End),
                _ => None,
            },
            _ => None,
        }
    }
}

/// One row a message, in order of time.
pub(super) fn drafts(messages: &[Parsed<'_>], columns: &Columns, legs: &Legs<'_>) -> Vec<Draft> {
    let mut firsts: HashMap<Likeness<'_>, usize> = HashMap::new();
    let mut drafts = Vec::with_capacity(messages.len());
    for (place, parsed) in messages.iter().enumerate() {
        let first = parsed
            .likeness()
            .map(|likeness| *firsts.entry(likeness).or_insert(place));
        let repeats = first.filter(|first| *first != place);
        let sign = if repeats.is_some() {
            None
        } else {
            parsed.sign()
        };
        drafts.push(Draft {
            sign,
            repeats,
            ..Draft::of(row(parsed, columns, legs))
        });
    }
    drafts
}

fn row(parsed: &Parsed<'_>, columns: &Columns, legs: &Legs<'_>) -> FlowRow {
    let message = parsed.message;
    let (pbx, host) = (columns.pbx(), columns.host(message.remote));
    let (from, to) = if message.inbound {
        (host, pbx)
    } else {
        (pbx, host)
    };
    FlowRow {
        kind: RowKind::Sip,
        to,
        detail: parsed.detail(),
        leg: Some(legs.name(message.call, &message.leg)),
        raw: Some(lossless(&message.bytes)),
        cseq: parsed.cseq(),
        transport: Some(transport(message.transport)),
        sdp: parsed.media().map(|media| media.join(", ")),
        status: parsed.view().and_then(|view| view.status()),
        ..FlowRow::at(message.at, from, parsed.label(), message.call)
    }
}

pub(super) const fn transport(transport: CaptureTransport) -> &'static str {
    match transport {
        CaptureTransport::Tcp => "TCP",
        CaptureTransport::Tls => "TLS",
        CaptureTransport::Udp => "UDP",
        CaptureTransport::Wss => "WSS",
    }
}

/// `audio 127.0.0.1:4000 PCMU sendonly`; the direction only where it is not both ways.
fn media(media: &Media<'_>) -> String {
    let kind = match media.kind {
        MediaKind::Application => "application",
        MediaKind::Audio => "audio",
        MediaKind::Image => "image",
        MediaKind::Message => "message",
        MediaKind::Other => "other media",
        MediaKind::Text => "text",
        MediaKind::Video => "video",
    };
    if media.port == 0 {
        return format!("{kind} off");
    }
    let mut text = format!(
        "{kind} {}:{}",
        lossless(media.connection.unwrap_or_default()),
        media.port
    );
    if let Some(codec) = media
        .codecs()
        .filter_map(|codec| codec.name())
        .find(|name| !name.eq_ignore_ascii_case("telephone-event"))
    {
        text.push(' ');
        text.push_str(codec);
    }
    if media.direction != Direction::SendRecv {
        text.push(' ');
        text.push_str(media.direction.as_str());
    }
    text
}

fn user(uri: &[u8]) -> Option<String> {
    let user = Uri::parse(uri)?.user?;
    Some(lossless(&percent_decode(user)))
}
