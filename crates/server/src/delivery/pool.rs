//! Connections that wait to be used again.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Which connections are alike.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Origin {
    pub(super) host: String,
    pub(super) port: u16,
}

/// A connection and the task that moves its octets; dropped, both end.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    opened: Instant,
    idle_until: Instant,
}

impl Connection {
    pub(super) fn new(
        sender: SendRequest<Full<Bytes>>,
        driver: JoinHandle<()>,
        now: Instant,
    ) -> Self {
        Self {
            sender,
            driver,
            opened: now,
            idle_until: now,
        }
    }

    fn is_usable(&self, now: Instant) -> bool {
        now < self.idle_until && now < self.opened + OLDEST && !self.sender.is_closed()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Idle connections by origin, the one used last on top.
#[derive(Debug, Default)]
pub(super) struct Pool(HashMap<Origin, Vec<Connection>>);

impl Pool {
    /// Takes one that is likely still good.
    pub(super) fn checkout(&mut self, origin: &Origin, now: Instant) -> Option<Connection> {
        let idle = self.0.get_mut(origin)?;
        while let Some(connection) = idle.pop() {
            if connection.is_usable(now) {
                return Some(connection);
            }
        }
        self.0.remove(origin);
        None
    }

    /// Puts one back, for as long as the receiver said that it keeps it, or for less than most receivers do.
    pub(super) fn checkin(
        &mut self,
        origin: Origin,
        mut connection: Connection,
        now: Instant,
        keep_alive: Option<Duration>,
    ) {
        let keep = keep_alive.map_or(IDLE, |keep| keep.saturating_sub(MARGIN).min(LONGEST_IDLE));
        connection.idle_until = now + keep;
        let idle = self.0.entry(origin).or_default();
        if idle.len() < MOST_IDLE && connection.is_usable(now) {
            idle.push(connection);
        }
    }

    /// Closes those that waited too long.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.0.retain(|_, idle| {
            idle.retain(|connection| connection.is_usable(now));
            !idle.is_empty()
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads `timeout=` of a `Keep-Alive` header.
pub(super) fn keep_alive(value: &str) -> Option<Duration> {
    let timeout = value
        .split(',')
        .filter_map(|part| part.trim().split_once('='));
    let (_, seconds) = timeout
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// Many receivers close after 5 s.
const IDLE: Duration = Duration::from_secs(4);
const LONGEST_IDLE: Duration = Duration::from_secs(60);
const MARGIN: Duration = Duration::from_secs(1);
/// So that a change of the name's addresses is seen.
const OLDEST: Duration = Duration::from_secs(5 * 60);
/// As many as an endpoint may have requests under way.
const MOST_IDLE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_says_how_long() {
        assert_eq!(keep_alive("timeout=5"), Some(Duration::from_secs(5)));
        assert_eq!(
            keep_alive("max=100, Timeout = 30"),
            Some(Duration::from_secs(30))
        );
        for value in ["", "timeout", "timeout=", "timeout=x", "max=5"] {
            assert_eq!(keep_alive(value), None, "{value}");
        }
    }
}
