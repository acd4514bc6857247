//! What REFER and NOTIFY say: whom to call, and how that goes.

use bytes::Bytes;
use offhook_sip_core::{Body, Command, Headers, LegId, TxId};
use offhook_sip_message::{Message, Name, NameAddr};

use crate::fence::Class;
use crate::phase::Context;

/// Whom a REFER names, as dialled; the status of the refusal when it names nobody that can be called.
pub(in crate::phase) fn refer_to(
    request: &Message,
    hosts: &dyn Fn(&[u8]) -> bool,
) -> Result<String, u16> {
    let view = request.view();
    let mut values = view.headers(Name::ReferTo);
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(400);
    };
    let address = NameAddr::parse(value).ok_or(400_u16)?;
    let uri = address.parsed_uri().ok_or(400_u16)?;
    if !uri.scheme.eq_ignore_ascii_case(b"sip") && !uri.is_secure() && !uri.is_tel() {
        return Err(416);
    }
    // Another dialog's place is not taken: an attended transfer is refused, not turned into a blind one.
    if address
        .uri
        .windows(9)
        .any(|part| part.eq_ignore_ascii_case(b"Replaces="))
    {
        return Err(501);
    }
    // Behind a bare URI the parameters are the header's, and then too nothing but a call is meant.
    let mut methods = [uri.params.get("method"), address.params.get("method")]
        .into_iter()
        .flatten();
    if methods.any(|method| method != b"INVITE") {
        return Err(501);
    }
    if !uri.is_tel() && !hosts(uri.bare_host()) {
        return Err(403);
    }
    let number = crate::dialled::number_of(&uri);
    if number.is_empty() {
        Err(404)
    } else {
        Ok(number)
    }
}

/// The Event of all NOTIFYs about one REFER. From the second of a conversation on it names the REFER by its CSeq, as two
/// in one dialog could not be told apart (RFC 3515 §2.4.6); phones of old know no id, so the first one has none.
pub(super) fn event(is_first: bool, cseq: u32) -> Bytes {
    if is_first {
        Bytes::from_static(b"refer")
    } else {
        Bytes::from(format!("refer;id={cseq}"))
    }
}

/// Tells of the progress of a REFER (RFC 3515 §2.4.4).
pub(super) fn notify(
    cx: &mut Context<'_>,
    leg: LegId,
    event: &Bytes,
    (line, state): (&str, &'static str),
) -> TxId {
    let tx = cx.office.next_tx();
    let headers: Headers = vec![
        (Bytes::from_static(b"Event"), event.clone()),
        (
            Bytes::from_static(b"Subscription-State"),
            Bytes::from_static(state.as_bytes()),
        ),
    ];
    let body = Body {
        content_type: Bytes::from_static(b"message/sipfrag;version=2.0"),
        octets: Bytes::copy_from_slice(line.as_bytes()),
    };
    let command = Command::Request {
        leg,
        tx,
        method: Bytes::from_static(b"NOTIFY"),
        headers,
        body: Some(body),
    };
    cx.held(leg, Class::Tells, command);
    tx
}

pub(super) const fn reason_of(status: u16) -> &'static str {
    match status {
        403 => "Forbidden",
        404 => "Not Found",
        480 => "Temporarily Unavailable",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        503 => "Service Unavailable",
        600 => "Busy Everywhere",
        603 => "Decline",
        _ => "Failed",
    }
}

/// The subscription is over with this NOTIFY (RFC 3515 §2.4.7).
pub(super) const OVER: &str = "terminated;reason=noresource";
