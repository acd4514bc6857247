//! The sound that was chosen for callers whose call rings.

use offhook_base::{SoundId, SoundUse};

use super::{A, B1, B2, Script, sdp};
use crate::directory::DirectoryChange;

/// Two laws of G.711, of which the callers of these tests prefer the second.
const PCMA: &str = "8 0 101";

fn offer() -> String {
    sdp("192.0.2.1", 4000, "sendrecv").replace("RTP/AVP 0 101", &format!("RTP/AVP {PCMA}"))
}

fn answer(codec: &str) -> String {
    sdp("192.0.2.2", 5000, "sendrecv").replace("RTP/AVP 0 101", &format!("RTP/AVP {codec} 101"))
}

fn choose(script: &mut Script) {
    for change in [
        DirectoryChange::Sound(SoundId(3), super::music::clip("drums")),
        DirectoryChange::SoundChosen(SoundUse::Ringback, Some(SoundId(3))),
    ] {
        script.pbx.handle_directory(script.now, change);
    }
}

/// 2001 calls 2002, whose phone rings.
fn ringing(phones: &[u32], offer: Option<&str>) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(phones);
    script.ports(4);
    choose(&mut script);
    script.invite("2002", offer).commit().skip();
    script.provisional(B1, 180, None).commit();
    script
}

/// What was told and played: `+` begins the sound, `-` ends it.
fn lines(script: &mut Script) -> Vec<String> {
    let lines = std::mem::take(&mut script.lines).into_iter();
    let told = lines.filter_map(|line| {
        if line.starts_with("media Play {") {
            let begins = line.contains("Music(Clip(Clip { name: \"drums\"");
            assert!(line.contains("side: A"), "{line}");
            return Some(if begins { "+drums" } else { &line }.to_owned());
        }
        if line.starts_with("media StopPlay") {
            return Some("-".to_owned());
        }
        let is_quiet = line.starts_with("media") || line.starts_with("--");
        (!is_quiet).then_some(line)
    });
    told.collect()
}

#[test]
fn a_caller_hears_the_sound_as_early_media_until_he_is_answered() {
    let mut script = ringing(&[2], Some(&offer()));
    assert_eq!(
        lines(&mut script),
        ["* call.ringing", "+drums", "A 183 +sdp"]
    );
    let early = script.said(A, None);
    assert!(early.contains("RTP/AVP 8 101"), "{early}");
    // The phone rings on: nothing begins anew, and no 180 makes the caller's phone ring by itself.
    script.provisional(B1, 180, None).commit();
    assert_eq!(lines(&mut script), ["A 183 +sdp"]);
    script.answered(B1, Some(&answer("8"))).commit();
    assert_eq!(
        lines(&mut script),
        ["-", "* call.connected", "A 200 +sdp", "B1 ACK"]
    );
    // RFC 3261 §13.2.1: the session that it knows, and nothing to be told of after it.
    assert_eq!(script.said(A, None), early);
    script.acked(A, None).commit();
    assert_eq!(lines(&mut script), [""; 0]);
}

#[test]
fn who_answers_in_another_codec_is_introduced_once_the_caller_has_acknowledged() {
    let mut script = ringing(&[2], Some(&offer()));
    let early = script.said(A, None);
    script.answered(B1, Some(&answer("0"))).commit().skip();
    assert_eq!(script.said(A, None), early);
    script.acked(A, None).commit();
    assert_eq!(lines(&mut script), ["A INVITE +sdp"]);
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("RTP/AVP 0 101"), "{told}");
    // RFC 3264 §8: the same session, one version on.
    let origin = |sdp: &str| {
        let line = sdp.lines().find(|line| line.starts_with("o=")).unwrap();
        let mut words = line.split(' ').skip(1);
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        (number(), number())
    };
    let (session, version) = origin(&early);
    assert_eq!(origin(&told), (session, version + 1));
}

#[test]
fn early_media_of_the_called_phone_goes_first() {
    let mut script = ringing(&[2], Some(&offer()));
    let early = script.said(A, None);
    script.skip().provisional(B1, 183, Some(&answer("8")));
    assert_eq!(lines(&mut script), ["-", "A 183 +sdp"]);
    assert_eq!(script.said(A, None), early);
    script.provisional(B1, 180, None);
    assert_eq!(lines(&mut script), ["A 183 +sdp"]);
    // In another codec the caller would not believe it: it goes on hearing ours, and is told once it has answered.
    let mut script = ringing(&[2], Some(&offer()));
    let told = script.said(A, None);
    script.skip().provisional(B1, 183, Some(&answer("0")));
    assert_eq!(lines(&mut script), ["A 183"]);
    script.answered(B1, Some(&answer("0"))).commit();
    assert_eq!(script.said(A, None), told);
    script.skip().acked(A, None);
    assert_eq!(lines(&mut script), ["A INVITE +sdp"]);
    // And where it came first, there is no other.
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script.ports(4);
    choose(&mut script);
    script.invite("2002", Some(&offer())).commit().skip();
    script.provisional(B1, 183, Some(&answer("8"))).commit();
    script.provisional(B1, 180, None);
    assert_eq!(
        lines(&mut script),
        ["* call.ringing", "A 183 +sdp", "A 180"]
    );
}

#[test]
fn who_cannot_hear_us_is_told_that_it_rings_as_ever() {
    let opus = offer().replace(&format!("RTP/AVP {PCMA}"), "RTP/AVP 96 101");
    for offer in [None, Some(&*opus)] {
        let mut script = ringing(&[2], offer);
        assert_eq!(lines(&mut script), ["* call.ringing", "A 180"]);
    }
    let mut script = Script::new().registered(&[2]);
    choose(&mut script);
    script.invite("2002", Some(&offer())).commit().skip();
    script.provisional(B1, 180, None).commit();
    assert_eq!(lines(&mut script), ["* call.ringing", "A 180"]);
}

#[test]
fn who_answers_after_others_refused_is_answered_in_the_session_that_was_told() {
    let mut script = ringing(&[2, 3], Some(&offer()));
    let early = script.said(A, None);
    assert_eq!(
        lines(&mut script),
        ["* call.ringing", "+drums", "A 183 +sdp"]
    );
    script.refused(B1, 486).answered(B2, Some(&answer("8")));
    script.commit();
    assert_eq!(script.said(A, None), early);
    // A caller who is refused has his ports back.
    let mut script = ringing(&[2], Some(&offer()));
    script.skip().refused(B1, 486).commit();
    let last = std::mem::take(&mut script.lines);
    assert!(last.concat().contains("media Stop {"), "{last:?}");
    assert!(last.contains(&"A 486".to_owned()), "{last:?}");
}

#[test]
fn a_transferred_caller_hears_it_in_the_dialog() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2, 4]);
    script.ports(4);
    choose(&mut script);
    script.invite("2002", Some(&offer())).commit();
    script.answered(B1, Some(&answer("8"))).commit();
    script.acked(A, None);
    script
        .refer(B1, 5, "<sip:2003@pbx.example>")
        .commit()
        .skip();
    script.provisional(B2, 180, None).commit();
    let told = lines(&mut script);
    assert!(told.contains(&"+drums".to_owned()), "{told:?}");
}
