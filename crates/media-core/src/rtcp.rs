//! What reports in RTCP say of the way to a phone and back (RFC 3550 section 6.4).
//!
//! We stand between two phones and send no reports of our own: but a sender report that we forward comes back as a
//! reception report that names it, with the time that the phone kept it. That gives the round trip between us and the
//! phone.

use std::time::Duration;

use offhook_base::Mono;

/// What a phone reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Report {
    /// Of what it sends: when, in the middle 32 bits of its clock's NTP time.
    Sent {
        /// What a reception report will name it by (LSR).
        middle: u32,
    },
    /// Of what it receives.
    Received(Reception),
}

/// A report block: how a phone receives one source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reception {
    /// The source.
    pub ssrc: u32,
    /// Packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; duplicates can make it negative.
    pub lost: i32,
    /// In units of the source's clock.
    pub jitter: u32,
    /// The last sender report that the phone got from the source; 0 when none.
    pub last_report: u32,
    /// How long it kept that, in 65,536ths of a second.
    pub delay: u32,
}

/// The reports in a compound packet; what is cut or of another kind is left out.
pub fn reports(packet: &[u8]) -> impl Iterator<Item = Report> + '_ {
    Packets(packet).flat_map(|(kind, count, body)| {
        let (sent, blocks) = match kind {
            SENDER_REPORT => (sent(body), body.get(24..)),
            RECEIVER_REPORT => (None, body.get(4..)),
            _ => (None, None),
        };
        let blocks = blocks.unwrap_or_default().as_chunks::<24>().0;
        let received = blocks.iter().take(count.into()).map(reception);
        sent.into_iter().chain(received)
    })
}

fn sent(body: &[u8]) -> Option<Report> {
    let [_, _, _, _, _, _, s2, s3, f0, f1] = *body.first_chunk::<10>()?;
    let middle = u32::from_be_bytes([s2, s3, f0, f1]);
    Some(Report::Sent { middle })
}

fn reception(block: &[u8; 24]) -> Report {
    let [
        c0,
        c1,
        c2,
        c3,
        fraction_lost,
        l0,
        l1,
        l2,
        _,
        _,
        _,
        _,
        j0,
        j1,
        j2,
        j3,
        r0,
        r1,
        r2,
        r3,
        d0,
        d1,
        d2,
        d3,
    ] = *block;
    Report::Received(Reception {
        ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        fraction_lost,
        lost: i32::from_be_bytes([l0, l1, l2, 0]) >> 8,
        jitter: u32::from_be_bytes([j0, j1, j2, j3]),
        last_report: u32::from_be_bytes([r0, r1, r2, r3]),
        delay: u32::from_be_bytes([d0, d1, d2, d3]),
    })
}

/// Type, count and body of each packet of a compound.
struct Packets<'a>(&'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = (u8, u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([flags, kind, l0, l1], rest) = self.0.split_first_chunk::<4>()?;
        let octets = usize::from(u16::from_be_bytes([*l0, *l1])) * 4;
        let (body, rest) = rest.split_at_checked(octets)?;
        self.0 = rest;
        Some((*kind, flags & 0x1f, body))
    }
}

/// Measures the round trip between us and one phone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundTrip {
    /// The reports that went to the phone, newest first.
    sent: [Option<(u32, Mono)>; REMEMBERED],
    last: Option<Duration>,
}

impl RoundTrip {
    /// Takes note of a sender report that goes to the phone.
    pub fn on_sent(&mut self, now: Mono, middle: u32) {
        self.sent.rotate_right(1);
        if let Some(newest) = self.sent.first_mut() {
            *newest = Some((middle, now));
        }
    }

    /// Takes a reception report of the phone (RFC 3550 section 6.4.1). One about a report that we know nothing of, or
    /// whose times cannot be, changes nothing.
    pub fn on_reception(&mut self, now: Mono, reception: &Reception) {
        let middle = reception.last_report;
        let named = self.sent.iter().flatten().find(|(sent, _)| *sent == middle);
        if let Some((_, at)) = named.filter(|_| middle != 0) {
            let kept = Duration::from_nanos(u64::from(reception.delay) * 1_000_000_000 / 65_536);
            if let Some(trip) = (now - *at).checked_sub(kept) {
                self.last = Some(trip);
            }
        }
    }

    /// The last one measured.
    #[must_use]
    pub const fn last(&self) -> Option<Duration> {
        self.last
    }
}

const SENDER_REPORT: u8 = 200;

const RECEIVER_REPORT: u8 = 201;

/// A phone answers the last report or the one before; two sources may report.
const REMEMBERED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn rfc3550_6_4_a_compound_gives_its_reports() {
        let found: Vec<_> = reports(&compound()).collect();
        let wanted = Reception {
            ssrc: 0x0102_0304,
            fraction_lost: 64,
            lost: -2,
            jitter: 80,
            last_report: 0x0506_0708,
            delay: 65_536,
        };
        let sent = Report::Sent {
            middle: 0x2222_3333,
        };
        assert_eq!(
            found,
            [sent, Report::Received(wanted), Report::Received(wanted)]
        );
    }

    #[test]
    fn what_is_cut_gives_what_is_whole() {
        let whole = compound();
        for length in 0..whole.len() {
            let count = reports(&whole[..length]).count();
            let wanted = if length < 52 {
                0
            } else if length < 84 {
                2
            } else {
                3
            };
            assert_eq!(count, wanted, "{length}");
        }
        // One block is promised more than there is.
        let mut promised = compound();
        promised[0] = 0x9f;
        assert_eq!(reports(&promised).count(), 3);
        // What follows the blocks is an extension of some profile.
        let mut extended = vec![0x80, 201, 0, 7];
        extended.extend([0; 28]);
        assert_eq!(reports(&extended).count(), 0);
    }

    #[test]
    fn random_octets_give_reports_or_none() {
        let mut random = Random(3_550);
        for _ in 0..100_000 {
            let mut octets: Vec<u8> = (0..random.below(90)).map(|_| random.octet()).collect();
            if let [_, kind, l0, l1, ..] = &mut octets[..] {
                *kind = 200 + (*kind & 1);
                *l0 = 0;
                *l1 &= 31;
            }
            let mut trip = RoundTrip::default();
            for report in reports(&octets) {
                match report {
                    Report::Sent { middle } => trip.on_sent(Mono(1), middle),
                    Report::Received(reception) => trip.on_reception(Mono(2), &reception),
                }
            }
        }
    }

    #[test]
    fn rfc3550_6_4_1_the_round_trip_is_what_is_left_of_the_time_between_report_and_answer() {
        let second = |seconds: u64| Mono(seconds * 1_000_000_000);
        let mut trip = RoundTrip::default();
        let answer = |last_report, delay| Reception {
            ssrc: 1,
            fraction_lost: 0,
            lost: 0,
            jitter: 0,
            last_report,
            delay,
        };
        trip.on_reception(second(1), &answer(0, 0));
        trip.on_reception(second(1), &answer(7, 0));
        assert_eq!(trip.last(), None, "nothing was sent");
        trip.on_sent(second(1), 0);
        trip.on_reception(second(2), &answer(0, 0));
        assert_eq!(trip.last(), None, "0 names no report");
        trip.on_sent(second(1), 0x1111_0000);
        trip.on_sent(second(6), 0x1116_0000);
        trip.on_reception(second(7), &answer(0x1116_0000, 0xe000));
        assert_eq!(trip.last(), Some(Duration::from_millis(125)));
        trip.on_reception(second(7), &answer(0x1111_0000, 5 << 16));
        assert_eq!(trip.last(), Some(Duration::from_secs(1)), "the one before");
        trip.on_reception(second(7), &answer(0x1116_0000, 2 << 16));
        assert_eq!(
            trip.last(),
            Some(Duration::from_secs(1)),
            "kept longer than it was there"
        );
    }

    /// A sender report with a block, a description that nobody asked for, and a receiver report with a block.
    fn compound() -> Vec<u8> {
        let mut block = vec![1, 2, 3, 4, 64, 0xff, 0xff, 0xfe, 0, 0, 0, 9, 0, 0, 0, 80];
        block.extend([5, 6, 7, 8, 0, 1, 0, 0]);
        let mut packet = vec![0x81, 200, 0, 12, 9, 9, 9, 9];
        packet.extend([0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44]);
        packet.extend([0; 12]);
        packet.extend(&block);
        let mut rest = vec![0x81, 201, 0, 7, 9, 9, 9, 9];
        rest.extend(&block);
        packet.extend(rest);
        packet
    }
}
