//! Child processes whose output is kept and shown when the test fails.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// A running program.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    lines: Lines,
}

/// The last lines of a program's output, and a way to wait for one.
#[derive(Clone, Debug)]
struct Lines {
    kept: Arc<Mutex<VecDeque<String>>>,
    count: watch::Sender<usize>,
}

/// How SIP is carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    /// Over TCP.
    Tcp,
    /// Over TLS.
    Tls,
    /// Over UDP.
    Udp,
}

impl Transport {
    /// Its name in a Via header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
        }
    }
}

impl Process {
    /// Starts a program of the Debian package named.
    pub(crate) fn start(name: &str, package: &str, mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                panic!("{name} is missing: install the package {package}")
            }
            Err(error) => panic!("{name} cannot be started: {error}"),
        };
        let lines = Lines {
            kept: Arc::default(),
            count: watch::Sender::new(0),
        };
        lines.follow(child.stdout.take().expect("it is piped"));
        lines.follow(child.stderr.take().expect("it is piped"));
        Self {
            name: name.to_owned(),
            child,
            lines,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the program runs")
    }

    /// Waits until the program prints a line that contains `text`.
    pub(crate) async fn wait_for_line(&mut self, text: &str, within: Duration) {
        let mut count = self.lines.count.subscribe();
        let printed = async {
            while !self
                .lines
                .kept
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.contains(text))
            {
                if count.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = printed => {}
            status = self.child.wait() => panic!("{} ended ({status:?}) before it said {text:?}{}", self.name, self.lines),
            () = sleep(within) => panic!("{} did not say {text:?} within {within:?}{}", self.name, self.lines),
        }
    }

    /// Waits until the program ends by itself.
    pub(crate) async fn finish(&mut self, within: Duration) -> ExitStatus {
        match timeout(within, self.child.wait()).await {
            Ok(status) => status.expect("its status can be read"),
            Err(_) => panic!("{} did not end within {within:?}{}", self.name, self.lines),
        }
    }

    /// Ends the program as a power cut would: SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("the program can be killed");
    }

    /// Sends it a signal, named as `kill` wants it.
    pub(crate) async fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(name)
            .arg(self.id().to_string())
            .status()
            .await
            .unwrap();
        assert!(status.success(), "the signal was sent");
    }

    pub(crate) fn output(&self) -> String {
        self.lines.to_string()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            write_to_test_output(&format!("--- output of {}{}", self.name, self.lines));
        }
    }
}

impl Lines {
    fn follow(&self, stream: impl AsyncRead + Send + Unpin + 'static) {
        let this = self.clone();
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
                this.keep(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
    }

    fn keep(&self, line: String) {
        let mut kept = self.kept.lock().unwrap();
        if kept.len() == LINES_KEPT {
            kept.pop_front();
        }
        kept.push_back(line);
        drop(kept);
        self.count.send_modify(|count| *count += 1);
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.kept.lock().unwrap().iter() {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// Looks until there is something to see.
///
/// # Panics
/// When the time is over; `what` says what was waited for.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            Instant::now() < until,
            "{what} did not happen within {within:?}"
        );
        sleep(LOOK_AGAIN).await;
    }
}

/// A port of loopback that was free for UDP and TCP a moment ago, and the one after it, which baresip takes for TLS.
///
/// The kernel gives ports of this range to nobody who does not ask for one by number, and each is given here once: so it is
/// still free when its program starts, whatever else connects meanwhile.
#[must_use]
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Test programs that run side by side begin at different places.
        let place = std::process::id()
            .wrapping_mul(97)
            .wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + 2 * u16::try_from(place % PAIRS).unwrap();
        let at = |port: u16| (Ipv4Addr::LOCALHOST, port);
        let is_free = UdpSocket::bind(at(port)).is_ok()
            && TcpListener::bind(at(port)).is_ok()
            && TcpListener::bind(at(port + 1)).is_ok();
        if is_free {
            return port;
        }
    }
}

/// Below what Linux gives to connections (from 32768 on) and beside the usual ports of media.
const FIRST_PORT: u16 = 10_000;
const PAIRS: u32 = 4_000;

/// Waits until some program has bound a port of loopback.
pub(crate) async fn until_bound(transport: Transport, ip: IpAddr, port: u16) {
    let (family, address) = match ip {
        // The kernel prints addresses as words of this machine.
        IpAddr::V4(ip) => ("", format!("{:08X}", u32::from_ne_bytes(ip.octets()))),
        IpAddr::V6(_) => ("6", "00000000000000000000000001000000".to_owned()),
    };
    let table = match transport {
        Transport::Tcp | Transport::Tls => format!("/proc/net/tcp{family}"),
        Transport::Udp => format!("/proc/net/udp{family}"),
    };
    let local = format!(" {address}:{port:04X} ");
    eventually(
        &format!("binding port {port}"),
        Duration::from_secs(20),
        async || {
            std::fs::read_to_string(&table)
                .unwrap()
                .contains(&local)
                .then_some(())
        },
    )
    .await;
}

#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with the failed test"
)]
pub(crate) fn write_to_test_output(text: &str) {
    eprintln!("{text}");
}

const LINES_KEPT: usize = 400;

const LOOK_AGAIN: Duration = Duration::from_millis(10);
