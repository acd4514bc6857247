//! The media shell: one thread that owns every RTP and RTCP socket and moves packets as `media-core` decides, and plays
//! sounds at the times it says.
//!
//! Its owner holds a [`Media`], sends [`MediaCommand`]s and receives [`MediaEvent`]s. It asks for ports ahead of need
//! with `MediaCommand::Refill`, so that no call ever waits for a socket.

mod relays;
mod socket;
mod stock;
mod tap;
mod worker;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use offhook_media_core::{MediaCommand, MediaEvent};
use tokio::sync::mpsc;

use self::stock::Stock;
use self::worker::Worker;
#[cfg(test)]
pub(crate) use tap::Tapes;
pub(crate) use tap::{Record, Tap, TapReader, ring};

/// Where media sockets are bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaConfig {
    /// Address of every socket.
    pub(crate) address: IpAddr,
    /// First port, even; 0 lets the system choose free ones.
    pub(crate) first_port: u16,
    /// Last port, odd.
    pub(crate) last_port: u16,
}

/// The owner's end of the media thread.
#[derive(Debug)]
pub(crate) struct Media {
    commands: SyncSender<MediaCommand>,
    /// Commands that found the queue full and must not be lost, oldest first.
    backlog: VecDeque<MediaCommand>,
    waker: mio::Waker,
    thread: JoinHandle<()>,
}

/// The media thread cannot keep up: the command was not taken, and the call must do without media.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Overloaded;

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the media thread does not keep up with its commands")
    }
}

impl std::error::Error for Overloaded {}

impl Media {
    /// Starts the thread.
    ///
    /// Events that find `events` full wait in the thread, in order: there is at most one a relay.
    ///
    /// `tap` leads to the recorder, with what the thread's clock shall count from.
    ///
    /// # Errors
    /// When the system refuses the poll, the thread, or the first pair of ports.
    pub(crate) fn start(
        config: MediaConfig,
        events: mpsc::Sender<MediaEvent>,
        tap: (Tap, Instant),
    ) -> io::Result<Self> {
        // Full: `send` decides by the command's kind.
        let (commands, inbox) = sync_channel(COMMAND_QUEUE);
        let stock = Stock::open(config)?;
        let (worker, waker) = Worker::new(stock, inbox, events, tap)?;
        let thread = std::thread::Builder::new()
            .name("media".to_owned())
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
    pub(crate) fn send(&mut self, command: MediaCommand) -> Result<(), Overloaded> {
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
    pub(crate) fn flush(&mut self) {
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
    pub(crate) fn stop(self) {
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
