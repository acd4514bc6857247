//! How the sections of a description are secured: the profile of an m= line, and the attributes that belong to keys.

use super::rewrite::{copy, insert, push_fmt, push_origin_numbers, put};
use super::{Origin, Sdp, attribute, lines, word};

/// A profile of RTP (RFC 3551, RFC 3711, RFC 4585, RFC 5124).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// The packets are those of SRTP.
    pub secure: bool,
    /// There may be early reports.
    pub feedback: bool,
}

impl Profile {
    /// That of an m= line; `None` for DTLS-SRTP and for what is not RTP.
    #[must_use]
    pub fn parse(proto: &[u8]) -> Option<Self> {
        let all = [(false, false), (false, true), (true, false), (true, true)];
        let profiles = all.map(|(secure, feedback)| Self { secure, feedback });
        profiles
            .into_iter()
            .find(|profile| profile.as_str().as_bytes().eq_ignore_ascii_case(proto))
    }

    /// As it stands in an m= line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match (self.secure, self.feedback) {
            (false, false) => "RTP/AVP",
            (false, true) => "RTP/AVPF",
            (true, false) => "RTP/SAVP",
            (true, true) => "RTP/SAVPF",
        }
    }
}

/// What one section becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secured {
    /// What the m= line says instead of its protocol; `None` keeps that.
    pub proto: Option<Vec<u8>>,
    /// It is refused: port zero.
    pub refused: bool,
    /// Attributes that it gets, without their `a=`.
    pub attributes: Vec<String>,
}

/// Names the keys of a section within us. It never comes from outside, and never leaves.
pub const KEYS: &str = "x-offhook-keys";

/// Attributes that tell keys, or how they are agreed upon (RFC 4568, RFC 5763).
const KEYING: [&[u8]; 4] = [b"crypto", b"fingerprint", b"setup", KEYS.as_bytes()];

/// Whether an attribute has to do with keys.
pub(super) fn is_keying(name: &[u8]) -> bool {
    KEYING.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl Sdp<'_> {
    /// Whether any attribute has to do with keys.
    #[must_use]
    pub fn has_keying(&self) -> bool {
        let sections = self.media.iter().map(|media| media.section);
        std::iter::once(self.session)
            .chain(sections)
            .flat_map(lines)
            .any(|line| attribute(&line).is_some_and(|(name, _)| is_keying(name)))
    }

    /// Appends the description with its sections secured in another way: all that has to do with keys is taken out, and what
    /// is given comes in. All other lines keep their octets, order and line ends.
    pub fn secure(&self, origin: Option<Origin>, sections: &[Secured], out: &mut Vec<u8>) {
        for line in lines(self.session) {
            match (line.kind, origin) {
                (b'o', Some(origin)) => {
                    put(out, &line, |out| {
                        push_origin_numbers(out, line.value, origin)
                    });
                }
                (b'a', _) if attribute(&line).is_some_and(|(name, _)| is_keying(name)) => {}
                _ => copy(out, &line),
            }
        }
        let unchanged = Secured::default();
        for (place, media) in self.media().iter().enumerate() {
            let secured = sections.get(place).unwrap_or(&unchanged);
            let Some(first) = lines(media.section).next() else {
                continue;
            };
            let mut missing = Some(&secured.attributes);
            let mut add = |out: &mut Vec<u8>| {
                for attribute in missing.take().into_iter().flatten() {
                    insert(out, &first, |out| {
                        push_fmt(out, format_args!("a={attribute}"))
                    });
                }
            };
            for line in lines(media.section) {
                match line.kind {
                    b'm' => put(out, &line, |out| push_media(out, line.value, secured)),
                    b'a' if attribute(&line).is_some_and(|(name, _)| is_keying(name)) => {}
                    // Some phones end the body with an empty line, behind which nobody reads on.
                    _ if line.text.is_empty() => {
                        add(out);
                        copy(out, &line);
                    }
                    _ => copy(out, &line),
                }
            }
            add(out);
        }
    }
}

fn push_media(out: &mut Vec<u8>, value: &[u8], secured: &Secured) {
    let fields = word(value).and_then(|(kind, rest)| {
        let (port, rest) = word(rest)?;
        let (proto, rest) = word(rest)?;
        Some((kind, port, proto, rest))
    });
    let Some((kind, port, proto, rest)) = fields else {
        return;
    };
    out.extend_from_slice(b"m=");
    out.extend_from_slice(kind);
    out.push(b' ');
    out.extend_from_slice(if secured.refused { b"0" } else { port });
    out.push(b' ');
    out.extend_from_slice(secured.proto.as_deref().unwrap_or(proto));
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "v=0\r\no=ann 3 4 IN IP4 host.example\r\ns=x\r\nt=0 0\r\na=setup:active\r\n\
        m=audio 4000 RTP/SAVPF 0 8\r\nc=IN IP4 192.0.2.1\r\na=crypto:1 X inline:AAAA\r\na=ptime:20\r\n\
        m=audio 4002 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-1 00\r\na=x-offhook-keys:3\r\n\r\n";

    fn secured(sections: &[Secured], origin: Option<Origin>) -> String {
        let sdp = Sdp::parse(TEXT.as_bytes()).expect("an SDP");
        assert!(sdp.has_keying());
        let mut out = Vec::new();
        sdp.secure(origin, sections, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn keys_go_out_and_others_come_in() {
        let sections = [
            Secured {
                proto: Some(b"RTP/AVP".to_vec()),
                refused: false,
                attributes: vec!["one".to_owned(), "two:2".to_owned()],
            },
            Secured {
                refused: true,
                attributes: vec!["three".to_owned()],
                ..Secured::default()
            },
        ];
        let origin = Origin {
            session: 8,
            version: 9,
        };
        assert_eq!(
            secured(&sections, Some(origin)),
            "v=0\r\no=ann 8 9 IN IP4 host.example\r\ns=x\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP 0 8\r\nc=IN IP4 192.0.2.1\r\na=ptime:20\r\na=one\r\na=two:2\r\n\
             m=audio 0 UDP/TLS/RTP/SAVP 0\r\na=three\r\n\r\n"
        );
    }

    #[test]
    fn without_a_wish_only_keys_go_out() {
        assert_eq!(
            secured(&[], None),
            "v=0\r\no=ann 3 4 IN IP4 host.example\r\ns=x\r\nt=0 0\r\n\
             m=audio 4000 RTP/SAVPF 0 8\r\nc=IN IP4 192.0.2.1\r\na=ptime:20\r\n\
             m=audio 4002 UDP/TLS/RTP/SAVP 0\r\n\r\n"
        );
    }

    #[test]
    fn rfc5124_profiles_are_known_by_name_and_dtls_is_none_of_them() {
        for name in ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"] {
            let profile = Profile::parse(name.as_bytes()).expect("a profile");
            assert_eq!(profile.as_str(), name);
        }
        assert_eq!(Profile::parse(b"UDP/TLS/RTP/SAVPF"), None);
        assert_eq!(Profile::parse(b"udptl"), None);
    }
}
