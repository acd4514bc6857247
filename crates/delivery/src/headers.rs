//! The headers of a request (contract, section 1.5).

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offhook_base::{EventRecord, Secret, Wall, WebhookId};
use url::Url;

use crate::check::check_headers;
use crate::sign::{SigningKey, sign};

/// One header of a request. Printed for a log it shows its name only.
#[derive(Clone, Eq, PartialEq)]
pub struct Header {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value: printable ASCII.
    pub value: String,
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: …", self.name)
    }
}

/// What the headers of one attempt speak of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Particulars<'a> {
    pub(crate) event: &'a EventRecord,
    pub(crate) n: u32,
    pub(crate) prev_seq: u64,
    pub(crate) replayed: bool,
    /// `seq`s parked before this event.
    pub(crate) gap: &'a [u64],
}

/// What is the same in all requests to one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Letterhead {
    keys: Vec<SigningKey>,
    fixed: Vec<Header>,
}

impl Letterhead {
    /// Secrets that cannot be read are not signed with, headers that cannot be sent are left out: both were checked when they were saved.
    pub(crate) fn new(
        version: &str,
        endpoint: WebhookId,
        url: &Url,
        headers: &[(String, String)],
        secrets: &[Secret<String>],
    ) -> Self {
        let mut fixed = vec![
            header("content-type", "application/json".to_owned()),
            header("user-agent", format!("Offhook/{version}")),
            header("offhook-webhook", endpoint.to_string()),
        ];
        let custom: Vec<_> = headers
            .iter()
            .filter(|(name, value)| check_headers(&[(name, value)]).is_ok())
            .collect();
        if let Some(basic) = basic(url)
            && !custom
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            fixed.push(header("authorization", basic));
        }
        fixed.extend(custom.into_iter().map(|(name, value)| Header {
            name: Cow::Owned(name.clone()),
            value: value.clone(),
        }));
        Self {
            keys: secrets
                .iter()
                .filter_map(|secret| SigningKey::parse(secret).ok())
                .collect(),
            fixed,
        }
    }

    /// Every header but `Host` and `Content-Length`. The timestamp, and so the signature, is that of the attempt.
    pub(crate) fn headers(&self, now: Wall, what: Particulars<'_>) -> Vec<Header> {
        let Particulars {
            event,
            n,
            prev_seq,
            replayed,
            gap,
        } = what;
        let seconds = now.unix_seconds();
        let mut headers = Vec::with_capacity(self.fixed.len() + 9);
        headers.extend_from_slice(&self.fixed);
        headers.push(header("webhook-id", event.id.to_string()));
        headers.push(header("webhook-timestamp", seconds.to_string()));
        if !self.keys.is_empty() {
            headers.push(header(
                "webhook-signature",
                sign(&self.keys, &event.id, seconds, &event.body),
            ));
        }
        headers.push(header("offhook-event", event.name.as_str().to_owned()));
        headers.push(header("offhook-attempt", n.to_string()));
        if replayed {
            headers.push(header("offhook-replayed", "true".to_owned()));
        }
        if event.seq.is_some() {
            headers.push(header("offhook-prev-seq", prev_seq.to_string()));
        }
        if !gap.is_empty() {
            headers.push(header("offhook-gap", list(gap)));
        }
        headers
    }
}

const fn header(name: &'static str, value: String) -> Header {
    Header {
        name: Cow::Borrowed(name),
        value,
    }
}

fn list(seqs: &[u64]) -> String {
    let mut text = String::new();
    for seq in seqs {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing to a String cannot fail.
        write!(text, "{seq}").unwrap_or_default();
    }
    text
}

fn basic(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decode(url.username());
    pair.push(b':');
    pair.extend(percent_decode(url.password().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(pair)))
}

fn percent_decode(text: &str) -> Vec<u8> {
    let hex = |at: usize| {
        text.get(at + 1..at + 3)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    let mut octets = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&octet) = text.as_bytes().get(at) {
        match hex(at) {
            Some(decoded) if octet == b'%' => {
                octets.push(decoded);
                at += 3;
            }
            Some(_) | None => {
                octets.push(octet);
                at += 1;
            }
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::testing;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn letterhead(url: &str, headers: &[(&str, &str)], secrets: &[&str]) -> Letterhead {
        let headers: Vec<_> = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let secrets: Vec<_> = secrets
            .iter()
            .map(|&secret| Secret::new(secret.to_owned()))
            .collect();
        Letterhead::new(
            "1.2.3",
            WebhookId(7),
            &url.parse().unwrap(),
            &headers,
            &secrets,
        )
    }

    fn value<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
        headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    #[test]
    fn each_header_of_the_contract_is_there_and_only_when_it_says_something() {
        let event = testing::event(9, Some(4));
        let plain = Particulars {
            event: &event,
            n: 1,
            prev_seq: 3,
            replayed: false,
            gap: &[],
        };
        let letterhead = letterhead("https://example.com/", &[("X-Team", "a")], &[SECRET]);
        let headers = letterhead.headers(Wall::from_unix_seconds(1_614_265_330), plain);
        for (name, expected) in [
            ("webhook-id", &*event.id),
            ("webhook-timestamp", "1614265330"),
            ("Offhook-Event", "call.connected"),
            ("Offhook-Webhook", "7"),
            ("Offhook-Attempt", "1"),
            ("Offhook-Prev-Seq", "3"),
            ("User-Agent", "Offhook/1.2.3"),
            ("Content-Type", "application/json"),
            ("X-Team", "a"),
        ] {
            assert_eq!(value(&headers, name), Some(expected), "{name}");
        }
        assert_eq!(value(&headers, "offhook-replayed"), None);
        assert_eq!(value(&headers, "offhook-gap"), None);
        assert_eq!(value(&headers, "authorization"), None);

        let unnumbered = testing::event(9, None);
        let again = Particulars {
            event: &unnumbered,
            n: 4,
            prev_seq: 0,
            replayed: true,
            gap: &[2, 5],
        };
        let headers = letterhead.headers(Wall::from_unix_seconds(1), again);
        assert_eq!(value(&headers, "offhook-replayed"), Some("true"));
        assert_eq!(value(&headers, "offhook-gap"), Some("2, 5"));
        assert_eq!(value(&headers, "offhook-attempt"), Some("4"));
        assert_eq!(value(&headers, "offhook-prev-seq"), None);
    }

    #[test]
    fn credentials_in_the_address_become_basic_unless_the_admin_set_authorization() {
        let event = testing::event(9, Some(4));
        let plain = Particulars {
            event: &event,
            n: 1,
            prev_seq: 3,
            replayed: false,
            gap: &[],
        };
        let authorization = |url: &str, custom: &[(&str, &str)]| {
            let headers = letterhead(url, custom, &[]).headers(Wall(0), plain);
            assert_eq!(
                headers
                    .iter()
                    .filter(|header| header.name.eq_ignore_ascii_case("authorization"))
                    .count(),
                1
            );
            value(&headers, "authorization").unwrap().to_owned()
        };
        assert_eq!(
            authorization("https://Aladdin:open%20sesame@example.com/", &[]),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(
            authorization("https://me@example.com/", &[]),
            format!("Basic {}", STANDARD.encode("me:"))
        );
        assert_eq!(
            authorization("https://100%25:%zz@example.com/", &[]),
            format!("Basic {}", STANDARD.encode("100%:%zz"))
        );
        assert_eq!(
            authorization(
                "https://me:x@example.com/",
                &[("Authorization", "Bearer t")]
            ),
            "Bearer t"
        );
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign_and_each_verifies_by_a_foreign_library() {
        let rotated = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let event = testing::event(9, Some(4));
        let now = Wall::from_unix_seconds(testing::real_unix_seconds());
        let plain = Particulars {
            event: &event,
            n: 1,
            prev_seq: 3,
            replayed: false,
            gap: &[],
        };
        let verifies = |secrets: &[&str], verifier: &str, body: &[u8]| {
            let mut map = http::HeaderMap::new();
            for header in letterhead("https://example.com/", &[], secrets).headers(now, plain) {
                let name: http::HeaderName = header.name.parse().unwrap();
                map.insert(name, header.value.parse().unwrap());
            }
            standardwebhooks::Webhook::new(verifier)
                .unwrap()
                .verify(body, &map)
                .is_ok()
        };
        assert!(verifies(&[SECRET], SECRET, &event.body));
        assert!(!verifies(&[SECRET], rotated, &event.body));
        assert!(verifies(&[rotated, SECRET], SECRET, &event.body));
        assert!(verifies(&[rotated, SECRET], rotated, &event.body));
        assert!(verifies(&[rotated], rotated, &event.body));
        assert!(!verifies(&[rotated], SECRET, &event.body));
        assert!(!verifies(&[SECRET], SECRET, b"{}"));
    }
}
