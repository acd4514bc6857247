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
    /// All have one channel and a clock of 8,000, as G.711 and G.722 have.
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
            named && codec.rate == 8_000 && codec.channels == 1
        };
        let mut told = audio.codecs().filter(known);
        told.find(|codec| Some(codec.payload_type) == payload_type)
            .or_else(|| audio.codecs().find(known))
    }

    /// Appends our answer to this offer (RFC 3264 §6): the audio section with our codec and telephone events, every other
    /// section refused with port zero.
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
            let tones = media
                .telephone_events()
                .find(|(_, rate)| *rate == 8_000)
                .map(|(number, _)| number);
            push_fmt(out, format_args!(" {number}"));
            if let Some(tones) = tones {
                push_fmt(out, format_args!(" {tones}"));
            }
            push_fmt(out, format_args!("\r\na=rtpmap:{number} {name}/8000\r\n"));
            if let Some(tones) = tones {
                push_fmt(
                    out,
                    format_args!(
                        "a=rtpmap:{tones} telephone-event/8000\r\na=fmtp:{tones} 0-15\r\n"
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
        assert_eq!(chosen(&["opus"]), None, "another clock");
    }
}
