//! baresip as a phone with sound: it plays a tone, keeps what it hears, and is driven over its control port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::process::{Process, Transport, eventually, free_port, until_bound};
use crate::site::Account;
use crate::tone::{self, Sound};

/// How a phone is to be set up.
#[derive(Clone, Debug)]
pub struct BaresipSetup {
    /// What it says in its calls.
    pub sound: Sound,
    /// Whether it answers by itself.
    pub auto_answer: bool,
    /// How it speaks SIP. Over TLS baresip 1.0 takes any certificate.
    pub transport: Transport,
    /// Whether it has one, as most phones do.
    pub jitter_buffer: bool,
}

/// How a phone wants its media.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encryption {
    /// As RTP.
    None,
    /// As SRTP, if the other side wants that, too (RFC 8643).
    Offered,
    /// As SRTP, or not at all.
    Required,
}

/// A running phone.
#[derive(Debug)]
pub struct Baresip {
    process: Process,
    folder: TempDir,
    server: SocketAddr,
    control: OwnedWriteHalf,
    said: Said,
}

/// The messages of the control port, in order.
#[derive(Clone, Debug)]
struct Said {
    messages: Arc<Mutex<Vec<Value>>>,
    count: watch::Sender<usize>,
}

impl Baresip {
    /// Starts a phone and waits until it is registered.
    ///
    /// # Panics
    /// When baresip is not installed or cannot register.
    pub async fn start(account: &Account, server: SocketAddr, setup: BaresipSetup) -> Self {
        Self::start_speaking(account, server, setup, "pcmu").await
    }

    /// The same with this codec: `pcma`, `pcmu`, `g722` or `opus/48000/2`.
    ///
    /// # Panics
    /// When baresip is not installed or cannot register.
    pub async fn start_speaking(
        account: &Account,
        server: SocketAddr,
        setup: BaresipSetup,
        codec: &str,
    ) -> Self {
        Self::launch(account, server, setup, (codec, Encryption::None)).await
    }

    /// The same in PCMU, with encrypted media.
    ///
    /// # Panics
    /// When baresip is not installed or cannot register.
    pub async fn start_secure(
        account: &Account,
        server: SocketAddr,
        setup: BaresipSetup,
        encryption: Encryption,
    ) -> Self {
        Self::launch(account, server, setup, ("pcmu", encryption)).await
    }

    async fn launch(
        account: &Account,
        server: SocketAddr,
        setup: BaresipSetup,
        media: (&str, Encryption),
    ) -> Self {
        let folder = TempDir::with_prefix("baresip-").unwrap();
        let control_port = free_port();
        configure(
            folder.path(),
            account,
            (server, control_port),
            &setup,
            media,
        );
        let mut command = Command::new("baresip");
        command
            .arg("-f")
            .arg(folder.path())
            .current_dir(folder.path());
        let name = format!("baresip {}", account.username);
        let mut process = Process::start(&name, "baresip-core", command);
        process.wait_for_line("200 OK", PATIENCE).await;
        until_bound(Transport::Tcp, Ipv4Addr::LOCALHOST.into(), control_port).await;

        let (reading, control) = TcpStream::connect((Ipv4Addr::LOCALHOST, control_port))
            .await
            .unwrap()
            .into_split();
        let said = Said {
            messages: Arc::default(),
            count: watch::Sender::new(0),
        };
        tokio::spawn(said.clone().follow(reading));
        Self {
            process,
            folder,
            server,
            control,
            said,
        }
    }

    /// Calls a number and waits until baresip took the command.
    pub async fn dial(&mut self, number: &str) {
        let params = format!("sip:{number}@{}", self.server);
        self.command("dial", &params).await;
    }

    /// Ends the call, or cancels it.
    pub async fn hang_up(&mut self) {
        self.command("hangup", "").await;
    }

    /// Holds the call.
    pub async fn hold(&mut self) {
        self.command("hold", "").await;
    }

    /// Takes the call back.
    pub async fn resume(&mut self) {
        self.command("resume", "").await;
    }

    /// Presses keys, as packets of RFC 4733.
    pub async fn press(&mut self, keys: &str) {
        self.command("sndcode", keys).await;
    }

    /// Transfers the call blindly: REFER.
    pub async fn transfer(&mut self, number: &str) {
        let params = format!("sip:{number}@{}", self.server);
        self.command("transfer", &params).await;
    }

    /// How long it heard tones of these frequencies, in all its calls.
    #[must_use]
    pub fn heard_tones(&self, hertz: &[f64]) -> f64 {
        let heard = self.heard();
        let seconds = heard.iter().flat_map(|file| {
            hertz
                .iter()
                .map(|hertz| tone::seconds_of_tone(file, *hertz))
        });
        seconds.sum()
    }

    /// How far from a sine of this amplitude a tone is that it heard in its first call, in decibels.
    #[must_use]
    pub fn heard_level(&self, hertz: f64, amplitude: f64) -> f64 {
        tone::level_of_tone(&self.heard()[0], hertz, amplitude)
    }

    /// Waits until it heard tones of these frequencies for so long, in all its calls.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_heard(&self, hertz: &[f64], seconds: f64) {
        let what = format!("{hertz:?} Hz for {seconds} s");
        eventually(&what, PATIENCE, async || {
            // To look for tones is work that takes time from those who play them.
            tokio::time::sleep(Duration::from_millis(100)).await;
            (self.heard_tones(hertz) >= seconds).then_some(())
        })
        .await;
    }

    /// Waits until it heard something that is none of these tones for so long.
    ///
    /// # Panics
    /// When it does not.
    pub async fn until_heard_music(&self, tones: &[f64], seconds: f64) {
        let what = format!("music for {seconds} s");
        eventually(&what, PATIENCE, async || {
            // To look for it is work that takes time from those who play it.
            tokio::time::sleep(Duration::from_millis(100)).await;
            (self.heard_music(tones) >= seconds).then_some(())
        })
        .await;
    }

    /// How long it heard something that is none of these tones, in all its calls. Not what comes after a change of
    /// direction: baresip 1.0 records no more then.
    #[must_use]
    pub fn heard_music(&self, tones: &[f64]) -> f64 {
        let heard = self.heard();
        heard
            .iter()
            .map(|file| tone::seconds_of_music(file, tones))
            .sum()
    }

    /// Waits for an event of the control port, such as `CALL_ESTABLISHED`, and gives it.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for(&self, kind: &str) -> Value {
        self.said
            .wait_for(kind, |message| message["type"] == kind)
            .await
    }

    /// The recordings of what it heard, one a call. They grow while the call lasts.
    #[must_use]
    pub fn heard(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("heard");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.retain(|file| file.to_string_lossy().ends_with("-dec.wav"));
        files.sort();
        files
    }

    /// Ends it as a power cut would: it does not even unregister.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    async fn command(&mut self, command: &str, params: &str) {
        let token = format!("t{}", self.said.messages.lock().unwrap().len());
        let body = json!({"command": command, "params": params, "token": token}).to_string();
        self.control
            .write_all(format!("{}:{body},", body.len()).as_bytes())
            .await
            .unwrap();
        let answer = self
            .said
            .wait_for(command, |message| message["token"] == token.as_str())
            .await;
        assert_eq!(
            answer["ok"],
            true,
            "{command}: {answer}\n{}",
            self.process.output()
        );
    }
}

impl Said {
    /// Reads netstrings, each a JSON object.
    async fn follow(self, mut stream: OwnedReadHalf) {
        loop {
            let mut length = 0;
            loop {
                match stream.read_u8().await {
                    Ok(b':') => break,
                    Ok(digit) => length = length * 10 + usize::from(digit - b'0'),
                    Err(_) => return,
                }
            }
            let mut message = vec![0; length + 1];
            if stream.read_exact(&mut message).await.is_err() {
                return;
            }
            message.pop();
            self.messages
                .lock()
                .unwrap()
                .push(serde_json::from_slice(&message).unwrap());
            self.count.send_modify(|count| *count += 1);
        }
    }

    async fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut count = self.count.subscribe();
        let found = async {
            loop {
                let found = self
                    .messages
                    .lock()
                    .unwrap()
                    .iter()
                    .find(|message| wanted(message))
                    .cloned();
                match found {
                    Some(found) => return found,
                    None => count.changed().await.expect("the phone is there"),
                }
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!(
                "no {what} from baresip; it said {:#?}",
                self.messages.lock().unwrap()
            ),
        }
    }
}

fn configure(
    folder: &Path,
    account: &Account,
    (server, control_port): (SocketAddr, u16),
    setup: &BaresipSetup,
    (codec, encryption): (&str, Encryption),
) {
    let (played, heard) = (folder.join("played.wav"), folder.join("heard"));
    setup.sound.write(&played);
    std::fs::create_dir(&heard).unwrap();
    let (played, heard, modules) = (played.display(), heard.display(), module_path());
    let jitter = if setup.jitter_buffer { "5-10" } else { "0-0" };
    let config = format!(
        "poll_method epoll\n\
         net_interface 127.0.0.1\n\
         sip_listen 127.0.0.1:{}\n\
         call_local_timeout 120\n\
         call_max_calls 4\n\
         statmode_default off\n\
         audio_player aubridge,nowhere\n\
         audio_source aufile,{played}\n\
         audio_alert aubridge,alert\n\
         jitter_buffer_delay {jitter}\n\
         ausrc_srate 8000\n\
         auplay_srate 8000\n\
         ausrc_channels 1\n\
         auplay_channels 1\n\
         snd_path {heard}\n\
         ctrl_tcp_listen 127.0.0.1:{control_port}\n\
         module_path {modules}\n\
         module g711.so\n\
         module g722.so\n\
         module opus.so\n\
         module aufile.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module srtp.so\n\
         module_app account.so\n\
         module_app menu.so\n\
         module_app ctrl_tcp.so\n",
        free_port(),
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let Account {
        username, password, ..
    } = account;
    let transport = setup.transport.name().to_lowercase();
    let answer = if setup.auto_answer { "auto" } else { "manual" };
    let encryption = match encryption {
        Encryption::None => "",
        Encryption::Offered => ";mediaenc=srtp",
        Encryption::Required => ";mediaenc=srtp-mand",
    };
    let account = format!(
        "<sip:{username}@{server};transport={transport}>;auth_user={username};auth_pass={password};\
         answermode={answer};audio_codecs={codec};regint=600{encryption}\n"
    );
    std::fs::write(folder.join("accounts"), account).unwrap();
    std::fs::write(folder.join("contacts"), "").unwrap();
}

fn module_path() -> &'static str {
    let folder = "/usr/lib/baresip/modules";
    assert!(
        Path::new(folder).join("ctrl_tcp.so").exists(),
        "{folder}/ctrl_tcp.so is missing: install the package baresip-core"
    );
    folder
}

const PATIENCE: Duration = Duration::from_secs(40);
