//! Keys in SIP INFO, as phones send them: `application/dtmf-relay` with lines `Signal=5` and `Duration=160`, and
//! `application/dtmf` with the key alone. Neither has a standard; both are older than RFC 6086.

use std::time::Duration;

use bytes::Bytes;
use offhook_media_core::Digit;
use offhook_sip_core::Body;
use offhook_sip_message::{Message, Method};

/// What an INFO says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Info {
    /// A key, and how long it was held down.
    Key(Digit, Duration),
    /// It claims to be a key, and is none.
    Nonsense,
    /// It says nothing, which is fine.
    Nothing,
    /// It is about something else.
    Other,
}

impl Info {
    /// Reads a request. `None` when it is no INFO.
    pub(crate) fn read(request: &Message) -> Option<Self> {
        let view = request.view();
        if view.method() != Some(Method::Info) {
            return None;
        }
        let octets = view.body();
        let Some(content_type) = view.content_type() else {
            return Some(if octets.is_empty() {
                Self::Nothing
            } else {
                Self::Other
            });
        };
        let media_type = content_type.split(|b| *b == b';').next();
        let media_type = media_type.unwrap_or_default().trim_ascii();
        let is = |known: &[u8]| media_type.eq_ignore_ascii_case(known);
        Some(if is(RELAY) || is(PLAIN) {
            key(octets)
        } else if octets.is_empty() {
            Self::Nothing
        } else {
            Self::Other
        })
    }

    /// A key for a phone that understands INFO alone.
    pub(crate) fn body(digit: Digit, duration: Duration) -> Body {
        Body {
            content_type: Bytes::from_static(RELAY),
            octets: format!("Signal={digit}\r\nDuration={}\r\n", duration.as_millis()).into(),
        }
    }
}

const RELAY: &[u8] = b"application/dtmf-relay";
const PLAIN: &[u8] = b"application/dtmf";

/// What `Accept` says where an INFO about something else is refused (RFC 3261 §8.2.3).
pub(crate) const ACCEPT: &str = "application/dtmf-relay, application/dtmf";

/// A key that says nothing of how long it was held down.
pub(crate) const USUAL: Duration = Duration::from_millis(160);

/// A key is some dozen octets.
const LONGEST: usize = 256;

fn key(octets: &[u8]) -> Info {
    let text = std::str::from_utf8(octets).ok();
    let Some(text) = text.filter(|text| text.len() <= LONGEST) else {
        return Info::Nonsense;
    };
    let mut signal = None;
    let mut duration = USUAL;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(['=', ':']) else {
            signal = signal.or(Some(line));
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("Signal") {
            signal = Some(value);
        } else if name.eq_ignore_ascii_case("Duration")
            && let Ok(ms) = value.parse::<u64>()
        {
            duration = Duration::from_millis(ms.clamp(40, 5_000));
        }
    }
    match signal {
        // A hook flash is event 16 of RFC 4733: no key.
        Some("!" | "16" | "flash" | "hf") => Info::Other,
        Some(signal) => match signal.parse() {
            Ok(digit) => Info::Key(digit, duration),
            Err(_) => Info::Nonsense,
        },
        None => Info::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    use offhook_sip_message::Framing;

    use super::*;

    fn read(content_type: &str, body: &str) -> Info {
        let octets = format!(
            "INFO sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:1@h>;tag=a\r\n\
             To: <sip:2@h>;tag=b\r\nCall-ID: c\r\nCSeq: 2 INFO\r\n{content_type}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let request = Message::parse(octets.into(), Framing::Datagram).expect("a request");
        Info::read(&request).expect("an INFO")
    }

    fn pressed(name: char, ms: u64) -> Info {
        Info::Key(
            Digit::from_char(name).expect("a key"),
            Duration::from_millis(ms),
        )
    }

    #[test]
    fn keys_are_read_as_phones_write_them() {
        let relay = "Content-Type: application/dtmf-relay\r\n";
        for (body, info) in [
            ("Signal=5\r\nDuration=160\r\n", pressed('5', 160)),
            ("Signal= 5\r\nDuration= 100", pressed('5', 100)),
            ("signal=*\nduration=250\n", pressed('*', 250)),
            ("Signal=11\r\n", pressed('#', 160)),
            ("Signal: d\r\nDuration: 1\r\n", pressed('D', 40)),
            ("Signal=5\r\nDuration=99999999\r\n", pressed('5', 5_000)),
            ("Signal=5\r\nDuration=soon\r\n", pressed('5', 160)),
            ("Signal=flash\r\n", Info::Other),
            ("Signal=16\r\n", Info::Other),
        ] {
            assert_eq!(read(relay, body), info, "{body:?}");
        }
        let plain = "Content-Type: Application/DTMF; charset=utf-8\r\n";
        assert_eq!(read(plain, "7"), pressed('7', 160));
        assert_eq!(read(plain, "#\r\n"), pressed('#', 160));
    }

    #[test]
    fn what_claims_to_be_a_key_and_is_none_is_nonsense() {
        let relay = "Content-Type: application/dtmf-relay\r\n";
        let long = format!("Signal=5\r\n{}", " ".repeat(300));
        for body in [
            "",
            "Signal=\r\n",
            "Signal=55\r\n",
            "Signal=x",
            "Duration=9\r\n",
            &long,
        ] {
            assert_eq!(read(relay, body), Info::Nonsense, "{body:?}");
        }
    }

    #[test]
    fn other_things_are_left_alone() {
        assert_eq!(read("", ""), Info::Nothing);
        let xml = "Content-Type: application/media_control+xml\r\n";
        assert_eq!(read(xml, "<x/>"), Info::Other);
        assert_eq!(read(xml, ""), Info::Nothing);
    }

    #[test]
    fn what_we_write_we_can_read() {
        let body = Info::body(Digit::ALL[11], Duration::from_millis(90));
        let text = String::from_utf8_lossy(&body.octets).into_owned();
        assert_eq!(text, "Signal=#\r\nDuration=90\r\n");
        assert_eq!(key(&body.octets), pressed('#', 90));
    }
}
