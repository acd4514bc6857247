//! What reaches the call thread from the others: a bounded queue, and one number for commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use bytes::Bytes;
use offhook_base::{Audio, CallId, RecordingId, SmsId, UserId};
use offhook_call::{
    ApiAnswer, ApiCommand, ApiRefusal, DirectoryChange, MailboxNews, MessageCount, TextCommand,
    TextRefusal,
};
use offhook_media_core::MediaEvent;
use offhook_sip_core::{AccountChange, FlowId, Peer};
use offhook_sip_message::{Message, ParseError};
use tokio::sync::{mpsc, oneshot};

/// One input of the call thread.
#[derive(Debug)]
pub(crate) enum CallInput {
    /// Credentials changed.
    Account(AccountChange),
    /// Users or phones changed.
    Directory(DirectoryChange),
    /// A connection is gone.
    FlowClosed(FlowId),
    /// A connection was accepted; what is sent on it goes into `outbox`.
    FlowOpened {
        /// Its name.
        flow: FlowId,
        /// Its bounded, ordered write queue.
        outbox: mpsc::Sender<Bytes>,
    },
    /// A connection carried what cannot be cut into messages; it is closed after the answer.
    FlowMalformed {
        /// The connection and its far end.
        peer: Peer,
        /// As much of the message as can be answered.
        salvaged: Box<Message>,
        /// What is wrong with it.
        error: ParseError,
    },
    /// A message arrived on a connection.
    FlowMessage {
        /// The connection and its far end.
        peer: Peer,
        /// The message.
        message: Box<Message>,
    },
    /// A REST client wants something of the calls.
    Api {
        /// What.
        command: ApiCommand,
        /// Who waits for the answer.
        reply: oneshot::Sender<Result<ApiAnswer, ApiRefusal>>,
    },
    /// From the media thread.
    Media(MediaEvent),
    /// What became of a recording; `None` when nothing was recorded.
    Recorded {
        /// The recording.
        id: RecordingId,
        /// Its sound.
        audio: Option<Audio>,
    },
    /// A user has so many messages.
    Messages {
        /// Who.
        user: UserId,
        /// How many.
        count: MessageCount,
    },
    /// So many calls may be up for the space left on the disk.
    Room(usize),
    /// End every call, then the thread.
    Shutdown,
    /// A REST client sends a text.
    Text {
        /// What.
        command: TextCommand,
        /// Who waits for the answer.
        reply: oneshot::Sender<Result<SmsId, TextRefusal>>,
    },
    /// An agent's code was stored, after the queues that it changed; or it could not be.
    AgentLogin {
        /// Which code.
        call: CallId,
        /// Whether it is.
        stored: bool,
    },
    /// What a user's mailbox asked for.
    Mailbox {
        /// Which one.
        call: CallId,
        /// The answer.
        news: MailboxNews,
    },
    /// A text that the store was given to keep is on the disk, or could not be put there.
    TextStored {
        /// The text.
        id: SmsId,
        /// Whether it is there.
        stored: bool,
    },
}

/// The call thread does not keep up, or has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Overloaded;

/// Inputs that may wait: some tenths of a second of the highest call rate.
const CAPACITY: usize = 16_384;

/// A way to the call thread; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    inputs: SyncSender<CallInput>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    committed: AtomicU64,
    reserved: AtomicU64,
    /// A wake-up is on its way: another one would be a system call for nothing.
    awake: AtomicBool,
    waker: mio::Waker,
}

/// The call thread's end.
#[derive(Debug)]
pub(crate) struct Inputs {
    inputs: Receiver<CallInput>,
    shared: Arc<Shared>,
}

/// Both ends. `waker` wakes the thread that owns [`Inputs`].
pub(crate) fn channel(waker: mio::Waker) -> (Inbox, Inputs) {
    // Full: whoever sends decides. A connection closes, an API command gets 503, configuration waits.
    let (sender, inputs) = sync_channel(CAPACITY);
    let shared = Arc::new(Shared {
        committed: AtomicU64::new(0),
        reserved: AtomicU64::new(0),
        awake: AtomicBool::new(false),
        waker,
    });
    (
        Inbox {
            inputs: sender,
            shared: Arc::clone(&shared),
        },
        Inputs { inputs, shared },
    )
}

impl Inbox {
    /// Passes an input on without waiting.
    pub(crate) fn try_send(&self, input: CallInput) -> Result<(), Overloaded> {
        match self.inputs.try_send(input) {
            Ok(()) => {
                self.wake();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Overloaded),
        }
    }

    /// Passes on what must not be lost, waiting for room. For configuration and the end of flows, never on a call's path.
    pub(crate) fn send(&self, input: CallInput) {
        if self.inputs.send(input).is_err() {
            tracing::debug!("the call thread has ended");
        }
        self.wake();
    }

    /// Facts up to this number are on disk. Only the highest number counts, so this never finds a queue full.
    pub(crate) fn committed(&self, upto: u64) {
        self.shared.committed.fetch_max(upto, Ordering::AcqRel);
        self.wake();
    }

    /// Call ids below this counter may be given out.
    pub(crate) fn reserved(&self, upto: u64) {
        self.shared.reserved.fetch_max(upto, Ordering::AcqRel);
        self.wake();
    }

    fn wake(&self) {
        if self.shared.awake.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Err(error) = self.shared.waker.wake() {
            tracing::error!(%error, "the call thread could not be woken");
        }
    }
}

impl Inputs {
    /// To be called before the inputs are looked at: what comes later wakes again.
    pub(crate) fn begin(&self) {
        self.shared.awake.store(false, Ordering::Release);
        std::sync::atomic::fence(Ordering::SeqCst);
    }

    /// The next input.
    pub(crate) fn next(&self) -> Option<CallInput> {
        self.inputs.try_recv().ok()
    }

    /// Facts up to this number are on disk.
    pub(crate) fn committed(&self) -> u64 {
        self.shared.committed.load(Ordering::Acquire)
    }

    /// Call ids below this counter may be given out.
    pub(crate) fn reserved(&self) -> u64 {
        self.shared.reserved.load(Ordering::Acquire)
    }
}
