//! The same rules once more, written to be read: lists that are searched from end to end, no sets, nothing noted that
//! could be worked out.

use super::*;

#[derive(Default)]
pub(super) struct Naive {
    queues: Vec<Desk>,
    users: Vec<Person>,
    /// In the order of entry.
    callers: Vec<Guest>,
    pub(super) offers: u64,
    pub(super) outputs: Vec<QueueOutput>,
}

struct Desk {
    config: QueueConfig,
    last_offered: Option<UserId>,
    answered: Vec<UserId>,
}

struct Person {
    id: UserId,
    reachable: bool,
    busy: bool,
    last_end: Option<Mono>,
    doing: Doing,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Doing {
    Nothing,
    Rung(OfferId, QueueId, Mono),
    Talks(OfferId, QueueId),
    WrapsUp(QueueId, CallId, Mono),
    Sulks(Mono),
}

struct Guest {
    id: CallId,
    queue: QueueId,
    entered: Mono,
    send_away: Option<Mono>,
    tell: Option<Mono>,
    talks: Option<OfferId>,
}

impl Naive {
    pub(super) fn configure(&mut self, now: Mono, mut config: QueueConfig) {
        let mut seen = Vec::new();
        config.agents.retain(|(user, _)| {
            let new = !seen.contains(user);
            seen.push(*user);
            new
        });
        let id = config.id;
        for (user, _) in &config.agents {
            self.person(*user);
        }
        let mut gone = Vec::new();
        let (mut new_wait, mut new_announce) = (false, false);
        let is_listed = |user: UserId| config.agents.iter().any(|(listed, _)| *listed == user);
        if let Some(desk) = self.queues.iter_mut().find(|desk| desk.config.id == id) {
            gone.extend(desk.config.agents.iter().map(|(user, _)| *user));
            gone.retain(|user| !is_listed(*user));
            desk.answered.retain(|user| is_listed(*user));
            new_wait = desk.config.max_wait != config.max_wait;
            new_announce = desk.config.announce != config.announce;
            if let Some(last) = desk.last_offered {
                let list: Vec<_> = desk.config.agents.iter().map(|(user, _)| *user).collect();
                let at = list.iter().position(|user| *user == last).unwrap();
                desk.last_offered = list[..=at].iter().copied().rfind(|user| is_listed(*user));
            }
            desk.config = config.clone();
        } else {
            self.queues.push(Desk {
                config: config.clone(),
                last_offered: None,
                answered: Vec::new(),
            });
            self.queues.sort_by_key(|desk| desk.config.id);
        }
        gone.sort();
        for user in gone {
            self.stop_ringing(user, id);
            self.close_wrapup(user, id);
        }
        let mut out: Vec<_> = config
            .agents
            .iter()
            .filter(|(_, logged_in)| !logged_in)
            .collect();
        out.sort();
        for (user, _) in out {
            self.stop_ringing(*user, id);
        }
        for guest in self
            .callers
            .iter_mut()
            .filter(|guest| guest.queue == id && guest.talks.is_none())
        {
            if new_wait {
                guest.send_away = config.max_wait.map(|most| guest.entered + most);
            }
            if new_announce {
                guest.tell = config.announce.map(|every| now + every.max(SECOND));
            }
        }
        if !config.agents.iter().any(|(_, logged_in)| *logged_in) {
            self.clear(id, LeaveReason::NoAgents);
        }
        self.offer_all(now);
    }

    pub(super) fn remove(&mut self, now: Mono, id: QueueId) {
        self.clear(id, LeaveReason::Removed);
        if let Some(at) = self.queues.iter().position(|desk| desk.config.id == id) {
            let mut users: Vec<_> = self
                .queues
                .remove(at)
                .config
                .agents
                .iter()
                .map(|(user, _)| *user)
                .collect();
            users.sort();
            for user in users {
                self.close_wrapup(user, id);
            }
        }
        self.offer_all(now);
    }

    pub(super) fn enter(&mut self, now: Mono, id: QueueId, caller: CallId) -> Result<(), Refused> {
        if self
            .callers
            .iter()
            .any(|guest| guest.id == caller && guest.queue == id && guest.talks.is_none())
        {
            return Ok(());
        }
        let waiting = self.line(id).len();
        let desk = self.desk(id).ok_or(Refused::NoQueue)?;
        if !desk.config.agents.iter().any(|(_, logged_in)| *logged_in) {
            return Err(Refused::NoAgents);
        }
        if let Some(most) = desk.config.max_length
            && waiting >= most as usize
        {
            return Err(Refused::Full(most));
        }
        let (max_wait, announce) = (desk.config.max_wait, desk.config.announce);
        self.end(now, caller);
        self.callers.push(Guest {
            id: caller,
            queue: id,
            entered: now,
            send_away: max_wait.map(|most| now + most),
            tell: announce.map(|every| now + every.max(SECOND)),
            talks: None,
        });
        self.offer_all(now);
        if announce.is_some() && self.rung_for(caller).is_empty() {
            self.tell(caller);
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, now: Mono, caller: CallId) {
        self.end(now, caller);
        self.offer_all(now);
    }

    pub(super) fn answered(&mut self, now: Mono, offer: OfferId) -> bool {
        let Doing::Rung(stands, queue, _) = self.person(offer.agent).doing else {
            return false;
        };
        if stands != offer {
            return false;
        }
        self.person(offer.agent).doing = Doing::Talks(offer, queue);
        for other in self.rung_for(offer.caller) {
            self.withdraw(other);
        }
        let guest = self
            .callers
            .iter_mut()
            .find(|guest| guest.id == offer.caller)
            .unwrap();
        guest.talks = Some(offer);
        self.queues
            .iter_mut()
            .find(|desk| desk.config.id == queue)
            .unwrap()
            .answered
            .push(offer.agent);
        self.offer_all(now);
        true
    }

    pub(super) fn refused(&mut self, now: Mono, offer: OfferId, outcome: Outcome) {
        if matches!(self.person(offer.agent).doing, Doing::Rung(stands, _, _) if stands == offer) {
            let seconds = match outcome {
                Outcome::NoAnswer | Outcome::Declined => 10,
                Outcome::Busy | Outcome::Unreachable => 5,
                Outcome::Cancelled => 1,
            };
            self.person(offer.agent).doing = Doing::Sulks(now + seconds * SECOND);
            self.offer_all(now);
        }
    }

    pub(super) fn wrapup_close(&mut self, now: Mono, queue: QueueId, agent: UserId) -> bool {
        let closed = self.close_wrapup(agent, queue);
        self.offer_all(now);
        closed
    }

    pub(super) fn busy(&mut self, now: Mono, user: UserId, busy: bool) {
        self.person(user).busy = busy;
        self.offer_all(now);
    }

    pub(super) fn reachable(&mut self, now: Mono, user: UserId, reachable: bool) {
        self.person(user).reachable = reachable;
        self.offer_all(now);
    }

    pub(super) fn handle_timeout(&mut self, now: Mono) {
        while let Some((_, kind, id)) = self
            .timers()
            .into_iter()
            .min()
            .filter(|(at, _, _)| *at <= now)
        {
            let user = UserId(u32::try_from(id).unwrap_or_default());
            match (
                kind,
                self.users
                    .iter()
                    .find(|person| person.id == user)
                    .map(|person| person.doing),
            ) {
                (0, Some(Doing::Rung(offer, _, _))) => {
                    self.outputs.push(QueueOutput::Withdraw { offer });
                    self.person(user).doing = Doing::Sulks(now + 10 * SECOND);
                }
                (1, _) => self.person(user).doing = Doing::Nothing,
                (2, Some(Doing::WrapsUp(queue, caller, _))) => {
                    self.wrapup(queue, user, caller, WrapupAction::Timeout);
                    self.person(user).doing = Doing::Nothing;
                }
                (3, _) => self.send_away(CallId(id), LeaveReason::MaxWait),
                (4, _) => {
                    self.tell(CallId(id));
                    let at = self
                        .callers
                        .iter()
                        .position(|guest| guest.id == CallId(id))
                        .unwrap();
                    let every = self.desk(self.callers[at].queue).unwrap().config.announce;
                    self.callers[at].tell = every.map(|every| now + every.max(SECOND));
                }
                _ => unreachable!(),
            }
        }
        self.offer_all(now);
    }

    pub(super) fn next_timeout(&self) -> Option<Mono> {
        self.timers().into_iter().map(|(at, _, _)| at).min()
    }

    pub(super) fn queue_live(&self, now: Mono, id: QueueId) -> Option<QueueLive> {
        let desk = self.desk(id)?;
        let line = self.line(id);
        Some(QueueLive {
            waiting: u32::try_from(line.len()).unwrap(),
            longest_wait: line
                .first()
                .map_or(Duration::ZERO, |guest| now - guest.entered),
            agents: desk
                .config
                .agents
                .iter()
                .map(|(user, logged_in)| {
                    let person = self.users.iter().find(|person| person.id == *user).unwrap();
                    let state = match person.doing {
                        _ if !logged_in => AgentState::LoggedOut,
                        Doing::Rung(..) => AgentState::Ringing,
                        Doing::Talks(..) => AgentState::Talking,
                        Doing::WrapsUp(..) => AgentState::WrapUp,
                        _ if !person.reachable => AgentState::Unreachable,
                        Doing::Sulks(_) => AgentState::Penalty,
                        Doing::Nothing if person.busy => AgentState::Busy,
                        Doing::Nothing => AgentState::Free,
                    };
                    (*user, state)
                })
                .collect(),
        })
    }

    /// The longest waiting caller whom a free agent could have gets the one whose turn it is; and so on.
    fn offer_all(&mut self, now: Mono) {
        self.forget_nobodies();
        'again: loop {
            for guest in self.callers.iter().filter(|guest| guest.talks.is_none()) {
                let desk = self.desk(guest.queue).unwrap();
                let may = match desk.config.strategy {
                    QueueStrategy::All => self.line(guest.queue)[0].id == guest.id,
                    QueueStrategy::FewestCalls
                    | QueueStrategy::InOrder
                    | QueueStrategy::LeastRecent
                    | QueueStrategy::RoundRobin => self.rung_for(guest.id).is_empty(),
                };
                let Some(agent) = self.best(desk).filter(|_| may) else {
                    continue;
                };
                let (caller, queue, ring_time) = (guest.id, guest.queue, desk.config.ring_time);
                self.offers += 1;
                let offer = OfferId {
                    caller,
                    agent,
                    no: self.offers,
                };
                self.person(agent).doing = Doing::Rung(offer, queue, now + ring_time + 5 * SECOND);
                self.queues
                    .iter_mut()
                    .find(|desk| desk.config.id == queue)
                    .unwrap()
                    .last_offered = Some(agent);
                self.outputs.push(QueueOutput::Offer {
                    offer,
                    queue,
                    ring_time,
                });
                continue 'again;
            }
            return;
        }
    }

    /// Of one who is in no queue, away and in no call, nothing is remembered.
    fn forget_nobodies(&mut self) {
        let queues = &self.queues;
        for person in &mut self.users {
            let listed = queues.iter().any(|desk| {
                desk.config
                    .agents
                    .iter()
                    .any(|(user, _)| *user == person.id)
            });
            if !listed && !person.reachable && !person.busy && person.doing == Doing::Nothing {
                person.last_end = None;
            }
        }
    }

    fn best(&self, desk: &Desk) -> Option<UserId> {
        let list: Vec<UserId> = desk.config.agents.iter().map(|(user, _)| *user).collect();
        let free: Vec<&Person> = desk
            .config
            .agents
            .iter()
            .filter(|(_, logged_in)| *logged_in)
            .map(|(user, _)| self.users.iter().find(|person| person.id == *user).unwrap())
            .filter(|person| person.doing == Doing::Nothing && person.reachable)
            .filter(|person| !(desk.config.skip_busy && person.busy))
            .collect();
        let best = match desk.config.strategy {
            QueueStrategy::All | QueueStrategy::InOrder => free.first().copied(),
            // `min_by_key` takes the first of equals, and nobody's `None` is before anybody's `Some`.
            QueueStrategy::LeastRecent => free.iter().copied().min_by_key(|person| person.last_end),
            QueueStrategy::FewestCalls => free.iter().copied().min_by_key(|person| {
                desk.answered
                    .iter()
                    .filter(|user| **user == person.id)
                    .count()
            }),
            QueueStrategy::RoundRobin => {
                let last = desk
                    .last_offered
                    .and_then(|last| list.iter().position(|user| *user == last));
                let first = last.map_or(0, |last| last + 1);
                (first..first + list.len())
                    .map(|at| list[at % list.len()])
                    .find_map(|user| free.iter().copied().find(|person| person.id == user))
            }
        };
        best.map(|person| person.id)
    }

    fn timers(&self) -> Vec<(Mono, u8, u64)> {
        let mut all = Vec::new();
        for person in &self.users {
            match person.doing {
                Doing::Nothing | Doing::Talks(..) => {}
                Doing::Rung(_, _, at) => all.push((at, 0, u64::from(person.id.0))),
                Doing::Sulks(at) => all.push((at, 1, u64::from(person.id.0))),
                Doing::WrapsUp(_, _, at) => all.push((at, 2, u64::from(person.id.0))),
            }
        }
        for guest in self.callers.iter().filter(|guest| guest.talks.is_none()) {
            all.extend(guest.send_away.map(|at| (at, 3, guest.id.0)));
            all.extend(guest.tell.map(|at| (at, 4, guest.id.0)));
        }
        all
    }

    fn end(&mut self, now: Mono, caller: CallId) {
        for offer in self.rung_for(caller) {
            self.withdraw(offer);
        }
        let Some(at) = self.callers.iter().position(|guest| guest.id == caller) else {
            return;
        };
        let Some(offer) = self.callers.remove(at).talks else {
            return;
        };
        let Doing::Talks(_, queue) = self.person(offer.agent).doing else {
            panic!("talks to nobody");
        };
        let wrap_up = self
            .desk(queue)
            .filter(|desk| {
                desk.config
                    .agents
                    .iter()
                    .any(|(user, _)| *user == offer.agent)
            })
            .map_or(Duration::ZERO, |desk| desk.config.wrap_up);
        self.person(offer.agent).last_end = Some(now);
        self.person(offer.agent).doing = Doing::Nothing;
        if wrap_up > Duration::ZERO {
            self.person(offer.agent).doing = Doing::WrapsUp(queue, caller, now + wrap_up);
            self.wrapup(queue, offer.agent, caller, WrapupAction::Open);
        }
    }

    fn close_wrapup(&mut self, user: UserId, of: QueueId) -> bool {
        let Doing::WrapsUp(queue, caller, _) = self.person(user).doing else {
            return false;
        };
        if queue == of {
            self.wrapup(queue, user, caller, WrapupAction::Close);
            self.person(user).doing = Doing::Nothing;
        }
        queue == of
    }

    fn wrapup(&mut self, queue: QueueId, agent: UserId, caller: CallId, action: WrapupAction) {
        self.outputs.push(QueueOutput::Wrapup {
            queue,
            agent,
            caller,
            action,
        });
    }

    fn clear(&mut self, id: QueueId, why: LeaveReason) {
        while let Some(caller) = self.line(id).first().map(|guest| guest.id) {
            self.send_away(caller, why);
        }
    }

    fn send_away(&mut self, caller: CallId, why: LeaveReason) {
        for offer in self.rung_for(caller) {
            self.withdraw(offer);
        }
        self.callers.retain(|guest| guest.id != caller);
        self.outputs.push(QueueOutput::Leave { caller, why });
    }

    fn tell(&mut self, caller: CallId) {
        let queue = self
            .callers
            .iter()
            .find(|guest| guest.id == caller)
            .unwrap()
            .queue;
        let before = self
            .line(queue)
            .iter()
            .position(|guest| guest.id == caller)
            .unwrap();
        self.outputs.push(QueueOutput::Announce {
            caller,
            position: u32::try_from(before + 1).unwrap(),
        });
    }

    fn stop_ringing(&mut self, user: UserId, of: QueueId) {
        if let Doing::Rung(offer, queue, _) = self.person(user).doing
            && queue == of
        {
            self.withdraw(offer);
        }
    }

    fn withdraw(&mut self, offer: OfferId) {
        self.person(offer.agent).doing = Doing::Nothing;
        self.outputs.push(QueueOutput::Withdraw { offer });
    }

    /// The offers of a caller, by agent.
    fn rung_for(&self, caller: CallId) -> Vec<OfferId> {
        let mut all: Vec<OfferId> = self
            .users
            .iter()
            .filter_map(|person| match person.doing {
                Doing::Rung(offer, _, _) => Some(offer),
                Doing::Nothing | Doing::Sulks(_) | Doing::Talks(..) | Doing::WrapsUp(..) => None,
            })
            .filter(|offer| offer.caller == caller)
            .collect();
        all.sort_by_key(|offer| offer.agent);
        all
    }

    fn line(&self, id: QueueId) -> Vec<&Guest> {
        self.callers
            .iter()
            .filter(|guest| guest.queue == id && guest.talks.is_none())
            .collect()
    }

    fn desk(&self, id: QueueId) -> Option<&Desk> {
        self.queues.iter().find(|desk| desk.config.id == id)
    }

    fn person(&mut self, user: UserId) -> &mut Person {
        let at = self
            .users
            .iter()
            .position(|person| person.id == user)
            .unwrap_or_else(|| {
                self.users.push(Person {
                    id: user,
                    reachable: false,
                    busy: false,
                    last_end: None,
                    doing: Doing::Nothing,
                });
                self.users.len() - 1
            });
        &mut self.users[at]
    }
}
