//! Whatever happens in whatever order: no text that was accepted is lost, none is lost to a crash, none goes out before its
//! commit, and no contact gets two at a time.

use super::*;

/// SplitMix64: the same course for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn phone(&mut self) -> u32 {
        2 + u32::try_from(self.below(2)).unwrap()
    }
}

fn in_flight(script: &Script) -> Vec<u64> {
    let flights = script.texts.flights.keys();
    flights.map(|tx| (tx.0 - 1) / 2).collect()
}

fn step(script: &mut Script, random: &mut Random, sent: &mut u64) {
    match random.below(10) {
        0..3 => {
            *sent += 1;
            script.message(2 * *sent, "2002", &format!("t{sent}"));
        }
        3 => {
            script.commit();
        }
        4 => {
            script.register(random.phone());
        }
        5 => {
            script.unregister(random.phone());
        }
        6..9 => {
            let flights = in_flight(script);
            if flights.is_empty() {
                return;
            }
            let n = flights[usize::try_from(random.below(flights.len() as u64)).unwrap()];
            match random.below(6) {
                0 => script.silence(n),
                1 => script.answer(n, 403),
                2 => script.answer(n, 480),
                3 if random.below(4) == 0 => script.answer(n, 415),
                _ => script.answer(n, 200),
            };
        }
        _ => {
            script.wait(Duration::from_secs(random.below(40)));
        }
    }
}

#[test]
fn from_two_hundred_seeds_every_accepted_text_reaches_a_phone_in_the_end() {
    for seed in 0..200 {
        let (mut script, mut random, mut sent) = (Script::new(), Random(seed), 0);
        for _ in 0..120 {
            step(&mut script, &mut random, &mut sent);
            for flight in script.texts.flights.values() {
                let Flight::Phone { text, .. } = flight else {
                    panic!("nobody wrote outside");
                };
                let waits = script
                    .texts
                    .uncommitted
                    .iter()
                    .any(|one| one.text.id == *text);
                assert!(!waits, "seed {seed}: {text} left before its commit");
            }
        }
        script.commit();
        if seed % 2 == 0 {
            script.restart(&[]);
        }
        // A phone that takes everything, until nothing is left.
        script.unregister(2).unregister(3).register(2);
        for _ in 0..2_000 {
            for n in in_flight(&script) {
                script.answer(n, 200);
            }
            if script.texts.mailboxes.is_empty() {
                break;
            }
            script.register(2);
        }
        for (text, status) in &script.statuses {
            assert_eq!(*status, SmsStatus::Delivered, "seed {seed}: text {text}");
        }
        let accepted = script
            .commands
            .iter()
            .filter(|command| matches!(command, Command::Reply { status: 202, .. }));
        assert_eq!(accepted.count() as u64, sent, "seed {seed}");
    }
}
