//! The verbs of the API on calls and queues, by way of the call thread.

use offhook_api::ports::{
    AgentState, CallControl, CallControlError, Originate, QueueNow, Side, Transfer, Verb,
};
use offhook_base::{CallId, QueueId, UserId};
use offhook_call::{ApiAnswer, ApiCommand, ApiRefusal, QueueLive, TransferParty};
use tokio::sync::oneshot;

use super::inbox::{CallInput, Inbox};

/// Verbs on live calls, by way of the call thread.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) inbox: Inbox,
}

impl CallControl for Calls {
    fn hangup(&self, call: CallId, _by: UserId) -> Verb<'_, ()> {
        Box::pin(self.done(ApiCommand::Hangup { call }))
    }

    fn hold(&self, call: CallId, held: bool, by: UserId) -> Verb<'_, ()> {
        Box::pin(self.done(ApiCommand::Hold { call, held, by }))
    }

    fn monitor(&self, call: CallId, on: bool, by: UserId) -> Verb<'_, ()> {
        Box::pin(self.done(ApiCommand::Monitor { call, on, by }))
    }

    fn originate(&self, call: Originate) -> Verb<'_, CallId> {
        let Originate {
            user,
            to,
            caller_id,
        } = call;
        Box::pin(self.opened(ApiCommand::Originate {
            user,
            to,
            caller_id,
        }))
    }

    fn queue_now(&self, queue: QueueId) -> Verb<'_, QueueNow> {
        Box::pin(async move {
            match self.ask(ApiCommand::QueueLive { queue }).await? {
                ApiAnswer::Queue(live) => Ok(queue_now(&live)),
                other @ (ApiAnswer::Call(_) | ApiAnswer::Done) => Err(unexpected(&other)),
            }
        })
    }

    fn transfer(&self, transfer: Transfer) -> Verb<'_, CallId> {
        let Transfer { call, dst, party } = transfer;
        let party = party.map(|side| match side {
            Side::Dst => TransferParty::Dst,
            Side::Src => TransferParty::Src,
        });
        Box::pin(self.opened(ApiCommand::Transfer { call, dst, party }))
    }

    fn wrapup_close(&self, queue: QueueId, agent: UserId) -> Verb<'_, ()> {
        Box::pin(self.done(ApiCommand::WrapupClose { queue, user: agent }))
    }
}

impl Calls {
    async fn done(&self, command: ApiCommand) -> Result<(), CallControlError> {
        self.ask(command).await.map(drop)
    }

    async fn opened(&self, command: ApiCommand) -> Result<CallId, CallControlError> {
        match self.ask(command).await? {
            ApiAnswer::Call(call) => Ok(call),
            other @ (ApiAnswer::Done | ApiAnswer::Queue(_)) => Err(unexpected(&other)),
        }
    }

    /// Has the call thread carry out a command, and waits for its answer.
    async fn ask(&self, command: ApiCommand) -> Result<ApiAnswer, CallControlError> {
        let (reply, answer) = oneshot::channel();
        self.inbox
            .try_send(CallInput::Api { command, reply })
            .map_err(|_| CallControlError::Unavailable)?;
        match answer.await {
            Ok(answer) => answer.map_err(refused),
            Err(_) => Err(CallControlError::Unavailable),
        }
    }
}

fn refused(refusal: ApiRefusal) -> CallControlError {
    match refusal {
        ApiRefusal::BadTarget(why) => CallControlError::BadTarget(why),
        ApiRefusal::Conflict(why) => CallControlError::Conflict(why),
        ApiRefusal::NoPhone => CallControlError::NoPhone,
        ApiRefusal::NotFound => CallControlError::NotFound,
        ApiRefusal::Unavailable => CallControlError::Unavailable,
    }
}

/// The switch answered a command with what belongs to another one.
fn unexpected(answer: &ApiAnswer) -> CallControlError {
    tracing::error!(?answer, "the switch answered something else than was asked");
    CallControlError::Unavailable
}

fn queue_now(live: &QueueLive) -> QueueNow {
    let agents = live.agents.iter();
    QueueNow {
        waiting: live.waiting,
        longest_wait: live.longest_wait,
        agents: agents
            .map(|(user, state)| (*user, agent_state(*state)))
            .collect(),
    }
}

const fn agent_state(state: offhook_call::AgentState) -> AgentState {
    match state {
        offhook_call::AgentState::Busy => AgentState::Busy,
        offhook_call::AgentState::Free => AgentState::Free,
        offhook_call::AgentState::LoggedOut => AgentState::LoggedOut,
        offhook_call::AgentState::Penalty => AgentState::Penalty,
        offhook_call::AgentState::Ringing => AgentState::Ringing,
        offhook_call::AgentState::Talking => AgentState::Talking,
        offhook_call::AgentState::Unreachable => AgentState::Unreachable,
        offhook_call::AgentState::WrapUp => AgentState::WrapUp,
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use super::super::inbox::{Inputs, channel};
    use super::*;

    fn calls() -> (Calls, Inputs, mio::Poll) {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
        let (inbox, inputs) = channel(waker);
        (Calls { inbox }, inputs, poll)
    }

    /// Asks, plays the call thread with `answer`, and gives what was asked and what came back.
    async fn play<T>(
        inputs: &Inputs,
        verb: Verb<'_, T>,
        answer: Result<ApiAnswer, ApiRefusal>,
    ) -> (ApiCommand, Result<T, CallControlError>) {
        let mut verb = pin!(verb);
        let mut answer = Some(answer);
        let mut asked = None;
        let result = poll_fn(|cx| {
            if let Poll::Ready(result) = verb.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
            if let (Some(CallInput::Api { command, reply }), Some(answer)) =
                (inputs.next(), answer.take())
            {
                asked = Some(command);
                reply.send(answer).unwrap();
            }
            verb.as_mut().poll(cx)
        });
        let result = result.await;
        (asked.unwrap(), result)
    }

    #[tokio::test]
    async fn a_verb_is_a_command_and_its_answer_comes_back() {
        let (calls, inputs, _poll) = calls();
        let transfer = Transfer {
            call: CallId(1),
            dst: "2002".to_owned(),
            party: Some(Side::Dst),
        };
        let (asked, result) = play(
            &inputs,
            calls.transfer(transfer),
            Ok(ApiAnswer::Call(CallId(2))),
        )
        .await;
        assert_eq!(
            asked,
            ApiCommand::Transfer {
                call: CallId(1),
                dst: "2002".to_owned(),
                party: Some(TransferParty::Dst)
            }
        );
        assert_eq!(result, Ok(CallId(2)));
        let hold = calls.hold(CallId(1), true, UserId(100_001));
        let (_, result) = play(&inputs, hold, Err(ApiRefusal::Conflict("is ringing"))).await;
        assert_eq!(result, Err(CallControlError::Conflict("is ringing")));
        let live = QueueLive {
            waiting: 2,
            longest_wait: Duration::from_secs(3),
            agents: vec![(UserId(1), offhook_call::AgentState::Penalty)],
        };
        let (asked, result) = play(
            &inputs,
            calls.queue_now(QueueId(7)),
            Ok(ApiAnswer::Queue(Box::new(live))),
        )
        .await;
        assert_eq!(asked, ApiCommand::QueueLive { queue: QueueId(7) });
        let now = QueueNow {
            waiting: 2,
            longest_wait: Duration::from_secs(3),
            agents: vec![(UserId(1), AgentState::Penalty)],
        };
        assert_eq!(result, Ok(now));
    }

    #[tokio::test]
    async fn an_answer_to_something_else_is_unavailable() {
        let (calls, inputs, _poll) = calls();
        let call = Originate {
            user: UserId(1),
            to: "2002".to_owned(),
            caller_id: None,
        };
        let (_, result) = play(&inputs, calls.originate(call), Ok(ApiAnswer::Done)).await;
        assert_eq!(result, Err(CallControlError::Unavailable));
    }
}
