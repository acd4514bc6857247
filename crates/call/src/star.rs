//! What a user dials to tell us something, not to call anybody.

use offhook_base::{CallId, QueueId, UserId};

use crate::directory::Directory;

/// What a code asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Code {
    /// `*22`, `*23`: an agent logs in or out.
    Agent(AgentCode),
    /// `*97`: the user hears his messages.
    Mailbox,
}

/// Logs an agent in or out of queues: `*22` and `*23`, of all queues that he serves, or with a queue's number behind it of
/// that one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AgentCode {
    /// In, or out.
    pub(crate) login: bool,
    /// The queues that it concerns; never empty.
    pub(crate) queues: Vec<QueueId>,
}

/// What an agent's code asks the store for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AgentLogin {
    /// The call id set aside for the INVITE that waits for it; no call is recorded under it.
    pub call: CallId,
    /// The agent.
    pub user: UserId,
    /// The queues; never empty.
    pub queues: Vec<QueueId>,
    /// In, or out.
    pub login: bool,
}

/// Why a code has no effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoEffect {
    /// There is no such queue.
    UnknownQueue,
    /// The user is no agent of it, or of any.
    NoAgent,
}

/// Reads what `user` dialled; `None` when it is no code.
pub(crate) fn read(
    directory: &Directory,
    user: UserId,
    dialled: &str,
) -> Option<Result<Code, NoEffect>> {
    if dialled == MAILBOX {
        return Some(Ok(Code::Mailbox));
    }
    let (login, queue) = match dialled.strip_prefix(LOG_IN) {
        Some(queue) => (true, queue),
        None => (false, dialled.strip_prefix(LOG_OUT)?),
    };
    let serves = |queue: &&crate::QueueConfig| queue.agents.iter().any(|(agent, _)| *agent == user);
    let queues: Vec<QueueId> = if queue.is_empty() {
        let queues = directory.queues().filter(serves);
        queues.map(|queue| queue.id).collect()
    } else {
        let Some(crate::Extension::Queue(queue)) = directory.extension(queue) else {
            return Some(Err(NoEffect::UnknownQueue));
        };
        Some(queue)
            .filter(serves)
            .map(|queue| queue.id)
            .into_iter()
            .collect()
    };
    if queues.is_empty() {
        return Some(Err(NoEffect::NoAgent));
    }
    Some(Ok(Code::Agent(AgentCode { login, queues })))
}

const MAILBOX: &str = "*97";
const LOG_IN: &str = "*22";
const LOG_OUT: &str = "*23";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{DirectoryChange, QueueConfig, QueueStrategy};

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for (id, number, agent) in [
            (1, "4000", 100_001),
            (2, "4001", 100_001),
            (3, "4002", 100_002),
        ] {
            directory.apply(DirectoryChange::Queue(QueueConfig {
                id: QueueId(id),
                name: String::new(),
                number: number.into(),
                strategy: QueueStrategy::All,
                ring_time: Duration::from_secs(20),
                max_wait: None,
                max_length: None,
                wrap_up: Duration::ZERO,
                announce: None,
                skip_busy: true,
                music: None,
                announcement: None,
                agents: vec![(UserId(agent), false)],
            }));
        }
        directory
    }

    #[test]
    fn an_agent_logs_in_and_out_of_all_his_queues_or_of_one() {
        let directory = directory();
        let read = |dialled| read(&directory, UserId(100_001), dialled);
        let code = |login, queues: &[u32]| {
            Some(Ok(Code::Agent(AgentCode {
                login,
                queues: queues.iter().map(|queue| QueueId(*queue)).collect(),
            })))
        };
        assert_eq!(read("*22"), code(true, &[1, 2]));
        assert_eq!(read("*23"), code(false, &[1, 2]));
        assert_eq!(read("*224001"), code(true, &[2]));
        assert_eq!(read("*224002"), Some(Err(NoEffect::NoAgent)));
        assert_eq!(read("*229999"), Some(Err(NoEffect::UnknownQueue)));
        assert_eq!(read("*97"), Some(Ok(Code::Mailbox)));
        assert_eq!(read("*971"), None);
        assert_eq!(read("*24"), None);
        assert_eq!(read("22"), None);
    }

    #[test]
    fn who_serves_no_queue_is_told_so() {
        let found = read(&directory(), UserId(100_009), "*22");
        assert_eq!(found, Some(Err(NoEffect::NoAgent)));
    }
}
