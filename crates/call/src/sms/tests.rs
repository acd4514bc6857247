//! Scripted texts: inputs in, commands, facts and changes out, as lines. Time is virtual.

mod admitting;
mod forwarding;
mod outside;
mod random;

use std::time::Duration;

use bytes::Bytes;
use offhook_base::{
    DdiId, Mono, Now, PhoneId, QueueId, SmsId, SmsRecord, SmsStatus, TrunkId, UserId, Wall,
};
use offhook_sip_core::{
    Binding, BindingKey, Command, FlowId, Origin, Peer, Target, Transport, TxId,
};
use offhook_sip_message::{Framing, Message};
use serde_json::Value;

use super::*;
use crate::directory::{Ddi, DdiTarget, DirectoryChange, Phone, Trunk, User};

/// 2001 (phone 1), 2002 (phones 2 and 3) and the inactive 2009 (phone 9); trunks 1 and 2; numbers of ours: 34900002 is
/// 2002's, 34900009 that of the inactive one, 34900100 of a queue, 34900200 comes by trunk 2 only.
struct Script {
    /// Call-ID of the REGISTERs.
    reg_call_id: &'static str,
    texts: Texts,
    directory: Directory,
    bindings: Bindings,
    ids: EventIds,
    call_ids: CallIds,
    tx_ids: TxIds,
    numbering: Numbering,
    now: Now,
    is_open: bool,
    /// Why no text goes outside.
    way: Result<(), NoWay>,
    facts: u64,
    lines: Vec<String>,
    events: Vec<Value>,
    records: Vec<FactRecord>,
    /// The last word on each text.
    statuses: BTreeMap<SmsId, SmsStatus>,
    commands: Vec<Command>,
}

struct Ways(Result<(), NoWay>);

impl OutsideWays for Ways {
    fn way(
        &self,
        _directory: &Directory,
        _user: UserId,
        explicit: Option<&str>,
        dialled: &str,
    ) -> Result<Way, NoWay> {
        let number = dialled.strip_prefix('+').unwrap_or(dialled);
        if number.len() <= 6 {
            return Err(NoWay::Nowhere);
        }
        self.0?;
        let from = explicit.unwrap_or("34900001");
        Ok(Way {
            trunk: TrunkId(1),
            target: Target {
                uri: Bytes::from(format!("sip:00{number}@carrier.example")),
                route: Vec::new(),
                peer: peer(200),
            },
            number: number.to_owned(),
            from_uri: format!("sip:{from}@pbx.example"),
            from: from.to_owned(),
            to_uri: format!("sip:00{number}@carrier.example"),
        })
    }
}

impl Script {
    fn new() -> Self {
        let mut directory = Directory::default();
        for (id, ext) in [(1, "2001"), (2, "2002"), (9, "2009")] {
            directory.apply(DirectoryChange::User(User {
                id: UserId(100_000 + id),
                ext: ext.to_owned(),
                name: format!("User \"{ext}\""),
                active: id != 9,
                dnd: false,
                voicemail: None,
                record: crate::RecordMode::None,
            }));
        }
        for (phone, user) in [(1, 1), (2, 2), (3, 2), (9, 9)] {
            directory.apply(DirectoryChange::Phone(Phone {
                id: PhoneId(phone),
                user: UserId(100_000 + user),
                display_name: String::new(),
            }));
        }
        for id in [1, 2] {
            directory.apply(DirectoryChange::Trunk(Trunk {
                id: TrunkId(id),
                name: format!("Carrier {id}"),
                host: "carrier.example".to_owned(),
                addresses: Vec::new(),
                from_domain: String::new(),
                prefix: String::new(),
                strip: 0,
                caller_id: String::new(),
                priority: 1,
                max_calls: None,
                active: true,
            }));
        }
        let numbers = [
            ("34900002", None, DdiTarget::User(UserId(100_002))),
            ("34900009", None, DdiTarget::User(UserId(100_009))),
            ("34900100", None, DdiTarget::Queue(QueueId(1))),
            (
                "34900200",
                Some(TrunkId(2)),
                DdiTarget::User(UserId(100_002)),
            ),
        ];
        for (id, (e164, trunk, target)) in (1..).zip(numbers) {
            directory.apply(DirectoryChange::Ddi(Ddi {
                id: DdiId(id),
                e164: e164.to_owned(),
                trunk,
                target,
            }));
        }
        Self {
            reg_call_id: "reg",
            texts: Texts::new(TextsConfig {
                host: "pbx.example".to_owned(),
                customer_id: 100_001,
            }),
            directory,
            bindings: Bindings::default(),
            ids: EventIds::new("n1", 7),
            call_ids: CallIds::new(0, 1, 1_000_000),
            tx_ids: TxIds::default(),
            numbering: Numbering::new(Some("ES")).expect("a country"),
            now: Now {
                mono: Mono(1_000_000_000),
                wall: Wall::from_unix_seconds(1_700_000_000),
            },
            is_open: true,
            way: Ok(()),
            facts: 0,
            lines: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
            statuses: BTreeMap::new(),
            commands: Vec::new(),
        }
    }

    fn input(&mut self, work: impl FnOnce(&mut Texts, &mut Context<'_>)) -> &mut Self {
        let mut effects = Vec::new();
        let facts = &mut self.facts;
        let mut cx = Context {
            now: self.now,
            is_open: self.is_open,
            directory: &self.directory,
            bindings: &self.bindings,
            outside: &Ways(self.way),
            ids: &mut self.ids,
            call_ids: &mut self.call_ids,
            numbering: &self.numbering,
            tx_ids: &mut self.tx_ids,
            hand_over: &mut || {
                *facts += 1;
                *facts
            },
            effects: &mut effects,
        };
        work(&mut self.texts, &mut cx);
        self.texts.check_invariants();
        for effect in effects {
            self.perform(effect);
        }
        self
    }

    fn perform(&mut self, effect: TextEffect) {
        let line = match effect {
            TextEffect::Change(TextChange::Keep(text)) => {
                self.statuses.insert(text.id, text.status);
                format!("keep {}", text.id)
            }
            TextEffect::Change(TextChange::Status(text)) => {
                self.statuses.insert(text.id, text.status);
                format!("{} is {}", text.id, text.status.as_str())
            }
            TextEffect::Record(fact) => {
                let event: Value = serde_json::from_slice(&fact.event.body).expect("JSON");
                let text = fact.sms.as_ref().expect("the text");
                self.statuses.insert(text.id, text.status);
                let line = format!("* {} {}>{}", text.id, text.from, text.to);
                self.events.push(event);
                self.records.push(*fact);
                line
            }
            TextEffect::Reply(reply) => format!("api {} {:?}", reply.token, reply.result),
            TextEffect::ReserveCallIds(upto) => format!("reserve {upto}"),
            TextEffect::Sip(command) => {
                let line = describe(&command);
                self.commands.push(*command);
                line
            }
        };
        self.lines.push(line);
    }

    /// Phone `n` registers a contact, or refreshes it.
    fn register(&mut self, n: u32) -> &mut Self {
        let binding = Binding {
            key: key(n),
            contact: Bytes::from(format!("sip:p{n}@192.0.2.{n}:5060")),
            path: Vec::new(),
            peer: peer(n),
            user_agent: Bytes::new(),
            instance: Bytes::new(),
            expires_at: self.now.wall + Duration::from_secs(60),
            call_id: Bytes::from_static(self.reg_call_id.as_bytes()),
            cseq: 1,
        };
        let is_new = self.bindings.insert(PhoneId(n), binding);
        self.input(|texts, cx| texts.on_registered(cx, PhoneId(n), &key(n), is_new))
    }

    fn unregister(&mut self, n: u32) -> &mut Self {
        self.bindings.remove(PhoneId(n), &key(n));
        self.input(|texts, cx| texts.on_unregistered(cx, PhoneId(n), &key(n)))
    }

    /// 2001 sends a text; its MESSAGE is named by its transaction.
    fn message(&mut self, tx: u64, to: &str, text: &str) -> &mut Self {
        self.from(Origin::Phone(PhoneId(1)), tx, to, text)
    }

    fn from(&mut self, from: Origin, tx: u64, to: &str, text: &str) -> &mut Self {
        let request = request(to, &format!("c{tx}"), "text/plain", text.as_bytes());
        self.raw(from, tx, &request)
    }

    fn raw(&mut self, from: Origin, tx: u64, request: &Message) -> &mut Self {
        self.input(|texts, cx| texts.on_message(cx, TxId(tx), from, request))
    }

    fn command(&mut self, command: TextCommand, token: u64) -> &mut Self {
        self.input(|texts, cx| texts.on_command(cx, command, token))
    }

    /// Our `n`-th request is answered.
    fn answer(&mut self, n: u64, status: u16) -> &mut Self {
        self.input(|texts, cx| texts.on_answer(cx, TxId::outgoing(n), Answer::Final(status)))
    }

    /// Nobody answers our `n`-th request.
    fn silence(&mut self, n: u64) -> &mut Self {
        self.input(|texts, cx| texts.on_answer(cx, TxId::outgoing(n), Answer::Nothing))
    }

    fn commit(&mut self) -> &mut Self {
        let facts = self.facts;
        self.input(|texts, cx| texts.on_committed(cx, facts))
    }

    fn stored(&mut self, id: u64, stored: bool) -> &mut Self {
        self.input(|texts, cx| texts.on_stored(cx, SmsId(id), stored))
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        let until = self.now.mono + time;
        while let Some(at) = self.texts.next_timeout().filter(|at| *at <= until) {
            self.advance_to(at);
            self.input(Texts::on_timeout);
            let next = self.texts.next_timeout();
            assert!(next.is_none_or(|next| next > at), "deadlines advance");
        }
        self.advance_to(until);
        self
    }

    fn advance_to(&mut self, at: Mono) {
        let at = at.max(self.now.mono);
        self.now.wall = self.now.wall + (at - self.now.mono);
        self.now.mono = at;
    }

    /// What happened since the last look.
    fn expect(&mut self, lines: &[&str]) -> &mut Self {
        let seen = std::mem::take(&mut self.lines);
        assert_eq!(seen, lines, "\nseen:\n{}", seen.join("\n"));
        self
    }

    fn skip(&mut self) -> &mut Self {
        self.lines.clear();
        self
    }

    /// The process dies: another one starts with what is on the disk. Nothing of a committed fact is lost, nor a text that
    /// was kept, nor how a text stands.
    fn restart(&mut self, kept: &[SmsRecord]) -> &mut Self {
        let config = self.texts.config.clone();
        self.texts = Texts::new(config);
        let committed = self.records.iter().filter_map(|fact| fact.sms.as_deref());
        let texts: Vec<SmsRecord> = committed
            .chain(kept)
            .map(|text| SmsRecord {
                status: self.statuses[&text.id],
                ..text.clone()
            })
            .filter(|text| matches!(text.status, SmsStatus::Received | SmsStatus::Queued))
            .filter(|text| text.to_user.is_some() || text.status == SmsStatus::Queued)
            .collect();
        self.input(|machine, cx| machine.on_restored(cx, texts))
    }
}

fn key(n: u32) -> BindingKey {
    BindingKey(format!("k{n}").into())
}

fn peer(n: u32) -> Peer {
    Peer {
        flow: FlowId::udp(0),
        addr: ([192, 0, 2, u8::try_from(n).unwrap_or(255)], 5060).into(),
        transport: Transport::Udp,
    }
}

fn request(to: &str, call_id: &str, content_type: &str, body: &[u8]) -> Message {
    let mut octets = format!(
        "MESSAGE sip:{to}@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
         From: <sip:+34-600-000-001@x.example>;tag=f\r\nTo: <sip:{to}@pbx.example>\r\nCall-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\n"
    );
    if !content_type.is_empty() {
        octets.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    octets.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let octets = [octets.as_bytes(), body].concat();
    Message::parse(Bytes::from(octets), Framing::Datagram).expect("the script's message is valid")
}

fn describe(command: &Command) -> String {
    match command {
        Command::Outside {
            tx,
            target,
            request,
        } => {
            let text = request.body.as_ref().map(|body| body.octets.clone());
            format!(
                "{} {} {}",
                (tx.0 - 1) / 2,
                String::from_utf8_lossy(&target.uri),
                String::from_utf8_lossy(&text.unwrap_or_default())
            )
        }
        Command::Reply {
            tx,
            status,
            headers,
            ..
        } => {
            let headers = headers.iter().map(|(name, value)| {
                let (name, value) = (
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(value),
                );
                format!(" {name}: {value}")
            });
            format!("reply {} {status}{}", tx.0, headers.collect::<String>())
        }
        Command::Account(_)
        | Command::Ack { .. }
        | Command::Answer { .. }
        | Command::Bye { .. }
        | Command::Cancel { .. }
        | Command::Drop { .. }
        | Command::Invite { .. }
        | Command::Notify { .. }
        | Command::Request { .. }
        | Command::Restore(_)
        | Command::Trunks(_) => panic!("no command for a text: {command:?}"),
    }
}
