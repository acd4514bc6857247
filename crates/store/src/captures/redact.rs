//! Blanking out what a trace must not tell: answers to challenges and media keys.

use bytes::Bytes;
use memchr::memmem;

/// The message without secrets, as long as it was. Shares the octets when there is nothing to blank out.
pub(super) fn redact(message: Bytes) -> Bytes {
    let ranges = secrets(&message);
    if ranges.is_empty() {
        return message;
    }
    let mut copy = message.to_vec();
    for range in ranges {
        if let Some(secret) = copy.get_mut(range) {
            secret.fill(b'x');
        }
    }
    copy.into()
}

fn secrets(message: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut in_body = false;
    let mut in_credentials = false;
    let mut start = 0;
    while start < message.len() {
        let rest = message.get(start..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or_default();
        let secret = if in_body {
            media_key(line)
        } else {
            // A header goes on in lines that begin with white space (RFC 3261 section 7.3.1).
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            in_credentials = if folded {
                in_credentials
            } else {
                is_credentials(line)
            };
            in_body = matches!(line, b"\n" | b"\r\n");
            if in_credentials {
                digest_response(line)
            } else {
                None
            }
        };
        found.extend(secret.map(|range| start + range.start..start + range.end));
        start += length;
    }
    found
}

fn is_credentials(line: &[u8]) -> bool {
    ["authorization", "proxy-authorization"].iter().any(|name| {
        line.split_at_checked(name.len())
            .is_some_and(|(start, rest)| {
                start.eq_ignore_ascii_case(name.as_bytes())
                    && matches!(rest.trim_ascii_start().first(), Some(b':'))
            })
    })
}

/// The value of `response=`: its quoted string, or up to the next comma.
fn digest_response(line: &[u8]) -> Option<std::ops::Range<usize>> {
    let lower = line.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = memmem::find(lower.get(from..)?, b"response").map(|at| at + from) {
        from = at + b"response".len();
        let before = at.checked_sub(1).and_then(|before| lower.get(before));
        let after = lower.get(from..)?;
        let gap = after.len() - after.trim_ascii_start().len();
        if matches!(before, None | Some(b',' | b' ' | b'\t')) && after.get(gap) == Some(&b'=') {
            return Some(value(line, from + gap + 1));
        }
    }
    None
}

fn value(line: &[u8], from: usize) -> std::ops::Range<usize> {
    let rest = line.get(from..).unwrap_or_default();
    let start = from + (rest.len() - rest.trim_ascii_start().len());
    let (start, ends): (usize, &[u8]) = if line.get(start) == Some(&b'"') {
        (start + 1, b"\"\r\n")
    } else {
        (start, b",\r\n")
    };
    let length = line
        .get(start..)
        .unwrap_or_default()
        .iter()
        .position(|b| ends.contains(b));
    start..length.map_or(line.len(), |length| start + length)
}

/// The keys of an `a=crypto` line (RFC 4568) or all of a `k=` line. Written in another way it is a line all the same: whoever
/// reads it tolerantly has the key.
fn media_key(line: &[u8]) -> Option<std::ops::Range<usize>> {
    let end = line.trim_ascii_end().len();
    if line.starts_with(b"k=") {
        return Some(2..end);
    }
    let attribute = line.strip_prefix(b"a=")?.trim_ascii_start();
    let name = attribute.get(..b"crypto".len())?;
    if !name.eq_ignore_ascii_case(b"crypto") {
        return None;
    }
    let key = memmem::find(&line.to_ascii_lowercase(), b"inline:")? + b"inline:".len();
    Some(key..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(message.len(), expected.len());
        assert_eq!(
            String::from_utf8_lossy(&redact(Bytes::copy_from_slice(message.as_bytes()))),
            expected
        );
    }

    #[test]
    fn the_answer_to_a_challenge_is_blanked_out_and_nothing_else() {
        check(
            "REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"u\", response=\"0123abcd\", nc=00000001\r\nTo: response=1\r\n\r\n",
            "REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"u\", response=\"xxxxxxxx\", nc=00000001\r\nTo: response=1\r\n\r\n",
        );
        check(
            "A b SIP/2.0\nproxy-AUTHORIZATION : Digest Response = abc,uri=x\n\n",
            "A b SIP/2.0\nproxy-AUTHORIZATION : Digest Response = xxx,uri=x\n\n",
        );
    }

    #[test]
    fn a_folded_header_hides_nothing() {
        check(
            "A b SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n response=\"0123\"\r\nX: response=\"0\"\r\n\r\n",
            "A b SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n response=\"xxxx\"\r\nX: response=\"0\"\r\n\r\n",
        );
    }

    #[test]
    fn media_keys_are_blanked_out() {
        check(
            "INVITE a SIP/2.0\r\n\r\nv=0\r\nk=clear:abc\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abcd|2^20\r\na=sendrecv\r\n",
            "INVITE a SIP/2.0\r\n\r\nv=0\r\nk=xxxxxxxxx\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxxxxxxx\r\na=sendrecv\r\n",
        );
    }

    #[test]
    fn a_media_key_that_is_written_in_another_way_is_blanked_out_too() {
        check(
            "INVITE a SIP/2.0\n\nv=0\na= crypto :1 X inline:ab;inline:cd|1:4 KDR=1\na=CRYPTO:2 X INLINE:efgh\na=rtpmap:0 inline:x\n",
            "INVITE a SIP/2.0\n\nv=0\na= crypto :1 X inline:xxxxxxxxxxxxxxxxxxxxxx\na=CRYPTO:2 X INLINE:xxxx\na=rtpmap:0 inline:x\n",
        );
    }

    #[test]
    fn a_message_without_secrets_is_shared_not_copied() {
        let message =
            Bytes::from_static(b"OPTIONS sip:x SIP/2.0\r\nAuthorizationX: response=1\r\n\r\nk");
        assert_eq!(redact(message.clone()).as_ptr(), message.as_ptr());
    }

    #[test]
    fn hostile_headers_do_no_harm() {
        for text in [
            "",
            "\n",
            "Authorization: response",
            "Authorization: response=",
            "Authorization: response=\"",
            "\r\n\r\na=crypto:inline:",
        ] {
            let message = Bytes::copy_from_slice(text.as_bytes());
            assert_eq!(redact(message).len(), text.len());
        }
    }
}
