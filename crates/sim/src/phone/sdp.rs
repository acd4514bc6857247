//! The phone's session descriptions: one audio stream, G.711 (RFC 8866, RFC 3264).

use std::net::{IpAddr, SocketAddr};

use offhook_sip_message::sdp::{Direction, Media, Origin, Sdp};

/// The media type of a session description.
pub(super) const TYPE: &[u8] = b"application/sdp";

/// PCMU and PCMA, whose numbers need no a=rtpmap (RFC 3551).
const CODECS: [&[u8]; 2] = [b"0", b"8"];

/// What one call has said and heard of its media.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) id: u64,
    version: u64,
    last: Vec<u8>,
    /// Whether we hold the other side.
    pub(super) holding: bool,
    /// Where the other side wants its audio, and which way it flows as we see it.
    pub(super) remote: Option<(SocketAddr, Direction)>,
    /// Whether the other side holds us (RFC 3264, section 8.4).
    pub(super) held: bool,
    /// The other side's last description that counted.
    heard: Option<Heard>,
}

/// A description of the other side.
#[derive(Clone, Debug)]
struct Heard {
    origin: Origin,
    /// All of it but the o= line.
    content: Vec<u8>,
}

impl Heard {
    fn read(description: &[u8]) -> Option<Self> {
        let origin = Sdp::parse(description).ok()?.origin()?;
        let lines = description.split_inclusive(|octet| *octet == b'\n');
        let content = lines.filter(|line| !line.starts_with(b"o="));
        Some(Self {
            origin,
            content: content.flatten().copied().collect(),
        })
    }
}

impl Session {
    pub(super) fn new(address: IpAddr, port: u16, id: u64) -> Self {
        Self {
            address,
            port,
            id,
            version: id,
            last: Vec::new(),
            holding: false,
            remote: None,
            held: false,
            heard: None,
        }
    }

    /// What we want: to hear and be heard, or to hold.
    fn wanted(&self) -> Direction {
        if self.holding {
            Direction::SendOnly
        } else {
            Direction::SendRecv
        }
    }

    /// An offer, or the answer to no offer.
    pub(super) fn offer(&mut self) -> Vec<u8> {
        let direction = self.wanted().as_str();
        let media = format!(
            "m=audio {} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na={direction}\r\n",
            self.port
        );
        self.describe(media.as_bytes())
    }

    /// The answer to an offer, or `None` when there is nothing in it that we could play (488).
    pub(super) fn answer(&mut self, offer: &[u8]) -> Option<Vec<u8>> {
        let sdp = Sdp::parse(offer).ok()?;
        let lines: Vec<&[u8]> = offer
            .split(|octet| *octet == b'\n')
            .filter(|line| line.starts_with(b"m="))
            .collect();
        let chosen = sdp
            .media()
            .iter()
            .position(|media| codec(media).is_some())?;
        let mut sections = Vec::new();
        for (n, media) in sdp.media().iter().enumerate() {
            if n == chosen {
                sections.extend_from_slice(&self.accept(media));
                self.held = sdp.is_held();
            } else {
                // As many m= lines as the offer has, in its order (RFC 3264, section 6).
                sections.extend_from_slice(&refuse(lines.get(n)?));
            }
        }
        self.hear(offer);
        Some(self.describe(&sections))
    }

    /// What is wrong with the o= line of an offer, seen from the description before it (RFC 3264, section 8).
    pub(super) fn fault_of_origin(&self, offer: &[u8]) -> Option<String> {
        let before = self.heard.as_ref()?;
        let Some(now) = Heard::read(offer) else {
            return Some("an o= line that cannot be read".to_owned());
        };
        let (old, new) = (before.origin, now.origin);
        if old.session != new.session {
            let (old, new) = (old.session, new.session);
            return Some(format!("session id {old}, then {new} in the same dialog"));
        }
        if new.version < old.version {
            let (old, new) = (old.version, new.version);
            return Some(format!("version {old}, then {new}"));
        }
        let changed = new.version == old.version && now.content != before.content;
        changed.then(|| format!("another content, but version {} as before", old.version))
    }

    fn hear(&mut self, description: &[u8]) {
        self.heard = Heard::read(description).or_else(|| self.heard.take());
    }

    fn accept(&mut self, media: &Media<'_>) -> Vec<u8> {
        let wanted = self.wanted();
        let offered = media.direction;
        let direction = Direction::of(
            wanted.sends() && offered.receives(),
            wanted.receives() && offered.sends(),
        );
        self.remote = media
            .connection_ip()
            .map(|ip| (SocketAddr::new(ip, media.port), direction));
        let number = String::from_utf8_lossy(codec(media).unwrap_or(CODECS[0])).into_owned();
        let tones = media.telephone_events().next().map(|(number, _)| number);
        let mut section = format!("m=audio {} RTP/AVP {number}", self.port);
        if let Some(tones) = tones {
            section.push_str(&format!(" {tones}"));
        }
        let name = if number == "0" { "PCMU" } else { "PCMA" };
        section.push_str(&format!("\r\na=rtpmap:{number} {name}/8000\r\n"));
        if let Some(tones) = tones {
            section.push_str(&format!(
                "a=rtpmap:{tones} telephone-event/8000\r\na=fmtp:{tones} 0-15\r\n"
            ));
        }
        section.push_str(&format!("a={}\r\n", direction.as_str()));
        section.into_bytes()
    }

    /// Takes the other side's answer to our offer; `false` when it is none.
    pub(super) fn on_answer(&mut self, answer: &[u8]) -> bool {
        let Ok(sdp) = Sdp::parse(answer) else {
            return false;
        };
        let Some(audio) = sdp.first_audio() else {
            return false;
        };
        self.hear(answer);
        self.remote = audio
            .connection_ip()
            .map(|ip| (SocketAddr::new(ip, audio.port), audio.direction.reversed()));
        self.held = sdp.is_held();
        // Our offers have one m= line, and an answer has as many as its offer (RFC 3264, section 6).
        sdp.media().len() == 1 && audio.port != 0 && codec(audio).is_some()
    }

    /// The version goes up when, and only when, something changed (RFC 3264, section 8).
    fn describe(&mut self, media: &[u8]) -> Vec<u8> {
        if !self.last.is_empty() && self.last != media {
            self.version += 1;
        }
        self.last = media.to_vec();
        let family = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        let address = self.address;
        let mut text = format!(
            "v=0\r\no=- {} {} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n",
            self.id, self.version
        )
        .into_bytes();
        text.extend_from_slice(media);
        text
    }
}

/// The first codec of an audio stream that we have too.
fn codec<'a>(media: &Media<'a>) -> Option<&'a [u8]> {
    let usable = media.kind == offhook_sip_message::sdp::MediaKind::Audio
        && media.port != 0
        && media.proto == b"RTP/AVP";
    usable
        .then(|| media.formats().find(|format| CODECS.contains(format)))
        .flatten()
}

/// The m= line with port 0.
fn refuse(line: &[u8]) -> Vec<u8> {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let text = words
        .iter()
        .enumerate()
        .map(|(n, word)| if n == 1 { "0" } else { word });
    let mut line = text.collect::<Vec<_>>().join(" ").into_bytes();
    line.extend_from_slice(b"\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(port: u16) -> Session {
        Session::new("192.0.2.7".parse().unwrap(), port, 9)
    }

    #[test]
    fn two_phones_agree_and_hold() {
        let (mut alice, mut bob) = (session(4_000), session(5_000));
        let answer = bob.answer(&alice.offer()).unwrap();
        assert!(alice.on_answer(&answer));
        assert_eq!(
            alice.remote,
            Some(("192.0.2.7:5000".parse().unwrap(), Direction::SendRecv))
        );
        assert_eq!(
            bob.remote,
            Some(("192.0.2.7:4000".parse().unwrap(), Direction::SendRecv))
        );

        alice.holding = true;
        let offer = alice.offer();
        assert!(Sdp::parse(&offer).unwrap().is_held());
        let answer = bob.answer(&offer).unwrap();
        assert!(alice.on_answer(&answer));
        assert_eq!(alice.remote.unwrap().1, Direction::SendOnly);
        assert_eq!(bob.remote.unwrap().1, Direction::RecvOnly);
    }

    #[test]
    fn rfc3264_8_the_version_goes_up_when_something_changes() {
        let version = |body: &[u8]| Sdp::parse(body).unwrap().origin().unwrap().version;
        let mut alice = session(4_000);
        let first = alice.offer();
        assert_eq!(alice.offer(), first);
        alice.holding = true;
        assert_eq!(version(&alice.offer()), version(&first) + 1);
    }

    #[test]
    fn rfc3264_6_an_answer_has_the_m_lines_of_its_offer() {
        let offer = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
            m=video 4002 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 18 8\r\n";
        let answer = session(5_000).answer(offer).unwrap();
        let sdp = Sdp::parse(&answer).unwrap();
        let ports: Vec<u16> = sdp.media().iter().map(|media| media.port).collect();
        assert_eq!(ports, [0, 5_000]);
    }

    #[test]
    fn what_cannot_be_played_is_not_answered() {
        let offer = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";
        assert!(session(5_000).answer(offer).is_none());
        assert!(session(5_000).answer(b"hello").is_none());
    }
}
