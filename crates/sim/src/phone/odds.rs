//! What is done with calls that come in, when it is left to chance: the agents of a queue, the far end of a trunk.

use std::time::Duration;

use rand_core::Rng;

use super::call::Phase;
use super::{CallRef, First, Incoming, Phone, Script, Then};
use crate::network::up_to;

/// What is done with a call that comes in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// The same with each.
    Fixed(Incoming),
    /// As chance has it.
    Drawn(Odds),
}

/// Weights of what may be done with a call, drawn from the phone's seed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Odds {
    /// Rings, then answers.
    pub answer: u32,
    /// Plays something before it answers: 183 with a session description.
    pub early_media: u32,
    /// Rings until the caller gives up.
    pub ring: u32,
    /// Gives no word at all, not even 100.
    pub silence: u32,
    /// Refuses with a status; a weight of zero is a free place.
    pub refuse: [(u16, u32); 3],
    /// 486 while another call is up, whatever the weights say.
    pub one_call_only: bool,
    /// Shortest and longest time until it answers or refuses.
    pub after: (Duration, Duration),
    /// Shortest and longest time from the answer to its BYE.
    pub talk: (Duration, Duration),
}

impl Odds {
    /// The agent of a queue: mostly answers, sometimes is away from the desk, sometimes declines.
    pub const AGENT: Self = Self {
        answer: 12,
        early_media: 0,
        ring: 3,
        silence: 0,
        refuse: [(486, 2), (603, 2), (480, 0)],
        one_call_only: true,
        after: (Duration::from_millis(300), Duration::from_secs(6)),
        talk: (Duration::from_secs(2), Duration::from_secs(12)),
    };

    /// The far end of a trunk: most calls are answered after an announcement or a ring; some numbers do not exist,
    /// some are busy, and at times there is no room or no life in it.
    pub const CARRIER: Self = Self {
        answer: 6,
        early_media: 6,
        ring: 2,
        silence: 1,
        refuse: [(486, 2), (404, 2), (503, 1)],
        one_call_only: false,
        after: (Duration::from_millis(300), Duration::from_secs(6)),
        talk: (Duration::from_secs(2), Duration::from_secs(12)),
    };
}

/// A choice among the odds.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Answer(First),
    Refuse(u16),
    Ring,
    Silence,
}

impl Phone {
    /// What is done with this call.
    pub(super) fn draw_incoming(&mut self, id: CallRef) -> Incoming {
        let odds = match self.manner {
            Manner::Fixed(incoming) => return incoming,
            Manner::Drawn(odds) => odds,
        };
        let busy = self.calls.iter().any(|(other, call)| {
            *other != id
                && match call.phase {
                    Phase::Up(_) => true,
                    Phase::Calling { .. }
                    | Phase::Ringing { .. }
                    | Phase::Leaving
                    | Phase::Over { .. } => false,
                }
        });
        if odds.one_call_only && busy {
            return Incoming::BUSY;
        }
        let after = self.between(odds.after);
        let talk = self.between(odds.talk);
        match self.draw(odds, false) {
            Choice::Answer(first) => Incoming {
                first,
                then: Then::Answer {
                    after,
                    script: Script {
                        hangup_after: Some(talk),
                        ..Script::NOTHING
                    },
                },
            },
            Choice::Refuse(status) => Incoming {
                first: match status {
                    404 | 503 => First::Trying,
                    _ => First::Ringing,
                },
                then: Then::Refuse { after, status },
            },
            Choice::Ring | Choice::Silence => Incoming::RING,
        }
    }

    /// Whether an INVITE gets no word.
    pub(super) fn draws_silence(&mut self) -> bool {
        let odds = match self.manner {
            Manner::Fixed(incoming) => return incoming.first == First::Silence,
            Manner::Drawn(odds) => odds,
        };
        odds.silence > 0 && matches!(self.draw(odds, true), Choice::Silence)
    }

    /// Silence is decided before a call is made of the INVITE, and must not be drawn again then.
    fn draw(&mut self, odds: Odds, with_silence: bool) -> Choice {
        let silence = if with_silence { odds.silence } else { 0 };
        let refuse = odds
            .refuse
            .map(|(status, weight)| (Choice::Refuse(status), weight));
        let weights = [
            (Choice::Answer(First::Ringing), odds.answer),
            (Choice::Answer(First::EarlyMedia), odds.early_media),
            (Choice::Ring, odds.ring),
            (Choice::Silence, silence),
        ];
        let all = weights.into_iter().chain(refuse);
        let sum: u32 = all.clone().map(|(_, weight)| weight).sum();
        let mut left = self.rng.next_u32() % sum.max(1);
        for (choice, weight) in all {
            if left < weight {
                return choice;
            }
            left -= weight;
        }
        Choice::Ring
    }

    fn between(&mut self, (least, most): (Duration, Duration)) -> Duration {
        least + up_to(&mut self.rng, most.saturating_sub(least))
    }
}
