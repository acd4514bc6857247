//! Scripted calls: events of the stack in, commands and facts out, as lines of text. Time is virtual.

mod click;
mod ending;
mod faults;
mod group;
mod hold_api;
mod holding;
mod keys;
mod mailbox;
mod model;
mod music;
mod mwi;
mod quality;
mod queue;
mod recording;
mod restart;
mod ringback;
mod ringing;
mod secrecy;
mod silence;
mod stalls;
mod texts;
mod transfer;
mod trunk;
mod voicemail;

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{Now, PhoneId, UserId, Wall};
use offhook_media_core::{MediaCommand, PairId, PortPair};
use offhook_sip_core::{Binding, BindingKey, Command, Event, FlowId, LegId, Peer, Transport, TxId};
use offhook_sip_message::{Framing, Message};

use super::{Action, Pbx};
use crate::directory::{DirectoryChange, Phone, User};
use crate::{CallConfig, CallIds};

/// The caller's leg in every script.
pub(super) const A: LegId = LegId(0);
/// The first phone that is rung.
pub(super) const B1: LegId = LegId(3);
/// The second one.
pub(super) const B2: LegId = LegId(5);

/// A PBX with 2001 (phone 1), 2002 (phones 2 and 3), 2003 (phone 4) and 2004 (phone 5), whose journal commits when told to.
pub(super) struct Script {
    pub(super) pbx: Pbx,
    pub(super) now: Now,
    facts: u64,
    lines: Vec<String>,
    /// What the stack was told to do.
    pub(super) commands: Vec<Command>,
    /// What the journal got, in order.
    pub(super) recorded: Vec<offhook_base::FactRecord>,
    /// What the relays were told of payload types.
    pub(super) formats: Vec<MediaCommand>,
    /// What the relays were told of keys.
    pub(super) secured: Vec<MediaCommand>,
    /// Codes that went to the store.
    pub(super) codes: Vec<offhook_base::CallId>,
    /// For how long silence is borne, each time that changed.
    pub(super) watched: Vec<Option<Duration>>,
    /// What the recorder was told.
    pub(super) recordings: Vec<offhook_base::RecordingStart>,
    /// Calls that are being recorded.
    pub(super) monitored: Vec<offhook_base::CallId>,
    pub(super) bodies: Vec<serde_json::Value>,
    pub(super) cdrs: Vec<offhook_base::CdrRecord>,
}

impl Script {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut CallConfig)) -> Self {
        let mut config = CallConfig::new("n1", "pbx.example");
        change(&mut config);
        let mut pbx = Pbx::new(config, CallIds::new(0, 1, 1_000_000), [7; 32]);
        let now = Now {
            mono: offhook_base::Mono(1_000_000_000),
            wall: Wall::from_unix_seconds(1_700_000_000),
        };
        for (user, ext) in [
            (100_001, "2001"),
            (100_002, "2002"),
            (100_003, "2003"),
            (100_004, "2004"),
        ] {
            let user = User {
                id: UserId(user),
                ext: ext.into(),
                name: format!("User {ext}"),
                active: true,
                dnd: false,
                voicemail: None,
                record: crate::RecordMode::None,
            };
            pbx.handle_directory(now, DirectoryChange::User(user));
        }
        for (phone, user) in [
            (1, 100_001),
            (2, 100_002),
            (3, 100_002),
            (4, 100_003),
            (5, 100_004),
        ] {
            let phone = Phone {
                id: PhoneId(phone),
                user: UserId(user),
                display_name: String::new(),
            };
            pbx.handle_directory(now, DirectoryChange::Phone(phone));
        }
        Self {
            pbx,
            now,
            facts: 0,
            lines: Vec::new(),
            commands: Vec::new(),
            recorded: Vec::new(),
            formats: Vec::new(),
            secured: Vec::new(),
            codes: Vec::new(),
            watched: Vec::new(),
            recordings: Vec::new(),
            monitored: Vec::new(),
            bodies: Vec::new(),
            cdrs: Vec::new(),
        }
    }

    /// Registers these phones, each with one contact.
    pub(super) fn registered(mut self, phones: &[u32]) -> Self {
        self.registered_too(phones);
        self
    }

    pub(super) fn registered_too(&mut self, phones: &[u32]) -> &mut Self {
        for phone in phones {
            let binding = Binding {
                key: BindingKey(format!("k{phone}").into()),
                contact: Bytes::from(format!("sip:p{phone}@192.0.2.{phone}:5060")),
                path: Vec::new(),
                peer: peer(*phone),
                user_agent: Bytes::from_static(b"Desk/1"),
                instance: Bytes::new(),
                expires_at: self.now.wall + Duration::from_secs(3_600),
                call_id: Bytes::from_static(b"reg"),
                cseq: 1,
            };
            self.event(Event::Registered {
                phone: PhoneId(*phone),
                binding,
            });
        }
        self
    }

    pub(super) fn event(&mut self, event: Event) -> &mut Self {
        self.pbx.handle_event(self.now, event);
        self.drain();
        self
    }

    /// 2001 dials.
    pub(super) fn invite(&mut self, dialled: &str, sdp: Option<&str>) -> &mut Self {
        let request = message(
            &format!("INVITE sip:{dialled}@pbx.example SIP/2.0"),
            "1 INVITE",
            &["X-Account: 7", "P-Asserted-Identity: <sip:boss@x>"],
            sdp,
        );
        self.event(Event::Invite {
            leg: A,
            from: offhook_sip_core::Origin::Phone(PhoneId(1)),
            peer: peer(1),
            request,
        })
    }

    pub(super) fn provisional(&mut self, leg: LegId, status: u16, sdp: Option<&str>) -> &mut Self {
        self.event(Event::Provisional {
            leg,
            response: response(status, sdp),
        })
    }

    pub(super) fn answered(&mut self, leg: LegId, sdp: Option<&str>) -> &mut Self {
        self.event(Event::Answered {
            leg,
            response: response(200, sdp),
        })
    }

    pub(super) fn refused(&mut self, leg: LegId, status: u16) -> &mut Self {
        self.event(Event::Refused {
            leg,
            status,
            response: Some(response(status, None)),
        })
    }

    pub(super) fn request(
        &mut self,
        leg: LegId,
        tx: u64,
        method: &str,
        sdp: Option<&str>,
    ) -> &mut Self {
        let request = message(
            &format!("{method} sip:pbx.example SIP/2.0"),
            &format!("2 {method}"),
            &[],
            sdp,
        );
        self.event(Event::Request {
            leg,
            tx: TxId(tx),
            request,
        })
    }

    /// A phone sends INFO.
    pub(super) fn info(&mut self, leg: LegId, tx: u64, body: (&str, &str)) -> &mut Self {
        let request = message_with("INFO sip:pbx.example SIP/2.0", "2 INFO", &[], body);
        self.event(Event::Request {
            leg,
            tx: TxId(tx),
            request,
        })
    }

    /// A phone transfers the other side.
    pub(super) fn refer(&mut self, leg: LegId, tx: u64, to: &str) -> &mut Self {
        let request = message(
            "REFER sip:pbx.example SIP/2.0",
            "3 REFER",
            &[&format!("Refer-To: {to}")],
            None,
        );
        self.event(Event::Request {
            leg,
            tx: TxId(tx),
            request,
        })
    }

    /// Answers our `n`-th request inside a leg.
    pub(super) fn response(
        &mut self,
        leg: LegId,
        n: u64,
        status: u16,
        sdp: Option<&str>,
    ) -> &mut Self {
        self.event(Event::Response {
            leg,
            tx: TxId::outgoing(n),
            response: response(status, sdp),
        })
    }

    /// Answers our `n`-th request, a NOTIFY, with 200.
    pub(super) fn notified(&mut self, leg: LegId, n: u64) -> &mut Self {
        self.event(Event::Response {
            leg,
            tx: TxId::outgoing(n),
            response: message("SIP/2.0 200 OK", "2 NOTIFY", &[], None),
        })
    }

    pub(super) fn acked(&mut self, leg: LegId, sdp: Option<&str>) -> &mut Self {
        let body = sdp.map(|sdp| message("ACK sip:pbx.example SIP/2.0", "1 ACK", &[], Some(sdp)));
        self.event(Event::Acked { leg, body })
    }

    pub(super) fn ports(&mut self, count: u16) -> &mut Self {
        let pairs = (0..count).map(|n| PortPair {
            id: PairId(u32::from(n)),
            rtp_port: 20_000 + 2 * n,
        });
        self.pbx.handle_ports(pairs);
        self
    }

    /// A REST client wants something; what came of it shows as `api <token> …`.
    pub(super) fn api(&mut self, token: u64, command: crate::ApiCommand) -> &mut Self {
        self.pbx.handle_api(self.now, command, token);
        self.drain();
        self
    }

    /// `call.name seq final cause` of every event so far.
    pub(super) fn told(&self) -> Vec<String> {
        self.bodies
            .iter()
            .map(|body| {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                let line = format!(
                    "{} {} {} {}{}>{} {}{}",
                    body["seq"],
                    body["call_id"],
                    text("event_name"),
                    if text("context") == "LOCAL_USER" {
                        String::new()
                    } else {
                        format!("{} ", text("context"))
                    },
                    text("src"),
                    text("dst"),
                    text("t_cause"),
                    if body["final"] == true { " final" } else { "" },
                );
                line.trim_end().to_owned()
            })
            .collect()
    }

    /// A REST client hangs up.
    pub(super) fn hang_up(&mut self, call: offhook_base::CallId, token: u64) {
        let command = crate::ApiCommand::Hangup { call };
        self.pbx.handle_api(self.now, command, token);
    }

    /// The journal commits everything handed over so far.
    pub(super) fn commit(&mut self) -> &mut Self {
        self.pbx.handle_committed(self.now, self.facts);
        self.lines.push("-- commit".into());
        self.drain();
        self
    }

    /// Time passes, timers firing at their own moments.
    pub(super) fn wait(&mut self, time: Duration) -> &mut Self {
        let until = self.now.mono + time;
        while let Some(at) = self.pbx.next_timeout().filter(|at| *at <= until) {
            self.advance_to(at);
            self.pbx.handle_timeout(self.now);
            self.drain();
            assert!(
                self.pbx.next_timeout().is_none_or(|next| next > at),
                "deadlines advance"
            );
        }
        self.advance_to(until);
        self
    }

    fn advance_to(&mut self, at: offhook_base::Mono) {
        self.now.wall = self.now.wall + (at - self.now.mono);
        self.now.mono = at;
    }

    /// What happened since the last look, a line each.
    pub(super) fn expect(&mut self, lines: &[&str]) -> &mut Self {
        let seen = std::mem::take(&mut self.lines);
        assert_eq!(seen, lines, "\nseen:\n{}", seen.join("\n"));
        self
    }

    /// What happened since the last look, without what the media shell is told.
    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut lines = std::mem::take(&mut self.lines);
        lines.retain(|line| !line.starts_with("media"));
        lines
    }

    /// The same as [`Self::expect`] without what the media shell is told.
    pub(super) fn expect_sip(&mut self, lines: &[&str]) -> &mut Self {
        let seen = self.lines();
        assert_eq!(seen, lines, "\nseen:\n{}", seen.join("\n"));
        self
    }

    /// What was said to a leg last by a message of this method, or in an answer where none is given.
    pub(super) fn said(&self, to: LegId, with: Option<&str>) -> String {
        let said = |command: &Command| {
            if let Command::Invite { leg, invite, .. } = command {
                let wanted = *leg == to && with == Some("INVITE");
                invite.body.clone().filter(|_| wanted)
            } else if let Command::Request {
                leg, method, body, ..
            } = command
            {
                let wanted = *leg == to && with.is_some_and(|with| with == *method);
                body.clone().filter(|_| wanted)
            } else if let Command::Answer { leg, body, .. } = command {
                body.clone().filter(|_| *leg == to && with.is_none())
            } else {
                None
            }
        };
        let body = self.commands.iter().rev().find_map(said);
        body.map(|body| String::from_utf8_lossy(&body.octets).into_owned())
            .unwrap_or_default()
    }

    /// A field of the last event.
    pub(super) fn last(&self, field: &str) -> String {
        let value = self.bodies.last().map(|body| body[field].clone());
        let value = value.unwrap_or_default();
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    }

    /// Lets the lines since the last look go.
    pub(super) fn skip(&mut self) -> &mut Self {
        self.lines.clear();
        self
    }

    pub(super) fn drain(&mut self) {
        while let Some(action) = self.pbx.actions.pop_front() {
            let line = match action {
                Action::Sip(command) => {
                    let line = describe(&command);
                    self.commands.push(command);
                    line
                }
                Action::Record(fact) => {
                    self.facts += 1;
                    let body: serde_json::Value =
                        serde_json::from_slice(&fact.event.body).expect("an event is JSON");
                    let line = format!(
                        "* {} {}",
                        fact.event.name,
                        body["t_cause"].as_str().unwrap_or_default()
                    );
                    self.bodies.push(body);
                    self.cdrs
                        .extend(fact.cdr.as_ref().map(|cdr| (**cdr).clone()));
                    self.recorded.push(*fact);
                    line.trim_end().to_owned()
                }
                // Long, and of interest to few tests.
                Action::Media(command @ MediaCommand::Formats { .. }) => {
                    self.formats.push(command);
                    continue;
                }
                Action::Media(MediaCommand::Watch { after, .. }) => {
                    self.watched.push(after);
                    continue;
                }
                Action::Media(command) => {
                    let line = format!("media {command:?}");
                    if matches!(command, MediaCommand::Secure { .. }) {
                        self.secured.push(command);
                    }
                    line
                }
                Action::Heard { call, quality } => {
                    // As the projector does it.
                    let mut cdrs = self.cdrs.iter_mut();
                    let cdr = cdrs.find(|cdr| cdr.live_id == call);
                    cdr.expect("a CDR to amend").quality = Some(quality);
                    continue;
                }
                Action::Monitored { call, on } => {
                    self.monitored.retain(|monitored| *monitored != call);
                    if on {
                        self.monitored.push(call);
                    }
                    continue;
                }
                Action::Recording(start) => {
                    let line = format!(
                        "recording {} of {} for {}: {} > {}",
                        start.id,
                        start.call,
                        start
                            .user
                            .map_or_else(|| "nobody".to_owned(), |user| user.to_string()),
                        start.caller,
                        start.called
                    );
                    self.recordings.push(*start);
                    line
                }
                Action::DropRecording(start) => format!("drop recording {}", start.id),
                Action::Reply(reply) => format!("api {} {:?}", reply.token, reply.result),
                Action::ReserveCallIds(upto) => format!("reserve {upto}"),
                Action::AgentLogin(asked) => {
                    self.codes.push(asked.call);
                    let way = if asked.login { "in" } else { "out" };
                    format!("store {} {way} {:?}", asked.user, asked.queues)
                }
                Action::Mailbox(request) => format!("ask {:?}", request.ask),
                Action::Trunk(state) => format!("{state:?}"),
                Action::Text(change) => format!("text {change:?}"),
                Action::TextReply(reply) => format!("api {} {:?}", reply.token, reply.result),
            };
            self.lines.push(line);
        }
    }
}

pub(super) fn peer(n: u32) -> Peer {
    let octet = u8::try_from(n).unwrap_or(255);
    Peer {
        flow: FlowId::udp(0),
        addr: ([192, 0, 2, octet], 5060).into(),
        transport: Transport::Udp,
    }
}

pub(super) fn response(status: u16, sdp: Option<&str>) -> Message {
    message(
        &format!("SIP/2.0 {status} X"),
        "1 INVITE",
        &["Server: Desk/2"],
        sdp,
    )
}

pub(super) fn message(start: &str, cseq: &str, headers: &[&str], sdp: Option<&str>) -> Message {
    let body = sdp.unwrap_or_default();
    let content_type = sdp.map_or("", |_| "application/sdp");
    message_with(start, cseq, headers, (content_type, body))
}

/// The same with a body of any type, which is empty where there is none.
pub(super) fn message_with(
    start: &str,
    cseq: &str,
    headers: &[&str],
    (content_type, body): (&str, &str),
) -> Message {
    let mut text = format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:2001@pbx.example>;tag=f\r\nTo: <sip:2002@pbx.example>;tag=t\r\n\
         Call-ID: c1\r\nCSeq: {cseq}\r\nContact: <sip:p1@192.0.2.1:5060>\r\nUser-Agent: Soft/1\r\n"
    );
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !content_type.is_empty() {
        text.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    Message::parse(Bytes::from(text), Framing::Datagram).expect("the script's message is valid")
}

/// An SDP with PCMU, this host, port and direction.
pub(super) fn sdp(host: &str, port: u16, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}

fn describe(command: &Command) -> String {
    let name = |leg: &LegId| match *leg {
        A => "A".to_owned(),
        LegId(n) if n % 2 == 0 => format!("A{n}"),
        LegId(n) => format!("B{}", (n - 1) / 2),
    };
    let with = |body: &Option<offhook_sip_core::Body>| if body.is_some() { " +sdp" } else { "" };
    match command {
        Command::Invite { leg, invite, .. } => {
            format!("{} INVITE{}", name(leg), with(&invite.body))
        }
        Command::Answer {
            leg, status, body, ..
        } => format!("{} {status}{}", name(leg), with(body)),
        Command::Ack { leg, body } => format!("{} ACK{}", name(leg), with(body)),
        Command::Cancel { leg, reason } => {
            let reason = reason
                .as_deref()
                .map(String::from_utf8_lossy)
                .unwrap_or_default();
            format!(
                "{} CANCEL {}",
                name(leg),
                if reason.contains("elsewhere") {
                    "elsewhere"
                } else {
                    "given up"
                }
            )
        }
        Command::Bye { leg, .. } => format!("{} BYE", name(leg)),
        Command::Request {
            leg, method, body, ..
        } => format!(
            "{} {}{}",
            name(leg),
            String::from_utf8_lossy(method),
            with(body)
        ),
        Command::Reply {
            tx, status, body, ..
        } => format!("reply {} {status}{}", tx.0, with(body)),
        Command::Drop { leg } => format!("{} drop", name(leg)),
        Command::Outside { request, .. } => {
            format!("outside {}", String::from_utf8_lossy(&request.method))
        }
        Command::Notify { body, .. } => {
            format!("notify {}", String::from_utf8_lossy(&body.octets))
        }
        Command::Account(_) | Command::Restore(_) | Command::Trunks(_) => {
            "configuration".to_owned()
        }
    }
}
