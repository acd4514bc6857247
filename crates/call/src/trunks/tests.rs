//! Scripts for one or two trunks.

use std::time::Duration;

use super::*;

pub(super) fn trunk(id: u32) -> Trunk {
    Trunk {
        id: TrunkId(id),
        name: format!("trunk {id}"),
        host: "carrier.example".to_owned(),
        addresses: vec![([192, 0, 2, 70], 5060).into()],
        from_domain: String::new(),
        prefix: String::new(),
        strip: 0,
        caller_id: String::new(),
        priority: 0,
        max_calls: None,
        active: true,
    }
}

/// The OPTIONS that a command sends.
pub(super) fn ask(command: Command) -> (TxId, Target, OutsideRequest) {
    let Command::Outside {
        tx,
        target,
        request,
    } = command
    else {
        panic!("{command:?}")
    };
    (tx, target, request)
}

/// Trunks under a script.
struct Script {
    trunks: Trunks,
    now: Mono,
    txs: u64,
    /// The last OPTIONS of each trunk's address, as sent.
    asked: Vec<TxId>,
}

impl Script {
    fn new() -> Self {
        Self {
            trunks: Trunks::new("pbx.example", FlowId::udp(0)),
            now: Mono(1_000_000_000_000),
            txs: 0,
            asked: Vec::new(),
        }
    }

    fn with(trunk: Trunk) -> Self {
        let mut script = Self::new();
        script.trunks.put(script.now, trunk);
        script.check(&["up 1 ", "OPTIONS 192.0.2.70:5060"]);
        script
    }

    /// Lets time pass up to `seconds` and fires what is due.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.trunks.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.fire();
        }
        self.now = end;
    }

    fn fire(&mut self) {
        let txs = &mut self.txs;
        self.trunks.handle_timeout(self.now, || {
            *txs += 1;
            TxId::outgoing(*txs)
        });
        let next = self.trunks.next_timeout();
        assert!(next.is_none_or(|next| next > self.now), "deadlines advance");
    }

    fn drain(&mut self) -> Vec<String> {
        self.fire();
        let mut lines = Vec::new();
        while let Some(output) = self.trunks.poll_output() {
            lines.push(match output {
                TrunkOutput::Sip(command) => {
                    let (tx, target, request) = ask(*command);
                    self.asked.push(tx);
                    let method = String::from_utf8_lossy(&request.method).into_owned();
                    format!("{method} {}", target.peer.addr)
                }
                TrunkOutput::State(state) => {
                    let up = if state.up { "up" } else { "down" };
                    format!("{up} {} {}", state.trunk, state.reason)
                }
            });
        }
        lines
    }

    #[track_caller]
    fn check(&mut self, expect: &[&str]) {
        assert_eq!(self.drain(), expect);
    }

    /// The last OPTIONS is answered, or not, and the next one is sent.
    #[track_caller]
    fn outcome(&mut self, answered: bool, expect: &[&str]) {
        let tx = *self.asked.last().expect("asked");
        let known = if answered {
            self.trunks.on_response(self.now, tx)
        } else {
            self.trunks.on_failed(self.now, tx)
        };
        assert!(known);
        let mut lines = self.drain();
        self.pass(30);
        lines.extend(self.drain());
        assert_eq!(lines.pop().as_deref(), Some("OPTIONS 192.0.2.70:5060"));
        assert_eq!(lines, expect);
    }

    fn answered(&mut self, expect: &[&str]) {
        self.outcome(true, expect);
    }

    fn missed(&mut self, expect: &[&str]) {
        self.outcome(false, expect);
    }

    fn chosen(&self) -> Vec<u32> {
        let number = Outside::Number("34600111222".to_owned());
        let chosen = self.trunks.choose(&number);
        chosen.into_iter().map(|id| id.0).collect()
    }
}

const DOWN: &str = "down 1 no answer to OPTIONS";
const UP: &str = "up 1 ";

#[test]
fn a_new_trunk_is_tried_at_once_and_asked_at_once() {
    let script = Script::with(trunk(1));
    assert_eq!(script.chosen(), [1]);
}

#[test]
fn options_names_the_trunk_and_us() {
    let mut script = Script::new();
    let from_domain = "us.example".to_owned();
    script.trunks.put(script.now, trunk(1));
    script.trunks.put(
        script.now,
        Trunk {
            from_domain,
            ..trunk(2)
        },
    );
    script.fire();
    let mut seen = Vec::new();
    while let Some(output) = script.trunks.poll_output() {
        if let TrunkOutput::Sip(command) = output {
            let (_, target, request) = ask(*command);
            assert_eq!(target.uri, "sip:carrier.example");
            assert_eq!(request.to, "<sip:carrier.example>");
            seen.push(request.from);
        }
    }
    assert_eq!(seen, ["<sip:pbx.example>", "<sip:us.example>"]);
}

#[test]
fn options_leave_every_30_s_and_one_at_a_time() {
    let mut script = Script::with(trunk(1));
    script.pass(300);
    script.check(&[]);
    script.trunks.on_response(script.now, script.asked[0]);
    script.check(&["OPTIONS 192.0.2.70:5060"]);
    script.trunks.on_response(script.now, script.asked[1]);
    script.pass(29);
    script.check(&[]);
    script.pass(1);
    script.check(&["OPTIONS 192.0.2.70:5060"]);
}

#[test]
fn two_misses_in_a_row_are_down_and_one_answer_is_up() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    script.answered(&[]);
    script.missed(&[]);
    assert_eq!(script.chosen(), [1]);
    script.missed(&[DOWN]);
    assert_eq!(script.chosen(), [0; 0]);
    script.missed(&[]);
    script.answered(&[UP]);
    assert_eq!(script.chosen(), [1]);
}

#[test]
fn a_trunk_that_flaps_needs_three_answers_in_a_row() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    script.missed(&[DOWN]);
    script.answered(&[UP]);
    script.missed(&[]);
    script.missed(&[DOWN]);
    // Three changes in two minutes.
    script.answered(&[]);
    script.answered(&[]);
    script.missed(&[]);
    script.answered(&[]);
    script.answered(&[]);
    script.answered(&[UP]);
}

#[test]
fn a_trunk_that_flapped_long_ago_needs_one_answer() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    script.missed(&[DOWN]);
    script.answered(&[UP]);
    script.missed(&[]);
    script.missed(&[DOWN]);
    for _ in 0..10 {
        script.missed(&[]);
    }
    script.answered(&[UP]);
}

#[test]
fn an_inactive_trunk_and_one_without_addresses_are_down_with_the_reason() {
    let mut script = Script::with(trunk(1));
    let addresses = Vec::new();
    script.trunks.put(
        script.now,
        Trunk {
            addresses,
            ..trunk(1)
        },
    );
    script.check(&["down 1 host does not resolve"]);
    let active = false;
    script.trunks.put(script.now, Trunk { active, ..trunk(1) });
    script.check(&["down 1 inactive"]);
    assert_eq!(script.chosen(), [0; 0]);
    assert_eq!(script.trunks.admit(TrunkId(1)), Err(NotAdmitted::Inactive));
    script.pass(3_600);
    script.check(&[]);
    script.trunks.put(script.now, trunk(1));
    script.check(&[UP, "OPTIONS 192.0.2.70:5060"]);
}

#[test]
fn what_becomes_of_options_to_an_old_address_tells_nothing() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    let old = *script.asked.last().expect("asked");
    let moved = Trunk {
        addresses: vec![([192, 0, 2, 71], 5060).into()],
        ..trunk(1)
    };
    script.trunks.put(script.now, moved);
    script.check(&["OPTIONS 192.0.2.71:5060"]);
    assert!(!script.trunks.on_failed(script.now, old));
    script.check(&[]);
    assert_eq!(script.chosen(), [1]);
}

#[test]
fn a_trunk_that_is_altered_without_moving_stays_as_up_or_down_as_it_was() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    script.missed(&[DOWN]);
    let prefix = "9".to_owned();
    script.trunks.put(script.now, Trunk { prefix, ..trunk(1) });
    script.check(&[]);
    // The OPTIONS on its way still counts.
    script.answered(&[UP]);
}

#[test]
fn a_trunk_that_is_removed_is_asked_no_more_and_late_answers_are_none_of_ours() {
    let mut script = Script::with(trunk(1));
    assert_eq!(script.trunks.admit(TrunkId(1)), Ok(()));
    script.trunks.remove(TrunkId(1));
    assert!(!script.trunks.on_response(script.now, script.asked[0]));
    script.pass(3_600);
    script.check(&[]);
    assert_eq!(script.trunks.state(TrunkId(1)), None);
    assert_eq!(script.trunks.calls(TrunkId(1)), 1);
    script.trunks.release(TrunkId(1));
    assert_eq!(script.trunks.calls(TrunkId(1)), 0);
}

#[test]
fn trunks_are_tried_by_priority_then_id() {
    let mut script = Script::new();
    for (id, priority) in [(1, 20), (2, 10), (3, 10), (4, 0)] {
        let trunk = Trunk {
            priority,
            ..trunk(id)
        };
        script.trunks.put(script.now, trunk);
    }
    let active = false;
    let inactive = Trunk { active, ..trunk(4) };
    script.trunks.put(script.now, inactive);
    assert_eq!(script.chosen(), [2, 3, 1]);
}

#[test]
fn a_trunk_that_would_send_no_digits_is_not_tried() {
    let mut script = Script::new();
    let strip = 11;
    script.trunks.put(script.now, Trunk { strip, ..trunk(1) });
    assert_eq!(script.chosen(), [0; 0]);
}

#[test]
fn the_call_over_max_calls_is_refused_until_one_ends() {
    let mut script = Script::new();
    let max_calls = Some(2);
    let id = TrunkId(1);
    script.trunks.put(
        script.now,
        Trunk {
            max_calls,
            ..trunk(1)
        },
    );
    assert_eq!(script.trunks.admit(id), Ok(()));
    assert_eq!(script.trunks.admit(id), Ok(()));
    assert_eq!(script.chosen(), [0; 0]);
    assert_eq!(script.trunks.admit(id), Err(NotAdmitted::Full));
    script.trunks.release(id);
    assert_eq!(script.chosen(), [1]);
    assert_eq!(script.trunks.admit(id), Ok(()));
    assert_eq!(script.trunks.calls(id), 2);
}

#[test]
fn a_trunk_that_is_silent_may_call_us() {
    let mut script = Script::with(trunk(1));
    script.missed(&[]);
    script.missed(&[DOWN]);
    assert_eq!(script.trunks.admit(TrunkId(1)), Ok(()));
}

#[test]
fn other_requests_outside_a_dialog_are_none_of_ours() {
    let mut script = Script::with(trunk(1));
    assert!(!script.trunks.on_response(script.now, TxId::outgoing(999)));
    assert!(!script.trunks.on_failed(script.now, TxId::outgoing(999)));
    script.trunks.release(TrunkId(9));
    script.check(&[]);
}
