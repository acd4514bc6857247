//! The keys of one leg.
//!
//! ```text
//!  they offer ──► asked ──► our answer ──► agreed        we offer ──► offered ──► their answer ──► agreed
//! ```
//!
//! What was agreed on stays for the dialog: our key as long as theirs, and a stream that is secure is offered as a secure one
//! again. A key of theirs that is new gets a new one of ours, so that both directions begin anew together.

use bytes::Bytes;
use offhook_media_core::{SrtpKey, SrtpKeys, SrtpSuite};
use offhook_sip_message::sdp::{Crypto, Media, MediaKind, Origin, Profile, Sdp, Secured};
use rand_chacha::rand_core::Rng as _;

use super::{Desk, KeysId, Role, SrtpOffers};

/// What is known of the keys of one leg.
#[derive(Debug)]
pub(super) struct Leg {
    offers: SrtpOffers,
    /// Whether the last request of theirs carried an offer.
    pub(super) they_offer: bool,
    /// Whether the last request of ours carried an offer.
    pub(super) we_offer: bool,
    asked: Option<Asked>,
    /// Our keys in an offer of ours.
    offered: Vec<Line>,
    agreed: Option<Agreed>,
    /// Keys that SDPs of this leg name, the newest last.
    named: Vec<KeysId>,
    told: Option<Told>,
}

/// An offer of theirs.
#[derive(Debug)]
struct Asked {
    /// What each m= line says.
    protos: Vec<Vec<u8>>,
    /// Where the audio is that we take.
    place: Option<usize>,
    agreed: Agreed,
    tag: u32,
}

/// How the audio of a leg is.
#[derive(Clone, Debug)]
struct Agreed {
    keys: Option<SrtpKeys>,
    /// The m= line says so, too.
    secure_profile: bool,
}

/// A key that we offer.
#[derive(Clone, Debug)]
struct Line {
    tag: u32,
    key: SrtpKey,
}

/// The last SDP that the leg got.
#[derive(Debug)]
struct Told {
    version: u64,
    sdp: Bytes,
    /// By how much our version is above that of who speaks.
    raised: u64,
}

impl Leg {
    pub(super) const fn new(offers: SrtpOffers) -> Self {
        Self {
            offers,
            they_offer: false,
            we_offer: false,
            asked: None,
            offered: Vec::new(),
            agreed: None,
            named: Vec::new(),
            told: None,
        }
    }

    pub(super) fn close(self) -> Vec<KeysId> {
        self.named
    }

    pub(super) fn said(&mut self, role: Role, sdp: &[u8], desk: &mut Desk) -> Option<Bytes> {
        let parsed = Sdp::parse(sdp).ok()?;
        let found = match role {
            Role::Offer => self.take_offer(&parsed, desk),
            Role::Answer => self.take_answer(&parsed),
        };
        let keyed = found.as_ref().and_then(|(_, keys)| keys.clone());
        let keys = keyed.map(|keys| self.name(keys, desk));
        let place = found.map(|(place, _)| place);
        let plain = |(at, media): (usize, &Media<'_>)| {
            let is_audio = media.kind == MediaKind::Audio && media.port != 0;
            let is_it = place == Some(at);
            Secured {
                proto: Profile::parse(media.proto).map(|profile| {
                    let secure = false;
                    Profile { secure, ..profile }.as_str().into()
                }),
                refused: is_audio && !is_it,
                attributes: keys
                    .filter(|_| is_it)
                    .map(KeysId::attribute)
                    .into_iter()
                    .collect(),
            }
        };
        let sections: Vec<Secured> = parsed.media().iter().enumerate().map(plain).collect();
        let audio = parsed
            .media()
            .iter()
            .filter(|media| media.kind == MediaKind::Audio);
        let stays = audio.clone().all(|media| is_plain(media))
            && audio.filter(|media| media.port != 0).count() <= usize::from(place.is_some());
        if stays && !parsed.has_keying() {
            return None;
        }
        let mut out = Vec::with_capacity(sdp.len());
        parsed.secure(None, &sections, &mut out);
        Some(out.into())
    }

    /// Chooses the first audio that can be had, and its keys.
    fn take_offer(&mut self, sdp: &Sdp<'_>, desk: &mut Desk) -> Option<(usize, Option<SrtpKeys>)> {
        let mut chosen = None;
        for (place, media) in sdp.media().iter().enumerate() {
            if chosen.is_some() || media.kind != MediaKind::Audio || media.port == 0 {
                continue;
            }
            let Some(profile) = Profile::parse(media.proto) else {
                continue;
            };
            let line = media
                .crypto()
                .find_map(|line| Some((line.tag, key(&line)?)));
            let may_be_plain = !profile.secure && self.offers != SrtpOffers::Required;
            if line.is_some() || may_be_plain {
                chosen = Some((place, profile, line));
            }
        }
        let protos = sdp.media().iter().map(|media| media.proto.to_vec());
        let mut asked = Asked {
            protos: protos.collect(),
            place: None,
            agreed: Agreed {
                keys: None,
                secure_profile: false,
            },
            tag: 0,
        };
        if let Some((place, profile, line)) = chosen {
            asked.place = Some(place);
            asked.agreed.secure_profile = profile.secure;
            if let Some((tag, receive)) = line {
                asked.tag = tag;
                asked.agreed.keys = Some(self.keys_for(receive, desk));
            }
        }
        let found = asked.place.map(|place| (place, asked.agreed.keys.clone()));
        self.asked = Some(asked);
        found
    }

    /// Our key stays as long as theirs does.
    fn keys_for(&self, receive: SrtpKey, desk: &mut Desk) -> SrtpKeys {
        let asked = self.asked.as_ref().map(|asked| &asked.agreed);
        let known = [self.agreed.as_ref(), asked].into_iter().flatten();
        let mut known = known.filter_map(|agreed| agreed.keys.as_ref());
        match known.find(|keys| keys.receive == receive) {
            Some(keys) => keys.clone(),
            None => SrtpKeys {
                send: desk.draw(receive.suite()),
                receive,
            },
        }
    }

    /// What they made of our offer; `None` when that cannot be had.
    fn take_answer(&mut self, sdp: &Sdp<'_>) -> Option<(usize, Option<SrtpKeys>)> {
        let sections = sdp.media().iter().enumerate();
        let mut audio =
            sections.filter(|(_, media)| media.kind == MediaKind::Audio && media.port != 0);
        let (place, media) = audio.next()?;
        let profile = Profile::parse(media.proto)?;
        let keys = media.crypto().find_map(|line| {
            let receive = key(&line)?;
            let ours = self.offered.iter().find(|own| own.tag == line.tag)?;
            (ours.key.suite() == receive.suite()).then(|| SrtpKeys {
                receive,
                send: ours.key.clone(),
            })
        });
        let is_wanted = !self.offered.is_empty();
        let had_to = self
            .agreed
            .as_ref()
            .is_some_and(|agreed| agreed.secure_profile);
        if keys.is_none() {
            // It encrypts by a key that we do not know; or it does not, though it has to.
            let is_encrypted = profile.secure || (is_wanted && media.has_crypto());
            let has_to = is_wanted && (self.offers == SrtpOffers::Required || had_to);
            if is_encrypted || has_to {
                return None;
            }
        }
        self.agreed = Some(Agreed {
            keys: keys.clone(),
            secure_profile: profile.secure,
        });
        Some((place, keys))
    }

    pub(super) fn told(&mut self, role: Role, sdp: &[u8], desk: &mut Desk) -> Option<Bytes> {
        let parsed = Sdp::parse(sdp).ok()?;
        let sections = match role {
            Role::Offer => self.dress_offer(&parsed, desk),
            Role::Answer => self.dress_answer(&parsed),
        };
        let is_secure = sections
            .iter()
            .any(|section| !section.attributes.is_empty());
        let other_proto = |(section, media): (&Secured, &Media<'_>)| {
            let proto = section.proto.as_deref();
            proto.is_some_and(|proto| proto != media.proto)
        };
        let changes = sections.iter().zip(parsed.media()).any(other_proto);
        if !is_secure && !changes && self.told.is_none() {
            return None;
        }
        Some(self.tell(&parsed, &sections))
    }

    fn dress_offer(&mut self, sdp: &Sdp<'_>, desk: &mut Desk) -> Vec<Secured> {
        let secure_profile = match &self.agreed {
            Some(agreed) => {
                // A plain stream stays plain, and a key of ours is told again, not another one.
                self.offered = agreed
                    .keys
                    .iter()
                    .map(|keys| Line {
                        tag: 1,
                        key: keys.send.clone(),
                    })
                    .collect();
                agreed.secure_profile
            }
            None => {
                if self.offered.is_empty() && self.offers != SrtpOffers::Off {
                    self.offered = OFFERED
                        .into_iter()
                        .zip(1..)
                        .map(|(suite, tag)| Line {
                            tag,
                            key: desk.draw(suite),
                        })
                        .collect();
                }
                self.offers == SrtpOffers::Required
            }
        };
        let mut wanted = true;
        let mut dress = |media: &Media<'_>| {
            let is_it = wanted && media.kind == MediaKind::Audio && media.port != 0;
            let profile = Profile::parse(media.proto).filter(|_| is_it);
            let Some(profile) = profile else {
                return Secured::default();
            };
            wanted = false;
            let secure = secure_profile;
            let proto = Profile { secure, ..profile }.as_str();
            let lines = self.offered.iter();
            Secured {
                proto: Some(proto.into()),
                refused: false,
                attributes: lines.map(Line::attribute).collect(),
            }
        };
        sdp.media().iter().map(&mut dress).collect()
    }

    /// The answer to their last offer: each m= line says what theirs did (RFC 3264 §6).
    fn dress_answer(&mut self, sdp: &Sdp<'_>) -> Vec<Secured> {
        let Some(asked) = &self.asked else {
            return Vec::new();
        };
        self.agreed = Some(asked.agreed.clone());
        let dress = |(place, proto): (usize, &Vec<u8>)| {
            let taken = sdp.media().get(place).is_some_and(|media| media.port != 0);
            let keys = asked.agreed.keys.as_ref();
            let keys = keys.filter(|_| taken && asked.place == Some(place));
            let line = keys.map(|keys| Line {
                tag: asked.tag,
                key: keys.send.clone(),
            });
            Secured {
                proto: Some(proto.clone()),
                refused: false,
                attributes: line.iter().map(Line::attribute).collect(),
            }
        };
        asked.protos.iter().enumerate().map(dress).collect()
    }

    /// Writes what the leg is told. A change of keys alone is a change, too: the version rises (RFC 3264 §8).
    fn tell(&mut self, sdp: &Sdp<'_>, sections: &[Secured]) -> Bytes {
        let write = |raised: u64| {
            let origin = sdp.origin().map(|origin| Origin {
                version: origin.version.saturating_add(raised),
                ..origin
            });
            let mut out = Vec::with_capacity(512);
            sdp.secure(origin.filter(|_| raised > 0), sections, &mut out);
            (origin.map_or(0, |origin| origin.version), Bytes::from(out))
        };
        let mut raised = self.told.as_ref().map_or(0, |told| told.raised);
        let (mut version, mut out) = write(raised);
        if self
            .told
            .as_ref()
            .is_some_and(|told| told.version == version && told.sdp != out)
        {
            raised += 1;
            (version, out) = write(raised);
        }
        self.told = Some(Told {
            version,
            sdp: out.clone(),
            raised,
        });
        out
    }

    /// The name of keys of this leg.
    fn name(&mut self, keys: SrtpKeys, desk: &mut Desk) -> KeysId {
        let known = self.named.iter().rev();
        let mut known = known.filter(|id| desk.keys.get(id) == Some(&keys));
        if let Some(id) = known.next() {
            return *id;
        }
        let id = desk.keep(keys);
        self.named.push(id);
        let agreed = self.agreed.as_ref().and_then(|agreed| agreed.keys.as_ref());
        let spare = |id: &KeysId| desk.keys.get(id) != agreed;
        if self.named.len() > NAMED_AT_MOST
            && let Some(oldest) = self.named.iter().position(spare)
        {
            desk.keys.remove(&self.named.remove(oldest));
        }
        id
    }
}

impl Line {
    fn attribute(&self) -> String {
        Crypto::attribute(self.tag, self.key.suite().name(), self.key.expose())
    }
}

impl Desk {
    /// A key that nobody has had.
    fn draw(&mut self, suite: SrtpSuite) -> SrtpKey {
        let mut octets = vec![0; suite.key_octets()];
        loop {
            self.rng.fill_bytes(&mut octets);
            // It is as long as the suite wants it: the first one is taken.
            if let Some(key) = SrtpKey::new(suite, &octets) {
                return key;
            }
        }
    }

    fn keep(&mut self, keys: SrtpKeys) -> KeysId {
        self.last += 1;
        let id = KeysId(self.last);
        self.keys.insert(id, keys);
        id
    }
}

fn is_plain(media: &Media<'_>) -> bool {
    Profile::parse(media.proto).is_none_or(|profile| !profile.secure)
}

/// The key of a line whose suite is one of ours.
fn key(line: &Crypto<'_>) -> Option<SrtpKey> {
    SrtpKey::new(SrtpSuite::from_name(line.suite)?, line.key())
}

/// The suites that we offer; every phone with SDES has the first one.
const OFFERED: [SrtpSuite; 2] = [SrtpSuite::Aes128Sha1Tag80, SrtpSuite::Aes128Sha1Tag32];

/// Keys of one leg that may be named in SDPs at a time: what it agreed on, what it offers, and what was before those.
const NAMED_AT_MOST: usize = 4;
