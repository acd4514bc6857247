//! Digest credentials (RFC 7616 with MD5), for the probe.

use md5::{Digest as _, Md5};

/// The `Authorization` line that answers a challenge.
pub(crate) fn answer(
    challenge: &str,
    user: &str,
    password: &str,
    method: &str,
    uri: &str,
) -> String {
    let part = |name: &str| {
        challenge
            .split_once(&format!("{name}=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("", |(value, _)| value)
    };
    let (realm, nonce) = (part("realm"), part("nonce"));
    let ha1 = hex(&format!("{user}:{realm}:{password}"));
    let ha2 = hex(&format!("{method}:{uri}"));
    let response = hex(&format!("{ha1}:{nonce}:00000001:c:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}

fn hex(text: &str) -> String {
    let digest = Md5::digest(text.as_bytes());
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}
