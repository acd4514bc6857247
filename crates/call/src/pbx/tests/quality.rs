//! How well the sides were heard, as the CDR tells it.

use offhook_base::{Heard, Quality};
use offhook_media_core::{RelayId, SideQuality};

use super::{A, B1, B2, Script, sdp};

fn phone(n: u8) -> String {
    sdp(&format!("192.0.2.{n}"), 4_000 + u16::from(n), "sendrecv")
}

fn talking() -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(&phone(1)))
        .commit()
        .answered(B1, Some(&phone(2)))
        .commit()
        .acked(A, None);
    script
}

fn heard(packets: u64, lost: u64) -> SideQuality {
    SideQuality {
        packets,
        lost,
        jitter_us: 1_500,
        mos_x100: 435,
        round_trip_us: None,
    }
}

fn told(packets: u64, lost: u64) -> Heard {
    Heard {
        packets,
        lost,
        jitter_us: 1_500,
        mos_x100: 435,
    }
}

fn report(script: &mut Script, a: SideQuality, b: SideQuality) {
    script.pbx.note_quality(RelayId(1), [a, b]);
    script.drain();
}

/// The relay has been stopped, and tells its last.
fn stopped(script: &mut Script, a: SideQuality, b: SideQuality) {
    report(script, a, b);
    script.pbx.note_stopped(RelayId(1));
}

fn qualities(script: &Script) -> Vec<Option<Quality>> {
    script.cdrs.iter().map(|cdr| cdr.quality).collect()
}

#[test]
fn the_end_waits_for_no_report_and_the_last_one_amends_the_cdr() {
    let mut script = talking();
    report(&mut script, heard(100, 0), heard(90, 10));
    report(&mut script, heard(600, 2), heard(580, 20));
    script.request(A, 8, "BYE", None).commit();
    let (src, dst) = (told(600, 2), told(580, 20));
    assert_eq!(qualities(&script), [Some(Quality { src, dst })]);
    stopped(&mut script, heard(650, 2), heard(630, 20));
    let (src, dst) = (told(650, 2), told(630, 20));
    assert_eq!(qualities(&script), [Some(Quality { src, dst })]);
    report(&mut script, heard(999, 0), heard(999, 0));
    assert_eq!(qualities(&script), [Some(Quality { src, dst })]);
}

#[test]
fn a_call_of_less_than_a_second_is_told_of_by_its_relays_last_report() {
    let mut script = talking();
    script.request(A, 8, "BYE", None).commit();
    assert_eq!(qualities(&script), [None]);
    stopped(&mut script, heard(20, 0), heard(21, 0));
    let (src, dst) = (told(20, 0), told(21, 0));
    assert_eq!(qualities(&script), [Some(Quality { src, dst })]);
}

#[test]
fn a_call_in_which_nobody_was_heard_has_no_figures() {
    let mut script = talking();
    script.request(A, 8, "BYE", None).commit();
    stopped(&mut script, SideQuality::default(), SideQuality::default());
    assert_eq!(qualities(&script), [None]);
}

#[test]
fn each_call_of_a_relay_is_told_of_by_itself_whichever_side_the_caller_is() {
    // 2001 has 2002 moved to 2003: 2002, the relay's second side, is the caller of the new call.
    let mut script = talking();
    report(&mut script, heard(500, 5), heard(400, 4));
    script
        .refer(A, 4, "<sip:2003@pbx.example>")
        .commit()
        .notified(A, 1)
        .answered(B2, Some(&phone(4)))
        .commit();
    // The first side is another phone now, whose packets are counted anew.
    report(&mut script, heard(70, 7), heard(480, 6));
    script.request(B1, 8, "BYE", None).commit();
    let first = Quality {
        src: told(500, 5),
        dst: told(400, 4),
    };
    let second = Quality {
        src: told(80, 2),
        dst: told(70, 7),
    };
    assert_eq!(qualities(&script), [Some(first), Some(second)]);
    stopped(&mut script, heard(90, 7), heard(500, 6));
    let second = Quality {
        src: told(100, 2),
        dst: told(90, 7),
    };
    assert_eq!(qualities(&script), [Some(first), Some(second)]);
}

#[test]
fn the_call_of_a_queue_is_told_of_with_its_agents() {
    let mut script = super::queue::script(|_| {});
    script
        .invite("4000", Some(&phone(1)))
        .commit()
        .acked(A, None);
    report(&mut script, heard(50, 0), heard(0, 0));
    script.answered(B1, Some(&phone(2))).commit();
    report(&mut script, heard(90, 1), heard(30, 0));
    script.request(A, 8, "BYE", None).commit();
    let dst = told(30, 0);
    let quality = |packets| {
        Some(Quality {
            src: told(packets, 1),
            dst,
        })
    };
    assert_eq!(qualities(&script), [quality(90), quality(90)]);
    stopped(&mut script, heard(99, 1), heard(30, 0));
    assert_eq!(qualities(&script), [quality(99), quality(99)]);
}
