use std::net::IpAddr;

use super::rewrite::{push_address, push_fmt};
use super::{Codec, Direction, MediaKind, Sdp};

/// What we answer an offer with when nobody else does: one audio stream, one codec.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Session id of the o= line.
    pub session: u64,
    /// Our address.
    pub address: IpAddr,
    /// Our RTP port.
    pub port: u16,
    /// The codec, one of the offer's.
    pub codec: Codec<'a>,
    /// What flows, as we see it.
    pub direction: Direction,
}

impl Sdp<'_> {
    /// The first of these codecs, by the offerer's preference, that the first audio section in use offers without encryption.
    /// All have one channel and a clock of 8,000, as G.711 and G.722 have, but for Opus, which says two and 48,000 (RFC 7587
    /// §7).
    #[must_use]
    pub fn plain(&self, names: &[&str]) -> Option<Codec<'_>> {
        self.plain_or(names, None)
    }

    /// The same, but that of this payload type where it is one of them.
    #[must_use]
    pub fn plain_or(&self, names: &[&str], payload_type: Option<u8>) -> Option<Codec<'_>> {
        let audio = self.first_audio().filter(|audio| audio.port != 0)?;
        if !matches!(audio.proto, b"RTP/AVP" | b"RTP/AVPF") {
            return None;
        }
        let known = |codec: &Codec<'_>| {
            let named = names.iter().any(|name| codec.is(name));
            let own = if codec.is("opus") {
                (48_000, 2)
            } else {
                (8_000, 1)
            };
            named && (codec.rate, codec.channels) == own
        };
        let mut told = audio.codecs().filter(known);
        told.find(|codec| Some(codec.payload_type) == payload_type)
            .or_else(|| audio.codecs().find(known))
    }

    /// Appends our answer to this offer (RFC 3264 §6): the audio section with our codec and telephone events, of its clock where
    /// they are offered so (RFC 4733 §2.1), every other section refused with port zero. For Opus there are no parameters:
    /// mono and no error correction stand for none (RFC 7587 §7), and a lower rate would bind the offerer also once it hears
    /// others.
    pub fn answer(&self, answer: &Answer<'_>, out: &mut Vec<u8>) {
        push_fmt(out, format_args!("v=0\r\no=- {} 1 ", answer.session));
        push_address(out, answer.address);
        out.extend_from_slice(b"\r\ns=-\r\nc=");
        push_address(out, answer.address);
        out.extend_from_slice(b"\r\nt=0 0\r\n");
        let mut wanted = true;
        for media in self.media() {
            let is_it = wanted && media.kind == MediaKind::Audio && media.port != 0;
            wanted &= !is_it;
            let port = if is_it { answer.port } else { 0 };
            let kind = media
                .section
                .get(2..)
                .and_then(|line| line.split(u8::is_ascii_whitespace).next())
                .unwrap_or(b"audio");
            out.extend_from_slice(b"m=");
            out.extend_from_slice(kind);
            push_fmt(out, format_args!(" {port} "));
            out.extend_from_slice(media.proto);
            if !is_it {
                out.push(b' ');
                out.extend_from_slice(media.formats().next().unwrap_or(b"0"));
                out.extend_from_slice(b"\r\n");
                continue;
            }
            let number = answer.codec.payload_type;
            let name = answer.codec.name().unwrap_or_default();
            let tones_of = |clock| media.telephone_events().find(|(_, rate)| *rate == clock);
            let clock = answer.codec.rate;
            let tones = tones_of(clock).or_else(|| tones_of(8_000));
            push_fmt(out, format_args!(" {number}"));
            if let Some((tones, _)) = tones {
                push_fmt(out, format_args!(" {tones}"));
            }
            push_fmt(out, format_args!("\r\na=rtpmap:{number} {name}/{clock}"));
            if answer.codec.channels > 1 {
                push_fmt(out, format_args!("/{}", answer.codec.channels));
            }
            out.extend_from_slice(b"\r\n");
            if let Some((tones, rate)) = tones {
                push_fmt(
                    out,
                    format_args!(
                        "a=rtpmap:{tones} telephone-event/{rate}\r\na=fmtp:{tones} 0-15\r\n"
                    ),
                );
            }
            push_fmt(out, format_args!("a={}\r\n", answer.direction.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=ann 3 4 IN IP4 192.0.2.1\r\ns=x\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=video 6000 RTP/AVP 31 32\r\nm=audio 4000 RTP/AVP 96 8 0 101\r\na=rtpmap:96 opus/48000/2\r\n\
        a=rtpmap:101 telephone-event/8000\r\nm=audio 4002 RTP/AVP 0\r\n";

    #[test]
    fn rfc3264_6_our_answer_has_the_sections_of_the_offer_and_one_codec() {
        let offer = Sdp::parse(OFFER.as_bytes()).expect("an SDP");
        let codec = offer.plain(&["PCMU", "PCMA"]).expect("PCMA is offered");
        let mut out = Vec::new();
        let answer = Answer {
            session: 7,
            address: IpAddr::from([192, 0, 2, 254]),
            port: 20_000,
            codec,
            direction: Direction::SendRecv,
        };
        offer.answer(&answer, &mut out);
        assert_eq!(
            String::from_utf8(out).expect("UTF-8"),
            "v=0\r\no=- 7 1 IN IP4 192.0.2.254\r\ns=-\r\nc=IN IP4 192.0.2.254\r\nt=0 0\r\n\
             m=video 0 RTP/AVP 31\r\nm=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\nm=audio 0 RTP/AVP 0\r\n"
        );
    }

    #[test]
    fn what_is_encrypted_or_no_g711_is_not_answered_by_us() {
        for text in [
            OFFER.replace("m=audio 4000 RTP/AVP", "m=audio 4000 RTP/SAVP"),
            OFFER
                .replace(" 8 0 101", " 9 101")
                .replace("RTP/AVP 0\r\n", "RTP/AVP 9\r\n"),
            OFFER
                .replace("m=audio 4000", "m=audio 0")
                .replace("m=audio 4002", "m=audio 0"),
        ] {
            let offer = Sdp::parse(text.as_bytes()).expect("an SDP");
            assert_eq!(offer.plain(&["PCMA", "PCMU"]), None, "{text}");
        }
    }

    #[test]
    fn the_offerer_prefers_among_what_we_speak() {
        let text = OFFER
            .replace("RTP/AVP 96 8 0 101", "RTP/AVP 96 97 8 101")
            .replace(
                "a=rtpmap:96 opus/48000/2\r\n",
                "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 g722/8000\r\n",
            );
        let offer = Sdp::parse(text.as_bytes()).expect("an SDP");
        let chosen = |names: &[&str]| offer.plain(names).map(|codec| codec.payload_type);
        assert_eq!(chosen(&["PCMA", "PCMU", "G722"]), Some(97));
        assert_eq!(chosen(&["PCMA", "PCMU"]), Some(8));
        assert_eq!(chosen(&["opus"]), Some(96));
        let text = text.replace("opus/48000/2", "opus/8000/1");
        let offer = Sdp::parse(text.as_bytes()).expect("an SDP");
        assert_eq!(offer.plain(&["opus"]), None, "another clock");
    }

    #[test]
    fn rfc7587_7_an_answer_in_opus_says_two_channels_and_takes_keys_of_its_clock() {
        let events = "a=rtpmap:97 telephone-event/48000\r\nm=audio 4002 RTP/AVP 0\r\n";
        let both = OFFER
            .replace("RTP/AVP 96 8 0 101", "RTP/AVP 96 101 97")
            .replace("m=audio 4002 RTP/AVP 0\r\n", events);
        let one = both.replace(" 101 97", " 101");
        for (offer, keys) in [
            (both, "97 telephone-event/48000"),
            (one, "101 telephone-event/8000"),
        ] {
            let offer = Sdp::parse(offer.as_bytes()).expect("an SDP");
            let mut out = Vec::new();
            let answer = Answer {
                session: 7,
                address: IpAddr::from([192, 0, 2, 254]),
                port: 20_000,
                codec: offer.plain(&["opus"]).expect("it is offered"),
                direction: Direction::SendRecv,
            };
            offer.answer(&answer, &mut out);
            let text = String::from_utf8(out).expect("UTF-8");
            let number = keys.split(' ').next().expect("a number");
            let audio = format!(
                "m=audio 20000 RTP/AVP 96 {number}\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:{keys}\r\n\
                 a=fmtp:{number} 0-15\r\na=sendrecv\r\n"
            );
            assert!(text.contains(&audio), "{text}");
        }
    }
}
