//! A caller and a phone of our own, with one clock: from the INVITE as it is sent to the INVITE as it arrives.
//!
//! Loopback both ways, and the wake-up of whoever waits, are in the figure.

use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::digest;
use crate::process::{Transport, free_port};
use crate::site::{Account, Site};

/// The two phones.
#[derive(Debug)]
pub struct Probe {
    server: SocketAddr,
    caller: Account,
    callee: Account,
    phone: Arc<Phone>,
    answering: Option<JoinHandle<()>>,
}

/// Calls that stand.
#[derive(Debug)]
pub struct Held(Caller);

/// What a run of the probe found.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    /// From the INVITE with credentials to the INVITE at the phone.
    pub invites: Vec<Duration>,
    /// From the INVITE with credentials to the 200.
    pub answers: Vec<Duration>,
    /// Calls that were ended in order.
    pub calls: usize,
    /// Calls that were not.
    pub failed: usize,
}

#[derive(Debug)]
struct Phone {
    socket: UdpSocket,
    /// When the INVITE of a call came, by the number in its SDP.
    came: Mutex<HashMap<u64, Instant>>,
    /// Where the caller of each call is to get its RTP, by the number in its ticket.
    offers: Mutex<BTreeMap<usize, SocketAddr>>,
    /// Our own ports for RTP, one a call.
    ports: Vec<u16>,
    ending: AtomicBool,
}

/// A call of the caller's.
#[derive(Debug, Default)]
struct Call {
    invited: Option<Instant>,
    answered: Option<Instant>,
    /// Remote target and `To` of the dialog.
    dialog: Option<(String, String)>,
    /// Where the phone is to get its RTP.
    answer: Option<SocketAddr>,
}

impl Probe {
    /// `ports` are those of the phone for RTP, one a call; none when no media flows.
    ///
    /// # Panics
    /// When the phone cannot register.
    pub async fn new(site: &Site, ports: Vec<u16>) -> Self {
        let caller = site.user("6000").await;
        let callee = site.user("6001").await;
        let port = free_port();
        site.register(&callee, port).await;
        let phone = Arc::new(Phone {
            socket: socket(port),
            came: Mutex::default(),
            offers: Mutex::default(),
            ports,
            ending: AtomicBool::new(false),
        });
        let answering = Arc::clone(&phone);
        Self {
            server: site.offhook.sip(Transport::Udp),
            caller,
            callee,
            phone,
            answering: Some(std::thread::spawn(move || answering.run())),
        }
    }

    /// Makes a call from each of these ports for RTP, and lets it stand. Gives where caller and phone are to send theirs.
    ///
    /// # Panics
    /// When a call is not answered.
    pub fn hold(&self, ports: Vec<u16>) -> (Held, Vec<(SocketAddr, SocketAddr)>) {
        let mut caller = Caller::new(self.server, self.caller.clone(), self.callee.clone());
        let count = ports.len();
        caller.ports = ports;
        caller.holds = true;
        let lasting = Duration::from_millis(20) * u32::try_from(count).unwrap();
        let are_up = |caller: &Caller| {
            let up = caller.calls.iter().filter(|call| call.answer.is_some());
            up.count() == count
        };
        caller.run_until(Duration::from_millis(20), lasting, are_up);
        assert!(are_up(&caller), "every call is up");
        let offers = self.phone.offers.lock().unwrap();
        let answers = caller.calls.iter().filter_map(|call| call.answer);
        let flows: Vec<_> = answers.zip(offers.values().copied()).collect();
        assert_eq!(flows.len(), count, "every call is at the phone once");
        (Held(caller), flows)
    }

    /// Who is called.
    #[must_use]
    pub const fn called(&self) -> &Account {
        &self.callee
    }

    /// Places calls at a steady rate for a while, on a thread of their own.
    ///
    /// # Panics
    /// On that thread, when a socket fails.
    pub fn start(&self, rate: u32, lasting: Duration) -> mpsc::Receiver<Delays> {
        let (found, finding) = mpsc::channel();
        let (server, caller, callee) = (self.server, self.caller.clone(), self.callee.clone());
        let phone = Arc::clone(&self.phone);
        std::thread::spawn(move || {
            phone.came.lock().unwrap().clear();
            let mut caller = Caller::new(server, caller, callee);
            caller.run(Duration::from_secs(1) / rate, lasting);
            found.send(caller.delays(&phone)).ok();
        });
        finding
    }
}

impl Held {
    /// Ends the calls, and gives how many ended in order.
    ///
    /// # Panics
    /// When a socket fails.
    #[must_use]
    pub fn end(mut self) -> usize {
        self.end_some(0..self.0.calls.len());
        self.0.ended
    }

    /// Ends some of the calls, and gives how many ended in order so far.
    ///
    /// # Panics
    /// When a socket fails.
    pub fn end_some(&mut self, calls: Range<usize>) -> usize {
        let all = self.0.ended + calls.len();
        for n in calls {
            self.0.end(n);
        }
        let are_over = |caller: &Caller| caller.ended >= all;
        self.0
            .run_until(Duration::from_secs(1), Duration::ZERO, are_over);
        self.0.ended
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.phone.ending.store(true, Ordering::Relaxed);
        if let Some(answering) = self.answering.take() {
            answering.join().ok();
        }
    }
}

impl Phone {
    fn run(&self) {
        let mut buffer = [0; 8_192];
        while !self.ending.load(Ordering::Relaxed) {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else {
                continue;
            };
            let now = Instant::now();
            let text = String::from_utf8_lossy(&buffer[..length]);
            let send = |answer: String| self.socket.send_to(answer.as_bytes(), from).unwrap();
            if text.starts_with("INVITE ") {
                self.came
                    .lock()
                    .unwrap()
                    .entry(number(&text))
                    .or_insert(now);
                let n = header(&text, "X-Ticket").parse().unwrap_or_default();
                if let Some(offer) = rtp_address(&text) {
                    self.offers.lock().unwrap().insert(n, offer);
                }
                send(self.answer(&text, "180 Ringing", ""));
                send(self.answer(&text, "200 OK", &sdp(0, port_of(&self.ports, n))));
            } else if text.starts_with("BYE ") {
                send(self.answer(&text, "200 OK", ""));
            }
        }
    }

    fn answer(&self, request: &str, status: &str, body: &str) -> String {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.lines() {
            let name = line.split(':').next().unwrap_or_default();
            if ["Via", "From", "Call-ID", "CSeq", "Record-Route"].contains(&name) {
                text.push_str(line);
                text.push_str("\r\n");
            } else if name == "To" {
                let tag = if line.contains(";tag=") {
                    ""
                } else {
                    ";tag=probe"
                };
                text.push_str(&format!("{line}{tag}\r\n"));
            }
        }
        let at = self.socket.local_addr().unwrap();
        text.push_str(&format!("Contact: <sip:probe@{at}>\r\n"));
        text.push_str(&ending(body));
        text
    }
}

#[derive(Debug)]
struct Caller {
    socket: UdpSocket,
    server: SocketAddr,
    account: Account,
    to: String,
    calls: Vec<Call>,
    ended: usize,
    /// Ports for RTP, one a call.
    ports: Vec<u16>,
    /// Whether calls stand until they are told to end.
    holds: bool,
}

impl Caller {
    fn new(server: SocketAddr, account: Account, callee: Account) -> Self {
        Self {
            socket: socket(0),
            server,
            account,
            to: callee.ext,
            calls: Vec::new(),
            ended: 0,
            ports: Vec::new(),
            holds: false,
        }
    }

    fn run(&mut self, every: Duration, lasting: Duration) {
        // A second more for the calls under way.
        let end = Instant::now() + lasting + Duration::from_secs(1);
        self.run_until(every, lasting, |_| Instant::now() >= end);
    }

    /// Places calls for a while, and waits until all is done, or patience is over.
    fn run_until(&mut self, every: Duration, lasting: Duration, is_done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        let mut next = started;
        let mut buffer = [0; 8_192];
        while !is_done(self) && started.elapsed() < lasting + PATIENCE {
            let now = Instant::now();
            let is_more = if self.holds {
                self.calls.len() < self.ports.len()
            } else {
                now < started + lasting
            };
            if is_more && now >= next {
                self.calls.push(Call::default());
                self.send(self.calls.len() - 1, "INVITE", 1, &self.uri(), "", "");
                next += every;
            }
            let wait = next
                .saturating_duration_since(now)
                .clamp(Duration::from_millis(1), Duration::from_millis(100));
            self.socket.set_read_timeout(Some(wait)).unwrap();
            if let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
                let came = Instant::now();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                self.take(&text, came);
            }
        }
    }

    fn take(&mut self, text: &str, came: Instant) {
        let n = header(text, "Call-ID")
            .split('-')
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(0_usize);
        let method = header(text, "CSeq").split(' ').nth(1).unwrap_or_default();
        let to = header(text, "To").to_owned();
        match (text.get(8..11).unwrap_or_default(), method) {
            ("401", "INVITE") => {
                let uri = self.uri();
                self.send(n, "ACK", 1, &uri, &to, "");
                let credentials = digest::answer(
                    header(text, "WWW-Authenticate"),
                    &self.account.username,
                    &self.account.password,
                    "INVITE",
                    &uri,
                );
                self.calls[n].invited.get_or_insert_with(Instant::now);
                self.send(n, "INVITE", 2, &uri, "", &credentials);
            }
            ("200", "INVITE") => self.talk_and_end(n, text, &to, came),
            ("200", "BYE") => self.ended += 1,
            _ => {}
        }
    }

    fn talk_and_end(&mut self, n: usize, answer: &str, to: &str, came: Instant) {
        if self.calls[n].answered.replace(came).is_some() {
            return;
        }
        let contact = header(answer, "Contact").split(['<', '>']).nth(1);
        let target = contact.unwrap_or_default();
        self.send(n, "ACK", 2, target, to, "");
        self.calls[n].answer = rtp_address(answer);
        self.calls[n].dialog = Some((target.to_owned(), to.to_owned()));
        if !self.holds {
            self.end(n);
        }
    }

    fn end(&self, n: usize) {
        if let Some((target, to)) = &self.calls[n].dialog {
            self.send(n, "BYE", 3, target, to, "");
        }
    }

    fn uri(&self) -> String {
        format!("sip:{}@{}", self.to, self.server)
    }

    fn send(&self, n: usize, method: &str, cseq: u32, uri: &str, to: &str, more: &str) {
        let (here, server, user) = (
            self.socket.local_addr().unwrap(),
            self.server,
            &self.account.username,
        );
        let to = if to.is_empty() {
            format!("<{}>", self.uri())
        } else {
            to.to_owned()
        };
        // An ACK to a refusal has the branch of its INVITE (RFC 3261 section 17.1.1.3), one to a 200 has its own.
        let of = if method == "ACK" && cseq == 1 {
            "INVITE"
        } else {
            method
        };
        let body = if method == "INVITE" {
            sdp(n, port_of(&self.ports, n))
        } else {
            String::new()
        };
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{n}-{of}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag=p{n}\r\nTo: {to}\r\n\
             Call-ID: probe-{n}-{}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{user}@{here}>\r\nX-Ticket: {n}\r\n{more}{}",
            here.port(),
            ending(&body)
        );
        self.socket.send_to(text.as_bytes(), server).unwrap();
    }

    fn delays(&self, phone: &Phone) -> Delays {
        let came = phone.came.lock().unwrap();
        let mut delays = Delays {
            calls: self.ended,
            failed: self.calls.len() - self.ended,
            ..Delays::default()
        };
        for (n, call) in (0_u64..).zip(&self.calls) {
            let Some(invited) = call.invited else {
                continue;
            };
            delays.invites.extend(came.get(&n).map(|at| *at - invited));
            delays.answers.extend(call.answered.map(|at| at - invited));
        }
        delays
    }
}

fn socket(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    socket
}

/// The number of a call is the session's version: with `relay = "never"` the SDP passes untouched.
fn sdp(n: usize, port: u16) -> String {
    format!(
        "v=0\r\no=probe 7 {n} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    )
}

/// 9, "discard", where no media flows.
fn port_of(ports: &[u16], n: usize) -> u16 {
    ports.get(n).copied().unwrap_or(9)
}

fn rtp_address(text: &str) -> Option<SocketAddr> {
    let after = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let port = after("m=audio ")?.split(' ').next()?;
    format!("{}:{port}", after("c=IN IP4 ")?).parse().ok()
}

fn number(text: &str) -> u64 {
    let origin = text.lines().find(|line| line.starts_with("o=probe "));
    origin
        .and_then(|line| line.split(' ').nth(2))
        .and_then(|n| n.parse().ok())
        .unwrap_or(u64::MAX)
}

fn ending(body: &str) -> String {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_default()
}

/// Longer than a busy machine takes for any call.
const PATIENCE: Duration = Duration::from_secs(30);
