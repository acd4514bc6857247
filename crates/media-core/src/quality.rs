//! How well one direction of a call arrives: loss, jitter, gaps, and what a person would say of it.
//!
//! Loss and jitter are those of RFC 3550 (appendices A.3 and A.8), as seen by us: what happens behind us is not in them.
//! The mean opinion score is that of the E-model (ITU-T G.107) with all its defaults, for what is known here: delay, codec
//! and loss. It estimates; it hears nothing.

use std::time::Duration;

use offhook_base::Mono;

use crate::sequence::Sequence;

/// What a packet tells the statistics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// Its source.
    pub ssrc: u32,
    /// Its number.
    pub sequence: u16,
    /// When its sound was made.
    pub timestamp: u32,
    /// Units a second of its payload type's clock; `None` when its timestamp says nothing of when it was sent, as in
    /// telephone-event.
    pub clock_rate: Option<u32>,
}

/// Gathers the statistics of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Receiver {
    packets: u64,
    sequence: Sequence,
    last_packet: Option<Mono>,
    longest_gap: Duration,
    transit: Option<Transit>,
    /// Nanoseconds.
    jitter: u64,
}

/// The last packet that the jitter was measured with.
#[derive(Clone, Copy, Debug)]
struct Transit {
    ssrc: u32,
    clock_rate: u32,
    timestamp: u32,
    at: Mono,
}

/// How well a direction arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Packets that came.
    pub packets: u64,
    /// Packets that did not.
    pub lost: u64,
    /// Milliseconds, smoothed over some packets; of the last ones.
    pub jitter: f64,
    /// The longest time without a packet between two, a hold or silence that was not sent included.
    pub longest_gap: Duration,
    /// 1 (bad) to 4.5, to two decimals; `None` when nothing came.
    pub mos: Option<f64>,
    /// Between us and the phone and back, when it is known.
    pub round_trip: Option<Duration>,
}

impl Receiver {
    /// Takes note of a packet.
    pub fn on_packet(&mut self, now: Mono, arrival: &Arrival) {
        self.packets += 1;
        self.sequence.on_packet(arrival.ssrc, arrival.sequence);
        if let Some(last) = self.last_packet {
            self.longest_gap = self.longest_gap.max(now - last);
        }
        self.last_packet = Some(now);
        let Some(clock_rate) = arrival.clock_rate.filter(|rate| *rate > 0) else {
            return;
        };
        let transit = Transit {
            ssrc: arrival.ssrc,
            clock_rate,
            timestamp: arrival.timestamp,
            at: now,
        };
        if let Some(before) = self.transit.replace(transit)
            && let Some(difference) = transit.later_than(&before)
        {
            // J += (|D| - J) / 16
            self.jitter = self.jitter - self.jitter / 16 + difference / 16;
        }
    }

    /// Packets that have not come so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sequence.lost()
    }

    /// What came so far, as a person would hear it through a codec.
    #[must_use]
    pub fn quality(&self, codec: CodecImpairment, round_trip: Option<Duration>) -> Quality {
        let lost = self.sequence.lost();
        let jitter = Duration::from_nanos(self.jitter);
        let sent = self.packets.saturating_add(lost);
        let mos = (self.packets > 0).then(|| {
            let network = round_trip.map_or(USUAL_DELAY, |trip| trip / 2);
            // A phone waits for late packets about twice as long as they usually are.
            let delay = network + PACKET + jitter * 2;
            mos(rating(delay, percent(lost, sent), codec))
        });
        Quality {
            packets: self.packets,
            lost,
            jitter: jitter.as_secs_f64() * 1_000.0,
            longest_gap: self.longest_gap,
            mos,
            round_trip,
        }
    }
}

impl Transit {
    /// By how many nanoseconds the way took longer or shorter; `None` when the two cannot be compared, or the sender's
    /// clock was set anew.
    fn later_than(&self, before: &Self) -> Option<u64> {
        if (self.ssrc, self.clock_rate) != (before.ssrc, before.clock_rate) {
            return None;
        }
        let units = self.timestamp.wrapping_sub(before.timestamp).cast_signed();
        let sent = i128::from(units) * 1_000_000_000 / i128::from(self.clock_rate);
        let arrived = i128::from(self.at.0) - i128::from(before.at.0);
        let difference = u64::try_from((arrived - sent).unsigned_abs()).ok()?;
        (difference < NO_JITTER).then_some(difference)
    }
}

/// What a codec costs in the E-model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodecImpairment {
    /// Ie: without loss.
    impairment: f64,
    /// Bpl: how well it conceals loss.
    robustness: f64,
}

impl CodecImpairment {
    /// G.711 in phones that conceal loss (ITU-T G.113 appendix I).
    pub const G711: Self = Self {
        impairment: 0.0,
        robustness: 25.1,
    };

    /// G.722. The scale ends where narrow sound is perfect, and so nothing is taken off a wider one (in G.107.1, whose
    /// scale goes on to 129, G.722 loses 13 of that). No Recommendation has its robustness with concealment: it is
    /// taken for that of G.711.
    pub const G722: Self = Self::G711;

    /// Opus above 24 kbit/s. G.113 has no figures: this robustness is that measured by Alahmadi, Počta and Melvin (2021)
    /// for random loss at 40 kbit/s; wider than narrow as above.
    pub const OPUS: Self = Self {
        impairment: 0.0,
        robustness: 9.79,
    };
}

/// R of G.107 with its defaults: 93.2 - Id - Ie,eff.
fn rating(delay: Duration, loss: f64, codec: CodecImpairment) -> f64 {
    let millis = delay.as_secs_f64() * 1_000.0;
    // Id in the form of Cole and Rosenbluth (2001), which G.107's curves are close to.
    let delay = 0.024 * millis + 0.11 * (millis - 177.3).max(0.0);
    let CodecImpairment {
        impairment,
        robustness,
    } = codec;
    // BurstR is 1: loss is taken to be random.
    let equipment = impairment + (95.0 - impairment) * loss / (loss + robustness);
    93.2 - delay - equipment
}

/// MOS of G.107 annex B, to two decimals.
fn mos(rating: f64) -> f64 {
    let r = rating.clamp(0.0, 100.0);
    let mos = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    // The curve dips below 1 for the smallest ratings.
    (mos.max(1.0) * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn percent(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// One way through the network when no round trip is known: 50 ms.
const USUAL_DELAY: Duration = Duration::from_millis(50);

/// What a packet's sound waits for its last sample.
const PACKET: Duration = Duration::from_millis(20);

/// A second: no network varies by more, so that it is the sender who began anew.
const NO_JITTER: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn rfc3550_a_8_jitter_is_a_sixteenth_of_each_difference() {
        let mut receiver = Receiver::default();
        let mut jitter = 0.0_f64;
        for number in 0..1_000_u32 {
            // Every other packet is 4 ms late, so that each difference is 4 ms.
            let late = u64::from(number % 2) * 4_000_000;
            receiver.on_packet(Mono(u64::from(number) * 20_000_000 + late), &g711(number));
            if number > 0 {
                jitter += (4.0 - jitter) / 16.0;
            }
            let measured = receiver.quality(CodecImpairment::G711, None).jitter;
            assert!((measured - jitter).abs() < 0.001, "{measured} {jitter}");
        }
        assert!((jitter - 4.0).abs() < 0.001);
    }

    #[test]
    fn jitter_is_milliseconds_at_any_clock() {
        for (clock_rate, step) in [(8_000, 160), (16_000, 320), (48_000, 960)] {
            let mut receiver = Receiver::default();
            for number in 0..500_u32 {
                let arrival = Arrival {
                    timestamp: (u32::MAX - 5_000).wrapping_add(number * step),
                    clock_rate: Some(clock_rate),
                    ..g711(number)
                };
                receiver.on_packet(Mono(u64::from(number) * 20_000_000), &arrival);
            }
            assert_eq!(receiver.jitter, 0, "{clock_rate}, over the wrap too");
        }
    }

    #[test]
    fn what_is_no_jitter_is_not_counted_as_such() {
        let mut receiver = Receiver::default();
        let mut now = Mono(0);
        let mut take = |arrival: Arrival| {
            now = now + Duration::from_millis(20);
            receiver.on_packet(now, &arrival);
            receiver.jitter
        };
        assert_eq!(take(g711(0)), 0);
        assert_eq!(take(g711(1)), 0);
        let event = Arrival {
            timestamp: 160,
            clock_rate: None,
            ..g711(2)
        };
        assert_eq!(take(event), 0, "an event's timestamp stands still");
        assert_eq!(take(g711(3)), 0, "and the sound goes on");
        let anew = Arrival {
            timestamp: 0x7000_0000,
            ..g711(4)
        };
        assert_eq!(take(anew), 0, "a clock that was set anew");
        let other = Arrival {
            ssrc: 9,
            timestamp: 5,
            ..g711(5)
        };
        assert_eq!(take(other), 0, "another source");
        let other = Arrival {
            clock_rate: Some(48_000),
            ..g711(6)
        };
        assert_eq!(take(other), 0, "another clock");
    }

    #[test]
    fn lost_packets_and_the_longest_gap_are_told() {
        let mut receiver = Receiver::default();
        for number in [0, 1, 2, 5, 6, 4, 60, 61_u32] {
            receiver.on_packet(Mono(u64::from(number) * 20_000_000), &g711(number));
        }
        let quality = receiver.quality(CodecImpairment::G711, None);
        assert_eq!((quality.packets, quality.lost), (8, 54));
        assert_eq!(quality.longest_gap, Duration::from_millis(20 * 56));
    }

    #[test]
    fn g107_a_perfect_line_is_4_4_and_each_fault_costs() {
        let perfect = rating(Duration::ZERO, 0.0, CodecImpairment::G711);
        assert!((perfect - 93.2).abs() < 1e-9);
        assert_eq!(mos(perfect).to_string(), "4.41");
        // G.107 annex B: ratings and what they mean.
        for (rating, wanted) in [
            (90.0, "4.34"),
            (80.0, "4.02"),
            (70.0, "3.6"),
            (60.0, "3.1"),
            (50.0, "2.58"),
        ] {
            assert_eq!(mos(rating).to_string(), wanted, "{rating}");
        }
        assert_eq!(mos(-40.0).to_string(), "1");
        assert_eq!(mos(3.0).to_string(), "1");
        assert_eq!(mos(500.0).to_string(), "4.5");
    }

    #[test]
    fn g113_loss_costs_by_what_the_codec_conceals() {
        let half = Duration::from_millis(100);
        // 93.2 - 2.4 - 95 * 5 / (5 + 25.1)
        let g711 = rating(half, 5.0, CodecImpairment::G711);
        assert!((g711 - 75.019).abs() < 0.001, "{g711}");
        // 93.2 - 2.4 - 95 * 5 / (5 + 9.79)
        let opus = rating(half, 5.0, CodecImpairment::OPUS);
        assert!((opus - 58.684).abs() < 0.001, "{opus}");
        // 93.2 - 0.024 * 300 - 0.11 * (300 - 177.3)
        let slow = rating(Duration::from_millis(300), 0.0, CodecImpairment::G722);
        assert!((slow - 72.503).abs() < 0.001, "{slow}");
    }

    #[test]
    fn the_score_is_of_the_loss_the_jitter_and_the_round_trip() {
        assert_eq!(
            Receiver::default().quality(CodecImpairment::G711, None).mos,
            None
        );
        let mut receiver = Receiver::default();
        for number in 0..1_000_u32 {
            receiver.on_packet(Mono(u64::from(number) * 20_000_000), &g711(number));
        }
        let score = |trip| receiver.quality(CodecImpairment::G711, trip).mos;
        assert_eq!(
            score(None),
            Some(4.37),
            "50 ms one way when nothing is known"
        );
        assert_eq!(score(Some(Duration::from_millis(100))), score(None));
        assert_eq!(score(Some(Duration::from_millis(2))), Some(4.4));
        assert_eq!(score(Some(Duration::from_millis(800))), Some(2.91));
        receiver.on_packet(Mono(20_000_000_000), &g711(1_100));
        assert_eq!(receiver.quality(CodecImpairment::G711, None).lost, 100);
        let with_loss = receiver.quality(CodecImpairment::G711, None).mos;
        assert!(with_loss < Some(3.5), "{with_loss:?}");
    }

    #[test]
    fn whatever_comes_the_figures_stay_in_their_bounds() {
        let mut random = Random(107);
        let mut receiver = Receiver::default();
        for _ in 0..100_000 {
            let octets: [u8; 8] = random.next().to_le_bytes();
            let [a, b, c, d, e, f, g, h] = octets;
            let arrival = Arrival {
                ssrc: u32::from(a & 1),
                sequence: u16::from_be_bytes([b, c]),
                timestamp: u32::from_be_bytes([d, e, f, g]),
                clock_rate: [None, Some(0), Some(1), Some(8_000), Some(u32::MAX)]
                    [usize::from(h % 5)],
            };
            receiver.on_packet(Mono(random.next() >> (h & 63)), &arrival);
            let trip = Some(Duration::from_nanos(random.next())).filter(|_| a & 2 == 0);
            let quality = receiver.quality(CodecImpairment::OPUS, trip);
            assert!(quality.mos.is_some_and(|mos| (1.0..=4.5).contains(&mos)));
            assert!((0.0..1_000.0).contains(&quality.jitter));
        }
    }

    fn g711(number: u32) -> Arrival {
        Arrival {
            ssrc: 7,
            sequence: u16::try_from(number).unwrap(),
            timestamp: number * 160,
            clock_rate: Some(8_000),
        }
    }
}
