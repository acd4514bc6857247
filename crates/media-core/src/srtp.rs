//! SRTP and SRTCP (RFC 3711) with keys that were told in SDP (RFC 4568): packets become secret, and secret packets plain,
//! where they stand.
//!
//! ```text
//!  RTP:   header │ payload, encrypted              │ tag       the rollover counter is authenticated, not sent
//!  RTCP:  header, SSRC │ the rest, encrypted │ E, index │ tag
//! ```
//!
//! A side has one master key for each direction. The session keys are derived once (section 4.3 with a key derivation rate
//! of zero); what changes with each packet is small and of a fixed size, so that nothing is allocated for one: the rollover
//! counter and the replay window of each SSRC (`streams`). AES and HMAC-SHA1 are those of RustCrypto; the transform is
//! our own, since those at hand allocate a buffer for each packet.

mod receiver;
mod sender;
mod session;
mod streams;

use std::fmt;

use zeroize::Zeroizing;

pub(crate) use receiver::SrtpReceiver;
pub(crate) use sender::SrtpSender;
pub(crate) use streams::SRTP_WINDOW;

/// How packets are encrypted and authenticated, and how long the tag is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SrtpSuite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568 section 6.2.1): what every phone speaks.
    Aes128Sha1Tag80,
    /// `AES_CM_128_HMAC_SHA1_32` (RFC 4568 section 6.2.2): a short tag for RTP; that of RTCP is the long one.
    Aes128Sha1Tag32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    Aes256Sha1Tag80,
    /// `AES_256_CM_HMAC_SHA1_32` (RFC 6188).
    Aes256Sha1Tag32,
}

impl SrtpSuite {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Aes128Sha1Tag80,
        Self::Aes128Sha1Tag32,
        Self::Aes256Sha1Tag80,
        Self::Aes256Sha1Tag32,
    ];

    /// The name in SDP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Sha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes128Sha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Aes256Sha1Tag80 => "AES_256_CM_HMAC_SHA1_80",
            Self::Aes256Sha1Tag32 => "AES_256_CM_HMAC_SHA1_32",
        }
    }

    /// That of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Octets of the master key and the master salt behind it.
    #[must_use]
    pub const fn key_octets(self) -> usize {
        self.cipher_octets() + SALT_OCTETS
    }

    const fn cipher_octets(self) -> usize {
        match self {
            Self::Aes128Sha1Tag80 | Self::Aes128Sha1Tag32 => 16,
            Self::Aes256Sha1Tag80 | Self::Aes256Sha1Tag32 => 32,
        }
    }

    /// Octets of the tag behind an RTP packet.
    const fn rtp_tag(self) -> usize {
        match self {
            Self::Aes128Sha1Tag80 | Self::Aes256Sha1Tag80 => RTCP_TAG,
            Self::Aes128Sha1Tag32 | Self::Aes256Sha1Tag32 => 4,
        }
    }
}

/// A master key with its salt. Neither is ever printed; both are wiped when it goes.
#[derive(Clone, Eq, PartialEq)]
pub struct SrtpKey {
    suite: SrtpSuite,
    octets: Zeroizing<[u8; MOST_KEY_OCTETS]>,
}

impl SrtpKey {
    /// A key as SDP tells it: the master key, then the salt. `None` when it is not as long as the suite wants it.
    #[must_use]
    pub fn new(suite: SrtpSuite, octets: &[u8]) -> Option<Self> {
        if octets.len() != suite.key_octets() {
            return None;
        }
        let mut own = Zeroizing::new([0; MOST_KEY_OCTETS]);
        own.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Self { suite, octets: own })
    }

    /// What it is for.
    #[must_use]
    pub const fn suite(&self) -> SrtpSuite {
        self.suite
    }

    /// The master key and the salt, for the one place that tells them to a phone.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.octets
            .get(..self.suite.key_octets())
            .unwrap_or_default()
    }

    fn master(&self) -> (&[u8], &[u8]) {
        let octets = self.expose();
        octets
            .split_at_checked(self.suite.cipher_octets())
            .unwrap_or_default()
    }
}

impl fmt::Debug for SrtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SrtpKey").field(&self.suite).finish()
    }
}

/// The keys of one side: it sends with one and receives with the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SrtpKeys {
    /// What comes from the phone.
    pub receive: SrtpKey,
    /// What goes to the phone.
    pub send: SrtpKey,
}

/// A packet that is not what who has the key has sent, or was sent before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Unauthentic;

/// What a protected packet is longer by, at most: the index of SRTCP and the longest tag.
pub const SRTP_TRAILER_OCTETS: usize = INDEX_OCTETS + RTCP_TAG;

const SALT_OCTETS: usize = 14;
const MOST_KEY_OCTETS: usize = 32 + SALT_OCTETS;
const RTCP_TAG: usize = 10;
const INDEX_OCTETS: usize = 4;

/// Says that an SRTCP packet is encrypted.
const ENCRYPTED: u32 = 0x8000_0000;

/// Header and SSRC of an RTCP packet, which stay readable.
const RTCP_CLEAR: usize = 8;

/// The sequence number and the SSRC of an RTP packet, and where its payload begins. Its padding cannot be looked at while it
/// is encrypted.
#[derive(Clone, Copy, Debug)]
struct RtpFields {
    sequence: u16,
    ssrc: u32,
    clear: usize,
}

impl RtpFields {
    fn read(packet: &[u8]) -> Option<Self> {
        let ([flags, _, s0, s1, _, _, _, _, c0, c1, c2, c3], rest) =
            packet.split_first_chunk::<12>()?;
        if flags >> 6 != crate::packet::VERSION {
            return None;
        }
        let mut rest = rest.get(usize::from(flags & 0x0f) * 4..)?;
        if flags & EXTENSION != 0 {
            let ([_, _, l0, l1], extension) = rest.split_first_chunk::<4>()?;
            rest = extension.get(usize::from(u16::from_be_bytes([*l0, *l1])) * 4..)?;
        }
        Some(Self {
            sequence: u16::from_be_bytes([*s0, *s1]),
            ssrc: u32::from_be_bytes([*c0, *c1, *c2, *c3]),
            clear: packet.len() - rest.len(),
        })
    }
}

/// The SSRC of the first packet of an RTCP compound.
fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let ([_, _, _, _, c0, c1, c2, c3], _) = packet.split_first_chunk::<RTCP_CLEAR>()?;
    Some(u32::from_be_bytes([*c0, *c1, *c2, *c3]))
}

const EXTENSION: u8 = 0x10;

#[cfg(test)]
mod tests;
