//! What a conversation wants of the media relay, and how the SDP of one side is turned into the one that the other gets.
//!
//! Each conversation has one pair of ports a side. The SDP of one side, passed to the other, names the port that faces
//! the other side; the address in it is where the relay first sends to. Of several media only the first audio is
//! relayed; the others are refused with port 0, their count and order kept (RFC 3264 §6). With `relay = "never"` SDPs
//! pass untouched, but that what one dialog is sent stays one session (RFC 3264 §8).

mod flow;
mod relayed;
mod session;
mod sounds;

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use offhook_base::CallId;
use offhook_media_core::{self as media_core, PortPair, RelayId, Side};
use offhook_sip_message::sdp::{Answer, Codec, Direction, Sdp};

use crate::effect::Effect;
use flow::Flow;
use relayed::{Hole, Relayed};
use session::Session;
use sounds::Heard;

/// The SDP cannot be relayed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NoMedia;

/// The media of one conversation between its first side (who called, or was kept in a transfer) and its second.
#[derive(Debug)]
pub(crate) struct Media {
    /// `None` when `relay = "never"`.
    relayed: Option<Box<Relayed>>,
    /// The first side is the relay's second: a transfer kept who was called.
    turned: bool,
    a: Voice,
    b: Voice,
    /// What is spoken: the first codec of the last answer.
    spoken: Option<Spoken>,
    /// The side that is held by us: whatever the other one says, it is told that nobody hears it.
    held: Option<Side>,
}

/// A codec as two sides agreed on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Spoken {
    payload_type: u8,
    /// `None` for what we do not speak.
    speech: Option<media_core::Codec>,
}

/// What one side has said and was told.
#[derive(Debug, Default)]
struct Voice {
    /// Its last SDP that counts.
    said: Option<Bytes>,
    /// Its last offer inside the call, which does not count before it is accepted.
    offered: Option<Bytes>,
    told: Session,
    /// What it hears of us.
    heard: Heard,
}

/// What an SDP is to who is told it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Role {
    /// A session that begins: as it was said.
    Begins,
    Offers,
    /// It answers what the other side said last.
    Answers,
}

/// The second side of a conversation, set apart while its place is given to another.
#[derive(Debug)]
pub(crate) struct Parted {
    voice: Voice,
    hole: Option<Hole>,
}

impl Media {
    /// Media that does not pass by us.
    pub(crate) fn direct() -> Self {
        Self {
            relayed: None,
            turned: false,
            a: Voice::default(),
            b: Voice::default(),
            spoken: None,
            held: None,
        }
    }

    /// Media by way of us; `first` is the host that the first side's signalling comes from.
    pub(crate) fn relayed(
        root: CallId,
        address: IpAddr,
        first: IpAddr,
        a: PortPair,
        b: PortPair,
    ) -> Self {
        Self {
            relayed: Some(Box::new(Relayed::new(root, address, first, a, b))),
            ..Self::direct()
        }
    }

    /// The signalling of a side comes from this host.
    pub(crate) fn is_at(&mut self, side: Side, host: IpAddr) {
        let side = self.turn(side);
        if let Some(relayed) = &mut self.relayed {
            relayed.is_at(side, host);
        }
    }

    /// Turns the SDP that `from` sent into the one that the other side gets, and takes note of where `from` wants media.
    pub(crate) fn translate(
        &mut self,
        from: Side,
        octets: &Bytes,
        effects: &mut Vec<Effect>,
    ) -> Result<Bytes, NoMedia> {
        self.take(from, octets, Role::Begins, effects)
    }

    /// The same for an answer inside a call, to what the other side offered last.
    pub(crate) fn answer(
        &mut self,
        from: Side,
        octets: &Bytes,
        effects: &mut Vec<Effect>,
    ) -> Result<Bytes, NoMedia> {
        self.take(from, octets, Role::Answers, effects)
    }

    fn take(
        &mut self,
        from: Side,
        octets: &Bytes,
        role: Role,
        effects: &mut Vec<Effect>,
    ) -> Result<Bytes, NoMedia> {
        let direction = self.told_direction(from, octets, role);
        let translated = self.pass(from, octets, direction)?;
        self.voice(from).offered = Some(octets.clone());
        self.settle(from, true, effects);
        self.spoken = spoken(octets);
        Ok(translated)
    }

    /// The same for an offer inside a call, which changes nothing until it is accepted (RFC 3261 §14.1).
    pub(crate) fn offer(&mut self, from: Side, octets: &Bytes) -> Result<Bytes, NoMedia> {
        let direction = self.told_direction(from, octets, Role::Offers);
        let translated = self.pass(from, octets, direction)?;
        self.voice(from).offered = Some(octets.clone());
        Ok(translated)
    }

    /// What `from` offered was accepted, or refused and forgotten.
    pub(crate) fn settle(&mut self, from: Side, accepted: bool, effects: &mut Vec<Effect>) {
        let side = self.turn(from);
        let voice = self.voice(from);
        let offered = voice.offered.take();
        if accepted && offered.is_some() {
            voice.said = offered;
        }
        if let Some(relayed) = &mut self.relayed {
            relayed.settle(side, accepted, effects);
        }
    }

    /// Takes note of an answer that the other side is not told of: `from` answered an offer of ours.
    pub(crate) fn hear(&mut self, from: Side, octets: &Bytes, effects: &mut Vec<Effect>) {
        let side = self.turn(from);
        if let Some(relayed) = &mut self.relayed
            && relayed
                .translate(side, octets, None, &mut Session::default())
                .is_err()
        {
            return;
        }
        self.voice(from).offered = Some(octets.clone());
        self.settle(from, true, effects);
        self.spoken = spoken(octets);
        self.tune(effects);
    }

    /// What `from` said last, as an offer to the other side, with another direction where one is given; `None` when it has
    /// said nothing that could be offered.
    pub(crate) fn offer_again(
        &mut self,
        from: Side,
        direction: Option<Direction>,
    ) -> Option<Bytes> {
        let said = self.voice(from).said.clone()?;
        let direction = direction.or_else(|| self.told_direction(from, &said, Role::Offers));
        let offer = self.pass(from, &said, direction).ok()?;
        let side = self.turn(from);
        if let Some(relayed) = &mut self.relayed {
            relayed.forget_offer(side);
        }
        Some(offer)
    }

    /// Whether an answer can be passed on.
    pub(crate) fn takes(&self, answer: &[u8]) -> bool {
        let has_audio = |sdp: Sdp<'_>| sdp.first_audio().is_some_and(relayed::is_relayed);
        self.relayed.is_none() || Sdp::parse(answer).is_ok_and(has_audio)
    }

    /// Whether the first side hears who answered with `answer` without being told of it: its media goes by way of us, the
    /// codec stays the same, and nobody holds.
    pub(crate) fn fits(&self, answer: &[u8]) -> bool {
        let flows = |sdp: &[u8]| {
            Sdp::parse(sdp).is_ok_and(|sdp| {
                sdp.first_audio()
                    .is_some_and(|audio| audio.direction == Direction::SendRecv)
            })
        };
        self.relayed.is_some()
            && self.spoken.is_some()
            && self.spoken == spoken(answer)
            && flows(answer)
            && self.a.said.as_ref().is_some_and(|said| flows(said))
    }

    /// The second side gives up its place: nothing is relayed to or from it until it comes [back](Self::join_again).
    pub(crate) fn part(&mut self, effects: &mut Vec<Effect>) -> Parted {
        self.b.heard.want(None);
        self.tune(effects);
        let side = self.turn(Side::B);
        Parted {
            voice: std::mem::take(&mut self.b),
            hole: self
                .relayed
                .as_mut()
                .map(|relayed| relayed.part(side, effects)),
        }
    }

    /// The second side is given up before it answered: it is heard no more. The next one is offered what it was.
    pub(crate) fn give_up(&mut self, effects: &mut Vec<Effect>) {
        let Parted { voice, .. } = self.part(effects);
        self.b.told = voice.told;
    }

    /// Who was set apart has its place again.
    pub(crate) fn join_again(&mut self, parted: Parted, effects: &mut Vec<Effect>) {
        let side = self.turn(Side::B);
        self.b = parted.voice;
        if let (Some(relayed), Some(hole)) = (&mut self.relayed, parted.hole) {
            relayed.join_again(side, hole, effects);
        }
    }

    /// We hold the call: one side is told so in all that it is told from here on, and nothing passes between the two.
    pub(crate) fn hold(&mut self, held: Option<Side>, effects: &mut Vec<Effect>) {
        let changes = held.is_some() != self.held.is_some();
        self.held = held;
        let holder = held.map(|held| self.turn(held.other()));
        if let Some(relayed) = self.relayed.as_mut().filter(|_| changes) {
            relayed.deafen(holder, effects);
        }
    }

    /// Which way a side is offered media while we hold the call for the other one.
    pub(crate) const fn held_direction(&self) -> Direction {
        if self.relayed.is_some() {
            Direction::SendOnly
        } else {
            Direction::Inactive
        }
    }

    /// Whether a side was told last which way the other one wants media now, as far as it wants it itself.
    pub(crate) fn knows(&self, side: Side) -> bool {
        let (of, other) = match side {
            Side::A => (&self.a, &self.b),
            Side::B => (&self.b, &self.a),
        };
        let Some(said) = &other.said else {
            return true;
        };
        let now = self
            .told_direction(side.other(), said, Role::Offers)
            .or_else(|| direction(said));
        let told = of.told.direction();
        if told == now {
            return true;
        }
        let own = of.said.as_ref().and_then(|own| Flow::of(own));
        let flows = |direction: Option<Direction>| {
            let flow = Flow::from(direction?);
            Some(own.map_or(flow, |own| flow.answering(own)))
        };
        self.relayed.is_some() && flows(told) == flows(now)
    }

    /// The sides change places: who was called comes first from here on.
    pub(crate) const fn turn_round(&mut self) {
        self.turned = !self.turned;
        self.held = match self.held {
            Some(side) => Some(side.other()),
            None => None,
        };
        std::mem::swap(&mut self.a, &mut self.b);
    }

    /// An offer of our own to the first side, whom nobody speaks to yet: what we speak. G.722 and Opus come last, for
    /// the one who is called next may not speak them. Where no relay stands between, an address that nobody sends to (RFC 3725
    /// §4.4).
    pub(crate) fn offer_of_ours(&mut self, session: CallId) -> Bytes {
        let side = self.turn(Side::A);
        let (address, port) = self
            .relayed
            .as_mut()
            .map_or((IpAddr::V4(Ipv4Addr::UNSPECIFIED), 9), |relayed| {
                relayed.facing(side)
            });
        let family = if address.is_ipv6() { "IP6" } else { "IP4" };
        let direction = if port == 9 { "inactive" } else { "sendrecv" };
        let (opus, map) = match media_core::Codec::from_rtpmap("opus", 48_000, 2) {
            Some(_) => (" 96", "a=rtpmap:96 opus/48000/2\r\n"),
            None => ("", ""),
        };
        let offer = Bytes::from(format!(
            "v=0\r\no=- {session} 1 IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n\
             m=audio {port} RTP/AVP 8 0 9{opus} 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
             a=rtpmap:9 G722/8000\r\n{map}\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na={direction}\r\n"
        ));
        self.a.told.carry(&offer, None)
    }

    /// Our own answer to the first side's offer, so that it hears a sound of ours; `None` when it speaks nothing that we do,
    /// or its media does not pass by us. Its later partner is offered what it offered to us.
    pub(crate) fn answer_ourselves(
        &mut self,
        session: CallId,
        effects: &mut Vec<Effect>,
    ) -> Option<Bytes> {
        let said = self.a.said.clone()?;
        let offer = Sdp::parse(&said).ok()?;
        // Early media may have told it of a codec: an answer is one and the same (RFC 3261 §13.2.1).
        let told = self.spoken.filter(|_| self.a.told.is_told());
        let told = told.map(|spoken| spoken.payload_type);
        let codec = ours(&offer, told)?;
        let side = self.turn(Side::A);
        let relayed = self.relayed.as_mut()?;
        let (address, port) = relayed.facing(side);
        let mut out = Vec::with_capacity(256);
        let answer = Answer {
            session: session.0,
            address,
            port,
            codec,
            direction: mirrored(&offer),
        };
        offer.answer(&answer, &mut out);
        relayed.start(effects);
        let answer = Bytes::from(out);
        self.spoken = spoken(&answer);
        self.tune(effects);
        Some(self.a.told.carry(&answer, None))
    }

    /// Our own answer to the first side's offer where it cannot hear us: a stream on which nothing flows.
    pub(crate) fn answer_in_silence(&mut self, session: CallId) -> Option<Bytes> {
        let said = self.a.said.clone()?;
        let offer = Sdp::parse(&said).ok()?;
        let mut out = Vec::with_capacity(256);
        let answer = Answer {
            session: session.0,
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 9,
            codec: ours(&offer, None)?,
            direction: Direction::Inactive,
        };
        offer.answer(&answer, &mut out);
        Some(self.a.told.carry(&Bytes::from(out), None))
    }

    /// Whether there is an [answer of our own](Self::answer_ourselves).
    pub(crate) fn can_answer(&self) -> bool {
        let offered = self.a.said.as_ref();
        let speaks = |said: &Bytes| Sdp::parse(said).is_ok_and(|sdp| ours(&sdp, None).is_some());
        self.relayed.is_some() && offered.is_some_and(speaks)
    }

    /// Whether what is spoken is something that we speak, by way of us.
    pub(crate) fn is_spoken_by_us(&self) -> bool {
        self.relayed.is_some() && self.spoken.is_some_and(|spoken| spoken.speech.is_some())
    }

    /// Whether the first side was told last that it is heard and hears.
    pub(crate) fn may_speak(&self) -> bool {
        self.a.told.direction() == Some(Direction::SendRecv)
    }

    /// The relay, once it runs, and a side as it names it.
    pub(crate) fn relay(&self, side: Side) -> Option<(RelayId, Side)> {
        let relay = self.relayed.as_ref()?.running()?;
        Some((relay, self.turn(side)))
    }

    /// A side as the two name it, of how the relay does.
    pub(crate) const fn turned(&self, side: Side) -> Side {
        self.turn(side)
    }

    /// Whether the SDP of a side is known.
    pub(crate) const fn has_said(&self, side: Side) -> bool {
        match side {
            Side::A => self.a.said.is_some(),
            Side::B => self.b.said.is_some(),
        }
    }

    /// Whether a side has said that it sends.
    pub(crate) fn sends(&self, side: Side) -> bool {
        let said = match side {
            Side::A => &self.a.said,
            Side::B => &self.b.said,
        };
        let sdp = said.as_ref().and_then(|said| Sdp::parse(said).ok());
        sdp.as_ref()
            .and_then(Sdp::first_audio)
            .is_some_and(|audio| {
                audio.port != 0
                    && matches!(audio.direction, Direction::SendRecv | Direction::SendOnly)
            })
    }

    /// Whether the SDP of a side lists keys (RFC 4733).
    pub(crate) fn lists_keys(&self, side: Side) -> bool {
        let said = match side {
            Side::A => &self.a.said,
            Side::B => &self.b.said,
        };
        let sdp = said.as_ref().and_then(|said| Sdp::parse(said).ok());
        sdp.as_ref()
            .and_then(Sdp::first_audio)
            .is_some_and(|audio| audio.codecs().any(|codec| codec.is_telephone_event()))
    }

    /// Starts the relay though the second side is not known yet.
    pub(crate) fn start(&mut self, effects: &mut Vec<Effect>) {
        if let Some(relayed) = &mut self.relayed {
            relayed.start(effects);
        }
    }

    /// Gives the ports back.
    pub(crate) fn stop(self, effects: &mut Vec<Effect>) {
        if let Some(relayed) = self.relayed {
            relayed.stop(effects);
        }
    }

    /// Which way the other side of `from` is told that media flows, where that is not what `from` said. Who holds is not
    /// heard, but in its place we play music: who is held is told that it only receives. `sendonly` is what most phones
    /// send to hold; `inactive` and the null address come to the same.
    fn told_direction(&self, from: Side, octets: &[u8], role: Role) -> Option<Direction> {
        let said = direction(octets)?;
        let listener = from.other();
        let plays = self.relayed.is_some() && self.spoken.is_some_and(|one| one.speech.is_some());
        let mut flow = Flow::of(octets)?;
        if self.held == Some(listener) {
            flow = self.held_direction().into();
        } else if role == Role::Begins {
            return None;
        } else if plays && !flow.receives {
            flow = Direction::SendOnly.into();
        } else {
            flow = said.into();
        }
        let offered = match listener {
            Side::A => &self.a.said,
            Side::B => &self.b.said,
        };
        if role == Role::Answers
            && self.relayed.is_some()
            && let Some(offered) = offered.as_ref().and_then(|offered| Flow::of(offered))
        {
            flow = flow.answering(offered);
        }
        let told = Direction::from(flow);
        (told != said).then_some(told)
    }

    /// The SDP of `from` as the other side gets it, in the session that the other side knows.
    fn pass(
        &mut self,
        from: Side,
        octets: &Bytes,
        direction: Option<Direction>,
    ) -> Result<Bytes, NoMedia> {
        let side = self.turn(from);
        let told = match from {
            Side::A => &mut self.b.told,
            Side::B => &mut self.a.told,
        };
        match &mut self.relayed {
            Some(relayed) => relayed.translate(side, octets, direction, told),
            None => Ok(told.carry(octets, direction)),
        }
    }

    const fn voice(&mut self, side: Side) -> &mut Voice {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    /// The side as the relay names it.
    const fn turn(&self, side: Side) -> Side {
        if self.turned { side.other() } else { side }
    }
}

/// What we answer and offer ourselves.
const SPOKEN: [&str; 3] = ["G722", "PCMA", "PCMU"];

/// What we speak with who speaks nothing else: whoever comes next, an agent or a transfer's target, is likelier to speak
/// those above, and we translate nothing.
const SPOKEN_AT_LAST: [&str; 1] = ["opus"];

/// The codec of an offer that we answer in: that of this payload type, which the offerer was told of, where we speak it.
fn ours<'a>(offer: &'a Sdp<'_>, told: Option<u8>) -> Option<Codec<'a>> {
    let known = |names| {
        let codec = offer.plain_or(names, told)?;
        speech(&codec).map(|_| codec)
    };
    let (first, last) = (known(&SPOKEN), known(&SPOKEN_AT_LAST));
    let is_told = |codec: &Codec<'_>| Some(codec.payload_type) == told;
    last.filter(is_told).or(first).or(last)
}

/// Name of the first codec of an SDP's audio, which in an answer is the one that is spoken.
pub(crate) fn codec(octets: &[u8]) -> Option<String> {
    let sdp = Sdp::parse(octets).ok()?;
    sdp.first_audio_codec().map(str::to_owned)
}

/// The direction of an answer that wants all that the offer gives (RFC 3264 §6.1).
fn mirrored(offer: &Sdp<'_>) -> Direction {
    match offer.first_audio().map(|audio| audio.direction) {
        Some(Direction::SendOnly) => Direction::RecvOnly,
        Some(Direction::RecvOnly) => Direction::SendOnly,
        Some(Direction::Inactive) => Direction::Inactive,
        Some(Direction::SendRecv) | None => Direction::SendRecv,
    }
}

/// Which way the sender of an SDP wants audio.
fn direction(octets: &[u8]) -> Option<Direction> {
    let sdp = Sdp::parse(octets).ok()?;
    sdp.first_audio().map(|audio| audio.direction)
}

/// The first codec of an SDP's audio.
fn spoken(octets: &[u8]) -> Option<Spoken> {
    let sdp = Sdp::parse(octets).ok()?;
    let codec = sdp.first_audio()?.codecs().find(Codec::is_voice)?;
    Some(Spoken {
        payload_type: codec.payload_type,
        speech: speech(&codec),
    })
}

/// The codec of ours that this one is, if any.
fn speech(codec: &Codec<'_>) -> Option<media_core::Codec> {
    media_core::Codec::from_rtpmap(codec.name()?, codec.rate, codec.channels)
}
