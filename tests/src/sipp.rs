//! sipp as caller and as phone.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::office::CARRIER;
use crate::process::{
    Process, Transport, eventually, free_port, until_bound, write_to_test_output,
};
use crate::scenario::render;
use crate::site::Account;

/// A sipp to be started.
#[derive(Clone, Debug)]
pub struct Sipp {
    scenario: &'static str,
    server: SocketAddr,
    transport: Transport,
    from: Option<IpAddr>,
    port: u16,
    calls: u32,
    rate: u32,
    password: String,
    values: BTreeMap<String, String>,
}

/// A sipp that runs.
#[derive(Debug)]
pub struct Running {
    process: Process,
    scenario: &'static str,
    folder: TempDir,
}

/// How many calls of a sipp were confirmed to it by a 200.
#[derive(Clone, Copy, Debug, Default)]
pub struct Confirmed {
    /// To the INVITE.
    pub answers: usize,
    /// To the BYE.
    pub ends: usize,
}

impl Sipp {
    /// One call of a scenario of `scenarios/`, over UDP, from a free port.
    #[must_use]
    pub fn new(scenario: &'static str, server: SocketAddr) -> Self {
        let values = [
            ("talk_ms", "100"),
            ("ring_ms", "100"),
            ("expires", "600"),
            ("status", "200"),
            ("user", "nobody"),
            ("cancel", ""),
            ("check", ""),
            ("invite", "invite.xml"),
            ("arrival", "uas_invite.xml"),
            ("over", ""),
            ("held", "sendonly"),
            ("direction", "recvonly"),
            ("target_host", "[remote_ip]:[remote_port]"),
            (
                "media",
                "m=audio [media_port] RTP/AVP 0\n      a=rtpmap:0 PCMU/8000",
            ),
        ];
        Self {
            scenario,
            server,
            transport: Transport::Udp,
            from: None,
            port: free_port(),
            calls: 1,
            rate: 1,
            password: String::new(),
            values: values
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    /// Sends as this account and knows its password.
    #[must_use]
    pub fn account(mut self, account: &Account) -> Self {
        self.password.clone_from(&account.password);
        self.value("user", &account.username)
    }

    /// Fills in a place of the scenario.
    #[must_use]
    pub fn value(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Refuses with this status, in a scenario that refuses.
    #[must_use]
    pub fn refusing(self, status: &str, reason: &str) -> Self {
        self.value("status", status).value("reason", reason)
    }

    /// Uses this transport.
    #[must_use]
    pub const fn transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Calls as a carrier does: from another address of loopback, without a password.
    #[must_use]
    pub fn carrier(mut self) -> Self {
        self.from = Some(CARRIER.into());
        self.value("invite", "trunk_invite.xml")
    }

    /// Takes calls as a carrier does: at another address of loopback, where it answers OPTIONS too. It takes any number of
    /// calls, until [`Running::stop`].
    #[must_use]
    pub fn carrier_at(self, port: u16) -> Self {
        self.carrier()
            .value("arrival", "carrier_invite.xml")
            .value("over", "  <label id=\"over\" />")
            .port(port)
            .calls(100_000, 1)
    }

    /// Uses this local port.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Ends after this many calls, and places so many in a second.
    #[must_use]
    pub const fn calls(mut self, calls: u32, rate: u32) -> Self {
        self.calls = calls;
        self.rate = rate;
        self
    }

    /// Starts it as a phone and waits until it listens.
    pub async fn listen(self) -> Running {
        let (transport, ip, port) = (self.transport, self.ip(), self.port);
        let running = self.start();
        until_bound(transport, ip, port).await;
        running
    }

    /// Starts it as a caller.
    ///
    /// # Panics
    /// When sipp is not installed.
    #[must_use]
    pub fn start(self) -> Running {
        let folder = TempDir::with_prefix("sipp-").unwrap();
        let file = folder.path().join(self.scenario).with_extension("xml");
        std::fs::write(&file, render(self.scenario, &self.values)).unwrap();
        let mut command = Command::new("sipp");
        command
            .arg(self.server.to_string())
            .arg("-sf")
            .arg(&file)
            .args([
                "-i",
                &self.ip().to_string(),
                "-mi",
                &self.ip().to_string(),
                "-p",
                &self.port.to_string(),
            ])
            .args([
                "-t",
                match self.transport {
                    Transport::Tcp => "t1",
                    Transport::Tls => panic!("sipp of Debian is built without TLS"),
                    Transport::Udp => "u1",
                },
            ])
            .args(["-m", &self.calls.to_string(), "-r", &self.rate.to_string()])
            .args([
                "-au",
                &self.values["user"],
                "-ap",
                &self.password,
                "-auth_uri",
                &self.digest_uri(),
            ])
            .args([
                "-nostdin",
                "-trace_err",
                "-error_file",
                "errors.log",
                "-trace_msg",
                "-message_file",
                "messages.log",
            ])
            .current_dir(folder.path())
            .env("TERM", "dumb");
        let name = format!("sipp {}", self.scenario);
        Running {
            process: Process::start(&name, "sip-tester", command),
            scenario: self.scenario,
            folder,
        }
    }

    /// Our address, of the server's family unless it was chosen.
    const fn ip(&self) -> IpAddr {
        match (self.from, self.server) {
            (Some(from), _) => from,
            (None, SocketAddr::V4(_)) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            (None, SocketAddr::V6(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }
    }

    /// The Request-URI without its scheme, which sipp adds (RFC 7616 section 3.4: the two are the same).
    fn digest_uri(&self) -> String {
        match self.values.get("to") {
            Some(to) => format!("{to}@{}", self.server),
            None => self.server.to_string(),
        }
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When a call of it went otherwise than the scenario says.
    pub async fn run(self) {
        self.start().finish().await;
    }
}

impl Running {
    /// Waits for its end.
    ///
    /// # Panics
    /// When a call of it went otherwise than the scenario says.
    pub async fn finish(mut self) {
        let status = self.process.finish(PATIENCE).await;
        assert!(
            status.success(),
            "sipp {}: {status}\n{}",
            self.scenario,
            self.log("errors.log")
        );
    }

    /// Waits until it has got a message that begins with this, and gives it.
    pub async fn got(&self, start: &str) -> String {
        let what = format!("{start} at sipp {}", self.scenario);
        eventually(&what, PATIENCE, async || {
            let messages = self.received();
            messages.into_iter().find(|text| text.starts_with(start))
        })
        .await
    }

    /// Waits until a message that it got or sent holds all of these texts, and gives that message.
    pub async fn until_message(&self, texts: &[&str]) -> String {
        eventually(&format!("a message with {texts:?}"), PATIENCE, async || {
            let messages = self.log("messages.log");
            let has_all = |message: &&str| texts.iter().all(|text| message.contains(text));
            messages
                .split(BETWEEN_MESSAGES)
                .find(has_all)
                .map(str::to_owned)
        })
        .await
    }

    /// The messages that it got so far.
    #[must_use]
    pub fn received(&self) -> Vec<String> {
        let log = self.log("messages.log");
        let messages = log.split(BETWEEN_MESSAGES);
        messages
            .filter_map(|message| message.split_once("message received"))
            .filter_map(|(_, message)| message.split_once("\n\n"))
            .map(|(_, message)| message.to_owned())
            .collect()
    }

    /// Ends it once the calls that it has are over.
    ///
    /// # Panics
    /// When a call of it went otherwise than the scenario says.
    pub async fn stop(self) {
        self.process.signal("-USR1").await;
        self.finish().await;
    }

    /// Waits for its end, however its calls went.
    pub async fn finish_somehow(mut self, within: Duration) {
        self.process.finish(within).await;
    }

    /// Ends it as a power cut would, and tells what the far end had confirmed to it by then.
    ///
    /// # Panics
    /// When it cannot be ended.
    pub async fn kill(mut self) -> Confirmed {
        self.process.kill().await;
        let messages = self.log("messages.log");
        Confirmed {
            answers: confirmed(&messages, "INVITE"),
            ends: confirmed(&messages, "BYE"),
        }
    }

    fn log(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let messages = self.log("messages.log");
            let tail: Vec<&str> = messages.lines().rev().take(300).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            write_to_test_output(&format!(
                "--- last messages of sipp {}\n{}\n{}",
                self.scenario,
                tail.join("\n"),
                self.log("errors.log")
            ));
        }
    }
}

/// The number of calls that got a 200 to a method, by a log of messages.
fn confirmed(messages: &str, method: &str) -> usize {
    let calls: BTreeSet<&str> = messages
        .split(BETWEEN_MESSAGES)
        .filter(|message| message.contains("message received") && message.contains("SIP/2.0 200 "))
        .filter(|message| {
            message
                .lines()
                .any(|line| line.starts_with("CSeq:") && line.trim_end().ends_with(method))
        })
        .filter_map(|message| message.lines().find(|line| line.starts_with("Call-ID:")))
        .collect();
    calls.len()
}

/// A line of the log of messages.
const BETWEEN_MESSAGES: &str = "-----------------------------------------------";

/// Longer than the default ring timeout and what sipp waits after it.
const PATIENCE: Duration = Duration::from_secs(60);
