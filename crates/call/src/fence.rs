//! The commit fence (architecture, invariant 1): a SIP message that tells a peer of a new call state leaves
//! only after the fact is committed.
//!
//! The hold sits between call and stack, so a transaction and its timers start at release. Facts are numbered
//! in the order in which they are handed to the journal; the journal commits in that order; an action held for
//! fact `n` leaves when `n` is committed. What goes to one leg stays in order: an action that needs no hold
//! queues behind a held one of the same leg.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use offhook_base::Mono;

/// Commits that take longer than this count as stalled.
pub(crate) const STALLED_AFTER: Duration = Duration::from_millis(500);

/// What may happen to a held action while commits are stalled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// It answers the caller's INVITE. A call that ends before it could leave was never answered for the caller.
    Answers,
    /// It ends a call: it is released unheld when commits stall. The restart sweep still closes that call once.
    Ends,
    /// It opens a leg (INVITE): nobody knows of it yet, so a CANCEL just drops it.
    Opens,
    /// It tells of ringing; pointless once the call is over.
    Rings,
    /// Everything else.
    Tells,
}

#[derive(Debug)]
struct Held<L, A> {
    fact: u64,
    leg: Option<L>,
    class: Class,
    action: A,
}

/// Actions waiting for their fact. `L` names a leg, `A` is what is to be done.
#[derive(Debug)]
pub(crate) struct Fence<L, A> {
    /// Facts handed to the journal so far; the last one's number.
    handed: u64,
    committed: u64,
    /// When each uncommitted fact was handed over, oldest first.
    waiting: VecDeque<(u64, Mono)>,
    held: VecDeque<Held<L, A>>,
    /// The last fact each leg waits for.
    legs: BTreeMap<L, u64>,
    /// Actions that left unheld because commits were stalled.
    released_unheld: u64,
}

impl<L: Copy + Ord, A> Fence<L, A> {
    pub(crate) const fn new() -> Self {
        Self {
            handed: 0,
            committed: 0,
            waiting: VecDeque::new(),
            held: VecDeque::new(),
            legs: BTreeMap::new(),
            released_unheld: 0,
        }
    }

    /// Takes note of one more fact and gives its number.
    pub(crate) fn hand_over(&mut self, now: Mono) -> u64 {
        self.handed += 1;
        self.waiting.push_back((self.handed, now));
        self.handed
    }

    /// Whether `fact` is on disk.
    pub(crate) const fn is_committed(&self, fact: u64) -> bool {
        fact <= self.committed
    }

    /// Queues `action` until `fact` is committed and everything earlier for `leg` has left. Gives it back when
    /// it may leave at once.
    pub(crate) fn hold(&mut self, fact: u64, leg: Option<L>, class: Class, action: A) -> Option<A> {
        let behind = leg
            .and_then(|leg| self.legs.get(&leg).copied())
            .unwrap_or(0);
        let fact = fact.max(behind);
        if self.is_committed(fact) {
            return Some(action);
        }
        if let Some(leg) = leg {
            self.legs.insert(leg, fact);
        }
        // Held actions stay sorted by fact, so that a commit releases a prefix.
        let at = self.held.partition_point(|held| held.fact <= fact);
        self.held.insert(
            at,
            Held {
                fact,
                leg,
                class,
                action,
            },
        );
        None
    }

    /// The journal has everything up to `fact`. Gives what may leave, in order.
    pub(crate) fn commit(&mut self, fact: u64, released: &mut Vec<A>) {
        self.committed = self.committed.max(fact.min(self.handed));
        while self
            .waiting
            .front()
            .is_some_and(|(no, _)| *no <= self.committed)
        {
            self.waiting.pop_front();
        }
        while let Some(held) = self.held.pop_front_if(|held| held.fact <= self.committed) {
            if let Some(leg) = held.leg
                && self
                    .legs
                    .get(&leg)
                    .is_some_and(|last| *last <= self.committed)
            {
                self.legs.remove(&leg);
            }
            released.push(held.action);
        }
    }

    /// Drops the held INVITE of `leg`, which never left. False when there is none.
    pub(crate) fn drop_opening(&mut self, leg: L) -> bool {
        let before = self.held.len();
        self.held
            .retain(|held| !(held.leg == Some(leg) && held.class == Class::Opens));
        let dropped = self.held.len() < before;
        if dropped {
            self.legs.remove(&leg);
        }
        dropped
    }

    /// Drops what is held for no leg and is `meant`. False when there is none.
    pub(crate) fn withdraw(&mut self, meant: impl Fn(&A) -> bool) -> bool {
        let before = self.held.len();
        self.held
            .retain(|held| held.leg.is_some() || !meant(&held.action));
        self.held.len() < before
    }

    /// Drops what is held for `leg`, but for what is to be kept.
    pub(crate) fn drop_held(&mut self, leg: L, keep: impl Fn(&A) -> bool) {
        let mut kept = false;
        self.held.retain(|held| {
            let is_kept = held.leg != Some(leg) || keep(&held.action);
            kept |= is_kept && held.leg == Some(leg);
            is_kept
        });
        if !kept {
            self.legs.remove(&leg);
        }
    }

    /// Whether the oldest uncommitted fact has waited longer than [`STALLED_AFTER`].
    pub(crate) fn is_stalled(&self, now: Mono) -> bool {
        self.waiting
            .front()
            .is_some_and(|(_, since)| now - *since > STALLED_AFTER)
    }

    /// When the oldest uncommitted fact will count as stalled and something waits to be released for it.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        if !self.held.iter().any(|held| held.class == Class::Ends) {
            return None;
        }
        self.waiting
            .front()
            .map(|(_, since)| *since + STALLED_AFTER + Duration::from_millis(1))
    }

    /// While commits are stalled, what ends a call leaves unheld. Ringing of the same leg is pointless by then and an
    /// answer would tell of a call that is over: they are dropped. Anything else of that leg goes first.
    pub(crate) fn release_stalled(&mut self, now: Mono, released: &mut Vec<A>) {
        if !self.is_stalled(now) {
            return;
        }
        let ending: Vec<Option<L>> = self
            .held
            .iter()
            .filter(|held| held.class == Class::Ends)
            .map(|held| held.leg)
            .collect();
        if ending.is_empty() {
            return;
        }
        let mut kept = VecDeque::with_capacity(self.held.len());
        for held in self.held.drain(..) {
            if held.class == Class::Ends || (held.leg.is_some() && ending.contains(&held.leg)) {
                match held.class {
                    Class::Answers | Class::Rings => {}
                    Class::Ends | Class::Opens | Class::Tells => {
                        self.released_unheld += 1;
                        released.push(held.action);
                    }
                }
            } else {
                kept.push_back(held);
            }
        }
        self.held = kept;
        for leg in ending.into_iter().flatten() {
            self.legs.remove(&leg);
        }
    }

    /// How many actions left unheld because commits were stalled.
    pub(crate) const fn released_unheld(&self) -> u64 {
        self.released_unheld
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u8 = 1;
    const B: u8 = 2;

    fn at(ms: u64) -> Mono {
        Mono(ms * 1_000_000)
    }

    #[test]
    fn invariant_1_nothing_leaves_before_its_fact_is_committed() {
        let mut fence = Fence::new();
        let fact = fence.hand_over(at(0));
        assert_eq!(fence.hold(fact, Some(A), Class::Tells, "200"), None);
        let mut out = Vec::new();
        fence.commit(fact - 1, &mut out);
        assert!(out.is_empty());
        fence.commit(fact, &mut out);
        assert_eq!(out, ["200"]);
        assert_eq!(
            fence.hold(fact, Some(A), Class::Tells, "again"),
            Some("again")
        );
    }

    #[test]
    fn what_needs_no_hold_still_queues_behind_a_held_one_of_its_leg() {
        let mut fence = Fence::new();
        let fact = fence.hand_over(at(0));
        assert_eq!(fence.hold(fact, Some(A), Class::Rings, "180"), None);
        assert_eq!(fence.hold(0, Some(A), Class::Tells, "183"), None);
        assert_eq!(
            fence.hold(0, Some(B), Class::Tells, "other leg"),
            Some("other leg")
        );
        let mut out = Vec::new();
        fence.commit(fact, &mut out);
        assert_eq!(out, ["180", "183"]);
    }

    #[test]
    fn a_commit_releases_in_the_order_of_the_facts() {
        let mut fence = Fence::new();
        let (first, second) = (fence.hand_over(at(0)), fence.hand_over(at(0)));
        fence.hold(second, Some(B), Class::Tells, "second");
        fence.hold(first, Some(A), Class::Tells, "first");
        let mut out = Vec::new();
        fence.commit(second, &mut out);
        assert_eq!(out, ["first", "second"]);
    }

    #[test]
    fn an_invite_that_never_left_is_dropped_by_its_cancel() {
        let mut fence = Fence::new();
        let fact = fence.hand_over(at(0));
        fence.hold(fact, Some(B), Class::Opens, "INVITE");
        assert!(fence.drop_opening(B));
        assert!(!fence.drop_opening(B));
        let mut out = Vec::new();
        fence.commit(fact, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn after_500_ms_without_a_commit_what_ends_a_call_leaves_and_nothing_else() {
        let mut fence = Fence::new();
        let fact = fence.hand_over(at(0));
        fence.hold(fact, Some(A), Class::Rings, "180");
        fence.hold(0, Some(A), Class::Rings, "183");
        fence.hold(fact, Some(A), Class::Answers, "200 to INVITE");
        fence.hold(fact, Some(A), Class::Ends, "480");
        fence.hold(fact, Some(B), Class::Tells, "200");
        let mut out = Vec::new();
        fence.release_stalled(at(500), &mut out);
        assert!(out.is_empty());
        let due = fence.next_timeout().expect("something waits");
        fence.release_stalled(due, &mut out);
        assert_eq!(out, ["480"]);
        assert_eq!(fence.released_unheld(), 1);
        fence.commit(fact, &mut out);
        assert_eq!(out, ["480", "200"]);
    }
}
