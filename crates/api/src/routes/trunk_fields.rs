//! What may stand in a trunk.

use std::net::IpAddr;

use offhook_store::TrunkPatch;

use crate::body::Fields;
use crate::error::ApiError;

const LATER: &str = "is for trunks that register, which is not supported yet";

/// Reads a trunk's fields; `all` when it is being made.
pub(super) fn input(mut fields: Fields, all: bool) -> Result<TrunkPatch, ApiError> {
    let mut patch = TrunkPatch {
        name: fields.text("name", 1, 100),
        host: fields.text("host", 1, 255),
        port: fields
            .number("port", 1, u16::MAX.into())
            .and_then(|port| u16::try_from(port).ok()),
        from_domain: fields.text("from_domain", 0, 255),
        prefix: fields.text("prefix", 0, 16),
        strip: fields
            .number("strip", 0, 15)
            .and_then(|strip| u8::try_from(strip).ok()),
        caller_id: fields.digits("caller_id", 0, 15),
        priority: fields.number("priority", 0, 1_000),
        max_calls: fields.number("max_calls", 0, 1_000_000),
        active: fields.flag("active"),
    };
    refuse_what_comes_later(&mut fields);
    if let Some(host) = &mut patch.host {
        match host_of(host) {
            Some(sound) => *host = sound,
            None => fields.fail("host", "must be a host name or an IP address, without port"),
        }
    }
    if let Some(domain) = patch.from_domain.as_mut().filter(|text| !text.is_empty()) {
        match host_of(domain) {
            Some(sound) => *domain = sound,
            None => fields.fail("from_domain", "must be a host name or an IP address"),
        }
    }
    let dialled = |octet: u8| octet.is_ascii_digit() || octet == b'+';
    if patch
        .prefix
        .as_ref()
        .is_some_and(|text| !text.bytes().all(dialled))
    {
        fields.fail("prefix", "must be at most 16 digits or +");
    }
    if all {
        patch.name = fields.require("name", patch.name);
        patch.host = fields.require("host", patch.host);
    }
    fields.finish()?;
    Ok(patch)
}

/// Registration at a carrier and other transports: known to the contract, refused in words until they exist.
fn refuse_what_comes_later(fields: &mut Fields) {
    if fields.word("mode", &["ip", "register"], |mode| mode) == Some("register") {
        fields.fail("mode", "register is not supported yet; use ip");
    }
    let transport = fields.word("transport", &["udp", "tcp", "tls"], |word| word);
    if transport.is_some_and(|transport| transport != "udp") {
        fields.fail(
            "transport",
            "transports other than udp are not supported yet",
        );
    }
    // As it is read: a client may write back what it got.
    if fields
        .text("username", 0, 100)
        .is_some_and(|text| !text.is_empty())
    {
        fields.fail("username", LATER);
    }
    if fields.has("password") {
        fields.ignore("password");
        fields.fail("password", LATER);
    }
}

/// A host as it is kept: an address in its usual form, an IPv6 one without brackets. `None` for what is no host.
fn host_of(text: &str) -> Option<String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse::<IpAddr>() {
        let bracketed_v4 = bare.is_some() && ip.is_ipv4();
        let usable = !ip.is_unspecified() && !ip.is_multicast() && !bracketed_v4;
        return usable.then(|| ip.to_string());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    // A last label of digits alone is a mistyped address, not a name.
    let last = text.rsplit('.').next().unwrap_or_default();
    let named = last.bytes().any(|octet| octet.is_ascii_alphabetic());
    (text.len() <= 253 && named && text.split('.').all(is_label)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for (text, kept) in [
            ("sip.carrier.example", Some("sip.carrier.example")),
            ("trunk", Some("trunk")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("_sip._udp.a.example", Some("_sip._udp.a.example")),
            ("", None),
            ("a b", None),
            ("a..b", None),
            ("-a.example", None),
            ("a.example:5060", None),
            ("sip:a.example", None),
            ("300.1.1.1", None),
            ("0.0.0.0", None),
            ("224.0.0.1", None),
            ("[192.0.2.1]", None),
            ("[::1", None),
            ("user@a.example", None),
        ] {
            assert_eq!(host_of(text).as_deref(), kept, "{text}");
        }
        assert_eq!(host_of(&format!("{}.a", "x".repeat(64))), None);
    }
}
