//! What a source may send at all: a ban after wrong passwords, a rate of REGISTERs. Decided before the stack sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use offhook_base::Mono;
use offhook_sip_message::{Framing, Message, Method};

use crate::limit::{Buckets, Network, admit};

/// Limits by source; `None` for no limit.
#[derive(Clone, Debug, Default)]
pub struct GuardConfig {
    /// REGISTERs a second.
    pub registers_per_s: Option<u32>,
    /// Wrong passwords before a ban.
    pub failures_before_ban: Option<u32>,
    /// Length of a ban, and of the time in which wrong passwords are counted together. What a banned source sends is
    /// dropped without an answer, unless it belongs to a call that may be up.
    pub ban: Duration,
    /// Networks that no limit holds for.
    pub exempt: Vec<Network>,
}

/// Sources remembered at once: those that register, the suspects and the banned, each.
const REMEMBERED: usize = 10_000;

/// How often a full table is looked through for what has run out: never once for each message.
const SWEEP: Duration = Duration::from_secs(1);

/// Knows who failed and who is banned.
#[derive(Debug)]
pub(crate) struct Guard {
    config: GuardConfig,
    registers: Buckets,
    registers_swept: Sweep,
    suspects: Suspects,
    banned: BTreeMap<IpAddr, Mono>,
    banned_swept: Sweep,
}

/// When a table was last swept.
#[derive(Debug, Default)]
struct Sweep(Option<Mono>);

/// Sources that showed a wrong password, not banned yet.
#[derive(Debug, Default)]
struct Suspects {
    /// How often, and since when.
    failures: BTreeMap<IpAddr, (u32, Mono)>,
    /// The same, the least suspect first.
    ranks: BTreeSet<(u32, Mono, IpAddr)>,
}

impl Guard {
    pub(crate) fn new(config: GuardConfig) -> Self {
        Self {
            config,
            registers: Buckets::new(),
            registers_swept: Sweep::default(),
            suspects: Suspects::default(),
            banned: BTreeMap::new(),
            banned_swept: Sweep::default(),
        }
    }

    /// Whether a datagram or message of `source` is looked at.
    pub(crate) fn admits(&mut self, now: Mono, source: IpAddr, octets: &[u8]) -> bool {
        if self.banned.get(&source).is_some_and(|until| now < *until) {
            return may_belong_to_a_call(octets);
        }
        match self.config.registers_per_s {
            Some(rate) if is_register(octets) && !self.is_exempt(source) => {
                self.admits_register(now, source, rate)
            }
            _ => true,
        }
    }

    fn admits_register(&mut self, now: Mono, source: IpAddr, rate: u32) -> bool {
        // To admit a new source to a full table sweeps it.
        let full = self.registers.len() >= REMEMBERED && !self.registers.contains_key(&source);
        if full && !self.registers_swept.is_due(now) {
            return false;
        }
        admit(&mut self.registers, now, source, rate)
    }

    /// The stack refused genuine credentials of `source`: 401 and 403 mean a wrong password or somebody else's name.
    ///
    /// A right password does not clear the count, else whoever has one could try for others without end. Instead it
    /// starts anew when the length of a ban has passed.
    pub(crate) fn refused(&mut self, now: Mono, source: IpAddr, status: u16) {
        let Some(limit) = self.config.failures_before_ban else {
            return;
        };
        if !matches!(status, 401 | 403 | 407) || self.is_exempt(source) {
            return;
        }
        if self.suspects.count(now, source, self.config.ban) >= limit {
            self.suspects.forget(source);
            self.ban(now, source, limit);
        }
    }

    /// Bans a source. A ban that holds never makes room for another.
    fn ban(&mut self, now: Mono, source: IpAddr, limit: u32) {
        if self.banned.len() >= REMEMBERED && self.banned_swept.is_due(now) {
            self.banned.retain(|_, until| now < *until);
        }
        if self.banned.len() < REMEMBERED || self.banned.contains_key(&source) {
            tracing::warn!(%source, seconds = self.config.ban.as_secs(), "banned after {limit} wrong passwords");
            self.banned.insert(source, now + self.config.ban);
        }
    }

    fn is_exempt(&self, source: IpAddr) -> bool {
        self.config
            .exempt
            .iter()
            .any(|network| network.contains(source))
    }
}

impl Suspects {
    /// Counts one more wrong password of a source, of those within `window`.
    fn count(&mut self, now: Mono, source: IpAddr, window: Duration) -> u32 {
        let (before, since) = self.forget(source).unwrap_or((0, now));
        let (count, since) = if now - since > window {
            (1, now)
        } else {
            (before + 1, since)
        };
        if self.failures.len() >= REMEMBERED
            && let Some((_, _, least)) = self.ranks.pop_first()
        {
            self.failures.remove(&least);
        }
        self.failures.insert(source, (count, since));
        self.ranks.insert((count, since, source));
        count
    }

    fn forget(&mut self, source: IpAddr) -> Option<(u32, Mono)> {
        let (count, since) = self.failures.remove(&source)?;
        self.ranks.remove(&(count, since, source));
        Some((count, since))
    }
}

impl Sweep {
    /// Whether it is time again; if so, it is taken as done.
    fn is_due(&mut self, now: Mono) -> bool {
        let due = self.0.is_none_or(|last| now - last >= SWEEP);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

/// Whether a message is a REGISTER; empty lines before it are no part of it (RFC 3261 7.5).
fn is_register(octets: &[u8]) -> bool {
    without_empty_lines(octets).starts_with(b"REGISTER ")
}

/// Whether a message may be part of a call: a response, or a request that nobody needs a password for.
///
/// It is parsed as the stack does it, so that no header takes the one for what the other does not. A To tag that is of
/// no call gets 481, whatever the credentials.
fn may_belong_to_a_call(octets: &[u8]) -> bool {
    let octets = without_empty_lines(octets);
    if octets.starts_with(b"SIP/2.0 ") {
        return true;
    }
    if octets.starts_with(b"REGISTER ") {
        return false;
    }
    let Ok(message) = Message::parse(Bytes::copy_from_slice(octets), Framing::Datagram) else {
        return false;
    };
    let view = message.view();
    match view.method() {
        Some(
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Info
            | Method::Prack
            | Method::Update,
        ) => true,
        Some(Method::Register) | None => false,
        Some(_) => view.to_tag().is_some(),
    }
}

fn without_empty_lines(octets: &[u8]) -> &[u8] {
    let empty = octets.iter().take_while(|octet| b"\r\n".contains(octet));
    octets.get(empty.count()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    fn guard() -> Guard {
        Guard::new(GuardConfig {
            registers_per_s: Some(2),
            failures_before_ban: Some(3),
            ban: Duration::from_secs(300),
            exempt: Vec::new(),
        })
    }

    #[test]
    fn the_third_wrong_password_bans_this_source_only_and_for_its_time() {
        let mut guard = guard();
        for _ in 0..2 {
            guard.refused(at(0), SOURCE, 401);
        }
        assert!(guard.admits(at(0), SOURCE, b"INVITE "));
        guard.refused(at(0), SOURCE, 403);
        assert!(!guard.admits(at(299), SOURCE, b"INVITE "));
        assert!(guard.admits(at(299), IpAddr::from([192, 0, 2, 2]), b"INVITE "));
        assert!(guard.admits(at(300), SOURCE, b"INVITE "));
    }

    #[test]
    fn wrong_passwords_are_counted_together_within_the_length_of_a_ban_only() {
        let mut guard = guard();
        for hour in 0..10 {
            guard.refused(at(hour * 3_600), SOURCE, 401);
            guard.refused(at(hour * 3_600 + 60), SOURCE, 401);
        }
        assert!(guard.admits(at(40_000), SOURCE, b"INVITE "));
        guard.refused(at(40_000), SOURCE, 401);
        guard.refused(at(40_150), SOURCE, 401);
        guard.refused(at(40_300), SOURCE, 401);
        assert!(!guard.admits(at(40_300), SOURCE, b"INVITE "));
    }

    #[test]
    fn a_banned_source_keeps_its_calls_and_can_begin_nothing() {
        let mut guard = guard();
        for _ in 0..3 {
            guard.refused(at(0), SOURCE, 401);
        }
        let request = |method: &str, to: &str| {
            format!(
                "{method} sip:1002@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
                 From: <sip:1001@192.0.2.9>;tag=a\r\n{to}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
            )
        };
        let mut admits = |message: &str| guard.admits(at(1), SOURCE, message.as_bytes());
        let (outside, inside) = ("To: <sip:1002@192.0.2.9>", "To: <sip:1002@192.0.2.9>;tag=b");
        assert!(admits("SIP/2.0 200 OK\r\n"));
        for method in ["ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO"] {
            assert!(admits(&request(method, inside)), "{method}");
        }
        for method in ["INVITE", "OPTIONS", "REFER", "NOTIFY", "SUBSCRIBE"] {
            assert!(admits(&request(method, inside)), "{method} inside");
            assert!(!admits(&request(method, outside)), "{method} outside");
        }
        for method in ["REGISTER", "MESSAGE", "PUBLISH"] {
            assert!(!admits(&request(method, outside)), "{method}");
        }
        assert!(!admits(&request("REGISTER", inside)));
        for fake in [
            "To: \";tag=b\" <sip:1002@192.0.2.9>",
            "To: <sip:1002@192.0.2.9;tag=b>",
            "To: <sip:1002@192.0.2.9>\r\nX: ;tag=b",
        ] {
            assert!(!admits(&request("INVITE", fake)), "{fake}");
        }
        assert!(!admits(&format!("\r\n{}", request("REGISTER", outside))));
        assert!(!admits("INVITE nonsense"));
    }

    #[test]
    fn a_register_after_an_empty_line_is_limited_too() {
        let mut guard = guard();
        let taken = (0..5)
            .filter(|_| guard.admits(at(0), SOURCE, b"\r\nREGISTER sip:x SIP/2.0"))
            .count();
        assert_eq!(taken, 2);
    }

    fn stranger(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    const MANY: u32 = 10_000;

    #[test]
    fn no_number_of_sources_lifts_a_ban_or_clears_the_worst_suspect() {
        let mut guard = guard();
        let suspect = IpAddr::from([0, 0, 0, 1]);
        for _ in 0..2 {
            guard.refused(at(0), suspect, 401);
        }
        for _ in 0..3 {
            guard.refused(at(0), SOURCE, 401);
        }
        for n in 0..MANY * 3 {
            guard.refused(at(1), stranger(n + 1_000), 401);
        }
        assert!(guard.suspects.failures.len() <= REMEMBERED);
        assert_eq!(guard.suspects.failures.len(), guard.suspects.ranks.len());
        guard.refused(at(1), suspect, 401);
        assert!(!guard.admits(at(1), suspect, b"INVITE "));
        for n in 0..MANY * 2 {
            for _ in 0..3 {
                guard.refused(at(1), stranger(n + 1_000), 401);
            }
        }
        assert_eq!(guard.banned.len(), REMEMBERED);
        assert!(!guard.admits(at(1), SOURCE, b"INVITE "));
        assert!(!guard.admits(at(1), suspect, b"INVITE "));
    }

    #[test]
    fn a_full_table_is_swept_at_most_once_a_second() {
        let mut sweep = Sweep::default();
        let due: Vec<_> = [0, 1, 999, 1_000, 1_999, 2_000]
            .map(|ms: u64| sweep.is_due(Mono(ms * 1_000_000)))
            .to_vec();
        assert_eq!(due, [true, false, false, true, false, true]);

        let mut guard = guard();
        let mut register = |ms: u64, n: u32| {
            guard.admits(Mono(ms * 1_000_000), stranger(n), b"REGISTER sip:x SIP/2.0")
        };
        for n in 0..MANY {
            assert!(register(0, n));
        }
        assert!(!register(500, MANY), "all owe something, and it was swept");
        assert!(!register(1_400, MANY), "not swept again yet");
        assert!(register(400, 0), "who is known is judged by his own rate");
        assert!(register(1_500, MANY), "swept");
    }

    #[test]
    fn registers_are_limited_and_nothing_else() {
        let mut guard = guard();
        let taken = (0..5)
            .filter(|_| guard.admits(at(0), SOURCE, b"REGISTER sip:x SIP/2.0"))
            .count();
        assert_eq!(taken, 2);
        assert!(guard.admits(at(0), SOURCE, b"INVITE sip:x SIP/2.0"));
    }

    #[test]
    fn an_exempt_network_is_neither_limited_nor_banned() {
        let mut guard = guard();
        guard.config.exempt = vec![Network {
            address: IpAddr::from([192, 0, 2, 0]),
            prefix: 24,
        }];
        for _ in 0..10 {
            guard.refused(at(0), SOURCE, 401);
        }
        assert!((0..10).all(|_| guard.admits(at(0), SOURCE, b"REGISTER sip:x SIP/2.0")));
    }
}
