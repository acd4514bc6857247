//! The media shell: threads that own the RTP and RTCP sockets, move packets as `media-core` decides, and play sounds at the
//! times it says.
//!
//! Their owner holds a [`Media`], sends [`MediaCommand`]s and receives [`MediaEvent`]s. It asks for ports ahead of need
//! with `MediaCommand::Refill`, so that no call ever waits for a socket.
//!
//! ```text
//!                       ┌─ lane 0: relays 0, n, 2n …  and hands out ports ─┐
//! owner ── commands ────┤                                                  ├── events ──► owner
//!                       └─ lane n-1: relays n-1, 2n-1 …                    ┘
//! ```
//!
//! A relay lives in one thread from its start to its end, so that packets need no lock. The threads share the stock of
//! ports, which is asked for as calls begin and end.

mod lane;
mod relays;
mod socket;
mod stock;
mod tap;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use offhook_media_core::{MediaCommand, MediaEvent};
use tokio::sync::mpsc;

use self::lane::Lane;
use self::stock::Stock;
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

/// The owner's end of the media threads.
#[derive(Debug)]
pub(crate) struct Media {
    /// Never empty.
    lanes: Vec<Lane>,
}

/// A media thread cannot keep up: the command was not taken, and the call must do without media.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Overloaded;

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a media thread does not keep up with its commands")
    }
}

impl std::error::Error for Overloaded {}

impl Media {
    /// Starts a thread for each tap that leads to the recorder. Their clocks count from `origin`.
    ///
    /// Events that find `events` full wait in their thread, in order.
    ///
    /// # Errors
    /// When the system refuses a poll, a thread, or the first pair of ports.
    pub(crate) fn start(
        config: MediaConfig,
        events: &mpsc::Sender<MediaEvent>,
        (taps, origin): (Vec<Tap>, Instant),
    ) -> io::Result<Self> {
        let stock = Arc::new(Mutex::new(Stock::open(config)?));
        let lanes = taps.into_iter().enumerate().map(|(index, tap)| {
            let name = format!("media-{index}");
            Lane::start(name, Arc::clone(&stock), events.clone(), (tap, origin))
        });
        Ok(Self {
            lanes: lanes.collect::<io::Result<_>>()?,
        })
    }

    /// Passes a command on without ever waiting, after all those of the same relay.
    ///
    /// # Errors
    /// See [`Lane::send`].
    pub(crate) fn send(&mut self, command: MediaCommand) -> Result<(), Overloaded> {
        let lane = match (command.relay(), u64::try_from(self.lanes.len())) {
            (Some(relay), Ok(lanes)) => relay.0.checked_rem(lanes),
            (None, _) | (_, Err(_)) => Some(0),
        };
        let lane = lane.and_then(|lane| usize::try_from(lane).ok());
        let lane = lane.and_then(|lane| self.lanes.get_mut(lane));
        lane.ok_or(Overloaded)?.send(command)
    }

    /// Passes on what an earlier `send` could not; to be called now and then, such as once a second.
    pub(crate) fn flush(&mut self) {
        for lane in &mut self.lanes {
            lane.flush();
        }
    }

    /// Ends the threads and closes their sockets.
    pub(crate) fn stop(self) {
        for lane in self.lanes {
            lane.stop();
        }
    }
}
