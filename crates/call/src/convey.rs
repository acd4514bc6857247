//! What passes through the B2BUA from one leg to the other.
//!
//! Unknown headers and bodies pass as octets. What belongs to one hop, one dialog or one credential does not, nor
//! does what would let a phone claim another identity.

use bytes::Bytes;
use offhook_sip_core::{Body, Headers};
use offhook_sip_message::{Message, Name};

use crate::cause::EndCause;

/// Headers of `message` that the other leg gets.
pub(crate) fn headers(message: &Message) -> Headers {
    message
        .view()
        .all_headers()
        .filter(|header| passes(header.id, header.name))
        .map(|header| {
            (
                Bytes::copy_from_slice(header.name),
                Bytes::copy_from_slice(header.value),
            )
        })
        .collect()
}

/// Headers of an INVITE that the called leg gets: nobody makes another's phone answer by itself, and an outsider has no
/// say in how a phone of ours rings.
pub(crate) fn headers_of_invite(request: &Message, by_outsider: bool) -> Headers {
    let mut headers = headers(request);
    headers.retain(|(name, value)| {
        let is = |known: Name| Name::parse(name) == known;
        if by_outsider && (is(Name::AlertInfo) || is(Name::CallInfo)) {
            return false;
        }
        !answers_by_itself(Name::parse(name), name, value)
    });
    headers
}

/// Whether a header asks a phone to answer without its user, in any of the ways that phones know.
fn answers_by_itself(id: Name, name: &[u8], value: &[u8]) -> bool {
    let asks = |words: &[&str]| {
        let value = value.to_ascii_lowercase();
        let has = |word: &&str| {
            value
                .windows(word.len())
                .any(|part| part == word.as_bytes())
        };
        words.iter().any(has)
    };
    let named = [
        b"Priv-Answer-Mode".as_slice(),
        b"P-Auto-Answer",
        b"X-Auto-Answer",
    ];
    if id == Name::AlertInfo {
        // Also `info=alert-autoanswer`, `Ring Answer` and the like.
        return asks(&["answer", "auto", "intercom"]);
    }
    if id == Name::CallInfo {
        return asks(&["answer-after", "auto-answer", "autoanswer"]);
    }
    named.iter().any(|named| name.eq_ignore_ascii_case(named))
}

/// The body of `message` as it came; `None` when it has none.
pub(crate) fn body(message: &Message) -> Option<Body> {
    let view = message.view();
    let octets = view.body();
    (!octets.is_empty()).then(|| Body {
        content_type: Bytes::copy_from_slice(view.content_type().unwrap_or(b"application/sdp")),
        octets: Bytes::copy_from_slice(octets),
    })
}

/// Whether a body is an SDP (RFC 3261 §20.15: a media type compares without case).
pub(crate) fn is_sdp(body: &Body) -> bool {
    let media_type = body
        .content_type
        .split(|b| *b == b';')
        .next()
        .unwrap_or_default();
    media_type
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/sdp")
}

/// The `Reason` header for an end of ours (RFC 3326), unless `message` brought one that is passed on.
pub(crate) fn reason(cause: offhook_base::Cause) -> (Bytes, Bytes) {
    (
        Bytes::from_static(b"Reason"),
        Bytes::from(format!(
            "Q.850;cause={};text=\"{}\"",
            cause.q850, cause.text
        )),
    )
}

/// The cause of an end that a peer asked for: its own `Reason: Q.850` wins.
pub(crate) fn cause_of(message: Option<&Message>, otherwise: EndCause, sip: u16) -> EndCause {
    let named = message
        .and_then(|message| crate::cause::q850_of_reason(message.view().headers(Name::Reason)));
    match named {
        Some(q850) if q850 != otherwise.cause().q850 => EndCause::Reason { q850, sip },
        _ => otherwise,
    }
}

/// Text of a header value for people: event JSON, CDR, live list.
pub(crate) fn text(value: Option<&[u8]>) -> String {
    value
        .map(|octets| String::from_utf8_lossy(octets).into_owned())
        .unwrap_or_default()
}

/// The text of a `Warning` (RFC 3261 §20.43): what is between the quotes.
pub(crate) fn warning(message: &Message) -> Option<String> {
    let value = String::from_utf8_lossy(message.view().header(Name::Warning)?).into_owned();
    let text = value.split_once('"')?.1.rsplit_once('"')?.0;
    (!text.is_empty()).then(|| text.to_owned())
}

/// User-Agent of a request, Server of a response; some phones send User-Agent in both.
pub(crate) fn user_agent(message: &Message) -> String {
    let view = message.view();
    text(
        view.header(Name::UserAgent)
            .or_else(|| view.header(Name::Server)),
    )
}

/// Unknown headers pass; of the known ones only those that describe the call or its body.
fn passes(id: Name, name: &[u8]) -> bool {
    if id == Name::Other {
        !name.eq_ignore_ascii_case(b"Session-ID")
    } else {
        DESCRIBES_THE_CALL.contains(&id)
    }
}

/// Answer-Mode is not among them: one user must not make another's phone answer.
const DESCRIBES_THE_CALL: [Name; 17] = [
    Name::AlertInfo,
    Name::CallInfo,
    Name::ContentDisposition,
    Name::ContentEncoding,
    Name::ContentLanguage,
    Name::Date,
    Name::ErrorInfo,
    Name::Event,
    Name::InReplyTo,
    Name::MimeVersion,
    Name::Organization,
    Name::Priority,
    Name::Reason,
    Name::RetryAfter,
    Name::Subject,
    Name::SubscriptionState,
    Name::Warning,
];

#[cfg(test)]
mod tests {
    use offhook_sip_message::Framing;

    use super::*;

    /// Whether this header of an INVITE reaches the called phone.
    fn reaches(header: &str, by_outsider: bool) -> bool {
        let octets = format!(
            "INVITE sip:2002@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
             From: <sip:1@h>;tag=a\r\nTo: <sip:2@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\
             {header}\r\nContent-Length: 0\r\n\r\n"
        );
        let request = Message::parse(octets.into(), Framing::Datagram).expect("a request");
        !headers_of_invite(&request, by_outsider).is_empty()
    }

    #[test]
    fn nobody_makes_the_phone_of_another_answer_by_itself() {
        for header in [
            "Call-Info: <sip:h>;answer-after=0",
            "Call-Info: <sip:h>; Answer-After = 0",
            "Alert-Info: <http://h>;info=alert-autoanswer;delay=0",
            "Alert-Info: Auto Answer",
            "Alert-Info: <http://h>;info=Intercom",
            "Alert-Info: Ring Answer",
            "Answer-Mode: Auto",
            "Priv-Answer-Mode: Auto",
            "P-Auto-Answer: normal",
        ] {
            assert!(!reaches(header, false), "{header} of a user");
            assert!(!reaches(header, true), "{header} of an outsider");
        }
    }

    #[test]
    fn only_a_user_says_how_a_phone_rings() {
        for header in [
            "Alert-Info: <urn:alert:source:internal>",
            "Call-Info: <http://h/face.png>;purpose=icon",
        ] {
            assert!(reaches(header, false), "{header} of a user");
            assert!(!reaches(header, true), "{header} of an outsider");
        }
        assert!(reaches("Subject: lunch", true));
    }
}
