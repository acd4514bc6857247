//! A media thread as its owner sees it: a queue that never makes the owner wait.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use offhook_media_core::{MediaCommand, MediaEvent};
use tokio::sync::mpsc;

use super::stock::Stock;
use super::worker::Worker;
use super::{Overloaded, Tap};

/// The owner's end of one media thread.
#[derive(Debug)]
pub(super) struct Lane {
    commands: SyncSender<MediaCommand>,
    /// Commands that found the queue full and must not be lost, oldest first.
    backlog: VecDeque<MediaCommand>,
    waker: mio::Waker,
    thread: JoinHandle<()>,
}

impl Lane {
    /// Starts a thread.
    ///
    /// # Errors
    /// When the system refuses the poll or the thread.
    pub(super) fn start(
        name: String,
        stock: Arc<Mutex<Stock>>,
        events: mpsc::Sender<MediaEvent>,
        tap: (Tap, Instant),
    ) -> io::Result<Self> {
        // Full: `send` decides by the command's kind.
        let (commands, inbox) = sync_channel(COMMAND_QUEUE);
        let (worker, waker) = Worker::new(stock, inbox, events, tap)?;
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || worker.run())?;
        Ok(Self {
            commands,
            backlog: VecDeque::new(),
            waker,
            thread,
        })
    }

    /// Passes a command on without ever waiting.
    ///
    /// # Errors
    /// With a full queue a `Play`, `Press`, `Record`, `Start` or `Refill` is refused. A `Stop` or `Release` is kept and
    /// passed on by a later `send` or `flush`, for else its ports were lost; so is a `StopPlay`, for else two people would
    /// hear music instead of each other, and the newest `Formats`, `Secure`, `Update` and `Watch`, for else a phone heard who is
    /// held or gone. A `StopRecord` is kept for the sake of who said that he is not to be recorded. Few a relay and one a pair are kept.
    pub(super) fn send(&mut self, command: MediaCommand) -> Result<(), Overloaded> {
        self.flush();
        let command = if self.backlog.is_empty() {
            match self.commands.try_send(command) {
                Ok(()) => {
                    self.wake();
                    return Ok(());
                }
                Err(TrySendError::Disconnected(_)) => return Err(Overloaded),
                Err(TrySendError::Full(command)) => command,
            }
        } else {
            command
        };
        match command {
            MediaCommand::Play { .. }
            | MediaCommand::Press { .. }
            | MediaCommand::Record { .. }
            | MediaCommand::Refill { .. }
            | MediaCommand::Start { .. } => Err(Overloaded),
            MediaCommand::Formats { relay, side, .. } => {
                // Only the newest of a side counts.
                self.backlog.retain(|kept| {
                    !matches!(kept, MediaCommand::Formats { relay: of, side: whose, .. } if (*of, *whose) == (relay, side))
                });
                self.backlog.push_back(command);
                Ok(())
            }
            MediaCommand::Secure { relay, side, .. } => {
                self.backlog.retain(|kept| {
                    !matches!(kept, MediaCommand::Secure { relay: of, side: whose, .. } if (*of, *whose) == (relay, side))
                });
                self.backlog.push_back(command);
                Ok(())
            }
            MediaCommand::Update { relay, side, .. } => {
                self.backlog.retain(|kept| {
                    !matches!(kept, MediaCommand::Update { relay: of, side: whose, .. } if (*of, *whose) == (relay, side))
                });
                self.backlog.push_back(command);
                Ok(())
            }
            MediaCommand::Watch { relay, .. } => {
                self.backlog.retain(
                    |kept| !matches!(kept, MediaCommand::Watch { relay: of, .. } if *of == relay),
                );
                self.backlog.push_back(command);
                Ok(())
            }
            MediaCommand::Release { .. }
            | MediaCommand::Stop { .. }
            | MediaCommand::StopRecord { .. } => {
                self.backlog.push_back(command);
                Ok(())
            }
            MediaCommand::StopPlay { .. } => {
                // While one is kept no `Play` can follow it, so that a second one says nothing.
                if !self.backlog.contains(&command) {
                    self.backlog.push_back(command);
                }
                Ok(())
            }
        }
    }

    /// Passes on what an earlier `send` could not; to be called now and then, such as once a second.
    pub(super) fn flush(&mut self) {
        while let Some(command) = self.backlog.pop_front() {
            match self.commands.try_send(command) {
                Ok(()) => self.wake(),
                Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => {
                    self.backlog.push_front(command);
                    return;
                }
            }
        }
    }

    /// Ends the thread and closes its sockets.
    pub(super) fn stop(self) {
        let Self {
            commands,
            waker,
            thread,
            ..
        } = self;
        drop(commands);
        if let Err(error) = waker.wake() {
            tracing::error!(%error, "the media thread could not be woken");
            return;
        }
        if thread.join().is_err() {
            tracing::error!("the media thread panicked");
        }
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the media thread could not be woken");
        }
    }
}

/// Commands that may wait for the thread: some seconds of the highest call rate.
const COMMAND_QUEUE: usize = 4_096;

#[cfg(test)]
mod tests;
