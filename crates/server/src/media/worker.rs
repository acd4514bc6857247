//! A media thread: waits for packets and commands, asks `media-core`, moves octets.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use offhook_base::Mono;
use offhook_media_core::{
    Digit, Format, Kind, MediaCommand, MediaEvent, Notice, PairId, RefusedStart, Relay, RelayId,
    Remote, Side, Sound, StreamEntropy, Verdict,
};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::relays::{Active, Relays, SENT_OCTETS};
use super::stock::Stock;
use super::tap::Tap;

/// Everything the thread owns.
#[derive(Debug)]
pub(super) struct Worker {
    poll: Poll,
    inbox: Receiver<MediaCommand>,
    outbox: Outbox,
    /// Shared with the other threads, and locked only as calls begin and end.
    stock: Arc<Mutex<Stock>>,
    relays: Relays,
    tap: Tap,
    /// Pairs that the owner asked for and has not got yet.
    owed: u32,
    /// The last of them could not be had.
    out_of_ports: bool,
    /// Sockets that still had packets when their turn was over.
    unfinished: Vec<Token>,
    buffer: Vec<u8>,
    origin: Instant,
}

/// Events on their way to the owner, in order.
#[derive(Debug)]
struct Outbox {
    events: mpsc::Sender<MediaEvent>,
    waiting: VecDeque<MediaEvent>,
}

/// Whether the owner is still there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Gone,
    Present,
}

impl Worker {
    pub(super) fn new(
        stock: Arc<Mutex<Stock>>,
        inbox: Receiver<MediaCommand>,
        events: mpsc::Sender<MediaEvent>,
        (tap, origin): (Tap, Instant),
    ) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let worker = Self {
            poll,
            inbox,
            outbox: Outbox {
                events,
                waiting: VecDeque::new(),
            },
            stock,
            relays: Relays::default(),
            tap,
            owed: 0,
            out_of_ports: false,
            unfinished: Vec::new(),
            buffer: vec![0; LARGEST_DATAGRAM],
            origin,
        };
        Ok((worker, waker))
    }

    /// Runs until the owner is gone.
    pub(super) fn run(mut self) {
        let mut ready = Events::with_capacity(READY_AT_ONCE);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut ready, timeout) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::error!(%error, "waiting for media failed; no call has media any more");
                    return;
                }
            }
            let now = self.now();
            let unfinished = std::mem::take(&mut self.unfinished);
            for token in ready.iter().map(mio::event::Event::token).chain(unfinished) {
                if token != WAKE {
                    self.relay_from(now, token);
                }
            }
            if self.obey(now) == Owner::Gone {
                return;
            }
            self.play();
            self.pay_owed(now);
            self.outbox.flush();
            self.tap.flush();
        }
    }

    /// Forwards what one socket received, but only so much at a time that the others have their turn.
    fn relay_from(&mut self, now: Mono, token: Token) {
        let (slot, side, kind) = address_of(token);
        let Some(active) = self.relays.at(slot) else {
            return;
        };
        let Active {
            relay, a, b, tapes, ..
        } = active;
        let (here, there) = match side {
            Side::A => (&*a, &*b),
            Side::B => (&*b, &*a),
        };
        let mut unfinished = true;
        for _ in 0..PACKETS_A_TURN {
            let (length, from) = match here.receive(kind, &mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    unfinished = false;
                    break;
                }
                // Such as the echo of an unreachable port; the next packet is a packet again.
                Err(_) => continue,
            };
            let packet = self.buffer.get_mut(..length).unwrap_or_default();
            let Ok(length) = relay.decrypt(side, kind, packet) else {
                continue;
            };
            let packet = packet.get_mut(..length).unwrap_or_default();
            let taped = tapes.header(kind, packet);
            let verdict = relay.handle_packet(now, side, kind, from, packet);
            if let Some(header) = taped {
                let of = (&*tapes, &*relay);
                self.tap.packet(now, of, (side, verdict), &header, packet);
            }
            match verdict {
                Verdict::Drop(_) => {}
                Verdict::Forward { side: listener, to } => {
                    let sealed = relay.encrypt(listener, kind, &mut self.buffer, length);
                    let sent = sealed
                        .and_then(|length| self.buffer.get(..length))
                        .map(|packet| there.send(kind, packet, to));
                    if !matches!(sent, Some(Ok(()))) {
                        relay.handle_send_error(side);
                    }
                }
            }
        }
        self.relays
            .settle(slot, |relay, notice| self.outbox.notice(relay, notice));
        if unfinished {
            self.unfinished.push(token);
        }
    }

    /// Carries out the commands that wait.
    fn obey(&mut self, now: Mono) -> Owner {
        loop {
            match self.inbox.try_recv() {
                Err(TryRecvError::Disconnected) => return Owner::Gone,
                Err(TryRecvError::Empty) => return Owner::Present,
                Ok(MediaCommand::Play {
                    relay,
                    side,
                    sound,
                    format,
                }) => self.start_play(now, relay, side, sound, format),
                Ok(MediaCommand::Formats {
                    relay,
                    side,
                    formats,
                }) => match self.relays.get_mut(relay) {
                    Some(active) => active.relay.set_formats(side, formats),
                    None => tracing::debug!(%relay, "formats came for a relay that does not run"),
                },
                Ok(MediaCommand::Secure { relay, side, keys }) => {
                    match self.relays.get_mut(relay) {
                        Some(active) => active.relay.secure(side, keys.as_deref()),
                        None => tracing::debug!(%relay, "keys came for a relay that does not run"),
                    }
                }
                Ok(MediaCommand::Record {
                    relay,
                    recording,
                    taped,
                }) => match self.relays.get_mut(relay) {
                    Some(active) => self.tap.begin(now, &mut active.tapes, recording, taped),
                    None => self.tap.end_unbegun(now, recording),
                },
                Ok(MediaCommand::StopRecord { relay, recording }) => {
                    if let Some(active) = self.relays.get_mut(relay) {
                        self.tap.end(now, &mut active.tapes, recording);
                    }
                }
                Ok(MediaCommand::Press {
                    relay,
                    side,
                    digit,
                    duration,
                }) => self.press(now, relay, side, (digit, duration)),
                Ok(MediaCommand::Refill { count }) => {
                    self.owed = self.owed.saturating_add(count.into()).min(OWED_AT_MOST);
                }
                Ok(MediaCommand::Release { pair }) => self.release(now, pair),
                Ok(MediaCommand::Start {
                    relay,
                    a,
                    b,
                    a_remote,
                    b_remote,
                }) => {
                    if let Err(reason) = self.start(now, relay, [a, b], [a_remote, b_remote]) {
                        tracing::warn!(%relay, ?reason, "a media relay could not be started");
                        self.outbox.push(MediaEvent::Refused { relay, reason });
                    }
                }
                Ok(MediaCommand::Stop { relay }) => self.stop(now, relay),
                Ok(MediaCommand::StopPlay { relay, side }) => {
                    let stopped = self.relays.change(relay, |relay| relay.stop_play(side));
                    if stopped.is_none() {
                        tracing::debug!(%relay, "a relay that does not run plays nothing");
                    }
                }
                Ok(MediaCommand::Update {
                    relay,
                    side,
                    remote,
                }) => match self.relays.get_mut(relay) {
                    Some(active) => active.relay.set_remote(side, remote),
                    None => tracing::debug!(%relay, "an SDP came for a relay that does not run"),
                },
                Ok(MediaCommand::Watch { relay, after }) => {
                    let watched = self.relays.change(relay, |relay| relay.watch(now, after));
                    if watched.is_none() {
                        tracing::debug!(%relay, "a relay that does not run is not watched");
                    }
                }
            }
        }
    }

    fn start(
        &mut self,
        now: Mono,
        id: RelayId,
        pairs: [PairId; 2],
        remotes: [Option<Remote>; 2],
    ) -> Result<(), RefusedStart> {
        let [a, b] = pairs.map(|pair| self.stock().take(pair));
        let [a_remote, b_remote] = remotes;
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (a, b),
            (one, other) => {
                for pair in [one, other].into_iter().flatten() {
                    self.stock().give_back(now, pair);
                }
                return Err(RefusedStart::UnknownPair);
            }
        };
        let mut active = Active::new(id, Relay::new(a_remote, b_remote), a, b);
        if self.relays.contains(id) {
            self.give_back(now, active);
            return Err(RefusedStart::Duplicate);
        }
        let slot = self.relays.vacant();
        if let Err(error) = self.watch(slot, &mut active) {
            tracing::error!(%error, "a media socket cannot be watched");
            self.unwatch(&mut active);
            self.give_back(now, active);
            self.relays.leave_vacant(slot);
            return Err(RefusedStart::Sockets);
        }
        self.relays.put(slot, id, active);
        Ok(())
    }

    fn start_play(&mut self, now: Mono, id: RelayId, side: Side, sound: Sound, format: Format) {
        let Some(entropy) = entropy(id) else {
            return;
        };
        let started = self
            .relays
            .change(id, |relay| relay.play(now, side, sound, format, entropy));
        match started {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, relay = %id, "a sound cannot be played"),
            None => tracing::debug!(relay = %id, "a sound came for a relay that does not run"),
        }
    }

    fn press(&mut self, now: Mono, id: RelayId, side: Side, key: (Digit, Duration)) {
        let Some(entropy) = entropy(id) else {
            return;
        };
        let pressed = self
            .relays
            .change(id, |relay| relay.press(now, side, key, entropy));
        if pressed != Some(true) {
            tracing::debug!(relay = %id, ?side, "a key could not be told");
        }
    }

    /// Sends what is due of the sounds, but only so much at a time that relayed packets do not wait for it.
    fn play(&mut self) {
        let now = self.now();
        let mut packet = [0; SENT_OCTETS];
        for _ in 0..PLAYED_A_TURN {
            let tell = |relay, notice| self.outbox.notice(relay, notice);
            if !self.relays.send_due(now, &mut packet, tell) {
                return;
            }
        }
    }

    fn stop(&mut self, now: Mono, id: RelayId) {
        let Some(mut active) = self.relays.remove(id) else {
            tracing::debug!(relay = %id, "a relay that does not run cannot be stopped");
            return;
        };
        self.tap.end_all(now, std::mem::take(&mut active.tapes));
        self.unwatch(&mut active);
        let [a, b] = active.relay.quality();
        self.outbox.push(MediaEvent::Quality { relay: id, a, b });
        self.outbox.push(MediaEvent::Stopped {
            relay: id,
            stats: active.relay.stats(),
        });
        self.give_back(now, active);
    }

    fn release(&mut self, now: Mono, pair: PairId) {
        let taken = self.stock().take(pair);
        match taken {
            // It stood in an SDP, so that packets may be on their way to it: it rests as if it had been used.
            Some(pair) => self.stock().give_back(now, pair),
            None => tracing::debug!(?pair, "a pair was released that was not handed out"),
        }
    }

    fn give_back(&self, now: Mono, active: Active) {
        let mut stock = self.stock();
        stock.give_back(now, active.a);
        stock.give_back(now, active.b);
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, slot: usize, active: &mut Active) -> io::Result<()> {
        for (side, pair) in [(Side::A, &mut active.a), (Side::B, &mut active.b)] {
            pair.drain();
            let registry = self.poll.registry();
            registry.register(
                &mut pair.rtp,
                token_of(slot, side, Kind::Rtp),
                Interest::READABLE,
            )?;
            registry.register(
                &mut pair.rtcp,
                token_of(slot, side, Kind::Rtcp),
                Interest::READABLE,
            )?;
        }
        Ok(())
    }

    fn unwatch(&self, active: &mut Active) {
        for pair in [&mut active.a, &mut active.b] {
            for socket in [&mut pair.rtp, &mut pair.rtcp] {
                if let Err(error) = self.poll.registry().deregister(socket) {
                    tracing::debug!(%error, "a media socket was not watched");
                }
            }
        }
    }

    /// Hands out pairs that the owner asked for, few at a time, for binding a socket delays packets.
    fn pay_owed(&mut self, now: Mono) {
        if self.owed == 0 {
            return;
        }
        let mut pairs = Vec::new();
        self.out_of_ports = false;
        while self.owed > 0 && pairs.len() < BOUND_A_TURN {
            let handed = self.stock().hand_out(now);
            match handed {
                Ok(pair) => {
                    pairs.push(pair);
                    self.owed -= 1;
                }
                Err(error) => {
                    tracing::debug!(%error, owed = self.owed, "no free pair of RTP ports");
                    self.out_of_ports = true;
                    break;
                }
            }
        }
        if !pairs.is_empty() {
            self.outbox.push(MediaEvent::Ports(pairs));
        }
    }

    /// How long the thread may wait for packets.
    fn timeout(&self) -> Option<Duration> {
        if !self.unfinished.is_empty() || (self.owed > 0 && !self.out_of_ports) {
            return Some(Duration::ZERO);
        }
        let now = self.now();
        let behind = !self.outbox.waiting.is_empty() || self.tap.is_behind();
        let retry = behind.then_some(RETRY_EVENTS);
        let ports = (self.owed > 0).then(|| {
            let rested = self.stock().next_rested().map_or(RETRY_BIND, |at| at - now);
            rested.min(RETRY_BIND)
        });
        let sound = self.relays.next_timeout().map(|at| at - now);
        [retry, ports, sound].into_iter().flatten().min()
    }

    #[expect(clippy::cast_possible_truncation, reason = "584 years of nanoseconds")]
    fn now(&self) -> Mono {
        Mono(self.origin.elapsed().as_nanos() as u64)
    }
}

impl Outbox {
    fn push(&mut self, event: MediaEvent) {
        self.waiting.push_back(event);
    }

    /// What a relay has to tell. An owner that does not listen any more misses it, which costs him a key; not us the memory.
    fn notice(&mut self, relay: RelayId, notice: Notice) {
        if self.waiting.len() >= NOTICES_WAITING {
            tracing::warn!(%relay, ?notice, "the calls do not keep up with the media; this is not told");
            return;
        }
        self.push(match notice {
            Notice::Played { side, cue } => MediaEvent::Played { relay, side, cue },
            Notice::Pressed { side, press, way } => MediaEvent::Pressed {
                relay,
                side,
                digit: press.digit,
                way,
            },
            Notice::Quality([a, b]) => MediaEvent::Quality { relay, a, b },
            Notice::Silent(side) => MediaEvent::Silent { relay, side },
        });
    }

    fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => return self.waiting.push_front(event),
                Err(TrySendError::Closed(_)) => return self.waiting.clear(),
            }
        }
    }
}

/// Random numbers for a stream of ours.
fn entropy(id: RelayId) -> Option<StreamEntropy> {
    let mut entropy = StreamEntropy::default();
    match getrandom::fill(&mut entropy) {
        Ok(()) => Some(entropy),
        Err(error) => {
            tracing::error!(%error, relay = %id, "no random numbers, so nothing is sent");
            None
        }
    }
}

const fn token_of(slot: usize, side: Side, kind: Kind) -> Token {
    let side = match side {
        Side::A => 0,
        Side::B => 2,
    };
    let kind = match kind {
        Kind::Rtcp => 1,
        Kind::Rtp => 0,
    };
    Token(slot * 4 + side + kind)
}

const fn address_of(token: Token) -> (usize, Side, Kind) {
    let side = if token.0 & 2 == 0 { Side::A } else { Side::B };
    let kind = if token.0 & 1 == 0 {
        Kind::Rtp
    } else {
        Kind::Rtcp
    };
    (token.0 / 4, side, kind)
}

const WAKE: Token = Token(usize::MAX);

/// Sockets reported by one poll.
const READY_AT_ONCE: usize = 1_024;

/// Packets of one socket before the next one has its turn.
const PACKETS_A_TURN: usize = 32;

/// Played packets between two polls: some 5 µs each, of which the system's send is the most.
const PLAYED_A_TURN: usize = 32;

/// Pairs bound between two polls: some 20 µs each.
const BOUND_A_TURN: usize = 16;

/// Every pair that an address can have.
const OWED_AT_MOST: u32 = 32_768;

/// Events that may wait for an owner before keys are left out.
const NOTICES_WAITING: usize = 65_536;

const LARGEST_DATAGRAM: usize = 65_535;

/// How soon an owner or a recorder whose queue is full is tried again.
const RETRY_EVENTS: Duration = Duration::from_millis(20);

/// How soon ports of others, or descriptors, may have become free.
const RETRY_BIND: Duration = Duration::from_secs(1);
