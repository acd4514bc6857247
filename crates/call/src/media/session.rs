//! What one dialog is told of a session: one session id for its whole life, a version that rises with each change
//! (RFC 3264 §8), whoever's SDPs are passed into it.

use bytes::Bytes;
use offhook_sip_message::sdp::{Amend, Direction, Origin, Sdp};

/// The o= line that one dialog was last sent, and what it stood in.
#[derive(Debug, Default)]
pub(super) struct Session {
    last: Option<Told>,
}

#[derive(Debug)]
struct Told {
    origin: Origin,
    /// The SDP as received, and the direction that we put in.
    source: (Bytes, Option<Direction>),
}

impl Session {
    /// Takes note that the dialog is told `sdp` next. Gives the origin to put in, `None` when its own may stay.
    pub(super) fn tell(
        &mut self,
        octets: &Bytes,
        sdp: &Sdp<'_>,
        direction: Option<Direction>,
    ) -> Option<Origin> {
        let theirs = sdp.origin()?;
        let source = (octets.clone(), direction);
        let origin = match &self.last {
            None => theirs,
            Some(last) if last.source == source => last.origin,
            Some(last)
                if theirs.session == last.origin.session
                    && theirs.version > last.origin.version =>
            {
                theirs
            }
            Some(last) => Origin {
                session: last.origin.session,
                version: last.origin.version.saturating_add(1),
            },
        };
        self.last = Some(Told { origin, source });
        (origin != theirs).then_some(origin)
    }

    /// Whether anything was told yet.
    pub(super) const fn is_told(&self) -> bool {
        self.last.is_some()
    }

    /// The direction that was told last.
    pub(super) fn direction(&self) -> Option<Direction> {
        let (sdp, direction) = &self.last.as_ref()?.source;
        direction.or_else(|| super::direction(sdp))
    }

    /// The SDP as it is passed on where no relay stands between.
    pub(super) fn carry(&mut self, octets: &Bytes, direction: Option<Direction>) -> Bytes {
        let Ok(sdp) = Sdp::parse(octets) else {
            return octets.clone();
        };
        let origin = self.tell(octets, &sdp, direction);
        if origin.is_none() && direction.is_none() {
            return octets.clone();
        }
        let mut out = Vec::with_capacity(octets.len() + 24);
        sdp.amend(&Amend { origin, direction }, &mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(session: u64, version: u64, port: u16) -> Bytes {
        format!(
            "v=0\r\no=- {session} {version} IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        )
        .into()
    }

    fn origin(octets: &Bytes) -> (u64, u64) {
        let origin = Sdp::parse(octets)
            .expect("an SDP")
            .origin()
            .expect("an o= line");
        (origin.session, origin.version)
    }

    #[test]
    fn rfc3264_8_one_dialog_hears_of_one_session_whoever_speaks() {
        let mut session = Session::default();
        let mut told = |octets: &Bytes| origin(&session.carry(octets, None));
        assert_eq!(told(&sdp(7, 1, 4000)), (7, 1));
        assert_eq!(told(&sdp(7, 1, 4000)), (7, 1), "a copy changes nothing");
        assert_eq!(told(&sdp(7, 2, 4002)), (7, 2), "the peer counts by itself");
        assert_eq!(
            told(&sdp(99, 1, 6000)),
            (7, 3),
            "another phone, the same session"
        );
        assert_eq!(told(&sdp(99, 2, 6000)), (7, 4));
        assert_eq!(
            told(&sdp(7, 2, 4002)),
            (7, 5),
            "never back to an old version"
        );
    }

    #[test]
    fn a_direction_that_we_put_in_is_a_change() {
        let mut session = Session::default();
        let first = session.carry(&sdp(7, 1, 4000), None);
        let held = session.carry(&sdp(7, 1, 4000), Some(Direction::Inactive));
        assert_eq!((origin(&first), origin(&held)), ((7, 1), (7, 2)));
        let text = String::from_utf8_lossy(&held).into_owned();
        assert!(
            text.ends_with("m=audio 4000 RTP/AVP 0\r\na=inactive\r\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_sdp_passes_untouched() {
        let octets = Bytes::from_static(b"hello");
        assert_eq!(Session::default().carry(&octets, None), octets);
    }
}
