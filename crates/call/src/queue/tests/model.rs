//! Random histories, told to the machine and to the naive model: the same answers, outputs, deadlines and pictures
//! after every input.

use super::naive::Naive;
use super::*;

/// Histories; the seed of a failure is in its message.
const HISTORIES: u64 = 10_000;
const INPUTS: usize = 40;

struct Both {
    real: Queues,
    naive: Naive,
    now: Mono,
    dice: Dice,
    /// All offers so far, those that stand, and those that were answered: what is told of an offer is mostly told of
    /// the right kind, and sometimes of any.
    offers: Vec<OfferId>,
    ringing: Vec<OfferId>,
    talking: Vec<OfferId>,
    /// How often what happened, so that a history that never gets anywhere is noticed.
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    offers: u64,
    withdrawn: u64,
    answered: u64,
    late: u64,
    announced: u64,
    left: u64,
    wrapups: u64,
}

impl Both {
    fn new(seed: u64) -> Self {
        Self {
            real: Queues::default(),
            naive: Naive::default(),
            now: Mono(1_000_000_000),
            dice: Dice::new(seed),
            offers: Vec::new(),
            ringing: Vec::new(),
            talking: Vec::new(),
            seen: Seen::default(),
        }
    }

    fn step(&mut self) {
        let (now, user) = (self.now, UserId(self.dice.below(6)));
        let queue = QueueId(self.dice.below(3));
        let caller = CallId(self.dice.below(8).into());
        match self.dice.below(100) {
            0..5 => {
                let config = self.config(queue);
                self.real.configure(now, config.clone());
                self.naive.configure(now, config);
            }
            5 => {
                self.real.remove(now, queue);
                self.naive.remove(now, queue);
            }
            6..28 => assert_eq!(
                self.real.enter(now, queue, caller),
                self.naive.enter(now, queue, caller)
            ),
            28..30 => {
                self.real.leave(now, caller);
                self.naive.leave(now, caller);
            }
            30..48 => {
                let Some(offer) = self.offer(false) else {
                    return;
                };
                let taken = self.real.answered(now, offer);
                assert_eq!(taken, self.naive.answered(now, offer));
                self.ringing.retain(|ringing| *ringing != offer);
                self.talking.extend(taken.then_some(offer));
                self.seen.answered += u64::from(taken);
                self.seen.late += u64::from(!taken);
            }
            48..55 => {
                let Some(offer) = self.offer(false) else {
                    return;
                };
                let outcome = self.dice.pick(&[
                    Outcome::Busy,
                    Outcome::Cancelled,
                    Outcome::Declined,
                    Outcome::NoAnswer,
                    Outcome::Unreachable,
                ]);
                self.ringing.retain(|ringing| *ringing != offer);
                self.real.refused(now, offer, outcome);
                self.naive.refused(now, offer, outcome);
            }
            55..66 => {
                let Some(offer) = self.offer(true) else {
                    return;
                };
                self.talking.retain(|talking| *talking != offer);
                self.real.leave(now, offer.caller);
                self.naive.leave(now, offer.caller);
            }
            66..68 => assert_eq!(
                self.real.wrapup_close(now, queue, user),
                self.naive.wrapup_close(now, queue, user)
            ),
            68..72 => {
                let busy = self.dice.one_in(2);
                self.real.busy(now, user, busy);
                self.naive.busy(now, user, busy);
            }
            72..80 => {
                let reachable = !self.dice.one_in(4);
                self.real.reachable(now, user, reachable);
                self.naive.reachable(now, user, reachable);
            }
            _ => self.pass_time(),
        }
    }

    /// To just when something is due, or by whole seconds, so that much is due at once and some of it late.
    fn pass_time(&mut self) {
        self.now = match self.real.next_timeout() {
            Some(at) if self.dice.one_in(2) => at.max(self.now),
            Some(_) | None => self.now + self.dice.below(8) * SECOND,
        };
        self.real.handle_timeout(self.now);
        self.naive.handle_timeout(self.now);
        assert!(self.real.next_timeout().is_none_or(|at| at > self.now));
    }

    fn offer(&mut self, talking: bool) -> Option<OfferId> {
        let of = if talking {
            &self.talking
        } else {
            &self.ringing
        };
        let last = self.offers.len().saturating_sub(8);
        let of = if of.is_empty() || self.dice.one_in(6) {
            &self.offers[last..]
        } else {
            of
        };
        (!of.is_empty()).then(|| self.dice.pick(of))
    }

    fn config(&mut self, id: QueueId) -> QueueConfig {
        let dice = &mut self.dice;
        let mut config = queue(id.0, &[]);
        config.strategy = dice.pick(&STRATEGIES);
        config.ring_time = dice.pick(&[0, 5, 12]) * SECOND;
        config.max_wait = dice.pick(&[
            None,
            Some(Duration::ZERO),
            Some(20 * SECOND),
            Some(60 * SECOND),
        ]);
        config.max_length = dice.pick(&[None, None, Some(0), Some(3)]);
        config.wrap_up = dice.pick(&[0, 6, 6]) * SECOND;
        config.announce = dice.pick(&[None, Some(Duration::ZERO), Some(7 * SECOND)]);
        config.skip_busy = dice.one_in(2);
        for _ in 0..dice.below(6) {
            config.agents.push((UserId(dice.below(6)), !dice.one_in(5)));
        }
        config
    }

    fn compare(&mut self, seed: u64, step: usize) {
        let outputs: Vec<_> = std::iter::from_fn(|| self.real.poll_output()).collect();
        assert_eq!(outputs, self.naive.outputs, "seed {seed}, input {step}");
        self.naive.outputs.clear();
        assert_eq!(
            self.real.next_timeout(),
            self.naive.next_timeout(),
            "seed {seed}, input {step}"
        );
        for id in (0..3).map(QueueId) {
            assert_eq!(
                self.real.queue_live(self.now, id),
                self.naive.queue_live(self.now, id),
                "seed {seed}, input {step}"
            );
        }
        for output in outputs {
            match output {
                QueueOutput::Offer { offer, .. } => {
                    self.seen.offers += 1;
                    self.offers.push(offer);
                    self.ringing.push(offer);
                }
                QueueOutput::Withdraw { offer } => {
                    self.seen.withdrawn += 1;
                    self.ringing.retain(|ringing| *ringing != offer);
                }
                QueueOutput::Announce { .. } => self.seen.announced += 1,
                QueueOutput::Leave { .. } => self.seen.left += 1,
                QueueOutput::Wrapup { .. } => self.seen.wrapups += 1,
            }
        }
    }
}

#[test]
fn ten_thousand_histories_are_told_alike_by_a_naive_model() {
    let mut all = Seen::default();
    for seed in 0..HISTORIES {
        let mut both = Both::new(seed);
        for user in (0..6).map(UserId) {
            let reachable = !both.dice.one_in(5);
            both.real.reachable(both.now, user, reachable);
            both.naive.reachable(both.now, user, reachable);
        }
        for id in (0..3).map(QueueId) {
            let config = both.config(id);
            both.real.configure(both.now, config.clone());
            both.naive.configure(both.now, config);
        }
        for step in 0..INPUTS {
            both.step();
            both.compare(seed, step);
        }
        all.offers += both.seen.offers;
        all.withdrawn += both.seen.withdrawn;
        all.answered += both.seen.answered;
        all.late += both.seen.late;
        all.announced += both.seen.announced;
        all.left += both.seen.left;
        all.wrapups += both.seen.wrapups;
    }
    for (what, times) in [
        ("offers", all.offers),
        ("withdrawn", all.withdrawn),
        ("answered", all.answered),
        ("late answers", all.late),
        ("announcements", all.announced),
        ("sent away", all.left),
        ("wrap-ups", all.wrapups),
    ] {
        assert!(times > HISTORIES / 2, "{what}: only {times}");
    }
}
