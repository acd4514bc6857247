//! The rules of the engine, one by one, in virtual time.

use std::time::Duration;

use offhook_base::{CallId, DeliveryId, EventName, EventRecord, JournalPos, WebhookId};

use super::testing::{at, endpoint, waiting};
use super::*;
use crate::endpoint::{DisabledReason, Endpoint, EndpointState, Order};
use crate::output::Attempt;

const OK: Outcome = Outcome::Answered {
    status: 200,
    retry_after: None,
};
const ERROR: Outcome = Outcome::Answered {
    status: 500,
    retry_after: None,
};
const REFUSED: Outcome = Outcome::Unreachable { timed_out: false };
const ONE: WebhookId = WebhookId(1);

/// An engine under a clock that the test moves.
struct Bench {
    engine: Engine,
    time: Duration,
    sent: Vec<Attempt>,
    verdicts: Vec<(u64, Verdict, u32)>,
    states: Vec<EndpointState>,
    asked: Vec<(u64, usize)>,
    reloads: Vec<Vec<u64>>,
}

impl Bench {
    fn new(config: EngineConfig) -> Self {
        Self {
            engine: Engine::new(config),
            time: Duration::ZERO,
            sent: Vec::new(),
            verdicts: Vec::new(),
            states: Vec::new(),
            asked: Vec::new(),
            reloads: Vec::new(),
        }
    }

    fn with(order: Order) -> Self {
        let mut bench = Self::new(EngineConfig::new([1; 32], "0.0.0"));
        bench.upsert(Endpoint {
            order,
            ..endpoint(1)
        });
        bench
    }

    fn do_now(&mut self, act: impl FnOnce(&mut Engine, Now)) {
        act(&mut self.engine, at(self.time));
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::EndpointState { health, .. } => self.states.push(health.state),
                Output::NeedMore { after, limit, .. } => self.asked.push((after.0, limit)),
                Output::Reload { deliveries, .. } => self
                    .reloads
                    .push(deliveries.iter().map(|id| id.0).collect()),
                Output::Send(attempt) => self.sent.push(*attempt),
                Output::Verdict {
                    delivery,
                    verdict,
                    attempts,
                    ..
                } => self.verdicts.push((delivery.0, verdict, attempts)),
            }
        }
        for post in self.engine.posts.values() {
            post.check_invariants(&self.engine.clockwork);
        }
    }

    fn upsert(&mut self, endpoint: Endpoint) {
        self.do_now(|engine, now| {
            engine.handle_endpoint(now, EndpointChange::Upsert(Box::new(endpoint)))
        });
    }

    fn commit(&mut self, batch: Vec<Waiting>) {
        self.do_now(|engine, now| engine.handle_waiting(now, batch));
    }

    /// `seq` 1, 2 … of one call are the deliveries 1, 2 ….
    fn commit_call(&mut self, root: u64, seqs: std::ops::RangeInclusive<u64>) {
        self.commit(seqs.map(|seq| waiting(seq, 1, root, seq)).collect());
    }

    fn outcome(&mut self, delivery: u64, outcome: Outcome) {
        self.do_now(|engine, now| engine.handle_outcome(now, DeliveryId(delivery), outcome));
    }

    /// Lets time pass, firing each deadline at its moment.
    fn pass(&mut self, by: Duration) {
        let end = self.time + by;
        while let Some(deadline) = self
            .engine
            .next_timeout()
            .filter(|deadline| *deadline <= at(end).mono)
        {
            self.time = deadline - at(Duration::ZERO).mono;
            self.do_now(|engine, now| engine.handle_timeout(now));
            assert!(
                self.engine
                    .next_timeout()
                    .is_none_or(|next| next > deadline),
                "deadlines advance"
            );
        }
        self.time = end;
    }

    /// The deliveries sent since the last call.
    fn sent(&mut self) -> Vec<u64> {
        self.sent
            .drain(..)
            .map(|attempt| attempt.delivery.0)
            .collect()
    }

    fn verdicts(&mut self) -> Vec<(u64, Verdict)> {
        self.verdicts
            .drain(..)
            .map(|(delivery, verdict, _)| (delivery, verdict))
            .collect()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn header(attempt: &Attempt, name: &str) -> Option<String> {
    attempt
        .headers
        .iter()
        .find(|header| header.name == name)
        .map(|header| header.value.clone())
}

#[test]
fn a_lane_sends_its_next_event_when_the_one_before_is_accepted() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=3);
    for delivery in 1..=3 {
        assert_eq!(bench.sent(), [delivery]);
        bench.outcome(delivery, OK);
        assert_eq!(bench.verdicts(), [(delivery, Verdict::Delivered)]);
    }
    assert_eq!(
        (
            bench.sent().len(),
            bench.engine.waiting(),
            bench.engine.in_flight()
        ),
        (0, 0, 0)
    );
}

#[test]
fn calls_go_side_by_side_up_to_the_window_which_grows_by_success() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit((1..=2_500).map(|n| waiting(n, 1, n, 1)).collect());
    assert_eq!(bench.sent(), [1, 2, 3, 4]);
    let mut most = 0;
    for delivery in 1..=2_500 {
        bench.outcome(delivery, OK);
        most = most.max(bench.engine.in_flight());
    }
    assert_eq!(most, 64);
}

#[test]
fn events_of_no_call_hold_back_nobody() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit((1..=2).map(|n| waiting(n, 1, 0, n)).collect());
    assert_eq!(bench.sent(), [1, 2]);
}

#[test]
fn strict_holds_the_lane_for_the_whole_schedule() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=2);
    for n in 1..=13 {
        let attempt = bench.sent.pop().expect("sent");
        assert_eq!(
            (attempt.delivery, attempt.n, bench.sent.len()),
            (DeliveryId(1), n, 0)
        );
        assert_eq!(header(&attempt, "offhook-attempt"), Some(n.to_string()));
        bench.outcome(1, ERROR);
        // An answer of another call keeps the endpoint from being switched off.
        bench.commit(vec![waiting(100 + u64::from(n), 1, 100 + u64::from(n), 1)]);
        bench.outcome(100 + u64::from(n), OK);
        bench.sent.retain(|attempt| attempt.delivery.0 < 100);
        bench.pass(seconds(29 * 3_600));
    }
    let of_first: Vec<_> = bench
        .verdicts
        .iter()
        .filter(|(delivery, ..)| *delivery == 1)
        .copied()
        .collect();
    assert_eq!(of_first.len(), 13);
    assert_eq!(
        of_first.last(),
        Some(&(1, Verdict::Failed(FailReason::Exhausted), 13))
    );
    assert_eq!(bench.sent(), [2]);
}

#[test]
fn bounded_goes_on_after_a_minute_and_names_the_gap() {
    let mut bench = Bench::with(Order::Bounded);
    bench.commit_call(7, 1..=3);
    let mut attempts = 0;
    while bench.time < seconds(59) {
        let sent = bench.sent();
        if !sent.is_empty() {
            assert_eq!(sent, [1]);
            attempts += 1;
            bench.outcome(1, ERROR);
        }
        bench.pass(Duration::from_millis(100));
    }
    // At 0, 1, 6 and 21 s, each with up to a fifth more; the next retry would come after the hold is over.
    assert_eq!(attempts, 4);
    bench.pass(seconds(2));
    let second = bench.sent.pop().expect("the hold is over");
    assert_eq!((second.delivery, bench.sent.len()), (DeliveryId(2), 0));
    assert_eq!(header(&second, "offhook-gap").as_deref(), Some("1"));
    bench.outcome(2, OK);
    let third = bench.sent.pop().expect("the next goes on");
    assert_eq!(header(&third, "offhook-gap").as_deref(), Some("1"));
    bench.outcome(3, OK);
    bench.pass(seconds(60));
    let parked = bench.sent.pop().expect("the parked one has its retry");
    assert_eq!(
        (parked.delivery, parked.n, header(&parked, "offhook-gap")),
        (DeliveryId(1), 5, None)
    );
    bench.outcome(1, OK);
    bench.commit(vec![waiting(4, 1, 7, 4)]);
    assert_eq!(
        header(&bench.sent[0], "offhook-gap"),
        None,
        "there is no gap any more"
    );
}

#[test]
fn without_order_a_failure_holds_back_nothing() {
    let mut bench = Bench::with(Order::None);
    bench.commit_call(7, 1..=3);
    assert_eq!(bench.sent(), [1]);
    bench.outcome(1, ERROR);
    assert_eq!(bench.sent(), [2], "one at a time all the same");
    bench.outcome(2, OK);
    assert_eq!(header(&bench.sent[0], "offhook-gap"), None);
    assert_eq!(bench.sent(), [3]);
    bench.outcome(3, OK);
    bench.pass(seconds(2));
    assert_eq!(bench.sent(), [1]);
}

#[test]
fn the_breaker_opens_after_five_unreachable_and_no_retry_is_spent_while_it_is_open() {
    let mut bench = Bench::with(Order::Bounded);
    bench.commit((1..=10).map(|n| waiting(n, 1, n, 1)).collect());
    bench.commit(vec![waiting(11, 1, 1, 2)]);
    for delivery in 1..=5 {
        bench.outcome(delivery, REFUSED);
    }
    assert_eq!(bench.sent.len(), 8, "four more were sent before it opened");
    for delivery in 6..=8 {
        bench.outcome(delivery, REFUSED);
    }
    bench.sent.clear();
    bench.verdicts.clear();
    // Ten minutes of probes, one at a time.
    let mut probes = 0;
    while bench.time < seconds(600) {
        bench.pass(seconds(1));
        let sent = bench.sent();
        assert!(sent.len() <= 1);
        for probe in sent {
            probes += 1;
            bench.outcome(probe, REFUSED);
        }
    }
    assert!((15..40).contains(&probes), "{probes}");
    let spent = bench
        .verdicts
        .iter()
        .map(|(_, _, attempts)| *attempts)
        .max();
    assert_eq!(spent, Some(1));
    // The receiver is back: everything goes at once, and in order in each lane, for the hold stood still.
    bench.pass(seconds(40));
    let mut order = Vec::new();
    while let Some(attempt) = bench.sent.pop() {
        order.push(attempt.delivery.0);
        assert_eq!(header(&attempt, "offhook-gap"), None);
        bench.outcome(attempt.delivery.0, OK);
    }
    assert_eq!(order.len(), 11);
    let place = |delivery| order.iter().position(|sent| *sent == delivery);
    assert!(place(1) < place(11));
    assert_eq!(bench.engine.waiting(), 0);
}

#[test]
fn retry_after_is_kept() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=1);
    bench.sent.clear();
    bench.outcome(
        1,
        Outcome::Answered {
            status: 429,
            retry_after: Some(seconds(120)),
        },
    );
    bench.pass(seconds(119));
    assert_eq!(bench.sent(), Vec::<u64>::new());
    bench.pass(seconds(2));
    assert_eq!(bench.sent(), [1]);
}

#[test]
fn a_410_disables_and_the_rest_is_held() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=2);
    bench.commit(vec![waiting(3, 1, 8, 1)]);
    bench.outcome(
        1,
        Outcome::Answered {
            status: 410,
            retry_after: None,
        },
    );
    assert_eq!(
        bench.states,
        [EndpointState::Disabled(DisabledReason::Gone)]
    );
    assert_eq!(
        bench.verdicts(),
        [(1, Verdict::Failed(FailReason::Gone)), (2, Verdict::Held)]
    );
    bench.outcome(3, ERROR);
    assert_eq!(
        bench.verdicts(),
        [(3, Verdict::Held)],
        "what was in flight and failed is held, too"
    );
    bench.commit(vec![waiting(4, 1, 9, 1)]);
    assert_eq!(bench.verdicts(), [(4, Verdict::Held)]);
    // Its admin switches it on again.
    bench.sent.clear();
    bench.upsert(endpoint(1));
    bench.commit(vec![waiting(5, 1, 10, 1)]);
    assert_eq!(bench.sent(), [5]);
}

#[test]
fn five_days_of_nothing_but_failure_disable() {
    let mut bench = Bench::with(Order::Bounded);
    bench.commit_call(7, 1..=2);
    while bench.time < seconds(6 * 24 * 3_600)
        && !bench
            .states
            .contains(&EndpointState::Disabled(DisabledReason::Failing))
    {
        for delivery in bench.sent() {
            bench.outcome(delivery, REFUSED);
        }
        bench.pass(seconds(60));
    }
    assert_eq!(bench.time.as_secs() / (24 * 3_600), 5);
    bench.states.dedup();
    let disabled = EndpointState::Disabled(DisabledReason::Failing);
    assert_eq!(
        bench.states,
        [EndpointState::Active, EndpointState::Failing, disabled]
    );
    let held = bench
        .verdicts
        .iter()
        .filter(|(_, verdict, _)| *verdict == Verdict::Held)
        .count();
    assert_eq!((held, bench.engine.waiting()), (2, 0));
}

#[test]
fn what_is_switched_off_by_its_admin_is_held() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=2);
    bench.upsert(Endpoint {
        active: false,
        ..endpoint(1)
    });
    assert_eq!(bench.verdicts(), [(2, Verdict::Held)]);
    bench.outcome(1, OK);
    assert_eq!(bench.verdicts(), [(1, Verdict::Delivered)]);

    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=2);
    bench.do_now(|engine, now| engine.handle_endpoint(now, EndpointChange::Enabled(false)));
    assert_eq!(bench.verdicts(), [(2, Verdict::Held)]);
    bench.do_now(|engine, now| engine.handle_endpoint(now, EndpointChange::Enabled(true)));
    bench.outcome(1, ERROR);
    bench.pass(seconds(2));
    assert_eq!(bench.sent(), [1, 1]);
}

#[test]
fn what_waits_for_a_deleted_webhook_fails() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit_call(7, 1..=2);
    bench.do_now(|engine, now| engine.handle_endpoint(now, EndpointChange::Remove(ONE)));
    assert_eq!(
        bench.verdicts(),
        [(2, Verdict::Failed(FailReason::WebhookDeleted))]
    );
    bench.outcome(1, ERROR);
    bench.commit(vec![waiting(3, 1, 8, 1)]);
    assert_eq!(
        bench.verdicts(),
        [1, 3].map(|delivery| (delivery, Verdict::Failed(FailReason::WebhookDeleted)))
    );
    assert_eq!(
        (bench.engine.waiting(), bench.engine.next_timeout()),
        (0, None)
    );
}

#[test]
fn what_a_deleted_webhook_left_in_the_journal_fails_after_a_restart() {
    let mut bench = Bench::new(EngineConfig {
        journal_end: DeliveryId(9),
        ..EngineConfig::new([1; 32], "0")
    });
    bench.do_now(|engine, now| engine.handle_endpoint(now, EndpointChange::Remove(ONE)));
    assert_eq!(bench.asked, [(0, 4_096)]);
    bench.do_now(|engine, now| engine.handle_page(now, ONE, vec![waiting(4, 1, 7, 1)], true));
    assert_eq!(
        bench.verdicts(),
        [(4, Verdict::Failed(FailReason::WebhookDeleted))]
    );
    assert_eq!(
        (bench.engine.waiting(), bench.engine.next_timeout()),
        (0, None)
    );
}

#[test]
fn a_last_event_waits_for_its_cdr_and_so_does_what_follows() {
    let mut bench = Bench::with(Order::Bounded);
    let last = Waiting {
        after_projection: Some(JournalPos(5)),
        ..waiting(1, 1, 7, 1)
    };
    bench.commit(vec![last, waiting(2, 1, 7, 2), waiting(3, 1, 8, 1)]);
    assert_eq!(bench.sent(), [3]);
    bench.do_now(|engine, now| engine.handle_projected(now, JournalPos(4)));
    assert_eq!(bench.sent(), Vec::<u64>::new());
    bench.do_now(|engine, now| engine.handle_projected(now, JournalPos(5)));
    assert_eq!(bench.sent(), [1]);
    bench.outcome(1, OK);
    assert_eq!(bench.sent(), [2]);
    bench.commit(vec![Waiting {
        after_projection: Some(JournalPos(5)),
        ..waiting(4, 1, 9, 1)
    }]);
    assert_eq!(bench.sent(), [4], "the projector is there already");
}

#[test]
fn beyond_the_bound_the_journal_holds_them_and_is_asked_when_there_is_room() {
    let mut bench = Bench::new(EngineConfig {
        max_waiting: 8,
        ..EngineConfig::new([1; 32], "0")
    });
    bench.upsert(endpoint(1));
    bench.commit((1..=20).map(|n| waiting(n, 1, n, 1)).collect());
    assert_eq!(bench.engine.waiting(), 8);
    assert!(bench.asked.is_empty());
    for delivery in 1..=4 {
        bench.outcome(delivery, OK);
    }
    assert_eq!(bench.asked, [(8, 4)]);
    // One that is committed meanwhile is not taken in before those that the journal holds.
    bench.commit(vec![waiting(21, 1, 21, 1)]);
    assert_eq!(bench.engine.waiting(), 4);
    bench.do_now(|engine, now| {
        engine.handle_page(
            now,
            ONE,
            (9..=12).map(|n| waiting(n, 1, n, 1)).collect(),
            false,
        )
    });
    assert_eq!(bench.engine.waiting(), 8);
    let mut delivered: Vec<u64> = (1..=4).collect();
    let mut done = 0;
    while delivered.len() < 21 {
        for delivery in bench.sent().into_iter().filter(|delivery| *delivery > 4) {
            delivered.push(delivery);
            bench.outcome(delivery, OK);
        }
        if let Some((after, limit)) = bench.asked.get(1 + done).copied() {
            done += 1;
            let page: Vec<_> = (after + 1..=21)
                .take(limit)
                .map(|n| waiting(n, 1, n, 1))
                .collect();
            let end = page.len() < limit;
            bench.do_now(|engine, now| engine.handle_page(now, ONE, page, end));
        }
    }
    assert_eq!(delivered, (1..=21).collect::<Vec<_>>());
    bench.commit(vec![waiting(22, 1, 22, 1)]);
    assert_eq!(
        bench.sent(),
        [22],
        "with the journal's backlog drained, memory is used again"
    );
}

#[test]
fn what_could_not_be_handed_in_is_read_from_the_journal() {
    let mut bench = Bench::with(Order::Bounded);
    bench.do_now(|engine, now| engine.handle_missed(now, DeliveryId(1), DeliveryId(2)));
    assert_eq!(bench.asked, [(0, 4_096)]);
    bench.commit(vec![waiting(3, 1, 9, 1)]);
    bench.do_now(|engine, now| {
        engine.handle_page(
            now,
            ONE,
            (1..=3).map(|n| waiting(n, 1, n, 1)).collect(),
            true,
        )
    });
    assert_eq!(bench.sent(), [1, 2, 3]);
    bench.commit(vec![waiting(3, 1, 9, 1), waiting(4, 1, 10, 1)]);
    assert_eq!(bench.sent(), [4], "what a page brought is not taken twice");
}

#[test]
fn a_journal_that_cannot_be_read_is_asked_again() {
    let mut bench = Bench::new(EngineConfig {
        journal_end: DeliveryId(1),
        ..EngineConfig::new([1; 32], "0")
    });
    bench.upsert(endpoint(1));
    bench.do_now(|engine, now| engine.handle_store_failed(now, ONE));
    assert_eq!(bench.asked.len(), 1);
    bench.pass(seconds(1));
    assert_eq!(bench.asked.len(), 2);
    bench.do_now(|engine, now| engine.handle_page(now, ONE, vec![waiting(1, 1, 7, 1)], true));
    assert_eq!(bench.sent(), [1]);
}

#[test]
fn parked_ones_leave_memory_when_it_is_scarce_and_come_back_when_due() {
    let mut bench = Bench::new(EngineConfig {
        max_waiting: 8,
        ..EngineConfig::new([1; 32], "0")
    });
    bench.upsert(Endpoint {
        order: Order::None,
        ..endpoint(1)
    });
    bench.commit((1..=8).map(|n| waiting(n, 1, n, 1)).collect());
    for delivery in 1..=8 {
        bench.outcome(delivery, ERROR);
    }
    bench.sent.clear();
    assert_eq!(bench.engine.waiting(), 4);
    // The journal knows nothing of 2 any more.
    let mut sent = Vec::new();
    for _ in 0..20 {
        bench.pass(Duration::from_millis(100));
        for asked in std::mem::take(&mut bench.reloads) {
            let found = asked.into_iter().filter(|n| *n != 2);
            let found = found
                .map(|n| Waiting {
                    attempts: 1,
                    ..waiting(n, 1, n, 1)
                })
                .collect();
            bench.do_now(|engine, now| engine.handle_reloaded(now, ONE, found));
        }
        while let Some(attempt) = bench.sent.pop() {
            assert_eq!(attempt.n, 2);
            sent.push(attempt.delivery.0);
            bench.outcome(attempt.delivery.0, OK);
        }
    }
    sent.sort_unstable();
    assert_eq!(sent, [1, 3, 4, 5, 6, 7, 8]);
    assert_eq!(bench.engine.waiting(), 0);
}

#[test]
fn held_ones_and_resends_are_read_from_the_journal_and_known_ones_not_taken_twice() {
    let mut bench = Bench::with(Order::Bounded);
    bench.commit(vec![waiting(9, 1, 6, 1)]);
    for released in [3, 5] {
        bench.do_now(|engine, now| engine.handle_released(now, ONE, DeliveryId(released)));
    }
    assert_eq!(bench.asked, [(2, 4_095)]);
    let page = || {
        vec![
            waiting(3, 1, 7, 1),
            waiting(5, 1, 7, 2),
            waiting(9, 1, 6, 1),
        ]
    };
    bench.do_now(|engine, now| engine.handle_page(now, ONE, page(), true));
    assert_eq!(
        bench.asked.last(),
        Some(&(4, 4_093)),
        "the second one came while a page was on its way"
    );
    bench.do_now(|engine, now| engine.handle_page(now, ONE, page().split_off(1), true));
    assert_eq!((bench.sent(), bench.engine.waiting()), (vec![9, 3], 3));
    bench.outcome(3, OK);
    assert_eq!(bench.sent(), [5]);
    bench.commit(vec![waiting(10, 1, 8, 1)]);
    assert_eq!(bench.sent(), [10]);
}

#[test]
fn a_ringing_that_is_too_old_expires_only_if_asked_for() {
    let ringing = |delivery| {
        let old = waiting(delivery, 1, 7, delivery);
        let event = EventRecord {
            name: EventName::CallRinging,
            ..(*old.event).clone()
        };
        Waiting {
            event: event.into(),
            ..old
        }
    };
    let mut bench = Bench::new(EngineConfig {
        ringing_ttl: Some(seconds(300)),
        ..EngineConfig::new([1; 32], "0")
    });
    bench.upsert(endpoint(1));
    bench.pass(seconds(301));
    bench.commit(vec![ringing(1), waiting(2, 1, 7, 2)]);
    assert_eq!(bench.verdicts(), [(1, Verdict::Expired)]);
    assert_eq!(bench.sent(), [2]);

    let mut bench = Bench::with(Order::Bounded);
    bench.pass(seconds(301));
    bench.commit(vec![ringing(1)]);
    assert_eq!(bench.sent(), [1]);
}

#[test]
fn a_replay_is_marked() {
    let mut bench = Bench::with(Order::Bounded);
    bench.commit(vec![Waiting {
        replayed: true,
        ..waiting(1, 1, 7, 1)
    }]);
    assert_eq!(
        header(&bench.sent[0], "offhook-replayed").as_deref(),
        Some("true")
    );
    assert_eq!(bench.sent[0].event.root, CallId(7));
}

#[test]
fn a_clock_that_was_set_back_a_year_holds_nothing_longer_than_the_schedule_does() {
    let mut bench = Bench::with(Order::Strict);
    let year = seconds(365 * 24 * 3_600);
    bench.commit(vec![Waiting {
        due: at(year).wall,
        attempts: 1,
        ..waiting(1, 1, 7, 1)
    }]);
    bench.pass(seconds(29 * 3_600));
    assert_eq!(bench.sent(), [1]);
}

#[test]
fn a_new_address_is_tried_at_once() {
    let mut bench = Bench::with(Order::Strict);
    bench.commit((1..=5).map(|n| waiting(n, 1, n, 1)).collect());
    for delivery in 1..=5 {
        bench.outcome(delivery, REFUSED);
    }
    bench.sent.clear();
    bench.upsert(Endpoint {
        url: "https://example.org/".parse().unwrap(),
        ..endpoint(1)
    });
    assert_eq!(
        bench
            .sent
            .iter()
            .map(|attempt| attempt.url.as_str())
            .collect::<Vec<_>>(),
        ["https://example.org/"; 4]
    );
}

#[test]
fn nothing_secret_is_printed() {
    let mut bench = Bench::new(EngineConfig::new([1; 32], "0"));
    let secret = Endpoint {
        url: "https://me:hunter2@example.com/".parse().unwrap(),
        headers: vec![("X-Key".to_owned(), "hunter2".to_owned())],
        ..endpoint(1)
    };
    let printed = format!("{secret:?}");
    bench.upsert(secret.clone());
    bench.commit(vec![waiting(1, 1, 7, 1)]);
    let single = Attempt::single(
        "0",
        &secret,
        bench.sent[0].event.clone(),
        at(bench.time).wall,
    );
    assert_eq!(header(&single, "X-Key").as_deref(), Some("hunter2"));
    for text in [
        printed,
        format!("{:?}", bench.sent),
        format!("{:?}", bench.engine),
        format!("{single:?}"),
    ] {
        assert!(
            !text.contains("hunter2") && !text.contains("whsec_") && !text.contains("aHVudGVyM"),
            "{text}"
        );
    }
}
