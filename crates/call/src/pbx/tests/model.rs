//! Random histories: phones, REST clients, the journal and the clock do what they like, and in the end every promise was
//! kept. A seed in a failure message is one history; `HISTORY=<seed>` tells it, and
//! `HISTORIES=<n>` plays more of them.

mod ledger;
mod media;
mod stack;
mod tapes;

use std::time::Duration;

use offhook_base::{PhoneId, QueueId, RingGroupId, SoundId, SoundUse, UserId};
use offhook_sip_core::{BindingKey, Event, LegId, Origin, TxId};

use super::super::{Action, Pbx};
use super::{Script, message, peer, sdp};
use crate::ApiCommand;
use crate::command::TransferParty;
use crate::directory::{DirectoryChange, GroupStrategy, QueueConfig, QueueStrategy, RingGroup};
use ledger::Ledger;
use stack::{Stack, State};

const PORTS: u16 = 40;
const NUMBERS: [&str; 9] = [
    "2001", "2002", "2002", "2003", "2004", "3000", "3001", "4000", "9999",
];

struct World {
    script: Script,
    stack: Stack,
    ledger: Ledger,
    random: u64,
    /// What happened, when somebody asked for it.
    told: Vec<String>,
    tells: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let relay = seed.is_multiple_of(2);
        let mut script = Script::with(|config| {
            config.relay = relay.then(|| [192, 0, 2, 254].into());
        })
        .registered(&[1, 2, 3, 4, 5]);
        script.ports(PORTS);
        let mut world = Self {
            script,
            stack: Stack::default(),
            ledger: Ledger::default(),
            random: (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            told: Vec::new(),
            tells: std::env::var_os("HISTORY").is_some(),
        };
        world.put_group(7);
        world.put_group(8);
        world.put_queue();
        for id in 1..=4 {
            world.put_user(id);
        }
        if world.one_in(2) {
            let clip = super::music::clip("ringback");
            world.change(DirectoryChange::Sound(SoundId(1), clip));
            let chosen = Some(SoundId(1));
            world.change(DirectoryChange::SoundChosen(SoundUse::Ringback, chosen));
        }
        world
    }

    fn any(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % below
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.any(n) == 0
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let at = self.any(of.len().max(1) as u64);
        of.get(usize::try_from(at).unwrap()).cloned()
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.tells {
            self.told.push(what());
        }
    }

    fn change(&mut self, change: DirectoryChange) {
        let now = self.script.now;
        self.script.pbx.handle_directory(now, change);
        self.drain();
    }

    fn put_group(&mut self, id: u32) {
        let group = RingGroup {
            id: RingGroupId(id),
            name: "Sales".into(),
            number: format!("{}", 3000 + id - 7),
            strategy: if id == 7 {
                GroupStrategy::All
            } else {
                GroupStrategy::Linear
            },
            ring_time: Duration::from_secs(12),
            users: vec![UserId(100_002), UserId(100_003), UserId(100_004)],
        };
        self.change(DirectoryChange::RingGroup(group));
    }

    fn put_queue(&mut self) {
        self.change(DirectoryChange::Queue(QueueConfig {
            id: QueueId(5),
            name: "Support".into(),
            number: "4000".into(),
            strategy: QueueStrategy::InOrder,
            ring_time: Duration::from_secs(10),
            max_wait: Some(Duration::from_secs(60)),
            max_length: Some(2),
            wrap_up: Duration::from_secs(5),
            announce: None,
            skip_busy: true,
            music: None,
            announcement: None,
            agents: vec![(UserId(100_003), true), (UserId(100_004), true)],
        }));
    }

    fn event(&mut self, event: Event) {
        self.tell(|| {
            let mut text = format!("> {event:?}");
            text.truncate(160);
            text
        });
        let now = self.script.now;
        self.script.pbx.handle_event(now, event);
        self.drain();
    }

    /// Performs what the core wants, and what the stack says to that at once.
    fn drain(&mut self) {
        loop {
            while let Some(action) = self.script.pbx.actions.pop_front() {
                self.perform(&action);
            }
            if self.stack.events.is_empty() {
                break;
            }
            for event in std::mem::take(&mut self.stack.events) {
                let now = self.script.now;
                self.script.pbx.handle_event(now, event);
            }
        }
    }

    fn perform(&mut self, action: &Action) {
        self.tell(|| match action {
            Action::Sip(command) => format!("    {}", super::describe(command)),
            Action::Record(fact) => format!(
                "    * {} {} {}",
                fact.event.call.0, fact.event.name, fact.event.is_final
            ),
            Action::Media(_)
            | Action::DropRecording(_)
            | Action::Heard { .. }
            | Action::Monitored { .. }
            | Action::Recording(_)
            | Action::Reply(_)
            | Action::ReserveCallIds(_)
            | Action::AgentLogin(_)
            | Action::Mailbox(_)
            | Action::Text(_)
            | Action::TextReply(_)
            | Action::Trunk(_) => format!("    {action:?}"),
        });
        match action {
            Action::Sip(command) => {
                if let offhook_sip_core::Command::Invite { leg, .. } = command {
                    let name = self.script.pbx.leg(*leg).expect("a leg has a name");
                    self.ledger.may_invite(name.call);
                }
                self.stack.take(command);
            }
            Action::Record(fact) => self.ledger.fact(fact),
            Action::Media(command) => self.ledger.media(command),
            Action::Monitored { call, on } => self.ledger.tapes.monitored(*call, *on),
            Action::Recording(start) => self.ledger.tapes.announce(start),
            Action::DropRecording(start) => self.ledger.tapes.dropped(start.id),
            Action::Reply(reply) => self.ledger.reply(reply.token),
            Action::AgentLogin(_)
            | Action::Heard { .. }
            | Action::Mailbox(_)
            | Action::ReserveCallIds(_)
            | Action::Text(_)
            | Action::TextReply(_)
            | Action::Trunk(_) => {}
        }
    }

    fn pbx(&mut self) -> &mut Pbx {
        &mut self.script.pbx
    }

    fn commit(&mut self, upto: u64) {
        self.tell(|| format!("-- commit {upto}"));
        self.ledger.committed = self.ledger.committed.max(upto);
        let now = self.script.now;
        self.pbx().handle_committed(now, upto);
        self.drain();
    }

    fn wait(&mut self, time: Duration) {
        self.tell(|| format!("-- {time:?}"));
        let until = self.script.now.mono + time;
        while let Some(at) = self.pbx().next_timeout().filter(|at| *at <= until) {
            self.script.advance_to(at);
            let now = self.script.now;
            self.pbx().handle_timeout(now);
            self.drain();
            let next = self.pbx().next_timeout();
            assert!(next.is_none_or(|next| next > at), "deadlines advance");
        }
        self.script.advance_to(until);
    }

    fn body(&mut self) -> Option<String> {
        let mut direction = "sendrecv";
        match self.any(16) {
            0 => return None,
            1 => return Some("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n".into()),
            2 | 3 => direction = "sendonly",
            4 => direction = "inactive",
            5 => direction = "recvonly",
            _ => {}
        }
        let port = u16::try_from(4_000 + 2 * self.any(20)).unwrap();
        let sdp = sdp("192.0.2.9", port, direction);
        Some(if self.one_in(3) {
            sdp.replace("RTP/AVP 0", "RTP/AVP 8")
        } else {
            sdp
        })
    }

    fn legs(&self, wanted: impl Fn(&stack::Leg) -> bool) -> Vec<LegId> {
        let legs = self.stack.legs.iter();
        legs.filter(|(_, leg)| wanted(leg))
            .map(|(id, _)| *id)
            .collect()
    }

    fn step(&mut self) {
        match self.any(36) {
            0..=3 => self.somebody_calls(),
            4 => self.originate(),
            5..=11 => self.a_phone_answers(),
            12 => self.a_caller_gives_up(),
            13..=18 => self.a_phone_asks(),
            19..=23 => self.a_phone_replies(),
            24..=26 => self.a_client_asks(),
            27 => self.something_changes(),
            28 => self.nonsense(),
            29 => {
                let time = [50, 700, 3_000, 12_000, 35_000][usize::try_from(self.any(5)).unwrap()];
                self.wait(Duration::from_millis(time));
            }
            30 | 31 => self.recorder_tells(),
            32..=34 => self.media_tells(),
            35 => self.somebody_is_heard(),
            _ => {}
        }
        self.a_phone_acknowledges();
        match self.any(4) {
            0 => {}
            1 => {
                let some = self.any(self.ledger.facts + 1);
                self.commit(some);
            }
            _ => self.commit(self.ledger.facts),
        }
    }

    fn somebody_calls(&mut self) {
        let number = self.pick(&NUMBERS).unwrap();
        let phone = u32::try_from(1 + self.any(5)).unwrap();
        let body = self.body();
        let leg = self.stack.new_leg(body.is_some());
        let start = format!("INVITE sip:{number}@pbx.example SIP/2.0");
        self.event(Event::Invite {
            leg,
            from: Origin::Phone(PhoneId(phone)),
            peer: peer(phone),
            request: message(&start, "1 INVITE", &[], body.as_deref()),
        });
    }

    fn originate(&mut self) {
        let to = self.pick(&NUMBERS).unwrap().into();
        let user = UserId(100_001 + u32::try_from(self.any(5)).unwrap());
        self.ask(ApiCommand::Originate {
            user,
            to,
            caller_id: None,
        });
    }

    fn ask(&mut self, command: ApiCommand) {
        self.tell(|| format!("> {command:?}"));
        let token = self.ledger.ask();
        let now = self.script.now;
        self.pbx().handle_api(now, command, token);
        self.drain();
    }

    fn a_phone_answers(&mut self) {
        let legs = self.legs(|leg| matches!(leg.state, State::Inviting { .. }));
        let Some(leg) = self.pick(&legs) else { return };
        let cancelled = self.stack.legs[&leg].state == State::Inviting { cancelled: true };
        let body = self.body();
        if cancelled {
            self.stack.legs.get_mut(&leg).unwrap().state = State::Over;
            return self.event(Event::Refused {
                leg,
                status: 487,
                response: None,
            });
        }
        match self.any(8) {
            0..=2 => {
                let status = self.pick(&[180, 183, 181]).unwrap();
                let response = super::response(status, body.as_deref());
                self.event(Event::Provisional { leg, response });
            }
            3..=5 => {
                let known = self.stack.legs.get_mut(&leg).unwrap();
                known.state = State::Up;
                known.answers();
                let response = super::response(200, body.as_deref());
                self.event(Event::Answered { leg, response });
            }
            _ => {
                self.stack.legs.get_mut(&leg).unwrap().state = State::Over;
                let status = self.pick(&[486, 480, 603, 408, 500, 488]).unwrap();
                let ours = status == 408 || self.one_in(4);
                let response = (!ours).then(|| super::response(status, None));
                self.event(Event::Refused {
                    leg,
                    status,
                    response,
                });
            }
        }
    }

    fn a_caller_gives_up(&mut self) {
        let legs = self.legs(|leg| leg.state == State::Calling);
        let Some(leg) = self.pick(&legs) else { return };
        let bye = message("BYE sip:x SIP/2.0", "2 BYE", &[], None);
        let reason = self.one_in(2).then_some(bye);
        self.event(Event::Cancelled { leg, reason });
    }

    fn a_phone_acknowledges(&mut self) {
        let legs = self.legs(|leg| leg.is_up() && leg.awaits_ack.is_some());
        let Some(leg) = self.pick(&legs).filter(|_| !self.one_in(3)) else {
            return;
        };
        let known = self.stack.legs.get_mut(&leg).unwrap();
        let wants_answer = known.awaits_ack.take() == Some(true);
        if self.one_in(40) {
            return self.event(Event::AckMissing { leg });
        }
        let body = if wants_answer { self.body() } else { None };
        let body = body.map(|body| message("ACK sip:x SIP/2.0", "1 ACK", &[], Some(&body)));
        self.event(Event::Acked { leg, body });
    }

    fn a_phone_asks(&mut self) {
        let legs = self.legs(|leg| leg.is_up() || matches!(leg.state, State::Inviting { .. }));
        let Some(leg) = self.pick(&legs) else { return };
        let methods: &[&str] = if self.stack.legs[&leg].is_up() {
            &[
                "BYE", "REFER", "REFER", "REFER", "INVITE", "INVITE", "UPDATE", "INFO", "NOTIFY",
            ]
        } else {
            // In an early dialog, also while a CANCEL is on its way to it.
            &["UPDATE", "INFO"]
        };
        let method = self.pick(methods).unwrap();
        let body = match method {
            "INVITE" | "UPDATE" => self.body(),
            _ => None,
        };
        let Some(tx) = self.stack.ask(leg, method, body.is_some()) else {
            return;
        };
        let number = self.pick(&NUMBERS).unwrap();
        let header = match self.any(12) {
            0 => "Refer-To: <sip:2003@pbx.example?Replaces=x>".to_owned(),
            1 => "X-None: 1".to_owned(),
            _ => format!("Refer-To: <sip:{number}@pbx.example>"),
        };
        let headers: &[&str] = if method == "REFER" { &[&header] } else { &[] };
        let start = format!("{method} sip:pbx.example SIP/2.0");
        let cseq = format!("7 {method}");
        let request = if method == "INFO" {
            let (content_type, body) = self.info();
            super::message_with(&start, &cseq, headers, (content_type, body))
        } else {
            message(&start, &cseq, headers, body.as_deref())
        };
        self.event(Event::Request { leg, tx, request });
    }

    fn a_phone_replies(&mut self) {
        let legs = self.legs(|leg| leg.is_up() && !leg.ours.is_empty());
        let Some(leg) = self.pick(&legs) else { return };
        let asked: Vec<TxId> = self.stack.legs[&leg].ours.keys().copied().collect();
        let Some(tx) = self.pick(&asked) else { return };
        let status = match self.any(12) {
            0 => 488,
            1 | 2 => 491,
            3 if self.one_in(3) => 481,
            4 if self.one_in(3) => 408,
            _ => 200,
        };
        let Some(method) = self.stack.answered(leg, tx, status) else {
            return;
        };
        if status == 408 {
            return self.event(Event::Failed { leg, tx, status });
        }
        let method = String::from_utf8_lossy(&method).into_owned();
        let body = if method == "INVITE" && status == 200 {
            self.body()
        } else {
            None
        };
        let start = format!("SIP/2.0 {status} X");
        let response = message(&start, &format!("2 {method}"), &[], body.as_deref());
        self.event(Event::Response { leg, tx, response });
    }

    fn a_client_asks(&mut self) {
        let nth = self.any(1_000);
        let call = self.ledger.call(nth);
        let by = UserId(100_001 + u32::try_from(self.any(4)).unwrap());
        let command = match self.any(10) {
            8 | 9 => {
                let on = self.one_in(2);
                ApiCommand::Monitor { call, on, by }
            }
            0 => ApiCommand::Hangup { call },
            1 | 2 => ApiCommand::Hold {
                call,
                held: true,
                by,
            },
            3 | 4 => ApiCommand::Hold {
                call,
                held: false,
                by,
            },
            _ => ApiCommand::Transfer {
                call,
                dst: self.pick(&NUMBERS).unwrap().into(),
                party: self
                    .pick(&[None, Some(TransferParty::Src), Some(TransferParty::Dst)])
                    .unwrap(),
            },
        };
        self.ask(command);
    }

    fn something_changes(&mut self) {
        match self.any(5) {
            0 => self.change(DirectoryChange::RingGroupRemoved(RingGroupId(7))),
            1 => self.put_group(7),
            2 => {
                let id = u32::try_from(1 + self.any(4)).unwrap();
                self.put_user(id);
            }
            3 => self.event(Event::Unregistered {
                phone: PhoneId(5),
                key: BindingKey("k5".into()),
            }),
            _ => {
                self.change(DirectoryChange::QueueRemoved(QueueId(5)));
                self.put_queue();
            }
        }
    }

    /// Copies, and what nobody waits for.
    fn nonsense(&mut self) {
        let legs = self.legs(|_| true);
        let Some(leg) = self.pick(&legs) else { return };
        let leg = if self.one_in(4) { LegId(9_999) } else { leg };
        let tx = TxId::outgoing(self.any(50));
        let response = super::response(200, None);
        match self.any(5) {
            0 => self.event(Event::Acked { leg, body: None }),
            1 => {
                let status = 408;
                self.event(Event::Failed { leg, tx, status });
            }
            2 if self.stack.legs.get(&leg).is_some_and(stack::Leg::is_up) => {
                let known = self.stack.legs.get_mut(&leg).unwrap();
                if leg.is_outgoing() && !known.owes_ack {
                    self.event(Event::Answered { leg, response });
                }
            }
            3 => {
                let response = super::response(183, None);
                self.event(Event::Provisional { leg, response });
            }
            _ => {
                let known = self.stack.legs.get(&leg);
                if known.is_none_or(|known| known.state == State::Over) {
                    self.event(Event::Refused {
                        leg,
                        status: 487,
                        response: None,
                    });
                }
            }
        }
    }

    /// Ends all that is left, and looks whether every promise was kept.
    fn finish(&mut self) {
        if self.one_in(2) {
            let legs = self.legs(stack::Leg::is_up);
            for leg in legs {
                if self.stack.legs[&leg].is_up()
                    && let Some(tx) = self.stack.ask(leg, "BYE", false)
                {
                    let request = message("BYE sip:x SIP/2.0", "9 BYE", &[], None);
                    self.event(Event::Request { leg, tx, request });
                }
            }
            self.commit(self.ledger.facts);
            self.wait(Duration::from_secs(200));
        }
        self.ledger.stopping = true;
        self.tell(|| "-- shutdown".into());
        let now = self.script.now;
        self.pbx().shut_down(now);
        self.drain();
        self.commit(self.ledger.facts);
        self.wait(Duration::from_secs(60));
        self.commit(self.ledger.facts);
        while !self.ledger.tapes.over.is_empty() {
            self.recorder_tells();
        }
        self.stack.check_over();
        let pbx = &self.script.pbx;
        let in_stock = pbx.ports_in_stock();
        self.ledger.check_over(usize::from(PORTS), in_stock);
        assert_eq!(pbx.len(), 0);
        assert!(pbx.conversations.is_empty() && pbx.timers.is_empty());
        assert!(pbx.legs.is_empty() && pbx.lingering.is_empty());
        assert!(pbx.recordings.is_empty() && pbx.messages.is_empty());
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    let steps = 20 + world.any(60);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        for _ in 0..steps {
            world.step();
        }
        world.finish();
    }));
    if let Err(fault) = result {
        let text = fault
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| fault.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        panic!(
            "seed {seed}: {}\n{}",
            text.unwrap_or_default(),
            world.told.join("\n")
        );
    }
}

#[test]
fn whatever_happens_every_call_ends_once_and_nobody_is_left_waiting() {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    if let Some(seed) = number("HISTORY") {
        return run(seed);
    }
    for seed in 0..number("HISTORIES").unwrap_or(2_000) {
        run(seed);
    }
}
