//! Names of legs that hold within a picture: captures name them anew in each call.
//!
//! The caller is `A`. Those called are `B1`, `B2` … in the first call that rang somebody, `C1` … in the second, and so on:
//! a queue that tries three agents has `B1`, `C1` and `D1`, a transfer goes from `B1` to `C1`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use offhook_base::CallId;

use super::sip::Parsed;

/// Letters for the calls that ring somebody.
const LETTERS: &[u8] = b"BCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The names by call and leg.
#[derive(Debug, Default)]
pub(super) struct Legs<'a>(HashMap<(CallId, &'a str), String>);

impl<'a> Legs<'a> {
    /// Of messages in the order of time.
    pub(super) fn of(messages: &[Parsed<'a>]) -> Self {
        let mut names: HashMap<(CallId, &str), String> = HashMap::new();
        let mut callers: HashMap<&str, CallId> = HashMap::new();
        let mut letters: HashMap<CallId, String> = HashMap::new();
        for message in messages.iter().map(|parsed| parsed.message) {
            let (call, leg) = (message.call, message.leg.as_str());
            let Entry::Vacant(entry) = names.entry((call, leg)) else {
                continue;
            };
            let called = leg
                .strip_prefix('B')
                .filter(|rest| rest.bytes().all(|octet| octet.is_ascii_digit()));
            let is_first = called.is_none() && *callers.entry(leg).or_insert(call) == call;
            if is_first {
                entry.insert(leg.to_owned());
                continue;
            }
            let next = letters.len();
            let letter = letters.entry(call).or_insert_with(|| letter(next));
            entry.insert(format!("{letter}{}", called.unwrap_or(leg)));
        }
        Self(names)
    }

    /// What a picture calls a leg.
    pub(super) fn name(&self, call: CallId, leg: &str) -> String {
        let name = self.0.get(&(call, leg));
        name.map_or_else(|| leg.to_owned(), Clone::clone)
    }
}

/// `B` … `Z`, `BB`, `BC` …
fn letter(mut n: usize) -> String {
    let mut letters = Vec::new();
    loop {
        let at = n % LETTERS.len();
        letters.extend(LETTERS.get(at).copied().map(char::from));
        match (n / LETTERS.len()).checked_sub(1) {
            Some(rest) => n = rest,
            None => break,
        }
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn no_two_calls_have_the_same_letters() {
        let told = [0, 1, 24, 25, 26, 50].map(letter);
        assert_eq!(told, ["B", "C", "Z", "BB", "BC", "CB"]);
    }
}
