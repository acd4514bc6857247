//! What a phone sends: each packet is authenticated before anything else is believed of it (RFC 3711 section 3.3).

use super::session::{Session, Use};
use super::streams::{HALF, Stream, Streams};
use super::{
    ENCRYPTED, INDEX_OCTETS, RTCP_CLEAR, RTCP_TAG, RtpFields, SrtpKey, Unauthentic, rtcp_ssrc,
};

/// Authenticates and decrypts what comes under one key.
#[derive(Clone, Debug)]
pub(crate) struct SrtpReceiver {
    key: SrtpKey,
    rtp: Session,
    rtcp: Session,
    streams: Streams,
    reports: Streams,
    /// What had come under the key before this one.
    before: Streams,
}

impl SrtpReceiver {
    pub(crate) fn new(key: &SrtpKey) -> Option<Self> {
        Some(Self {
            key: key.clone(),
            rtp: Session::derive(key, Use::Rtp)?,
            rtcp: Session::derive(key, Use::Rtcp)?,
            streams: Streams::default(),
            reports: Streams::default(),
            before: Streams::default(),
        })
    }

    /// The key takes the place of another one in the same call.
    pub(crate) fn following(self, before: &Self) -> Self {
        Self {
            before: before.streams,
            ..self
        }
    }

    pub(crate) const fn key(&self) -> &SrtpKey {
        &self.key
    }

    /// Makes an SRTP packet an RTP packet: how long that is.
    pub(crate) fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Unauthentic> {
        let length = packet.len().checked_sub(self.key.suite().rtp_tag());
        let length = length.ok_or(Unauthentic)?;
        let (packet, tag) = packet.split_at_mut_checked(length).ok_or(Unauthentic)?;
        let fields = RtpFields::read(packet).ok_or(Unauthentic)?;
        let rtp = &self.rtp;
        let is_genuine = |index: u64| {
            let [_, _, roll @ .., _, _] = index.to_be_bytes();
            rtp.is_genuine(packet, &roll, tag)
        };
        let sequence = u64::from(fields.sequence);
        let index = match self.streams.get(fields.ssrc) {
            Some(stream) => {
                let index = stream.estimate(fields.sequence).ok_or(Unauthentic)?;
                if !stream.is_new(index) || !is_genuine(index) {
                    return Err(Unauthentic);
                }
                stream.take(index);
                index
            }
            None => {
                let index = first_rolls(&self.before, &fields)
                    .map(|roll| roll << 16 | sequence)
                    .find(|index| is_genuine(*index))
                    .ok_or(Unauthentic)?;
                self.streams.put(Stream::begin(fields.ssrc, index));
                index
            }
        };
        let secret = packet.get_mut(fields.clear..).unwrap_or_default();
        self.rtp.apply(fields.ssrc, index, secret);
        Ok(length)
    }

    /// Makes an SRTCP packet an RTCP packet: how long that is.
    pub(crate) fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Unauthentic> {
        let signed = packet.len().checked_sub(RTCP_TAG).ok_or(Unauthentic)?;
        let (packet, tag) = packet.split_at_mut_checked(signed).ok_or(Unauthentic)?;
        let length = signed.checked_sub(INDEX_OCTETS).ok_or(Unauthentic)?;
        let word = packet.get(length..).and_then(<[u8]>::first_chunk::<4>);
        let word = u32::from_be_bytes(*word.ok_or(Unauthentic)?);
        let ssrc = packet.get(..length).and_then(rtcp_ssrc);
        let ssrc = ssrc.ok_or(Unauthentic)?;
        // Nobody has agreed to reports that anybody reads.
        if word & ENCRYPTED == 0 {
            return Err(Unauthentic);
        }
        let index = u64::from(word & !ENCRYPTED);
        let known = self.reports.get(ssrc);
        let is_new = known.as_ref().is_none_or(|stream| stream.is_new(index));
        if !is_new || !self.rtcp.is_genuine(packet, &[], tag) {
            return Err(Unauthentic);
        }
        match known {
            Some(stream) => stream.take(index),
            None => self.reports.put(Stream::begin(ssrc, index)),
        }
        let secret = packet.get_mut(RTCP_CLEAR..length).unwrap_or_default();
        self.rtcp.apply(ssrc, index, secret);
        Ok(length)
    }
}

/// How often the sequence number of a source that is heard first may have run over. It has not, as a rule. But the packets
/// before it may be lost; and with another key some phones begin to count anew, and others go on as RFC 3711 section 3.3.1
/// wants it.
fn first_rolls(before: &Streams, fields: &RtpFields) -> impl Iterator<Item = u64> {
    let over = (fields.sequence < HALF).then_some(1);
    let counted = before.index(fields.ssrc, fields.sequence);
    let counted = counted
        .map(|index| index >> 16)
        .filter(|roll| *roll > 0 && over != Some(*roll));
    [Some(0), over, counted].into_iter().flatten()
}
