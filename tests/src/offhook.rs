//! The real binary in a folder of its own, on ports that the system chose.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;
use tokio::process::Command;

use crate::authority::Certificate;
use crate::process::{Process, Transport};
use crate::rest::Rest;

/// A running node.
#[derive(Debug)]
pub struct Offhook {
    process: Process,
    folder: TempDir,
    settings: Settings,
    bound: Bound,
}

/// What a test may set of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its folder is made.
    pub folder: PathBuf,
    /// Address of loopback that SIP listens on.
    pub sip: IpAddr,
    /// `sip.domain`
    pub domain: &'static str,
    /// `media.relay`
    pub relay: &'static str,
    /// `media.srtp`
    pub srtp: &'static str,
    /// PEM file with the certificate authority of the receiver.
    pub extra_root: PathBuf,
    /// The size in MiB of a disk of its own that recordings are to be on.
    pub recordings_disk: Option<u32>,
    /// What it shows over TLS; without one it does not listen there.
    pub certificate: Option<Certificate>,
    /// Further lines, such as a whole section.
    pub more: String,
}

/// `<data_dir>/listen.json`
#[derive(Clone, Debug, Deserialize)]
struct Bound {
    sip_udp: Vec<SocketAddr>,
    sip_tcp: Vec<SocketAddr>,
    sip_tls: Vec<SocketAddr>,
    http: SocketAddr,
}

impl Offhook {
    /// Starts a node and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready; with its output.
    pub async fn start(settings: Settings) -> Self {
        let folder = TempDir::with_prefix_in("offhook-", &settings.folder).unwrap();
        std::fs::write(folder.path().join("admin-password"), ADMIN_PASSWORD).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sip = SocketAddr::new(settings.sip, 0);
        let anywhere = Bound {
            sip_udp: vec![sip],
            sip_tcp: vec![sip],
            sip_tls: settings.certificate.iter().map(|_| sip).collect(),
            http: any,
        };
        write_config(folder.path(), &settings, &anywhere);
        let process = serve(folder.path(), settings.recordings_disk).await;
        let bound = read_bound(folder.path());
        Self {
            process,
            folder,
            settings,
            bound,
        }
    }

    /// REST as the first admin.
    pub async fn admin(&self) -> Rest {
        Rest::login(self.http(), "admin@localhost", ADMIN_PASSWORD).await
    }

    /// Where phones send.
    #[must_use]
    pub fn sip(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Tcp => self.bound.sip_tcp[0],
            Transport::Tls => self.bound.sip_tls[0],
            Transport::Udp => self.bound.sip_udp[0],
        }
    }

    /// Where REST clients connect to.
    #[must_use]
    pub const fn http(&self) -> SocketAddr {
        self.bound.http
    }

    /// The folder of its data files.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of its recordings as it sees it, who may have a disk of its own there.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        let folder = self.data_dir().join("recordings");
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        root.join(folder.strip_prefix("/").unwrap_or(&folder))
    }

    /// Its configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        config_file(self.folder.path())
    }

    /// What it printed last.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The memory it uses at this moment, in KiB.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let used = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = used.and_then(|used| used.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("VmRSS")
    }

    /// Ends it as a power cut would: SIGKILL.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again on the same data and the same ports, after it ended.
    pub async fn start_again(&mut self) {
        write_config(self.folder.path(), &self.settings, &self.bound);
        let listen = self.data_dir().join("listen.json");
        std::fs::remove_file(listen).unwrap();
        self.process = serve(self.folder.path(), self.settings.recordings_disk).await;
        let bound = read_bound(self.folder.path());
        assert_eq!(bound.sip_udp, self.bound.sip_udp, "the ports are the same");
        self.bound = bound;
    }

    /// Has it read its certificate again, by SIGHUP, and waits until it says what came of that.
    ///
    /// # Panics
    /// When it says nothing of the kind.
    pub async fn reload(&mut self, says: &str) {
        self.process.signal("-HUP").await;
        self.process
            .wait_for_line(says, Duration::from_secs(20))
            .await;
    }

    /// Asks it to end, by SIGTERM, and waits for that.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.process.signal("-TERM").await;
        self.process.finish(Duration::from_secs(40)).await
    }
}

/// A folder in memory, where there is room: what else writes to the disk meanwhile, such as a compiler, does not hold a
/// call up.
pub(crate) fn quick_folder() -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let options = mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        (words.next() == Some(MEMORY)).then(|| words.nth(1).unwrap_or_default())
    });
    let size = options.map(|options| {
        let size = options
            .split(',')
            .find_map(|option| option.strip_prefix("size=")?.strip_suffix('k'));
        // Without a size it is half of the memory.
        size.map_or(u64::MAX, |size| size.parse().unwrap_or(0))
    });
    let is_writable = || TempDir::new_in(MEMORY).is_ok();
    if size.is_some_and(|kib| kib >= ROOM) && is_writable() {
        MEMORY.into()
    } else {
        std::env::temp_dir()
    }
}

const MEMORY: &str = "/dev/shm";

/// What is enough for all nodes of a test run, in KiB.
const ROOM: u64 = 1 << 20;

/// The password of the first admin, `admin@localhost`.
const ADMIN_PASSWORD: &str = "correct horse battery staple";

async fn serve(folder: &Path, recordings_disk: Option<u32>) -> Process {
    let mut command = match recordings_disk {
        None => Command::new(binary()),
        Some(mib) => on_a_disk_of_its_own(mib).await,
    };
    command
        .arg("serve")
        .arg("--config")
        .arg(config_file(folder))
        .current_dir(folder)
        .env("RUST_BACKTRACE", "1");
    let mut process = Process::start(
        "offhook",
        "nothing: run `cargo build --bin offhook` first",
        command,
    );
    process
        .wait_for_line("offhook ready", Duration::from_secs(40))
        .await;
    process
}

/// The binary in a namespace of its own, where `data/recordings` is a disk in memory of this size; it goes with the process.
async fn on_a_disk_of_its_own(mib: u32) -> Command {
    let options = namespace().await;
    let script = format!(
        "umask 077 && mkdir -p data/recordings && \
         mount -t tmpfs -o size={mib}m,mode=700 tmpfs data/recordings && exec \"$0\" \"$@\""
    );
    let mut command = Command::new("unshare");
    command
        .args(options)
        .args(["sh", "-c", &script])
        .arg(binary());
    command
}

/// How we may make a namespace for mounts: as root, or as any user where the kernel lets users have their own.
async fn namespace() -> &'static [&'static str] {
    let ways: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];
    for options in ways {
        let mut tried = Command::new("unshare");
        tried.args(options);
        tried.args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
        if tried
            .output()
            .await
            .is_ok_and(|tried| tried.status.success())
        {
            return options;
        }
    }
    panic!(
        "no disk can be mounted: run this test as root with CAP_SYS_ADMIN, or where unprivileged user namespaces are allowed"
    )
}

/// `OFFHOOK_BIN`, or the binary that cargo built beside this test.
///
/// # Panics
/// When this is no test of cargo's.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("OFFHOOK_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let target = test
        .parent()
        .and_then(Path::parent)
        .expect("tests stand in target/<profile>/deps");
    target.join("offhook")
}

fn config_file(folder: &Path) -> PathBuf {
    folder.join("offhook.toml")
}

fn read_bound(folder: &Path) -> Bound {
    let text = std::fs::read_to_string(folder.join("data/listen.json"))
        .expect("listen.json is there once it is ready");
    serde_json::from_str(&text).expect("listen.json is as the contract has it")
}

fn write_config(folder: &Path, settings: &Settings, bound: &Bound) {
    let Settings {
        folder: _,
        sip: _,
        domain,
        relay,
        srtp,
        extra_root,
        recordings_disk: _,
        certificate,
        more,
    } = settings;
    let Bound {
        sip_udp,
        sip_tcp,
        sip_tls,
        http,
    } = bound;
    let tls = certificate
        .as_ref()
        .map_or_else(String::new, |certificate| {
            let Certificate { chain, key } = certificate;
            format!(
                "tls = [\"{}\"]\ntls_cert = {chain:?}\ntls_key = {key:?}",
                sip_tls[0]
            )
        });
    let (data_dir, password) = (folder.join("data"), folder.join("admin-password"));
    let text = format!(
        r#"
[node]
data_dir = {data_dir:?}
[sip]
domain = "{domain}"
udp = ["{}"]
tcp = ["{}"]
{tls}
[media]
relay = "{relay}"
srtp = "{srtp}"
rtp_ports = "0"
[http]
listen = "{http}"
[webhooks]
allow_networks = ["127.0.0.0/8", "::1/128"]
extra_roots = [{extra_root:?}]
[limits]
exempt_networks = ["127.0.0.0/8", "::1/128"]
[bootstrap]
admin_password_file = {password:?}
{more}
"#,
        sip_udp[0], sip_tcp[0],
    );
    std::fs::write(config_file(folder), text).unwrap();
}
