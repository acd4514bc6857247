use super::*;

const CLOCK: u32 = 8_000;

fn at(millis: u64) -> Mono {
    Mono(millis * 1_000_000)
}

/// Sends a packet and gives SSRC, sequence number, timestamp and marker as they leave.
fn sent(
    outgoing: &mut Outgoing,
    now: Mono,
    (ssrc, sequence, timestamp): (u32, u16, u32),
    clock: u32,
) -> (u32, u16, u32, bool) {
    let is_key = false;
    sent_in(
        outgoing,
        now,
        (ssrc, sequence, timestamp),
        Units { clock, is_key },
    )
}

fn sent_in(
    outgoing: &mut Outgoing,
    now: Mono,
    (ssrc, sequence, timestamp): (u32, u16, u32),
    units: Units,
) -> (u32, u16, u32, bool) {
    let mut packet = [0; 172];
    packet[0] = 0x80;
    write(&mut packet, sequence, timestamp, ssrc);
    let header = RtpHeader::parse(&packet).unwrap();
    outgoing.send(now, &header, units, &mut packet);
    let header = RtpHeader::parse(&packet).unwrap();
    (
        header.ssrc,
        header.sequence,
        header.timestamp,
        header.marker,
    )
}

#[test]
fn the_first_source_passes_untouched() {
    let mut outgoing = Outgoing::default();
    for n in 0..3_u16 {
        let packet = (7, 65_535_u16.wrapping_add(n), 160 * u32::from(n));
        let (ssrc, sequence, timestamp, marker) =
            sent(&mut outgoing, at(20 * u64::from(n)), packet, CLOCK);
        assert_eq!((ssrc, sequence, timestamp), packet);
        assert!(!marker);
    }
}

#[test]
fn another_source_goes_on_in_the_numbers_of_the_first_as_much_later_as_it_comes() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 65_535, 1_000), CLOCK);
    let follows = sent(&mut outgoing, at(100), (9, 500, 77_777), CLOCK);
    assert_eq!(follows, (7, 0, 1_800, true), "100 ms are 800 units");
    let next = sent(&mut outgoing, at(120), (9, 501, 77_937), CLOCK);
    assert_eq!(next, (7, 1, 1_960, false));
    let back = sent(&mut outgoing, at(140), (7, 1_000, 90_000), CLOCK);
    assert_eq!(back, (7, 2, 2_120, true));
}

#[test]
fn a_late_packet_of_the_source_is_renumbered_and_no_news() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 10, 0), CLOCK);
    sent(&mut outgoing, at(20), (9, 101, 160), CLOCK);
    sent(&mut outgoing, at(60), (9, 103, 480), CLOCK);
    let late = sent(&mut outgoing, at(61), (9, 102, 320), CLOCK);
    assert_eq!((late.1, late.2), (12, 320));
    let next = sent(&mut outgoing, at(80), (5, 9, 9), CLOCK);
    assert_eq!(next.1, 14, "it follows the newest, not the last");
}

#[test]
fn rfc7160_4_1_another_clock_is_another_source() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 10, 0), CLOCK);
    let opus = sent(&mut outgoing, at(20), (9, 500, 4_000), 48_000);
    assert_eq!(opus, (9, 500, 4_000, false));
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The stream 7 carries the source 9, whose numbers are 90 and whose timestamps 600 lower.
fn renumbered() -> Outgoing {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 99, 1_000), CLOCK);
    sent(&mut outgoing, at(100), (9, 10, 1_200), CLOCK);
    outgoing
}

#[test]
fn rfc3550_7_2_a_sender_report_speaks_for_the_stream() {
    let mut report = words(&[0x80c8_0006, 9, 11, 12, 2_000, 50, 8_000, 0x80ca_0001, 9]);
    assert!(renumbered().send_report(&mut report));
    let expected = words(&[0x80c8_0006, 7, 11, 12, 2_600, 50, 8_000, 0x80ca_0001, 7]);
    assert_eq!(report, expected);
}

#[test]
fn a_report_of_a_source_that_is_not_heard_is_not_passed_on() {
    let mut report = words(&[0x80c8_0006, 5, 11, 12, 2_000, 50, 8_000]);
    assert!(!renumbered().send_report(&mut report.clone()));
    assert!(Outgoing::default().send_report(&mut report));
    let mut secure = Outgoing::default();
    secure.secure();
    assert!(
        !secure.send_report(&mut report),
        "before the first packet its index may be used up"
    );
}

#[test]
fn rfc3550_7_2_a_receiver_report_speaks_of_the_source() {
    let block = |ssrc, highest| [ssrc, 0x0100_0002, highest, 3, 4, 5];
    let report = |blocks: &[u32]| {
        let header = 0x8200_0000 | 201 << 16 | u32::try_from(1 + blocks.len()).unwrap();
        words(&[&[header, 3][..], blocks].concat())
    };
    let mut told = report(&[block(7, 0x0001_0010), block(8, 500)].concat());
    renumbered().take_report(&mut told);
    let expected = report(&[block(9, 0x0001_0010 - 90), block(8, 500)].concat());
    assert_eq!(told, expected);
}

#[test]
fn feedback_is_about_the_source() {
    let mut told = words(&[0x81ce_0002, 3, 7]);
    renumbered().take_report(&mut told);
    assert_eq!(told, words(&[0x81ce_0002, 3, 9]));
}

#[test]
fn octets_that_are_no_report_change_nothing_and_hurt_nobody() {
    let outgoing = renumbered();
    for length in 0..40 {
        for octet in [0, 0x80, 0xff, 200] {
            let mut packet = vec![octet; length];
            outgoing.send_report(&mut packet);
            outgoing.take_report(&mut packet);
        }
    }
}

#[test]
fn what_follows_a_key_comes_later_by_all_that_the_key_took() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 1, 0), CLOCK);
    for n in 0..5_u16 {
        let now = at(20 + 20 * u64::from(n));
        let key = sent(&mut outgoing, now, (9, 50 + n, 5_000), CLOCK);
        assert_eq!(key.2, 160, "one instant");
    }
    let voice = sent(&mut outgoing, at(120), (7, 2, 960), CLOCK);
    assert_eq!(voice.2, 960);
}

/// telephone-event/8000.
const KEYS: Units = Units {
    clock: 8_000,
    is_key: true,
};

#[test]
fn keys_by_a_clock_of_their_own_stay_in_the_stream_of_the_voice() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 99, 1_000), 48_000);
    // Who was moved here speaks opus, too.
    let voice = sent(&mut outgoing, at(20), (9, 500, 77_000), 48_000);
    assert_eq!(voice, (7, 100, 1_960, true));
    let pressed = sent_in(&mut outgoing, at(40), (9, 501, 12_833), KEYS);
    assert_eq!(pressed, (7, 101, 2_920, false), "20 ms are 960 units");
    let still = sent_in(&mut outgoing, at(60), (9, 502, 12_833), KEYS);
    assert_eq!(still, (7, 102, 2_920, false), "one press, one timestamp");
    let voice = sent(&mut outgoing, at(80), (9, 503, 79_880), 48_000);
    assert_eq!(
        voice,
        (7, 103, 4_840, false),
        "the voice goes on by its own"
    );
    let next = sent_in(&mut outgoing, at(100), (9, 504, 13_313), KEYS);
    assert_eq!(next, (7, 104, 5_800, false));
    // What we say of keys is another source.
    let ours = sent_in(&mut outgoing, at(120), (3, 9, 5), KEYS);
    assert_eq!(ours, (7, 105, 6_760, true));
    let voice = sent(&mut outgoing, at(140), (9, 505, 82_760), 48_000);
    assert_eq!(voice, (7, 106, 7_720, true));
}

#[test]
fn keys_of_the_first_source_pass_untouched_whatever_their_clock() {
    let mut outgoing = Outgoing::default();
    sent(&mut outgoing, at(0), (7, 99, 1_000), 48_000);
    let pressed = sent_in(&mut outgoing, at(20), (7, 100, 326), KEYS);
    assert_eq!(pressed, (7, 100, 326, false));
    let voice = sent(&mut outgoing, at(40), (7, 101, 2_920), 48_000);
    assert_eq!(voice, (7, 101, 2_920, false));
    let another = sent(&mut outgoing, at(60), (9, 5, 0), 48_000);
    assert_eq!(another, (7, 102, 3_880, true), "by the voice's clock");
}

#[test]
fn a_source_that_counts_anew_goes_on_where_it_is_encrypted_and_passes_untouched_elsewhere() {
    let packets = [(7, 1_000), (7, 937), (7, 5), (7, 6)];
    let numbers = |outgoing: &mut Outgoing| {
        packets.map(|(ssrc, sequence)| {
            let (_, sequence, _, marker) = sent(outgoing, at(0), (ssrc, sequence, 0), CLOCK);
            (sequence, marker)
        })
    };
    let plain = numbers(&mut Outgoing::default());
    assert_eq!(plain.map(|(sequence, _)| sequence), [1_000, 937, 5, 6]);
    let mut secure = Outgoing::default();
    secure.secure();
    let expected = [(1_000, false), (937, false), (1_001, true), (1_002, false)];
    assert_eq!(numbers(&mut secure), expected, "late is not anew");
    let mut secure = Outgoing::default();
    secure.secure();
    let half_way = [5, 0x8005].map(|sequence| sent(&mut secure, at(0), (7, sequence, 0), CLOCK).1);
    assert_eq!(half_way, [5, 6], "as far before as behind");
}
