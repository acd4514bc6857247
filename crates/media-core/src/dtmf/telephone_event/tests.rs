use std::time::Duration;

use offhook_base::Mono;

use super::*;
use crate::dtmf::Press;
use crate::random::Random;

#[test]
fn rfc4733_2_5_1_2_an_event_of_many_packets_is_one_press() {
    let mut phone = Phone::default();
    phone.press('5', 100);
    assert_eq!(phone.heard, [("5", 100)]);
    assert_eq!(phone.receiver.next_timeout(), None);
}

#[test]
fn rfc4733_2_5_1_4_repeated_and_late_packets_of_an_event_count_once() {
    let mut phone = Phone::default();
    for (timestamp, end, duration) in [
        (1_000, false, 160),
        (1_000, false, 480),
        (1_000, false, 320),
        (1_000, true, 800),
        (1_000, true, 800),
        (1_000, false, 640),
        (1_000, true, 800),
        (1_000, false, 160),
    ] {
        phone.packet(1, timestamp, 8_000, payload('7', end, duration));
    }
    assert_eq!(phone.heard, [("7", 100)]);
    phone.packet(1, 4_000, 8_000, payload('7', true, 800));
    phone.packet(1, 1_000, 8_000, payload('7', true, 800));
    assert_eq!(phone.heard, [("7", 100), ("7", 100)], "another timestamp");
}

#[test]
fn a_press_is_told_at_its_end_with_the_time_of_its_first_packet() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('1', false, 160));
    let first = phone.now;
    phone.packet(1, 0, 8_000, payload('1', false, 320));
    assert!(phone.heard.is_empty());
    phone.deliver(1, 0, 8_000, true, &payload('1', true, 480));
    assert_eq!(
        phone.last,
        Some(Press {
            digit: digit('1'),
            at: first,
            duration: Duration::from_millis(60),
        })
    );
}

#[test]
fn rfc4733_2_5_2_2_a_lost_end_is_made_up_for_by_silence_or_by_the_next_event() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('1', false, 160));
    phone.packet(1, 0, 8_000, payload('1', false, 960));
    let deadline = phone.receiver.next_timeout().unwrap();
    assert_eq!(deadline, phone.now + Duration::from_millis(250));
    phone.receiver.handle_timeout(Mono(deadline.0 - 1));
    assert_eq!(phone.receiver.poll_press(), None);
    phone.silence(250);
    assert_eq!(phone.heard, [("1", 120)]);
    phone.packet(1, 0, 8_000, payload('1', true, 2_400));
    assert_eq!(phone.heard.len(), 1, "its end, too late");

    phone.packet(1, 8_000, 8_000, payload('2', false, 320));
    phone.packet(1, 12_000, 8_000, payload('2', true, 800));
    assert_eq!(
        phone.heard[1..],
        [("2", 40), ("2", 100)],
        "one packet ends two presses, and both are told"
    );
}

#[test]
fn of_an_event_one_packet_is_enough() {
    for kept in 0..7 {
        let mut phone = Phone::default();
        let mut number = 0;
        phone.press_through('9', 100, 8_000, |_| {
            number += 1;
            number == kept + 1
        });
        phone.silence(250);
        assert_eq!(phone.heard.len(), 1, "packet {kept}");
    }
}

#[test]
fn rfc4733_2_5_1_3_the_segments_of_a_long_event_are_one_press() {
    for clock_rate in [8_000, 16_000, 48_000] {
        let mut phone = Phone::default();
        phone.press_through('#', 10_000, clock_rate, |_| true);
        assert_eq!(phone.heard, [("#", 10_000)], "{clock_rate}");
        phone.press_through('#', 100, clock_rate, |_| true);
        assert_eq!(phone.heard, [("#", 10_000), ("#", 100)], "{clock_rate}");
    }
}

#[test]
fn a_long_event_survives_the_loss_of_every_fourth_packet_and_of_every_end_of_a_segment() {
    for clock_rate in [8_000, 48_000] {
        let mut number = 0;
        let mut phone = Phone::default();
        phone.press_through('3', 10_000, clock_rate, |packet| {
            number += 1;
            number % 4 != 0 && packet[14..16] != [0xff, 0xff]
        });
        assert_eq!(phone.heard, [("3", 10_000)], "{clock_rate}");
    }
}

#[test]
fn a_segment_that_begins_at_its_packets_own_time_goes_on_with_the_press() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 48_000, payload('8', false, 0xffff));
    phone.packet(1, 0xffff + 900, 48_000, payload('8', false, 60));
    phone.packet(1, 0xffff + 900, 48_000, payload('8', true, 4_800));
    assert_eq!(phone.heard.len(), 1);
}

#[test]
fn a_late_packet_of_a_segment_before_changes_nothing() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('8', false, 0xffff));
    phone.packet(1, 0xffff, 8_000, payload('8', false, 160));
    phone.packet(1, 0, 8_000, payload('8', false, 0xff00));
    phone.packet(1, 0xffff, 8_000, payload('8', true, 801));
    assert_eq!(phone.heard, [("8", 8_292)]);
}

#[test]
fn a_marker_begins_a_press_where_a_segment_could_go_on() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('8', false, 0xffff));
    phone.deliver(1, 0xffff, 8_000, true, &payload('8', true, 800));
    assert_eq!(phone.heard.len(), 2);
}

#[test]
fn a_burst_of_loss_in_a_long_event_makes_no_second_press() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 48_000, payload('4', false, 60_000));
    phone.silence(300);
    assert_eq!(phone.heard, [("4", 1_250)]);
    phone.packet(1, 0xffff, 48_000, payload('4', false, 9_600));
    phone.packet(1, 0xffff, 48_000, payload('4', true, 19_200));
    assert_eq!(phone.heard.len(), 1);
}

#[test]
fn a_press_goes_on_when_its_source_or_its_clock_changes() {
    for (ssrc, timestamp, clock_rate) in [(2, 77_000, 8_000), (1, 9_000, 48_000), (1, 0, 48_000)] {
        let mut phone = Phone::default();
        phone.packet(1, 0, 8_000, payload('6', false, 160));
        phone.packet(1, 0, 8_000, payload('6', false, 480));
        let units = u16::try_from(clock_rate / 10).unwrap();
        phone.packet(ssrc, timestamp, clock_rate, payload('6', false, units / 2));
        for _ in 0..3 {
            phone.packet(ssrc, timestamp, clock_rate, payload('6', true, units));
        }
        assert_eq!(phone.heard, [("6", 100)], "{ssrc} {timestamp} {clock_rate}");
    }
}

#[test]
fn a_source_that_changes_between_the_repetitions_of_an_end_makes_no_second_press() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('6', true, 800));
    phone.packet(2, 500, 8_000, payload('6', true, 800));
    phone.packet(2, 500, 8_000, payload('6', true, 800));
    assert_eq!(phone.heard, [("6", 100)]);
}

#[test]
fn another_source_with_another_key_or_a_marker_or_much_later_is_another_press() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('6', true, 800));
    phone.packet(2, 500, 8_000, payload('5', true, 800));
    phone.deliver(3, 900, 8_000, true, &payload('5', true, 800));
    phone.silence(400);
    phone.packet(4, 100, 8_000, payload('5', true, 800));
    let keys: Vec<_> = phone.heard.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["6", "5", "5", "5"]);
}

#[test]
fn a_sender_whose_timestamps_stand_still_is_heard_again_after_a_while() {
    let mut phone = Phone::default();
    phone.packet(1, 0, 8_000, payload('1', true, 800));
    phone.packet(1, 0, 8_000, payload('2', true, 800));
    phone.silence(5_100);
    phone.packet(1, 0, 8_000, payload('1', true, 800));
    let keys: Vec<_> = phone.heard.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["1", "2", "1"]);
}

#[test]
fn timestamps_may_wrap_and_go_back() {
    let mut phone = Phone::default();
    phone.packet(1, u32::MAX - 100, 8_000, payload('1', true, 800));
    phone.packet(1, 3_000, 8_000, payload('1', true, 800));
    phone.packet(1, 0x8000_0000, 8_000, payload('1', true, 800));
    phone.packet(1, 70, 8_000, payload('1', true, 800));
    assert_eq!(phone.heard.len(), 4);
}

#[test]
fn rfc4733_2_3_what_is_cut_or_no_key_is_ignored() {
    let mut phone = Phone::default();
    for octets in [&[][..], &[1], &[1, 0x80, 3], &[16, 0x80, 3, 32], &[255; 4]] {
        phone.deliver(1, 0, 8_000, true, octets);
    }
    phone.deliver(1, 0, 0, true, &payload('1', true, 800));
    phone.silence(300);
    assert!(phone.heard.is_empty());
    let mut long = payload('1', true, 800).to_vec();
    long.extend([2, 0x80, 3, 32]);
    phone.deliver(1, 0, 8_000, true, &long);
    assert_eq!(phone.heard, [("1", 100)]);
}

#[test]
fn a_thousand_presses_through_loss_repetition_and_reordering_are_a_thousand() {
    let mut random = Random(4_733);
    for clock_rate in [8_000, 16_000, 48_000] {
        let mut phone = Phone::default();
        let mut sent = Vec::new();
        for _ in 0..1_000 {
            let digit = Digit::ALL[random.below(16)];
            let millis = 40 + random.below(160);
            let mut packets = phone.packets(digit.as_char(), millis, clock_rate);
            // Of the first packet so much is kept that each press has one at least.
            let kept = random.below(packets.len());
            let mut number = 0;
            packets.retain(|_| {
                number += 1;
                number == kept + 1 || random.below(100) >= 15
            });
            for index in 0..packets.len() {
                if random.below(100) < 10 {
                    packets.insert(index, packets[index]);
                }
                let other = (index + random.below(3)).min(packets.len() - 1);
                packets.swap(index, other);
            }
            sent.push(digit);
            for packet in packets {
                phone.receive(clock_rate, &packet);
            }
            phone.silence(40 + random.below(400));
        }
        phone.silence(300);
        assert_eq!(phone.digits, sent, "{clock_rate}");
    }
}

#[test]
fn random_octets_never_panic_and_never_leave_the_receiver_without_a_way_out() {
    let mut random = Random(1);
    let mut receiver = EventReceiver::default();
    let mut now = Mono(0);
    let mut presses = 0;
    for _ in 0..200_000 {
        now = now + Duration::from_millis(random.below(80) as u64);
        let octets: [u8; 6] = std::array::from_fn(|_| random.octet());
        let mut event = octets;
        event[0] &= 0x13;
        let packet = EventPacket {
            ssrc: u32::from(random.octet() & 1),
            timestamp: u32::from(random.octet()) << (random.octet() & 31),
            marker: random.octet() & 1 == 1,
            clock_rate: [0, 1, 8_000, 48_000, u32::MAX][random.below(5)],
            payload: &event[..random.below(7)],
        };
        receiver.handle_packet(now, &packet);
        while let Some(press) = receiver.poll_press() {
            assert!(press.at <= now);
            presses += 1;
        }
        if let Some(at) = receiver.next_timeout() {
            assert!(at > now, "the deadline lies ahead");
        }
    }
    assert!(presses > 10_000, "{presses}");
}

#[test]
fn rfc4733_2_5_1_the_packets_of_a_press_are_as_the_rfc_has_them() {
    let packets = Phone::default().packets('*', 100, 8_000);
    let seen: Vec<_> = packets
        .iter()
        .map(|packet| {
            assert_eq!(packet[0], 0x80);
            assert_eq!(packet[8..12], 7_u32.to_be_bytes());
            assert_eq!(packet[4..8], 1_000_u32.to_be_bytes(), "the event's start");
            let duration = u16::from_be_bytes([packet[14], packet[15]]);
            (packet[1], packet[3], packet[12], packet[13], duration)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (0x80 | 101, 10, 10, 10, 160),
            (101, 11, 10, 10, 320),
            (101, 12, 10, 10, 480),
            (101, 13, 10, 10, 640),
            (101, 14, 10, 0x80 | 10, 800),
            (101, 15, 10, 0x80 | 10, 800),
            (101, 16, 10, 0x80 | 10, 800),
        ]
    );
}

#[test]
fn a_packet_goes_out_every_20_ms_and_none_before_its_time() {
    let mut sender = EventSender::new(
        Mono(1_000),
        digit('1'),
        EventSender::DEFAULT_DURATION,
        STREAM,
    )
    .unwrap();
    let mut packet = [0; EVENT_OCTETS];
    let mut due = Vec::new();
    while let Some(at) = sender.next_timeout() {
        assert!(!sender.handle_timeout(Mono(at.0 - 1), &mut packet));
        assert!(sender.handle_timeout(at, &mut packet));
        due.push((at - Mono(1_000)).as_millis());
    }
    assert_eq!(due, [0, 20, 40, 60, 80, 100, 120]);
    assert!(!sender.handle_timeout(Mono(u64::MAX), &mut packet));
    assert_eq!(sender.next_sequence(), STREAM.sequence + 7);
}

#[test]
fn after_a_stall_the_next_packet_has_the_duration_by_then() {
    let mut sender =
        EventSender::new(Mono(0), digit('1'), Duration::from_millis(100), STREAM).unwrap();
    let mut packet = [0; EVENT_OCTETS];
    assert!(sender.handle_timeout(Mono(65_000_000), &mut packet));
    assert_eq!(
        packet[12..],
        [1, 10, 680_u16.to_be_bytes()[0], 680_u16.to_be_bytes()[1]]
    );
    assert_eq!(sender.next_timeout(), Some(Mono(80_000_000)));
    assert!(sender.handle_timeout(Mono(9_000_000_000), &mut packet));
    assert_eq!(packet[13] & 0x80, 0x80, "long over: the end, and no burst");
    assert_eq!(sender.next_timeout(), Some(Mono(9_020_000_000)));
}

#[test]
fn a_duration_is_brought_between_40_ms_and_10_s() {
    for (asked, sent) in [
        (0, 40),
        (40, 40),
        (70, 70),
        (10_000, 10_000),
        (3_600_000, 10_000),
    ] {
        let mut phone = Phone::default();
        phone.press('1', asked);
        assert_eq!(phone.heard, [("1", sent)]);
    }
}

#[test]
fn a_stream_that_no_event_can_be_in_is_refused() {
    let start = |payload_type, clock_rate| {
        let stream = EventStream {
            payload_type,
            clock_rate,
            ..STREAM
        };
        EventSender::new(Mono(0), digit('1'), Duration::ZERO, stream).err()
    };
    for payload_type in [64, 95, 128, 255] {
        let error = UnusableEventStream::PayloadType(payload_type);
        assert_eq!(start(payload_type, 8_000), Some(error));
    }
    for clock_rate in [0, 1, 7_999, 48_001, u32::MAX] {
        let error = UnusableEventStream::ClockRate(clock_rate);
        assert_eq!(start(101, clock_rate), Some(error));
    }
    assert_eq!(start(96, 48_000), None);
}

const STREAM: EventStream = EventStream {
    payload_type: 101,
    clock_rate: 8_000,
    ssrc: 7,
    sequence: 10,
    timestamp: 1_000,
};

fn digit(name: char) -> Digit {
    Digit::from_char(name).unwrap()
}

fn payload(name: char, end: bool, duration: u16) -> [u8; 4] {
    Payload {
        digit: digit(name),
        end,
        volume: 10,
        duration,
    }
    .write()
}

/// A receiver, what sends to it, and what it heard: keys and milliseconds.
#[derive(Default)]
struct Phone {
    receiver: EventReceiver,
    now: Mono,
    timestamp: u32,
    heard: Vec<(&'static str, u128)>,
    digits: Vec<Digit>,
    last: Option<Press>,
}

impl Phone {
    fn press(&mut self, name: char, millis: usize) {
        self.press_through(name, millis, 8_000, |_| true);
    }

    fn press_through(
        &mut self,
        name: char,
        millis: usize,
        clock_rate: u32,
        mut arrives: impl FnMut(&[u8; EVENT_OCTETS]) -> bool,
    ) {
        for packet in self.packets(name, millis, clock_rate) {
            if arrives(&packet) {
                self.receive(clock_rate, &packet);
            } else {
                self.silence(20);
            }
        }
    }

    fn packets(&mut self, name: char, millis: usize, clock_rate: u32) -> Vec<[u8; EVENT_OCTETS]> {
        let duration = Duration::from_millis(millis as u64);
        let stream = EventStream {
            clock_rate,
            timestamp: STREAM.timestamp.wrapping_add(self.timestamp),
            ..STREAM
        };
        self.timestamp = self.timestamp.wrapping_add(20 * clock_rate);
        let mut sender = EventSender::new(Mono(0), digit(name), duration, stream).unwrap();
        let mut packets = Vec::new();
        let mut packet = [0; EVENT_OCTETS];
        while let Some(at) = sender.next_timeout() {
            assert!(sender.handle_timeout(at, &mut packet));
            packets.push(packet);
        }
        packets
    }

    fn receive(&mut self, clock_rate: u32, packet: &[u8; EVENT_OCTETS]) {
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().unwrap());
        let (timestamp, ssrc) = (word(4), word(8));
        self.deliver(
            ssrc,
            timestamp,
            clock_rate,
            packet[1] & 0x80 != 0,
            &packet[12..],
        );
    }

    fn packet(&mut self, ssrc: u32, timestamp: u32, clock_rate: u32, payload: [u8; 4]) {
        self.deliver(ssrc, timestamp, clock_rate, false, &payload);
    }

    fn deliver(&mut self, ssrc: u32, timestamp: u32, clock_rate: u32, marker: bool, octets: &[u8]) {
        self.silence(20);
        let packet = EventPacket {
            ssrc,
            timestamp,
            marker,
            clock_rate,
            payload: octets,
        };
        self.receiver.handle_packet(self.now, &packet);
        self.listen();
    }

    fn silence(&mut self, millis: usize) {
        self.now = self.now + Duration::from_millis(millis as u64);
        self.receiver.handle_timeout(self.now);
        self.listen();
    }

    fn listen(&mut self) {
        const NAMES: [&str; 16] = [
            "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "A", "B", "C", "D",
        ];
        while let Some(press) = self.receiver.poll_press() {
            let name = NAMES[usize::from(press.digit.event())];
            self.heard.push((name, press.duration.as_millis()));
            self.digits.push(press.digit);
            self.last = Some(press);
        }
    }
}
