//! What goes to a phone: each packet is encrypted and gets its tag, last of all (RFC 3711 section 3.3).
//!
//! No two packets may ever be encrypted under one index, for then both can be read: one that comes twice is sent once.

use super::session::{Session, Use};
use super::streams::{Stream, Streams};
use super::{ENCRYPTED, INDEX_OCTETS, RTCP_CLEAR, RTCP_TAG, RtpFields, SrtpKey, rtcp_ssrc};

/// Encrypts and signs what goes out under one key.
#[derive(Clone, Debug)]
pub(crate) struct SrtpSender {
    key: SrtpKey,
    rtp: Session,
    rtcp: Session,
    pub(super) streams: Streams,
    /// Of the next report, whoever it is of: no index is used twice.
    reports: u32,
}

impl SrtpSender {
    pub(crate) fn new(key: &SrtpKey) -> Option<Self> {
        Some(Self {
            key: key.clone(),
            rtp: Session::derive(key, Use::Rtp)?,
            rtcp: Session::derive(key, Use::Rtcp)?,
            streams: Streams::default(),
            reports: 1,
        })
    }

    pub(crate) const fn key(&self) -> &SrtpKey {
        &self.key
    }

    /// Makes the RTP packet at the start of `buffer` an SRTP packet: how long that is. `None` when it must not be sent, or
    /// there is no room.
    pub(crate) fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let tag = self.key.suite().rtp_tag();
        let end = length.checked_add(tag)?;
        let (packet, tag) = buffer.get_mut(..end)?.split_at_mut_checked(length)?;
        let fields = RtpFields::read(packet)?;
        let index = match self.streams.get(fields.ssrc) {
            Some(stream) => {
                let index = stream.estimate(fields.sequence)?;
                if !stream.is_new(index) {
                    return None;
                }
                stream.take(index);
                index
            }
            None => {
                let index = u64::from(fields.sequence);
                self.streams.put(Stream::begin(fields.ssrc, index));
                index
            }
        };
        let secret = packet.get_mut(fields.clear..)?;
        self.rtp.apply(fields.ssrc, index, secret);
        let [_, _, roll @ .., _, _] = index.to_be_bytes();
        self.rtp.write_tag(packet, &roll, tag);
        Some(end)
    }

    /// Makes the RTCP packet at the start of `buffer` an SRTCP packet: how long that is.
    pub(crate) fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let signed = length.checked_add(INDEX_OCTETS)?;
        let end = signed.checked_add(RTCP_TAG)?;
        let (packet, tag) = buffer.get_mut(..end)?.split_at_mut_checked(signed)?;
        let ssrc = rtcp_ssrc(packet.get(..length)?)?;
        // A key is used up after so many reports (section 9.2): they end, and the sound goes on.
        let index = Some(self.reports).filter(|index| index & ENCRYPTED == 0)?;
        self.reports += 1;
        let (compound, word) = packet.split_at_mut_checked(length)?;
        self.rtcp
            .apply(ssrc, index.into(), compound.get_mut(RTCP_CLEAR..)?);
        word.copy_from_slice(&(index | ENCRYPTED).to_be_bytes());
        self.rtcp.write_tag(packet, &[], tag);
        Some(end)
    }
}
