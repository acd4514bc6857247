//! Nonces without state, and the memory that keeps each from being used twice.
//!
//! A nonce is the time it was made, its number and a MAC over both and the address it was made for. Whoever holds one
//! can be told its age without a table; the table holds only nonces that a right password has been seen with, so
//! that a stranger cannot fill it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use offhook_base::{Mono, PhoneId};
use sha2::{Digest, Sha256};

use super::digest::{hex_digit, same_hex};

/// Makes nonces and judges them.
#[derive(Debug)]
pub(crate) struct Nonces {
    key: HmacKey,
    life: Duration,
    capacity: usize,
    issued: u64,
    /// Uses by number, which rises with time.
    used: BTreeMap<u64, Use>,
    /// Numbers below this were forgotten: they are stale.
    floor: u64,
}

/// What a nonce was used for.
#[derive(Debug)]
struct Use {
    phone: PhoneId,
    made: Mono,
    /// `None`: used without `qop`, so never again (RFC 2069).
    counts: Option<Window>,
}

/// The counts (`nc`) seen: the highest one and the 64 before it.
#[derive(Clone, Copy, Debug)]
struct Window {
    highest: u32,
    seen: u64,
}

/// A nonce of ours that is still good.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Genuine {
    number: u64,
    made: Mono,
}

impl Nonces {
    /// Nonces under a secret, good for `life`, with at most `capacity` uses remembered.
    pub(crate) fn new(secret: [u8; 32], life: Duration, capacity: usize) -> Self {
        Self {
            key: HmacKey::new(&secret),
            life,
            capacity: capacity.max(1),
            issued: 0,
            used: BTreeMap::new(),
            floor: 0,
        }
    }

    /// Makes a nonce for whoever asks from this address.
    pub(crate) fn make(&mut self, now: Mono, source: IpAddr) -> String {
        self.issued += 1;
        let mac = self.mac(now, self.issued, source);
        let mut nonce = String::with_capacity(LENGTH);
        let octets = now
            .0
            .to_be_bytes()
            .into_iter()
            .chain(self.issued.to_be_bytes())
            .chain(mac);
        for octet in octets {
            nonce.push(char::from(hex_digit(octet >> 4)));
            nonce.push(char::from(hex_digit(octet)));
        }
        nonce
    }

    /// Whether we made this nonce for this address not too long ago.
    pub(crate) fn judge(&self, now: Mono, source: IpAddr, nonce: &[u8]) -> Option<Genuine> {
        let made = Mono(hex_number(nonce.get(..16)?)?);
        let number = hex_number(nonce.get(16..32)?)?;
        let mut mac = [0; MAC * 2];
        let octets = self.mac(made, number, source);
        let digits = octets
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 0xf])
            .map(hex_digit);
        for (to, digit) in mac.iter_mut().zip(digits) {
            *to = digit;
        }
        let good =
            same_hex(&mac, nonce.get(32..)?) && now - made <= self.life && number >= self.floor;
        good.then_some(Genuine { number, made })
    }

    /// Takes note of a use with the right password. False when it is a repetition, or another phone's nonce.
    pub(crate) fn spend(&mut self, nonce: Genuine, phone: PhoneId, count: Option<u32>) -> bool {
        if let Some(used) = self.used.get_mut(&nonce.number) {
            return match (&mut used.counts, count) {
                (Some(window), Some(count)) if used.phone == phone => window.take(count),
                _ => false,
            };
        }
        if nonce.number < self.floor {
            return false;
        }
        let counts = count.map(|highest| Window { highest, seen: 1 });
        self.used.insert(
            nonce.number,
            Use {
                phone,
                made: nonce.made,
                counts,
            },
        );
        self.forget(nonce.made);
        true
    }

    /// Keeps the memory bounded. What is forgotten early makes its elders stale, never usable again.
    fn forget(&mut self, latest: Mono) {
        while let Some(first) = self.used.first_entry() {
            let old = latest - first.get().made > self.life;
            if self.used.len() <= self.capacity && !old {
                break;
            }
            if let Some((number, _)) = self.used.pop_first() {
                self.floor = self.floor.max(number + 1);
            }
        }
    }

    fn mac(&self, made: Mono, number: u64, source: IpAddr) -> [u8; MAC] {
        let mut message = [0; 32];
        let address = match source {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        let octets = made
            .0
            .to_be_bytes()
            .into_iter()
            .chain(number.to_be_bytes())
            .chain(address);
        for (to, octet) in message.iter_mut().zip(octets) {
            *to = octet;
        }
        let mut mac = [0; MAC];
        for (to, octet) in mac.iter_mut().zip(self.key.mac(&message)) {
            *to = octet;
        }
        mac
    }
}

impl Window {
    /// Counts in any order are good once: UDP reorders, and a phone may send two requests at a time.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let shift = count - self.highest;
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let Some(bit) = 1u64.checked_shl(behind) else {
            return false;
        };
        let fresh = self.seen & bit == 0;
        self.seen |= bit;
        fresh
    }
}

/// HMAC-SHA-256 (RFC 2104) with both pads hashed beforehand.
#[derive(Clone, Debug)]
struct HmacKey {
    inner: Sha256,
    outer: Sha256,
}

impl HmacKey {
    fn new(secret: &[u8; 32]) -> Self {
        let pad = |fill: u8| {
            let mut block = [fill; 64];
            for (to, octet) in block.iter_mut().zip(secret) {
                *to ^= octet;
            }
            Sha256::new_with_prefix(block)
        };
        Self {
            inner: pad(0x36),
            outer: pad(0x5c),
        }
    }

    fn mac(&self, message: &[u8]) -> impl Iterator<Item = u8> + use<> {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer
            .clone()
            .chain_update(inner)
            .finalize()
            .into_iter()
    }
}

fn hex_number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number: u64, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u64::from(value))
    })
}

/// Octets of the MAC that a nonce carries.
const MAC: usize = 12;
/// Characters of a nonce.
const LENGTH: usize = (8 + 8 + MAC) * 2;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(5_000_000_000);
    const LIFE: Duration = Duration::from_secs(300);
    const PHONE: PhoneId = PhoneId(1);

    fn source() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    fn made(nonces: &mut Nonces, at: Mono) -> Genuine {
        let nonce = nonces.make(at, source());
        nonces.judge(at, source(), nonce.as_bytes()).unwrap()
    }

    #[test]
    fn rfc2104_hmac_test_case_of_rfc4231() {
        // RFC 4231 test case 2 has a short key; pads fill it with zeros.
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(b"Jefe");
        let mac: Vec<u8> = HmacKey::new(&secret)
            .mac(b"what do ya want for nothing?")
            .collect();
        let hex: String = mac.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn a_nonce_is_good_for_its_life_from_its_address_and_under_its_key_only() {
        let mut nonces = Nonces::new([1; 32], LIFE, 10);
        let nonce = nonces.make(START, source());
        let judge = |at: Mono, from: &str, nonce: &[u8]| {
            nonces.judge(at, from.parse().unwrap(), nonce).is_some()
        };
        assert!(judge(START + LIFE, "192.0.2.1", nonce.as_bytes()));
        assert!(!judge(
            START + LIFE + Duration::from_nanos(1),
            "192.0.2.1",
            nonce.as_bytes()
        ));
        assert!(!judge(START, "192.0.2.2", nonce.as_bytes()));
        assert!(!judge(START, "192.0.2.1", &nonce.as_bytes()[1..]));
        assert!(!judge(START, "192.0.2.1", b""));
        for place in 0..nonce.len() {
            let mut forged = nonce.clone().into_bytes();
            forged[place] = if forged[place] == b'0' { b'1' } else { b'0' };
            assert!(!judge(START, "192.0.2.1", &forged), "{place}");
        }
        let other = Nonces::new([2; 32], LIFE, 10);
        assert_eq!(other.judge(START, source(), nonce.as_bytes()), None);
    }

    #[test]
    fn rfc7616_3_4_each_count_is_good_once_in_any_order() {
        let mut nonces = Nonces::new([1; 32], LIFE, 10);
        let nonce = made(&mut nonces, START);
        let taken = [1, 2, 4, 3, 3, 1, 100, 37, 36, 37, 100, 0, 101];
        let good: Vec<_> = taken
            .map(|count| nonces.spend(nonce, PHONE, Some(count)))
            .to_vec();
        let expected = [
            true, true, true, true, false, false, true, true, false, false, false, false, true,
        ];
        assert_eq!(good, expected);
    }

    #[test]
    fn a_nonce_without_qop_is_good_once_and_for_one_phone() {
        let mut nonces = Nonces::new([1; 32], LIFE, 10);
        let nonce = made(&mut nonces, START);
        assert!(nonces.spend(nonce, PHONE, None));
        assert!(!nonces.spend(nonce, PHONE, None));
        assert!(!nonces.spend(nonce, PHONE, Some(1)));
        let nonce = made(&mut nonces, START);
        assert!(nonces.spend(nonce, PHONE, Some(1)));
        assert!(!nonces.spend(nonce, PhoneId(2), Some(2)));
        assert!(!nonces.spend(nonce, PHONE, None));
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_is_stale() {
        let mut nonces = Nonces::new([1; 32], LIFE, 3);
        let all: Vec<_> = (0..5).map(|_| made(&mut nonces, START)).collect();
        for nonce in &all {
            assert!(nonces.spend(*nonce, PHONE, Some(1)));
        }
        assert_eq!(nonces.used.len(), 3);
        assert!(!nonces.spend(all[0], PHONE, Some(2)));
        assert!(nonces.spend(all[4], PHONE, Some(2)));
        let late = made(&mut nonces, START + LIFE * 2);
        assert!(nonces.spend(late, PHONE, Some(1)));
        assert_eq!(nonces.used.len(), 1);
    }
}
