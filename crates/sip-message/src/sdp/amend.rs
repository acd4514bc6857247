use super::rewrite::{copy, insert, is_direction, push_direction, push_origin_numbers, put};
use super::{Direction, Origin, Sdp, lines};

/// What is changed in a description that passes from one peer to another without a relay between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amend {
    /// Session id and version of the o= line; `None` keeps what it says.
    pub origin: Option<Origin>,
    /// The direction that all sections in use get; `None` keeps what they say.
    pub direction: Option<Direction>,
}

impl Sdp<'_> {
    /// Appends the description with these changes; all other lines keep their octets, order and line ends.
    pub fn amend(&self, amend: &Amend, out: &mut Vec<u8>) {
        for line in lines(self.session) {
            match (line.kind, amend.origin) {
                (b'o', Some(origin)) => {
                    put(out, &line, |out| {
                        push_origin_numbers(out, line.value, origin)
                    });
                }
                (b'a', _) if amend.direction.is_some() && is_direction(&line) => {}
                _ => copy(out, &line),
            }
        }
        for media in self.media() {
            let direction = amend.direction.filter(|_| media.port != 0);
            let Some(first) = lines(media.section).next() else {
                continue;
            };
            let mut missing = direction;
            for line in lines(media.section) {
                match direction {
                    Some(direction) if line.kind == b'a' && is_direction(&line) => {
                        if missing.take().is_some() {
                            put(out, &line, |out| push_direction(out, direction));
                        }
                    }
                    _ => copy(out, &line),
                }
            }
            if let Some(direction) = missing {
                insert(out, &first, |out| push_direction(out, direction));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amended(text: &str, amend: Amend) -> String {
        let sdp = Sdp::parse(text.as_bytes()).expect("an SDP");
        let mut out = Vec::new();
        sdp.amend(&amend, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    const TEXT: &str = "v=0\r\no=ann 3 4 IN IP4 host.example\r\ns=x\r\nt=0 0\r\na=sendonly\r\nm=audio 9 RTP/AVP 0\r\na=x\r\na=recvonly\r\nm=video 0 RTP/AVP 31\r\na=inactive\r\n";

    #[test]
    fn without_a_wish_every_octet_stays() {
        assert_eq!(amended(TEXT, Amend::default()), TEXT);
    }

    #[test]
    fn the_numbers_of_the_origin_change_and_its_address_stays() {
        let origin = Some(Origin {
            session: 8,
            version: 9,
        });
        let out = amended(
            TEXT,
            Amend {
                origin,
                ..Amend::default()
            },
        );
        assert_eq!(out, TEXT.replace("ann 3 4", "ann 8 9"));
    }

    #[test]
    fn every_section_in_use_gets_the_direction_once() {
        let direction = Some(Direction::SendRecv);
        let out = amended(
            TEXT,
            Amend {
                direction,
                ..Amend::default()
            },
        );
        assert_eq!(
            out,
            TEXT.replace("a=sendonly\r\n", "")
                .replace("a=recvonly", "a=sendrecv")
        );
    }
}
