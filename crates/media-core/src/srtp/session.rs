//! The session keys of one direction, for RTP or for RTCP, and what is done with them (RFC 3711 sections 4.1 to 4.3).

use std::fmt;

use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Aes256Enc};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;

use super::{SALT_OCTETS, SrtpKey, SrtpSuite};

/// What a session key is derived for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    Rtp,
    Rtcp,
}

/// The keys for the packets of one kind.
#[derive(Clone)]
pub(super) struct Session {
    cipher: Cipher,
    salt: Zeroizing<[u8; SALT_OCTETS]>,
    authentication: Hmac<Sha1>,
}

#[derive(Clone)]
pub(super) enum Cipher {
    Aes128(Aes128Enc),
    Aes256(Aes256Enc),
}

impl Session {
    /// Derives the keys. `None` never happens: a key is as long as its suite wants it.
    pub(super) fn derive(key: &SrtpKey, what: Use) -> Option<Self> {
        let (master, salt) = key.master();
        let master = Cipher::new(key.suite(), master)?;
        let labels = match what {
            Use::Rtp => [0, 1, 2],
            Use::Rtcp => [3, 4, 5],
        };
        let [encryption, authentication, salting] = labels;
        let mut octets = Zeroizing::new([0; 32]);
        let own = octets.get_mut(..key.suite().cipher_octets())?;
        master.derive(salt, encryption, own)?;
        let cipher = Cipher::new(key.suite(), own)?;
        let mut octets = Zeroizing::new([0; AUTHENTICATION_OCTETS]);
        master.derive(salt, authentication, &mut octets[..])?;
        let authentication = Hmac::new_from_slice(&octets[..]).ok()?;
        let mut session_salt = Zeroizing::new([0; SALT_OCTETS]);
        master.derive(salt, salting, &mut session_salt[..])?;
        Some(Self {
            cipher,
            salt: session_salt,
            authentication,
        })
    }

    /// Encrypts or decrypts the part of a packet that is secret (section 4.1.1); `index` has 48 bits.
    pub(super) fn apply(&self, ssrc: u32, index: u64, octets: &mut [u8]) {
        let mut counter = [0; 16];
        for (place, octet) in counter.iter_mut().zip(self.salt.iter()) {
            *place = *octet;
        }
        let number = u128::from(ssrc) << 64 | u128::from(index) << 16;
        let counter = (u128::from_be_bytes(counter) ^ number).to_be_bytes();
        self.cipher.apply(counter, octets);
    }

    /// The code over a packet and what belongs to it but is not in it (section 4.2).
    pub(super) fn code(&self, packet: &[u8], beside: &[u8]) -> Hmac<Sha1> {
        let mut code = self.authentication.clone();
        code.update(packet);
        code.update(beside);
        code
    }

    /// Writes the tag behind a packet.
    pub(super) fn write_tag(&self, packet: &[u8], beside: &[u8], tag: &mut [u8]) {
        let code = self.code(packet, beside).finalize().into_bytes();
        for (place, octet) in tag.iter_mut().zip(code) {
            *place = octet;
        }
    }

    /// Whether the tag is that of the packet, in a time that does not depend on it.
    pub(super) fn is_genuine(&self, packet: &[u8], beside: &[u8], tag: &[u8]) -> bool {
        self.code(packet, beside).verify_truncated_left(tag).is_ok()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Cipher {
    pub(super) fn new(suite: SrtpSuite, key: &[u8]) -> Option<Self> {
        match suite {
            SrtpSuite::Aes128Sha1Tag80 | SrtpSuite::Aes128Sha1Tag32 => {
                Aes128Enc::new_from_slice(key).ok().map(Self::Aes128)
            }
            SrtpSuite::Aes256Sha1Tag80 | SrtpSuite::Aes256Sha1Tag32 => {
                Aes256Enc::new_from_slice(key).ok().map(Self::Aes256)
            }
        }
    }

    /// AES in counter mode. The last two octets of `counter` count blocks, and no packet has more of them than that.
    pub(super) fn apply(&self, counter: [u8; 16], octets: &mut [u8]) {
        let [start @ .., _, _] = counter;
        let mut number = 0_u16;
        for part in octets.chunks_mut(16 * BLOCKS_AT_ONCE) {
            let mut blocks = [Block::<Aes128Enc>::default(); BLOCKS_AT_ONCE];
            let wanted = part.len().div_ceil(16);
            let blocks = blocks.get_mut(..wanted).unwrap_or_default();
            for block in &mut *blocks {
                let [n0, n1] = number.to_be_bytes();
                number = number.wrapping_add(1);
                for (place, octet) in block.iter_mut().zip(start.iter().chain(&[n0, n1])) {
                    *place = *octet;
                }
            }
            match self {
                Self::Aes128(cipher) => cipher.encrypt_blocks(blocks),
                Self::Aes256(cipher) => cipher.encrypt_blocks(blocks),
            }
            for (plain, block) in part.chunks_mut(16).zip(blocks) {
                for (octet, key) in plain.iter_mut().zip(block.iter()) {
                    *octet ^= key;
                }
            }
        }
    }

    /// The pseudo-random function (section 4.3.3), with a key derivation rate of zero.
    pub(super) fn derive(&self, salt: &[u8], label: u8, key: &mut [u8]) -> Option<()> {
        let mut counter = [0; 16];
        counter.get_mut(..SALT_OCTETS)?.copy_from_slice(salt);
        *counter.get_mut(LABEL)? ^= label;
        key.fill(0);
        self.apply(counter, key);
        Some(())
    }
}

/// Where the label lies: above the 48 bits of the index (section 4.3.1).
const LABEL: usize = 7;

const AUTHENTICATION_OCTETS: usize = 20;

/// Blocks that the processor encrypts side by side.
const BLOCKS_AT_ONCE: usize = 8;
