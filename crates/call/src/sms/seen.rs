//! MESSAGEs that were taken a short while ago: a copy that comes after its transaction has ended is no second text.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use offhook_base::{Mono, SmsId};
use offhook_sip_core::Origin;
use offhook_sip_message::Message;
use sha2::{Digest as _, Sha256};

/// How long a MESSAGE is remembered.
const REMEMBERED: Duration = Duration::from_secs(300);
/// How many are remembered; beyond it the oldest are forgotten.
const MOST: usize = 4_096;

/// Digest of what makes a MESSAGE the same one.
pub(super) type Key = [u8; 32];

/// The texts that became of them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    texts: BTreeMap<Key, SmsId>,
    order: VecDeque<(Mono, Key)>,
}

impl Seen {
    /// The text that became of this MESSAGE.
    pub(super) fn text(&mut self, now: Mono, key: &Key) -> Option<SmsId> {
        while let Some((_, old)) = self.order.pop_front_if(|(at, _)| now - *at > REMEMBERED) {
            self.texts.remove(&old);
        }
        self.texts.get(key).copied()
    }

    /// Remembers a MESSAGE.
    pub(super) fn insert(&mut self, now: Mono, key: Key, text: SmsId) {
        if self.order.len() >= MOST
            && let Some((_, old)) = self.order.pop_front()
        {
            self.texts.remove(&old);
        }
        self.texts.insert(key, text);
        self.order.push_back((now, key));
    }

    /// The MESSAGE of this text counts as never seen.
    pub(super) fn forget(&mut self, text: SmsId) {
        let Some(key) = self
            .texts
            .iter()
            .find_map(|(key, id)| (*id == text).then_some(*key))
        else {
            return;
        };
        self.texts.remove(&key);
        self.order.retain(|(_, old)| *old != key);
    }
}

/// Sender, Call-ID, From tag and CSeq: a copy has them all, another MESSAGE does not (RFC 3261 §8.1.1).
pub(super) fn key(from: Origin, request: &Message) -> Key {
    let view = request.view();
    let sender = match from {
        Origin::Phone(id) => u64::from(id.0) << 1,
        Origin::Trunk(id) => u64::from(id.0) << 1 | 1,
    };
    let mut digest = Sha256::new().chain_update(sender.to_le_bytes());
    for part in [view.call_id(), view.from_tag()] {
        let part = part.unwrap_or_default();
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let cseq = view.cseq().map_or(0, |cseq| cseq.number);
    digest.chain_update(cseq.to_le_bytes()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(seconds * 1_000_000_000)
    }

    #[test]
    fn five_minutes_and_four_thousand_messages_are_remembered() {
        let mut seen = Seen::default();
        seen.insert(at(0), [1; 32], SmsId(1));
        assert_eq!(seen.text(at(300), &[1; 32]), Some(SmsId(1)));
        assert_eq!(seen.text(at(301), &[1; 32]), None);
        for n in 0..MOST as u64 + 1 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            seen.insert(at(302), key, SmsId(n));
        }
        assert_eq!(seen.text(at(302), &[0; 32]), None);
        assert_eq!((seen.texts.len(), seen.order.len()), (MOST, MOST));
        seen.forget(SmsId(7));
        assert_eq!((seen.texts.len(), seen.order.len()), (MOST - 1, MOST - 1));
    }
}
