//! Call ids: node number (10 bits) × 2^43 + a counter that is reserved in the journal by blocks, so that no
//! number is ever given twice, also after kill -9.

use offhook_base::CallId;

/// The node's share of the number space.
const NODE_SHIFT: u32 = 43;
/// How many numbers are reserved at a time; a restart skips what is left of a block.
const BLOCK: u64 = 10_000;

/// Gives out call ids from reserved blocks.
#[derive(Clone, Debug)]
pub struct CallIds {
    base: u64,
    next: u64,
    /// The journal promises never to give out counters below this.
    reserved: u64,
    asked: u64,
}

impl CallIds {
    /// Ids of node `node` (0 to 1023). The journal has reserved counters from `next` up to, not including, `reserved`.
    #[must_use]
    pub const fn new(node: u16, next: u64, reserved: u64) -> Self {
        Self {
            base: (node as u64) << NODE_SHIFT,
            next,
            reserved,
            asked: reserved,
        }
    }

    /// Whether an id is left of the reserved block.
    pub(crate) const fn has_next(&self) -> bool {
        self.next < self.reserved
    }

    /// The next id; `None` when the reserved block is used up.
    pub(crate) fn next(&mut self) -> Option<CallId> {
        if self.next >= self.reserved {
            return None;
        }
        let id = CallId(self.base + self.next);
        self.next += 1;
        Some(id)
    }

    /// The bound to reserve, once, when half of the block is used.
    pub(crate) fn wants_more(&mut self) -> Option<u64> {
        if self.asked > self.reserved || self.reserved - self.next > BLOCK / 2 {
            return None;
        }
        self.asked = self.reserved + BLOCK;
        Some(self.asked)
    }

    /// The journal has reserved everything below `upto`.
    pub(crate) fn reserved(&mut self, upto: u64) {
        self.reserved = self.reserved.max(upto);
        self.asked = self.asked.max(upto);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_the_node_and_stay_below_2_to_the_53() {
        let mut ids = CallIds::new(1_023, 1, 3);
        let first = ids.next().expect("reserved");
        assert_eq!(first.0 >> NODE_SHIFT, 1_023);
        assert!(first.0 < 1 << 53);
    }

    #[test]
    fn nothing_is_given_beyond_what_the_journal_reserved() {
        let mut ids = CallIds::new(0, 1, 2);
        assert_eq!(ids.next(), Some(CallId(1)));
        assert_eq!(ids.next(), None);
        let upto = ids.wants_more().expect("the block is used up");
        assert_eq!(ids.wants_more(), None, "asked once");
        ids.reserved(upto);
        assert_eq!(ids.next(), Some(CallId(2)));
    }
}
