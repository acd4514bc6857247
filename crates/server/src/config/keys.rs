//! The table of keys: the one place that knows what they are called and what they may hold.

use std::fs;
use std::path::{Path, PathBuf};

use super::values::Value;
use super::{
    Bootstrap, Config, Digest, Http, Limits, Media, Node, Numbers, Retention, Sip, Store, Webhooks,
};
use crate::certificate;

/// Something that walks the keys in the order of the documentation.
pub(super) trait Visitor {
    /// The keys that follow stand in this section.
    fn section(&mut self, name: &'static str);

    /// A key, its value, and the rule its value keeps beyond its kind.
    fn key<T: Value>(
        &mut self,
        name: &'static str,
        value: &mut T,
        rule: impl Fn(&T) -> Result<(), String>,
    );

    /// A key of the contract that has an effect in a later version only: any other value than the default is refused.
    fn later<T: Value>(&mut self, name: &'static str, value: &mut T);
}

/// Shows every key of `config` to `visitor`.
pub(super) fn visit(config: &mut Config, visitor: &mut impl Visitor) {
    let Config {
        node,
        sip,
        numbers,
        media,
        http,
        webhooks,
        store,
        retention,
        limits,
        bootstrap,
    } = config;
    visit_node(node, visitor);
    visit_sip(sip, visitor);
    visit_numbers(numbers, visitor);
    visit_media(media, visitor);
    visit_http(http, visitor);
    visit_webhooks(webhooks, visitor);
    visit_store(store, visitor);
    visit_retention(retention, visitor);
    visit_limits(limits, visitor);
    visit_bootstrap(bootstrap, visitor);
}

fn visit_node(node: &mut Node, visitor: &mut impl Visitor) {
    visitor.section("node");
    visitor.key("name", &mut node.name, node_name);
    visitor.key("number", &mut node.number, |number| {
        within(u32::from(*number), 0, 1023)
    });
    visitor.key("customer_id", &mut node.customer_id, |id| {
        within(*id, 1, u32::MAX)
    });
    visitor.key("data_dir", &mut node.data_dir, any);
}

fn visit_sip(sip: &mut Sip, visitor: &mut impl Visitor) {
    visitor.section("sip");
    visitor.key("domain", &mut sip.domain, |domain| {
        if domain.is_empty() {
            Ok(())
        } else {
            host_name(domain)
        }
    });
    visitor.key("udp", &mut sip.udp, |addresses| distinct(addresses));
    visitor.key("tcp", &mut sip.tcp, |addresses| distinct(addresses));
    visitor.key("tls", &mut sip.tls, |addresses| distinct(addresses));
    visitor.key("tls_cert", &mut sip.tls_cert, |file| {
        readable(file, certificate::read_certificates)
    });
    visitor.key("tls_key", &mut sip.tls_key, |file| {
        readable(file, certificate::read_key)
    });
    visitor.later("wss", &mut sip.wss);
    visitor.key("advertise", &mut sip.advertise, any);
    visitor.later("trusted_edges", &mut sip.trusted_edges);
    visitor.key("digest", &mut sip.digest, |algorithms: &Vec<Digest>| {
        if algorithms.is_empty() {
            return Err("must name an algorithm: nobody is let in without a password".to_owned());
        }
        distinct(algorithms)
    });
}

fn visit_numbers(numbers: &mut Numbers, visitor: &mut impl Visitor) {
    visitor.section("numbers");
    visitor.key("country", &mut numbers.country, |country| {
        let known =
            offhook_call::Numbering::new(Some(country.as_str()).filter(|text| !text.is_empty()));
        known.map(drop).map_err(|error| error.to_string())
    });
}

fn visit_media(media: &mut Media, visitor: &mut impl Visitor) {
    visitor.section("media");
    visitor.key("relay", &mut media.relay, any);
    visitor.key("srtp", &mut media.srtp, any);
    visitor.key("rtp_ports", &mut media.rtp_ports, any);
    visitor.key("rtp_timeout", &mut media.rtp_timeout, |seconds| {
        within(*seconds, 0, 86_400)
    });
    visitor.key("threads", &mut media.threads, |threads| {
        within(*threads, 0, 64)
    });
    visitor.key("advertise", &mut media.advertise, any);
}

fn visit_http(http: &mut Http, visitor: &mut impl Visitor) {
    visitor.section("http");
    visitor.key("listen", &mut http.listen, any);
    visitor.later("tls_cert", &mut http.tls_cert);
    visitor.later("tls_key", &mut http.tls_key);
    visitor.later("trusted_proxies", &mut http.trusted_proxies);
}

fn visit_webhooks(webhooks: &mut Webhooks, visitor: &mut impl Visitor) {
    visitor.section("webhooks");
    visitor.key("allow_networks", &mut webhooks.allow_networks, any);
    visitor.key("extra_roots", &mut webhooks.extra_roots, |files| {
        files
            .iter()
            .try_for_each(|file| certificate::read_certificates(file).map(drop))
    });
    visitor.key(
        "default_timeout_ms",
        &mut webhooks.default_timeout_ms,
        |ms| within(*ms, 1_000, 30_000),
    );
    visitor.later("bind_address", &mut webhooks.bind_address);
    visitor.later("proxy", &mut webhooks.proxy);
}

fn visit_store(store: &mut Store, visitor: &mut impl Visitor) {
    visitor.section("store");
    visitor.later("url", &mut store.url);
}

fn visit_retention(retention: &mut Retention, visitor: &mut impl Visitor) {
    visitor.section("retention");
    visitor.key("events_days", &mut retention.events_days, any);
    visitor.key("attempts_days", &mut retention.attempts_days, any);
    visitor.key("captures_days", &mut retention.captures_days, any);
    visitor.key("captures_bytes", &mut retention.captures_bytes, any);
    visitor.later("cdrs_days", &mut retention.cdrs_days);
    visitor.key("recordings_days", &mut retention.recordings_days, any);
}

fn visit_limits(limits: &mut Limits, visitor: &mut impl Visitor) {
    visitor.section("limits");
    visitor.key("max_new_calls_per_s", &mut limits.max_new_calls_per_s, any);
    visitor.key(
        "invites_per_s_per_source",
        &mut limits.invites_per_s_per_source,
        any,
    );
    visitor.key(
        "registers_per_s_per_source",
        &mut limits.registers_per_s_per_source,
        any,
    );
    visitor.key(
        "failed_auth_before_ban",
        &mut limits.failed_auth_before_ban,
        any,
    );
    visitor.key("ban_s", &mut limits.ban_s, any);
    // Below 1,300 octets an ordinary INVITE of a phone with several codecs would not be read.
    visitor.key(
        "max_message_bytes",
        &mut limits.max_message_bytes,
        |octets| within(*octets, 1_300, 65_535),
    );
    visitor.key("exempt_networks", &mut limits.exempt_networks, any);
}

fn visit_bootstrap(bootstrap: &mut Bootstrap, visitor: &mut impl Visitor) {
    visitor.section("bootstrap");
    visitor.key("admin_email", &mut bootstrap.admin_email, |email| {
        email_address(email)
    });
    visitor.key(
        "admin_password_file",
        &mut bootstrap.admin_password_file,
        password_file,
    );
}

fn any<T>(_: &T) -> Result<(), String> {
    Ok(())
}

fn within(number: u32, low: u32, high: u32) -> Result<(), String> {
    if (low..=high).contains(&number) {
        Ok(())
    } else {
        Err(format!("{number} is not between {low} and {high}"))
    }
}

fn distinct<T: PartialEq + Value>(values: &[T]) -> Result<(), String> {
    let twice = values
        .iter()
        .enumerate()
        .find(|(n, value)| values.iter().take(*n).any(|earlier| earlier == *value));
    twice.map_or(Ok(()), |(_, value)| {
        Err(format!("{} stands there twice", value.write()))
    })
}

/// A name that can stand before the first dot of an event id.
fn node_name(name: &String) -> Result<(), String> {
    let fits = (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    if fits {
        Ok(())
    } else {
        Err(format!(
            "{name:?} is not 1 to 32 letters, digits and hyphens"
        ))
    }
}

fn host_name(name: &str) -> Result<(), String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let fits = name.len() <= 253 && name.split('.').all(label);
    if fits {
        Ok(())
    } else {
        Err(format!(
            "{name:?} is not a host name, such as \"pbx.example.org\""
        ))
    }
}

fn email_address(text: &str) -> Result<(), String> {
    let parts = text.split_once('@');
    let fits = parts
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || letter == ':'
        });
    if fits {
        Ok(())
    } else {
        Err(format!("{text:?} is not an e-mail address"))
    }
}

/// Whether a file, where one is named, has what is wanted of it.
fn readable<T>(
    file: &Option<PathBuf>,
    read: impl Fn(&Path) -> Result<T, String>,
) -> Result<(), String> {
    file.as_deref().map_or(Ok(()), |file| read(file).map(drop))
}

fn password_file(file: &Option<PathBuf>) -> Result<(), String> {
    let Some(file) = file else {
        return Ok(());
    };
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    if text.trim().is_empty() {
        Err(format!("{}: holds no password", file.display()))
    } else {
        Ok(())
    }
}
