//! One queue: its callers in line, its list of agents, and which of these are free.

use std::time::Duration;

use offhook_base::{CallId, QueueId, UserId};

use super::agents::Agent;
use super::ordered::Ordered;
use super::strategy::{Free, Order, Rank};
use super::waiting::{Line, Ticket};
use crate::directory::{QueueConfig, QueueStrategy};

/// Two announcements are never closer together: a shorter time would be a loop.
const SHORTEST_ANNOUNCE: Duration = Duration::from_secs(1);

/// The queues in which a caller could be offered to an agent right now, by their next callers.
pub(super) type Ready = Ordered<(Ticket, QueueId)>;

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) config: QueueConfig,
    pub(super) members: Ordered<UserId, Member>,
    /// How many of the members are logged in.
    pub(super) logged_in: usize,
    /// All who wait.
    pub(super) line: Line,
    /// Those of them for whom nobody is rung.
    pub(super) open: Ordered<Ticket, CallId>,
    /// The members who can be offered a call.
    pub(super) free: Free,
    /// Under which ticket the queue is among the ready ones.
    pub(super) ready: Option<Ticket>,
}

/// An agent as one queue sees him.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Member {
    pub(super) order: Order,
    pub(super) logged_in: bool,
    /// Calls of this queue that he took.
    pub(super) answered: u64,
    /// Where he stands among the free ones.
    pub(super) listed: Option<Rank>,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(config: QueueConfig) -> Self {
        let mut queue = Self {
            config,
            members: Ordered::default(),
            logged_in: 0,
            line: Line::default(),
            open: Ordered::default(),
            free: Free::default(),
            ready: None,
        };
        queue.read_list(&Ordered::default());
        queue
    }

    /// Takes over a changed configuration: whoever stays keeps the count of his calls, and the turn stays where it
    /// is. Nobody is listed as free after this.
    pub(super) fn change(&mut self, config: QueueConfig) {
        let old = std::mem::replace(&mut self.config, config);
        let members = std::mem::take(&mut self.members);
        self.read_list(&members);
        // Where whoever had the last turn is gone, it was the turn of the last one before him.
        let last = self.free.last().and_then(|last| {
            let upto = usize::try_from(last.0).ok()?;
            let before = old.agents.get(..=upto)?;
            before
                .iter()
                .rev()
                .find_map(|(user, _)| self.members.get(*user))
                .map(|member| member.order)
        });
        self.free = Free::turned(last);
    }

    fn read_list(&mut self, before: &Ordered<UserId, Member>) {
        self.logged_in = 0;
        let members = &mut self.members;
        let mut orders = (0..).map(Order);
        self.config.agents.retain(|(user, logged_in)| {
            // One who is listed twice stands at the first place.
            if members.contains(*user) {
                return false;
            }
            self.logged_in += usize::from(*logged_in);
            members.insert(
                *user,
                Member {
                    order: orders.next().unwrap_or_default(),
                    logged_in: *logged_in,
                    answered: before.get(*user).map_or(0, |member| member.answered),
                    listed: None,
                },
            );
            true
        });
    }

    /// Who is to be offered next, if anybody is: with [`QueueStrategy::All`] the first in line is offered to every
    /// agent who becomes free, with any other strategy to one at a time.
    pub(super) fn head(&self) -> Option<(Ticket, CallId)> {
        match self.config.strategy {
            QueueStrategy::All => self.line.first(),
            QueueStrategy::FewestCalls
            | QueueStrategy::InOrder
            | QueueStrategy::LeastRecent
            | QueueStrategy::RoundRobin => {
                self.open.first().map(|(ticket, caller)| (ticket, *caller))
            }
        }
    }

    /// Puts a member among the free ones, at his place, or takes him out.
    pub(super) fn list(&mut self, user: UserId, agent: &Agent) {
        let Some(member) = self.members.get_mut(user) else {
            return;
        };
        let free = member.logged_in && agent.is_free(self.config.skip_busy);
        let rank = free.then(|| {
            Rank::of(
                self.config.strategy,
                member.order,
                member.answered,
                agent.last_end,
            )
        });
        if rank == member.listed {
            return;
        }
        if let Some(rank) = member.listed {
            self.free.remove(rank);
        }
        if let Some(rank) = rank {
            self.free.insert(rank, user);
        }
        member.listed = rank;
    }

    /// Keeps the queue among the ready ones for as long as it has both a caller to offer and a free agent.
    pub(super) fn refresh(&mut self, ready: &mut Ready) {
        let is = if self.free.is_empty() {
            None
        } else {
            self.head().map(|(ticket, _)| ticket)
        };
        if is == self.ready {
            return;
        }
        if let Some(ticket) = self.ready {
            ready.remove((ticket, self.config.id));
        }
        if let Some(ticket) = is {
            ready.insert((ticket, self.config.id), ());
        }
        self.ready = is;
    }

    /// Time between two announcements.
    pub(super) fn announce(&self) -> Option<Duration> {
        self.config
            .announce
            .map(|every| every.max(SHORTEST_ANNOUNCE))
    }
}
