//! Load by sipp: pairs of a caller with a password and a registered phone, each a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use offhook_tests::{Account, Site, Transport, free_port};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Callers and phones; the phones run until this is dropped.
pub(crate) struct Load {
    server: SocketAddr,
    folder: TempDir,
    pairs: Vec<Pair>,
    runs: usize,
}

struct Pair {
    caller: Account,
    callee: Account,
    phone: Child,
}

/// How the calls of one run are placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Calls a second, of all pairs together.
    pub(crate) rate: usize,
    /// Calls of all pairs together.
    pub(crate) calls: usize,
    /// How long a call lasts after its answer.
    pub(crate) hold: Duration,
}

/// Callers at work.
pub(crate) struct Callers(Vec<(Child, PathBuf)>);

/// What sipp counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) successful: usize,
    pub(crate) failed: usize,
    pub(crate) sent_again: usize,
}

impl Load {
    /// Makes the users, registers their phones, and starts those.
    pub(crate) async fn new(site: &Site, count: usize) -> Self {
        let server = site.offhook.sip(Transport::Udp);
        let folder = TempDir::with_prefix("load-").unwrap();
        let mut pairs = Vec::new();
        for n in 0..count {
            let caller = site.user(&format!("4{n:03}")).await;
            let callee = site.user(&format!("5{n:03}")).await;
            let port = free_port();
            register(site, &callee, port).await;
            let phone = sipp(server, "bench_uas", port, folder.path())
                .args(["-trace_stat", "-fd", "1", "-stf"])
                .arg(folder.path().join(format!("phone-{n}.csv")))
                .spawn()
                .unwrap();
            pairs.push(Pair {
                caller,
                callee,
                phone,
            });
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        Self {
            server,
            folder,
            pairs,
            runs: 0,
        }
    }

    /// Starts the callers.
    pub(crate) fn start(&mut self, pace: Pace) -> Callers {
        self.runs += 1;
        let Pace { rate, calls, hold } = pace;
        let count = self.pairs.len();
        let callers = self.pairs.iter().enumerate().map(|(n, pair)| {
            let statistics = self
                .folder
                .path()
                .join(format!("caller-{}-{n}.csv", self.runs));
            // What does not divide by the pairs goes to the first ones.
            let share = |of: usize| (of / count + usize::from(n < of % count)).to_string();
            let child = sipp(self.server, "bench_uac", free_port(), self.folder.path())
                .args([
                    "-s",
                    &pair.callee.ext,
                    "-key",
                    "caller",
                    &pair.caller.username,
                ])
                .args(["-au", &pair.caller.username, "-ap", &pair.caller.password])
                .args(["-auth_uri", &format!("{}@{}", pair.callee.ext, self.server)])
                .args(["-r", &share(rate), "-m", &share(calls), "-l", "100000"])
                .args(["-d", &hold.as_millis().to_string()])
                .args(["-trace_stat", "-fd", "1", "-stf"])
                .arg(&statistics)
                .spawn()
                .unwrap();
            (child, statistics)
        });
        Callers(callers.collect())
    }

    /// What the phones sent again since they were started.
    pub(crate) fn phones_sent_again(&self) -> usize {
        let of = |n| counts(&self.folder.path().join(format!("phone-{n}.csv"))).sent_again;
        (0..self.pairs.len()).map(of).sum()
    }

    /// Ends the phones.
    pub(crate) async fn end(self) {
        for mut pair in self.pairs {
            pair.phone.kill().await.unwrap();
        }
    }
}

impl Callers {
    /// Waits until every call is over, and counts.
    pub(crate) async fn finish(self) -> Counts {
        let mut sum = Counts::default();
        for (mut child, statistics) in self.0 {
            child.wait().await.unwrap();
            let counts = counts(&statistics);
            sum.successful += counts.successful;
            sum.failed += counts.failed;
            sum.sent_again += counts.sent_again;
        }
        sum
    }
}

/// Registers a phone for longer than a benchmark takes.
pub(crate) async fn register(site: &Site, account: &Account, port: u16) {
    site.sipp("register")
        .account(account)
        .value("expires", "3600")
        .port(port)
        .run()
        .await;
    site.until_registered(account, true).await;
}

fn sipp(server: SocketAddr, scenario: &str, port: u16, folder: &Path) -> Command {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(scenario)
        .with_extension("xml");
    let mut command = Command::new("sipp");
    command
        .arg(server.to_string())
        .arg("-sf")
        .arg(file)
        .args(["-i", "127.0.0.1", "-mi", "127.0.0.1", "-t", "u1"])
        .args(["-p", &port.to_string(), "-nostdin"])
        .current_dir(folder)
        .env("TERM", "dumb")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Reads the last line of sipp's statistics.
fn counts(file: &Path) -> Counts {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines();
    let (Some(names), Some(values)) = (lines.next(), lines.next_back()) else {
        return Counts::default();
    };
    let field = |wanted: &str| {
        names
            .split(';')
            .zip(values.split(';'))
            .find(|(name, _)| *name == wanted)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0)
    };
    Counts {
        successful: field("SuccessfulCall(C)"),
        failed: field("FailedCall(C)"),
        sent_again: field("Retransmissions(C)"),
    }
}
