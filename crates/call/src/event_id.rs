//! Event ids: `<node>.<8 hex seconds><5 hex microseconds><1 digit>.<8 digits>`.

use std::fmt::Write as _;
use std::sync::Arc;

use offhook_base::Wall;

/// Makes ids that stay unique when the clock steps back: the nine decimals are a counter with a random start.
#[derive(Clone, Debug)]
pub struct EventIds {
    node: Arc<str>,
    counter: u32,
}

const DECIMALS: u32 = 1_000_000_000;

impl EventIds {
    /// Ids of node `node`; `random` gives the counter its start.
    #[must_use]
    pub fn new(node: &str, random: u32) -> Self {
        Self {
            node: node.into(),
            counter: random % DECIMALS,
        }
    }

    /// The id of an event that happened `at`.
    pub fn next(&mut self, at: Wall) -> Arc<str> {
        self.counter = (self.counter + 1) % DECIMALS;
        let (first, rest) = (self.counter / 100_000_000, self.counter % 100_000_000);
        let mut id = String::with_capacity(self.node.len() + 24);
        let written = write!(
            id,
            "{}.{:08x}{:05x}{first}.{rest:08}",
            self.node,
            at.unix_seconds(),
            at.micros()
        );
        debug_assert!(written.is_ok(), "a String takes every write");
        id.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_example_is_of_this_form() {
        let mut ids = EventIds::new("uk003", 777_053_294);
        let at = Wall(0x6089_20d5 * 1_000_000 + 0x5f7ac);
        assert_eq!(&*ids.next(at), "uk003.608920d55f7ac7.77053295");
    }

    #[test]
    fn two_events_of_one_instant_differ_also_where_the_counter_wraps() {
        let mut ids = EventIds::new("n1", 999_999_998);
        let (a, b) = (ids.next(Wall(0)), ids.next(Wall(0)));
        assert_eq!(
            (&*a, &*b),
            ("n1.00000000000009.99999999", "n1.00000000000000.00000000")
        );
    }
}
