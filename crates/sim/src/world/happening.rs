//! What happens in the world at a moment, and in which order.

use std::cmp::Reverse;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use offhook_base::{Mono, RecordingId, SmsRecord};
use offhook_media_core::{Cue, MediaEvent, RelayId, Side};
use offhook_sip_core::{FlowId, Peer, Transport};
use rand_core::Rng as _;

use super::{PBX, World, deliver};
use crate::phone::{Outsider, Phone, Script};

/// Something that happens at a moment.
#[derive(Debug)]
pub(super) enum Happening {
    /// A REST client asks for something.
    Ask,
    Commit,
    Crash,
    Dial {
        who: Who,
        number: String,
        script: Script,
    },
    Garbage,
    ToPbx {
        from: SocketAddr,
        octets: Vec<u8>,
    },
    ToPhone {
        phone: usize,
        octets: Vec<u8>,
    },
    Answer(deliver::Answer),
    /// The media shell hears something.
    Hear,
    /// Somebody presses a key.
    Press,
    Projected,
    /// A sound was played to its end.
    Played {
        relay: RelayId,
        side: Side,
        cue: Cue,
    },
    /// The recorder has finished a file.
    Recorded(RecordingId),
    /// A phone registers.
    Register(usize),
    /// A dead phone comes back.
    Revive(usize),
    Start,
    /// The store has a text that the switch gave it, or could not keep it.
    TextKept {
        text: Arc<SmsRecord>,
        stored: bool,
    },
    Text {
        who: Who,
        number: String,
        words: String,
    },
    /// Something is wrong with the phone of an agent.
    Trouble,
}

/// Who does it.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// Somebody outside, through this carrier.
    Outsider(usize, Outsider),
    /// This phone's owner.
    Phone(usize),
}

impl Who {
    /// The peer that sends it.
    pub(super) const fn peer(&self) -> usize {
        match self {
            Self::Outsider(peer, _) | Self::Phone(peer) => *peer,
        }
    }
}

impl World {
    pub(super) fn next_moment(&self) -> Option<Mono> {
        let queued = self.queue.peek().map(|Reverse((at, _))| *at);
        let phones = self.phones.iter().filter_map(Phone::next_timeout).min();
        let process = self.process.as_ref().and_then(|process| {
            [
                process.switch.next_timeout(),
                process.deliverer.next_timeout(),
            ]
            .into_iter()
            .flatten()
            .min()
        });
        [queued, phones, process].into_iter().flatten().min()
    }

    pub(super) fn advance(&mut self, at: Mono) {
        let at = at.max(self.now.mono);
        self.now.wall = self.now.wall + (at - self.now.mono);
        self.now.mono = at;
    }

    pub(super) fn step(&mut self) {
        while let Some(Reverse((at, n))) = self.queue.peek().copied()
            && at <= self.now.mono
        {
            self.queue.pop();
            if let Some(happening) = self.happenings.remove(&n) {
                self.happen(happening);
            }
        }
        for phone in 0..self.phones.len() {
            let now = self.now.mono;
            if let Some(sim) = self
                .phones
                .get_mut(phone)
                .filter(|sim| sim.next_timeout().is_some_and(|at| at <= now))
            {
                sim.handle_timeout(now);
                self.drain_phone(phone);
            }
        }
        if let Some(process) = &mut self.process {
            process.switch.handle_timeout(self.now);
            process.deliverer.handle_timeout(self.now);
            self.drain_pbx();
        }
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Answer(answer) => {
                if let Some(process) = &mut self.process {
                    process.deliverer.answered(self.now, answer);
                }
            }
            Happening::Ask => self.ask_by_chance(),
            Happening::Commit => self.commit(),
            Happening::Crash => self.crash(),
            Happening::Dial {
                who,
                number,
                script,
            } => self.dial(&who, &number, script),
            Happening::Text { who, number, words } => self.send_text(&who, &number, &words),
            Happening::TextKept { text, stored } => self.text_kept(&text, stored),
            Happening::Garbage => self.throw_garbage(),
            Happening::Hear => self.hear_by_chance(),
            Happening::Press => self.press_by_chance(),
            Happening::Projected => {
                if let Some(process) = &mut self.process {
                    process.deliverer.projected(self.now, self.disk.position());
                }
            }
            Happening::Played { relay, side, cue } => {
                if let Some(process) = &mut self.process {
                    let played = MediaEvent::Played { relay, side, cue };
                    process.switch.handle_media(self.now, played);
                }
            }
            Happening::Recorded(id) => self.recording_finished(id),
            Happening::Register(peer) => self.register(peer),
            Happening::Revive(peer) => self.revive(peer),
            Happening::Start => self.start(),
            Happening::Trouble => self.trouble_by_chance(),
            Happening::ToPbx { from, octets } => {
                if let Some(process) = &mut self.process {
                    let peer = Peer {
                        flow: FlowId::udp(0),
                        addr: from,
                        transport: Transport::Udp,
                    };
                    process.switch.handle_datagram(self.now, peer, &octets);
                }
            }
            Happening::ToPhone { phone, octets } => {
                let now = self.now.mono;
                if !self.trouble.is_dead(phone)
                    && let Some(sim) = self.phones.get_mut(phone)
                {
                    sim.handle_datagram(now, PBX, &octets);
                }
                self.drain_phone(phone);
            }
        }
        self.drain_pbx();
    }

    pub(super) fn throw_garbage(&mut self) {
        let len = self.below(300) as usize;
        let mut octets = vec![0; len];
        self.rng.fill_bytes(&mut octets);
        if self.below(2) == 0 {
            let mut start = b"INVITE sip:2001@pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP ".to_vec();
            start.append(&mut octets);
            octets = start;
        }
        let from = SocketAddr::from(([198, 51, 100, 7], 5060));
        let at = self.now.mono;
        self.at(at, Happening::ToPbx { from, octets });
    }

    pub(super) fn at(&mut self, at: Mono, happening: Happening) {
        self.counter += 1;
        self.queue.push(Reverse((at, self.counter)));
        self.happenings.insert(self.counter, happening);
    }

    pub(super) fn within(&mut self, from: Duration, to: Duration) -> Mono {
        let range = u64::try_from((to - from).as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        self.now.mono + from + Duration::from_micros(self.below(range))
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound.max(1)
    }
}
