//! The one helper that all scripts go through: a Stack, a clock, and outputs rendered as short lines.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use md5::{Digest, Md5};
use offhook_base::{Mono, Now, PhoneId, Secret, Wall};
use offhook_sip_core::{
    Account, AccountChange, Command, DigestAlgorithm, Event, FlowId, InviteOut, LegId, Listener,
    Origin, Output, Peer, Stack, StackConfig, Target, Transport, TxId, ha1,
};
use offhook_sip_message::{Framing, Message, Name};

pub(crate) const REALM: &str = "offhook";

/// A Stack under a script.
pub(crate) struct Bench {
    pub(crate) stack: Stack,
    pub(crate) now: Now,
    pub(crate) sent: Vec<(Peer, Message)>,
    pub(crate) events: Vec<Event>,
    pub(crate) taps: Vec<(Option<LegId>, Bytes)>,
    pub(crate) sent_legs: Vec<Option<LegId>>,
}

/// A phone's address on the first UDP listener.
pub(crate) fn udp(last: u8) -> Peer {
    let addr = format!("192.0.2.{last}:5060").parse().unwrap();
    Peer {
        flow: FlowId::udp(0),
        addr,
        transport: Transport::Udp,
    }
}

/// A phone on a TCP connection.
pub(crate) fn tcp(n: u64) -> Peer {
    let addr = format!("192.0.2.200:{}", 40_000 + n).parse().unwrap();
    Peer {
        flow: FlowId::connection(n),
        addr,
        transport: Transport::Tcp,
    }
}

/// A phone on a TLS connection.
pub(crate) fn tls(n: u64) -> Peer {
    Peer {
        transport: Transport::Tls,
        ..tcp(n)
    }
}

pub(crate) fn config() -> StackConfig {
    let listener = |transport, flow, port| Listener {
        transport,
        flow,
        advertised: format!("198.51.100.1:{port}"),
    };
    let listeners = vec![
        listener(Transport::Udp, Some(FlowId::udp(0)), 5060),
        listener(Transport::Tcp, None, 5060),
        listener(Transport::Tls, None, 5061),
    ];
    StackConfig::new(REALM, listeners, [7; 32])
}

pub(crate) fn account(phone: u32, username: &str) -> Account {
    let hash = |algorithm| Some(Secret::new(ha1(algorithm, username, REALM, "secret")));
    Account {
        phone: PhoneId(phone),
        username: username.to_owned(),
        ha1_md5: hash(DigestAlgorithm::Md5),
        ha1_sha256: hash(DigestAlgorithm::Sha256),
        enabled: true,
    }
}

impl Bench {
    /// With the accounts 1001 (phone 1) and 1002 (phone 2).
    pub(crate) fn new() -> Self {
        Self::with(config())
    }

    pub(crate) fn with(config: StackConfig) -> Self {
        let now = Now {
            mono: Mono(10_000_000_000),
            wall: Wall::from_unix_seconds(1_700_000_000),
        };
        let mut bench = Self {
            stack: Stack::new(config, now),
            now,
            sent: Vec::new(),
            events: Vec::new(),
            taps: Vec::new(),
            sent_legs: Vec::new(),
        };
        for (phone, username) in [(1, "1001"), (2, "1002")] {
            let change = AccountChange::Put(account(phone, username));
            bench.command(Command::Account(change));
        }
        bench
    }

    /// Gives the Stack a message from a peer.
    pub(crate) fn receive(&mut self, peer: Peer, message: impl AsRef<[u8]>) {
        self.stack.handle_datagram(self.now, peer, message.as_ref());
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.stack.handle_command(self.now, command);
    }

    /// Lets time pass, firing each timer at its moment.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now.mono + Duration::from_millis(millis);
        while let Some(at) = self.stack.next_timeout().filter(|at| *at <= end) {
            self.jump(at);
            self.stack.handle_timeout(self.now);
            assert!(
                self.stack.next_timeout().is_none_or(|next| next > at),
                "deadlines advance"
            );
        }
        self.jump(end);
    }

    fn jump(&mut self, to: Mono) {
        self.now.wall = self.now.wall + (to - self.now.mono);
        self.now.mono = to;
    }

    /// Takes all outputs and compares them, in order, as short lines.
    #[track_caller]
    pub(crate) fn check(&mut self, expect: &[&str]) {
        assert_eq!(self.drain(), expect);
    }

    /// Takes all outputs; what was sent and told can be read until the next drain.
    pub(crate) fn drain(&mut self) -> Vec<String> {
        self.sent.clear();
        self.events.clear();
        self.taps.clear();
        self.sent_legs.clear();
        let mut lines = Vec::new();
        while let Some(output) = self.stack.poll_output() {
            match output {
                Output::Send { peer, bytes, leg } => {
                    let message = Message::parse(bytes, Framing::Stream).expect("we write SIP");
                    lines.push(render(peer, &message));
                    self.sent.push((peer, message));
                    self.sent_legs.push(leg);
                }
                Output::Tap { leg, bytes, .. } => self.taps.push((leg, bytes)),
                Output::Event(event) => {
                    lines.push(render_event(&event));
                    self.events.push(event);
                }
            }
        }
        lines
    }

    /// The value of a header of the last message sent.
    pub(crate) fn header(&self, name: Name) -> String {
        text(
            self.sent
                .last()
                .expect("something was sent")
                .1
                .view()
                .header(name)
                .unwrap_or(b""),
        )
    }

    /// The only To tag of ours in the last message sent.
    pub(crate) fn our_tag(&self) -> String {
        text(
            self.sent
                .last()
                .expect("something was sent")
                .1
                .view()
                .to_tag()
                .unwrap_or(b""),
        )
    }

    /// Sends a request, takes the challenge, and sends it again with credentials.
    pub(crate) fn authenticated(&mut self, peer: Peer, request: &Request) {
        self.receive(peer, request.build());
        assert_eq!(
            self.drain(),
            [format!("> {} 401 {}", peer.addr, request.method)]
        );
        let nonce = self.nonce();
        self.receive(peer, request.again().signed(&nonce, 1).build());
    }

    /// The nonce of the last message sent.
    pub(crate) fn nonce(&self) -> String {
        nonce_of(&self.header(Name::WwwAuthenticate))
    }

    /// An authenticated INVITE of 1001, with `100` sent. Its leg is the one returned.
    pub(crate) fn call_in(&mut self, peer: Peer) -> (LegId, Request) {
        let request = Request::new("INVITE", "1001").contact(peer).sdp();
        self.authenticated(peer, &request);
        let lines = self.drain();
        let Some(Event::Invite { leg, .. }) = self.events.last() else {
            panic!("no call: {lines:?}");
        };
        assert_eq!(
            lines,
            [
                format!("> {} 100 INVITE", peer.addr),
                format!("Invite {leg:?} phone 1")
            ]
        );
        (*leg, request.again())
    }

    /// An outgoing INVITE to a peer, which is returned as sent.
    pub(crate) fn call_out(&mut self, n: u64, peer: Peer) -> (LegId, Message) {
        let leg = LegId::outgoing(n);
        self.command(Command::Invite {
            leg,
            target: target(peer),
            invite: invite_out(),
        });
        self.check(&[&format!("> {} INVITE sip:1002@{}", peer.addr, peer.addr)]);
        (leg, self.sent[0].1.clone())
    }

    pub(crate) fn answer(&mut self, leg: LegId, status: u16) {
        self.command(Command::Answer {
            leg,
            status,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: None,
        });
    }

    pub(crate) fn reply(&mut self, tx: TxId, status: u16) {
        self.command(Command::Reply {
            tx,
            status,
            reason: Bytes::new(),
            headers: Vec::new(),
            body: None,
        });
    }

    pub(crate) fn bye(&mut self, leg: LegId) {
        self.command(Command::Bye {
            leg,
            headers: Vec::new(),
        });
    }

    pub(crate) fn ask(&mut self, leg: LegId, tx: TxId, method: &'static str) {
        self.command(Command::Request {
            leg,
            tx,
            method: Bytes::from_static(method.as_bytes()),
            headers: Vec::new(),
            body: None,
        });
    }

    /// The transaction of the last `Request` event.
    pub(crate) fn asked(&self) -> TxId {
        match self.events.last() {
            Some(Event::Request { tx, .. } | Event::OutOfDialog { tx, .. }) => *tx,
            other => panic!("no request: {other:?}"),
        }
    }
}

pub(crate) fn target(peer: Peer) -> Target {
    Target {
        uri: Bytes::from(format!("sip:1002@{}", peer.addr)),
        route: Vec::new(),
        peer,
    }
}

pub(crate) fn invite_out() -> InviteOut {
    InviteOut {
        from: Bytes::from_static(b"\"Alice\" <sip:1001@198.51.100.1>"),
        to: Bytes::from_static(b"<sip:1002@198.51.100.1>"),
        max_forwards: 69,
        headers: Vec::new(),
        body: None,
    }
}

fn render(peer: Peer, message: &Message) -> String {
    let view = message.view();
    match view.status() {
        Some(status) => {
            let method = view.cseq().map_or("?", |cseq| cseq.method.as_str());
            format!("> {} {status} {method}", peer.addr)
        }
        None => {
            let method = text(view.method_bytes().unwrap_or_default());
            format!(
                "> {} {method} {}",
                peer.addr,
                text(view.request_uri().unwrap_or_default())
            )
        }
    }
}

fn proved(from: &Origin) -> String {
    match from {
        Origin::Phone(phone) => format!("phone {phone}"),
        Origin::Trunk(trunk) => format!("trunk {trunk}"),
    }
}

fn render_event(event: &Event) -> String {
    let status = |message: &Message| message.view().status().unwrap_or_default();
    match event {
        Event::Invite { leg, from, .. } => format!("Invite {leg:?} {}", proved(from)),
        Event::Cancelled { leg, .. } => format!("Cancelled {leg:?}"),
        Event::Acked { leg, body } => format!("Acked {leg:?} body {}", body.is_some()),
        Event::AckMissing { leg } => format!("AckMissing {leg:?}"),
        Event::Lost { leg } => format!("Lost {leg:?}"),
        Event::Provisional { leg, response } => format!("Provisional {leg:?} {}", status(response)),
        Event::Answered { leg, response } => format!("Answered {leg:?} {}", status(response)),
        Event::Refused {
            leg,
            status,
            response,
        } => {
            format!("Refused {leg:?} {status} theirs {}", response.is_some())
        }
        Event::Request { leg, request, .. } => {
            format!(
                "Request {leg:?} {}",
                text(request.view().method_bytes().unwrap_or_default())
            )
        }
        Event::Response { leg, tx, response } => {
            format!("Response {leg:?} {tx:?} {}", status(response))
        }
        Event::Failed { leg, tx, status } => format!("Failed {leg:?} {tx:?} {status}"),
        Event::OutsideResponse { tx, response } => {
            format!("OutsideResponse {tx:?} {}", status(response))
        }
        Event::OutsideFailed { tx, status } => format!("OutsideFailed {tx:?} {status}"),
        Event::Registered { phone, binding } => format!("Registered {phone} {}", binding.key),
        Event::Unregistered { phone, key } => format!("Unregistered {phone} {key}"),
        Event::Subscribed { phone, .. } => format!("Subscribed phone {phone}"),
        Event::Unsubscribed { .. } => "Unsubscribed".to_owned(),
        Event::OutOfDialog { from, request, .. } => {
            let method = text(request.view().method_bytes().unwrap_or_default());
            format!("OutOfDialog {} {method}", proved(from))
        }
        Event::Rejected {
            status, genuine, ..
        } => format!(
            "Rejected {status}{}",
            if *genuine { " genuine" } else { "" }
        ),
    }
}

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

pub(crate) fn nonce_of(challenge: &str) -> String {
    let (_, rest) = challenge
        .split_once("nonce=\"")
        .expect("a challenge has a nonce");
    rest.split_once('"').unwrap().0.to_owned()
}

pub(crate) fn md5_hex(parts: &[&str]) -> String {
    Md5::digest(parts.join(":"))
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect()
}

/// A request as a phone writes it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) user: String,
    pub(crate) branch: String,
    pub(crate) from_tag: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    /// Extra header lines by name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn new(method: &str, user: &str) -> Self {
        let to = if method == "REGISTER" { user } else { "1002" };
        let uri = if method == "REGISTER" {
            "sip:198.51.100.1"
        } else {
            "sip:1002@198.51.100.1"
        };
        Self {
            method: method.to_owned(),
            uri: uri.to_owned(),
            user: user.to_owned(),
            branch: format!("z9hG4bK-{method}-{user}-1"),
            from_tag: format!("from-{user}"),
            to: format!("<sip:{to}@198.51.100.1>"),
            call_id: format!("call-{method}-{user}"),
            cseq: 1,
            headers: BTreeMap::new(),
            body: String::new(),
        }
    }

    /// The next request of the same client: one higher CSeq, another branch.
    pub(crate) fn again(&self) -> Self {
        let mut next = self.clone();
        next.cseq += 1;
        next.branch = format!("z9hG4bK-{}-{}", self.call_id, next.cseq);
        next.headers.remove("Authorization");
        next
    }

    /// A request inside the dialog that this INVITE opened with `to_tag`.
    pub(crate) fn inside(&self, method: &str, to_tag: &str, cseq: u32) -> Self {
        let mut request = self.clone();
        request.method = method.to_owned();
        request.cseq = cseq;
        request.branch = format!("z9hG4bK-in-{method}-{cseq}");
        request.to = format!("{};tag={to_tag}", self.to);
        request.body.clear();
        request.headers.retain(|name, _| name == "Contact");
        request
    }

    /// The ACK to a refusal, or the CANCEL: with the branch of the INVITE.
    pub(crate) fn same_branch(&self, method: &str) -> Self {
        let mut request = self.clone();
        request.method = method.to_owned();
        request.body.clear();
        request.headers.clear();
        request
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn contact(self, peer: Peer) -> Self {
        let contact = format!("<sip:{}@{}>", self.user, peer.addr);
        self.header("Contact", contact)
    }

    pub(crate) fn sdp(mut self) -> Self {
        self.body = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n".to_owned();
        self.header("Content-Type", "application/sdp")
    }

    /// With right MD5 credentials.
    pub(crate) fn signed(self, nonce: &str, count: u32) -> Self {
        let ha1 = md5_hex(&[&self.user, REALM, "secret"]);
        let ha2 = md5_hex(&[&self.method, &self.uri]);
        let nc = format!("{count:08x}");
        let response = md5_hex(&[&ha1, nonce, &nc, "abc", "auth", &ha2]);
        let value = format!(
            "Digest username=\"{}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{}\", \
             response=\"{response}\", algorithm=MD5, cnonce=\"abc\", qop=auth, nc={nc}",
            self.user, self.uri
        );
        self.header("Authorization", value)
    }

    pub(crate) fn build(&self) -> String {
        let mut out = format!("{} {} SIP/2.0\r\n", self.method, self.uri);
        out += &format!(
            "Via: SIP/2.0/UDP 10.0.0.1:5060;branch={};rport\r\n",
            self.branch
        );
        out += &format!(
            "From: <sip:{}@198.51.100.1>;tag={}\r\n",
            self.user, self.from_tag
        );
        out += &format!("To: {}\r\nCall-ID: {}\r\n", self.to, self.call_id);
        out += &format!("CSeq: {} {}\r\n", self.cseq, self.method);
        for (name, value) in &self.headers {
            out += &format!("{name}: {value}\r\n");
        }
        out + &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body)
    }
}

/// A response as a phone writes it to a request of ours.
pub(crate) fn response(
    request: &Message,
    status: u16,
    to_tag: &str,
    contact: Option<Peer>,
) -> String {
    response_with(request, status, to_tag, contact, "")
}

pub(crate) fn response_with(
    request: &Message,
    status: u16,
    to_tag: &str,
    contact: Option<Peer>,
    extra: &str,
) -> String {
    let view = request.view();
    let header = |name: Name| text(view.header(name).unwrap_or_default());
    let mut out = format!(
        "SIP/2.0 {status} Whatever\r\nVia: {}\r\n",
        header(Name::Via)
    );
    out += &format!("From: {}\r\nTo: {}", header(Name::From), header(Name::To));
    if view.to_tag().is_none() && !to_tag.is_empty() {
        out += &format!(";tag={to_tag}");
    }
    out += &format!(
        "\r\nCall-ID: {}\r\nCSeq: {}\r\n",
        header(Name::CallId),
        header(Name::CSeq)
    );
    if let Some(peer) = contact {
        out += &format!("Contact: <sip:1002@{}>\r\n", peer.addr);
    }
    out + extra + "Content-Length: 0\r\n\r\n"
}

/// A request of the called phone inside the dialog of our INVITE.
pub(crate) fn from_callee(invite: &Message, method: &str, tag: &str, cseq: u32) -> String {
    let view = invite.view();
    let header = |name: Name| text(view.header(name).unwrap_or_default());
    format!(
        "{method} sip:198.51.100.1:5060 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK-callee-{method}-{cseq}\r\n\
         From: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:1002@192.0.2.2:5060>\r\nContent-Length: 0\r\n\r\n",
        header(Name::To),
        header(Name::From),
        header(Name::CallId)
    )
}
