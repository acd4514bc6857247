//! What is believed, and what is never sent twice.

use super::super::session::{Session, Use};
use super::*;

const SUITE: SrtpSuite = SrtpSuite::Aes128Sha1Tag80;
const SSRC: u32 = 0x0102_0304;

#[test]
fn rfc3711_3_3_1_sequence_numbers_run_over_and_come_late() {
    let key = key(SUITE, 1);
    let (mut out, mut into) = (sender(&key), receiver(&key));
    for sequence in [65_533, 65_535, 0, 65_534, 2, 1, 30_000, 60_000, 4, 3] {
        let plain = rtp(sequence, SSRC, b"x");
        let secret = sealed(&mut out, &plain).unwrap();
        assert_eq!(opened(&mut into, &secret).unwrap(), plain, "{sequence}");
    }
    assert_eq!(out_of(&mut out, 60_000), None, "of the round before");
}

fn out_of(sender: &mut SrtpSender, sequence: u16) -> Option<Vec<u8>> {
    sealed(sender, &rtp(sequence, SSRC, b"x"))
}

#[test]
fn rfc3711_3_3_2_what_came_before_is_not_believed_again() {
    let key = key(SUITE, 2);
    let (mut out, mut into) = (sender(&key), receiver(&key));
    let packets: Vec<_> = (0..200)
        .map(|sequence| out_of(&mut out, sequence).unwrap())
        .collect();
    for packet in &packets[..100] {
        assert!(opened(&mut into, packet).is_ok());
        assert!(opened(&mut into, packet).is_err());
    }
    for packet in packets.iter().step_by(2).skip(50) {
        assert!(opened(&mut into, packet).is_ok());
    }
    // 198 is the newest: the window reaches back to 135.
    for sequence in (101..198).step_by(2) {
        let read = opened(&mut into, &packets[sequence]).is_ok();
        assert_eq!(read, sequence >= 135, "{sequence}");
    }
    assert!(
        packets
            .iter()
            .take(199)
            .all(|packet| opened(&mut into, packet).is_err())
    );

    let reports: Vec<_> = (0..4)
        .map(|_| sealed_report(&mut out, &report(SSRC)).unwrap())
        .collect();
    for place in [0, 2, 1, 3] {
        assert!(opened_report(&mut into, &reports[place]).is_ok());
        assert!(opened_report(&mut into, &reports[place]).is_err());
    }
}

#[test]
fn no_index_is_used_twice() {
    let key = key(SUITE, 3);
    let mut out = sender(&key);
    assert!(out_of(&mut out, 5).is_some());
    assert_eq!(out_of(&mut out, 5), None, "the same number");
    assert!(out_of(&mut out, 100).is_some());
    assert_eq!(out_of(&mut out, 6), None, "too old to know");
    assert!(sealed(&mut out, &rtp(5, SSRC + 1, b"x")).is_some());
    let index = |report: Vec<u8>| report[report.len() - 14..][..4].to_vec();
    let of_one = index(sealed_report(&mut out, &report(SSRC)).unwrap());
    let of_other = index(sealed_report(&mut out, &report(SSRC + 1)).unwrap());
    assert_ne!(of_one, of_other);
}

#[test]
fn a_stream_whose_first_packets_were_lost_is_found_and_so_is_one_that_counts_on() {
    let key_before = key(SUITE, 4);
    let (mut out, mut into) = (sender(&key_before), receiver(&key_before));
    assert!(out_of(&mut out, 65_535).is_some(), "lost");
    assert!(opened(&mut into, &out_of(&mut out, 3).unwrap()).is_ok());
    for sequence in [30_000, 60_000, 20_000, 50_000, 10_000] {
        assert!(opened(&mut into, &out_of(&mut out, sequence).unwrap()).is_ok());
    }
    // Three rounds later the key changes. One phone counts on, another begins anew.
    let key_after = key(SUITE, 5);
    let mut on = sender(&key_after);
    on.streams = out.streams;
    let mut follows = receiver(&key_after).following(&into);
    assert!(opened(&mut follows, &out_of(&mut on, 10_001).unwrap()).is_ok());
    let mut follows = receiver(&key_after).following(&into);
    let mut anew = sender(&key_after);
    assert!(opened(&mut follows, &out_of(&mut anew, 10_001).unwrap()).is_ok());
    let mut alone = receiver(&key_after);
    let packet = out_of(&mut on, 10_002).unwrap();
    assert!(
        opened(&mut alone, &packet).is_err(),
        "nobody told of the rounds"
    );
}

#[test]
fn who_counts_on_under_another_key_is_understood_wherever_its_numbers_are() {
    let before = [40_000, 65_000, 20_000, 50_000, 65_000, 20_000, 50_000];
    for rounds in 1..=before.len() {
        for after in [100, 20_000, 40_000, 65_530] {
            let key_before = key(SUITE, 4);
            let (mut out, mut into) = (sender(&key_before), receiver(&key_before));
            for sequence in &before[..rounds] {
                assert!(opened(&mut into, &out_of(&mut out, *sequence).unwrap()).is_ok());
            }
            let key_after = key(SUITE, 5);
            let mut on = sender(&key_after);
            on.streams = out.streams;
            let mut follows = receiver(&key_after).following(&into);
            // Nothing that lies before what came is sent.
            if let Some(packet) = out_of(&mut on, after) {
                let opened = opened(&mut follows, &packet);
                assert!(opened.is_ok(), "{after} after {rounds} of {before:?}");
            }
        }
    }
}

#[test]
fn as_many_sources_as_fit_are_remembered() {
    let key = key(SUITE, 6);
    let (mut out, mut into) = (sender(&key), receiver(&key));
    let first = sealed(&mut out, &rtp(1, 0, b"x")).unwrap();
    assert!(opened(&mut into, &first).is_ok());
    for ssrc in 1..8 {
        let packet = sealed(&mut out, &rtp(1, ssrc, b"x")).unwrap();
        assert!(opened(&mut into, &packet).is_ok());
    }
    assert!(opened(&mut into, &first).is_err(), "eight are known");
    for ssrc in 8..1_000 {
        let packet = sealed(&mut out, &rtp(1, ssrc, b"x")).unwrap();
        assert!(opened(&mut into, &packet).is_ok());
    }
}

#[test]
fn what_was_changed_or_cut_is_never_believed_and_nothing_panics() {
    let mut random = Random(0x5eed);
    for suite in SrtpSuite::ALL {
        let key = key(suite, 8);
        let (mut out, mut into) = (sender(&key), receiver(&key));
        let mut header = vec![0x92, 0];
        header.extend([0, 1, 0, 0, 0, 0, 1, 2, 3, 4]);
        header.extend([9; 8]);
        header.extend([0, 0, 0, 1, 7, 7, 7, 7]);
        header.extend([0x55; 160]);
        let packet = sealed(&mut out, &header).unwrap();
        let report = sealed_report(&mut out, &report(SSRC)).unwrap();
        for _ in 0..4_000 {
            let mut bad = packet.clone();
            if random.below(4) == 0 {
                bad.truncate(random.below(bad.len()));
            } else {
                let place = random.below(bad.len());
                bad[place] ^= 1 << random.below(8);
            }
            assert!(opened(&mut into, &bad).is_err());
            let mut bad = report.clone();
            if random.below(4) == 0 {
                bad.truncate(random.below(bad.len()));
            } else {
                let place = random.below(bad.len());
                bad[place] ^= 1 << random.below(8);
            }
            assert!(opened_report(&mut into, &bad).is_err());
            let noise: Vec<u8> = (0..random.below(80)).map(|_| random.octet()).collect();
            assert!(opened(&mut into, &noise).is_err());
            assert!(opened_report(&mut into, &noise).is_err());
            let mut buffer = noise.clone();
            let length = random.below(100);
            if let Some(length) = out.seal_rtp(&mut buffer, length) {
                assert!(length <= buffer.len());
            }
            if let Some(length) = out.seal_rtcp(&mut buffer, random.below(100)) {
                assert!(length <= buffer.len());
            }
        }
        assert_eq!(opened(&mut into, &packet).unwrap(), header);
        assert!(opened_report(&mut into, &report).is_ok());
    }
}

#[test]
fn a_report_that_is_not_encrypted_is_not_believed() {
    let key = key(SUITE, 9);
    let session = Session::derive(&key, Use::Rtcp);
    let mut packet = report(SSRC);
    packet.extend(1_u32.to_be_bytes());
    let mut tag = [0; RTCP_TAG];
    session.unwrap().write_tag(&packet, &[], &mut tag);
    packet.extend(tag);
    assert_eq!(receiver(&key).open_rtcp(&mut packet), Err(Unauthentic));
}

#[test]
fn a_key_has_the_length_of_its_suite_and_is_never_printed() {
    for suite in SrtpSuite::ALL {
        assert_eq!(SrtpSuite::from_name(suite.name()), Some(suite));
        assert!(SrtpKey::new(suite, &[1; 29]).is_none());
        assert!(SrtpKey::new(suite, &[]).is_none());
    }
    let octets = [0xab; 30];
    let key = SrtpKey::new(SUITE, &octets).unwrap();
    assert_eq!(key.expose(), octets);
    let printed = format!("{:?} {:?} {:?}", key, sender(&key), receiver(&key));
    assert!(
        !printed.contains("171") && !printed.to_lowercase().contains("ab, ab"),
        "{printed}"
    );
}
