//! What a side hears while the other one holds, and what becomes of it when things cross.

use std::collections::BTreeMap;

use offhook_base::{CallId, Language, SoundId, SoundUse, UserId};
use offhook_media_core::{Clip, Prompts};

use super::{A, B1, Script, sdp};
use crate::{ApiCommand, DirectoryChange};

fn caller(direction: &str) -> String {
    sdp("192.0.2.1", 4000, direction)
}

fn called(direction: &str) -> String {
    sdp("192.0.2.2", 5000, direction)
}

fn connected_by(offer: &str, answer: &str) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script
        .ports(4)
        .invite("2002", Some(offer))
        .commit()
        .answered(B1, Some(answer))
        .commit()
        .acked(A, None)
        .skip();
    script
}

fn connected() -> Script {
    connected_by(&caller("sendrecv"), &called("sendrecv"))
}

/// The caller's phone holds by this SDP, and the called one answers by that one.
fn holds(script: &mut Script, offer: &str, n: u64, answer: &str) {
    script
        .request(A, 2 * n, "INVITE", Some(offer))
        .response(B1, n, 200, Some(answer))
        .commit();
}

/// What began and ended to be heard since the last look: `+B Music(Tune) 0` or `-B`.
fn heard(script: &mut Script) -> Vec<String> {
    let lines = std::mem::take(&mut script.lines);
    let of = |line: &str, after: &str| -> String {
        let rest = line.split_once(after).map_or("", |(_, rest)| rest);
        rest.split([',', ' ', '}'])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    lines
        .iter()
        .filter_map(|line| {
            let side = of(line, "side: ");
            if line.starts_with("media StopPlay") {
                return Some(format!("-{side}"));
            }
            let sound = line.strip_prefix("media Play ")?.split_once("sound: ")?.1;
            let (sound, _) = sound.split_once(", format")?;
            Some(format!(
                "+{side} {sound} {}/{}",
                of(line, "payload_type: "),
                of(line, "codec: ")
            ))
        })
        .collect()
}

/// The direction that a leg was told last in a request, or in an answer to its own.
fn told(script: &Script, to: offhook_sip_core::LegId) -> String {
    direction(&script.said(to, Some("INVITE")))
}

fn answered(script: &Script) -> String {
    let body = script.commands.iter().rev().find_map(|command| {
        if let offhook_sip_core::Command::Reply { body, .. } = command {
            body.clone()
        } else {
            None
        }
    });
    direction(&String::from_utf8_lossy(&body.unwrap().octets))
}

fn direction(sdp: &str) -> String {
    let known = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];
    let line = sdp.lines().find(|line| known.contains(line));
    line.unwrap_or("none").to_owned()
}

/// The leg to the target of a transfer.
const C: offhook_sip_core::LegId = offhook_sip_core::LegId(5);

const MUSIC_TO_B: &str = "+B Music(Tune) 0/Pcmu";
const MUSIC_TO_A: &str = "+A Music(Tune) 0/Pcmu";

#[test]
fn who_is_held_hears_music_and_who_resumes_is_heard_at_once() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&caller("sendonly")))
        .skip();
    assert!(
        heard(&mut script).is_empty(),
        "nothing before it is accepted"
    );
    script.response(B1, 1, 200, Some(&called("recvonly")));
    assert_eq!(heard(&mut script), [MUSIC_TO_B]);
    holds(&mut script, &caller("sendrecv"), 2, &called("sendrecv"));
    assert_eq!(heard(&mut script), ["-B"]);
}

#[test]
fn rfc3264_8_4_each_form_of_hold_tells_the_other_side_that_it_still_receives() {
    for (form, reply) in [
        (caller("sendonly"), "a=recvonly"),
        (caller("inactive"), "a=inactive"),
        (sdp("0.0.0.0", 4000, "sendrecv"), "a=recvonly"),
        (sdp("0.0.0.0", 4000, "inactive"), "a=inactive"),
    ] {
        let mut script = connected();
        holds(&mut script, &form, 1, &called("recvonly"));
        assert_eq!(told(&script, B1), "a=sendonly", "{form}");
        assert_eq!(answered(&script), reply, "{form}");
        assert_eq!(heard(&mut script), [MUSIC_TO_B], "{form}");
    }
}

#[test]
fn where_media_does_not_pass_by_us_a_hold_passes_as_it_is() {
    let mut script = Script::new().registered(&[1, 2]);
    script
        .invite("2002", Some(&caller("sendrecv")))
        .commit()
        .answered(B1, Some(&called("sendrecv")))
        .commit()
        .acked(A, None);
    holds(&mut script, &caller("inactive"), 1, &called("inactive"));
    assert_eq!(told(&script, B1), "a=inactive");
    assert_eq!(answered(&script), "a=inactive");
    assert!(heard(&mut script).is_empty());
}

#[test]
fn both_hold_and_neither_hears_music_until_one_resumes() {
    let mut script = connected();
    holds(&mut script, &caller("sendonly"), 1, &called("recvonly"));
    assert_eq!(heard(&mut script), [MUSIC_TO_B]);
    script
        .request(B1, 4, "INVITE", Some(&called("inactive")))
        .response(A, 2, 200, Some(&caller("inactive")))
        .commit();
    assert_eq!(heard(&mut script), ["-B"]);
    assert_eq!(answered(&script), "a=inactive");
    // The first one resumes: it hears that the other one holds.
    holds(&mut script, &caller("sendrecv"), 3, &called("inactive"));
    assert_eq!(answered(&script), "a=sendonly", "it is to hear music");
    assert_eq!(heard(&mut script), [MUSIC_TO_A]);
    script
        .request(B1, 8, "INVITE", Some(&called("sendrecv")))
        .response(A, 4, 200, Some(&caller("sendrecv")))
        .commit();
    assert_eq!(heard(&mut script), ["-A"]);
}

#[test]
fn a_hold_that_is_refused_or_crosses_another_one_plays_nothing() {
    for status in [488, 491] {
        let mut script = connected();
        script
            .request(A, 2, "INVITE", Some(&caller("sendonly")))
            .response(B1, 1, status, None);
        assert!(heard(&mut script).is_empty());
        holds(&mut script, &caller("sendonly"), 2, &called("recvonly"));
        assert_eq!(heard(&mut script), [MUSIC_TO_B], "the second try");
    }
}

#[test]
fn a_phone_that_does_not_want_to_hear_is_played_nothing() {
    let mut script = connected();
    holds(&mut script, &caller("sendonly"), 1, &called("inactive"));
    assert!(heard(&mut script).is_empty());
}

#[test]
fn who_hangs_up_while_music_plays_or_a_hold_is_under_way_leaves_nothing_playing() {
    for by in [A, B1] {
        for held in [false, true] {
            let mut script = connected();
            script
                .request(A, 2, "INVITE", Some(&caller("sendonly")))
                .skip();
            if held {
                script
                    .response(B1, 1, 200, Some(&called("recvonly")))
                    .commit()
                    .skip();
            }
            script.request(by, 4, "BYE", None).commit();
            // The answer to the re-INVITE crosses the end of the call.
            script.response(B1, 1, 200, Some(&called("recvonly")));
            let lines = std::mem::take(&mut script.lines);
            let stops = lines
                .iter()
                .position(|line| line.starts_with("media Stop {"));
            let after = &lines[stops.expect("the relay stops")..];
            assert!(!after.iter().any(|line| line.contains("Play")), "{lines:?}");
        }
    }
}

#[test]
fn a_client_holds_and_resumes_and_the_phone_that_is_told_hears_music_between() {
    let mut script = connected();
    let hold = |held| ApiCommand::Hold {
        call: CallId(1),
        held,
        by: UserId(100_002),
    };
    script.api(9, hold(true)).skip();
    assert_eq!(told(&script, A), "a=sendonly");
    script
        .response(A, 1, 200, Some(&caller("recvonly")))
        .commit();
    assert_eq!(heard(&mut script), [MUSIC_TO_A]);
    // The phone of who asked for it holds too, and resumes: the hold of the client stays.
    script
        .request(B1, 4, "INVITE", Some(&called("sendonly")))
        .response(A, 2, 200, Some(&caller("recvonly")))
        .commit();
    assert_eq!(answered(&script), "a=recvonly");
    script
        .request(B1, 6, "INVITE", Some(&called("sendrecv")))
        .response(A, 3, 200, Some(&caller("recvonly")))
        .commit();
    assert!(heard(&mut script).is_empty(), "the same music goes on");
    script
        .api(10, hold(false))
        .response(A, 4, 200, Some(&caller("sendrecv")))
        .commit();
    assert_eq!(heard(&mut script), ["-A"]);
}

/// An SDP with one codec of this number.
fn with_codec(host: &str, port: u16, number: u8, name: &str, direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP {number}\r\n\
         a=rtpmap:{number} {name}\r\na={direction}\r\n"
    )
}

#[test]
fn music_is_in_the_codec_of_the_call_and_in_the_numbers_of_who_hears_it() {
    let (a, b) = (
        |direction| with_codec("192.0.2.1", 4000, 111, "G722/8000", direction),
        |direction| with_codec("192.0.2.2", 5000, 112, "g722/8000", direction),
    );
    let mut script = connected_by(&a("sendrecv"), &b("sendrecv"));
    holds(&mut script, &a("sendonly"), 1, &b("recvonly"));
    assert_eq!(heard(&mut script), ["+B Music(Tune) 112/G722"]);
    let opus = with_codec("192.0.2.2", 5000, 97, "opus/48000/2", "recvonly");
    holds(&mut script, &a("sendonly"), 2, &opus);
    assert_eq!(heard(&mut script), ["+B Music(Tune) 97/Opus"]);
    // Still held, it moves to another codec.
    let other = with_codec("192.0.2.2", 5000, 8, "PCMA/8000", "recvonly");
    holds(&mut script, &a("sendonly"), 3, &other);
    assert_eq!(heard(&mut script), ["+B Music(Tune) 8/Pcma"]);
}

#[test]
fn in_a_codec_that_we_do_not_speak_a_hold_is_told_as_it_is_and_nothing_is_played() {
    let (a, b) = (
        |direction| with_codec("192.0.2.1", 4000, 111, "iLBC/8000", direction),
        |direction| with_codec("192.0.2.2", 5000, 111, "iLBC/8000", direction),
    );
    let mut script = connected_by(&a("sendrecv"), &b("sendrecv"));
    holds(&mut script, &a("inactive"), 1, &b("inactive"));
    assert_eq!(told(&script, B1), "a=inactive");
    assert!(heard(&mut script).is_empty());
}

#[test]
fn who_is_transferred_while_held_hears_music_then_ringing_then_the_target() {
    let mut script = connected();
    script
        .request(B1, 2, "INVITE", Some(&called("sendonly")))
        .response(A, 1, 200, Some(&caller("recvonly")))
        .commit()
        .acked(B1, None);
    assert_eq!(heard(&mut script), [MUSIC_TO_A]);
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    assert!(heard(&mut script).is_empty(), "the music goes on");
    script.provisional(C, 180, None).commit();
    assert_eq!(heard(&mut script), ["+A Ringback 0/Pcmu"]);
    script
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    assert_eq!(heard(&mut script), ["-A"]);
}

#[test]
fn who_comes_back_from_a_transfer_that_failed_while_held_hears_music_again() {
    let mut script = connected();
    script
        .request(B1, 2, "INVITE", Some(&called("sendonly")))
        .response(A, 1, 200, Some(&caller("recvonly")))
        .commit()
        .acked(B1, None)
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .provisional(C, 180, None)
        .commit()
        .skip();
    script.refused(C, 486).commit();
    assert_eq!(heard(&mut script), ["-A", MUSIC_TO_A]);
}

#[test]
fn who_transfers_while_it_is_held_is_played_nothing_any_more() {
    let mut script = connected();
    holds(&mut script, &caller("sendonly"), 1, &called("recvonly"));
    script.acked(A, None);
    assert_eq!(heard(&mut script), [MUSIC_TO_B]);
    script.refer(B1, 4, "<sip:2003@pbx.example>").commit();
    assert_eq!(heard(&mut script), ["-B"]);
}

#[test]
fn the_music_that_was_chosen_is_heard_until_it_is_gone() {
    let mut script = connected();
    let now = script.now;
    for change in [
        DirectoryChange::Sound(SoundId(3), clip("harp")),
        DirectoryChange::SoundChosen(SoundUse::Music, Some(SoundId(3))),
    ] {
        script.pbx.handle_directory(now, change);
    }
    holds(&mut script, &caller("sendonly"), 1, &called("recvonly"));
    let harp = heard(&mut script);
    assert!(harp[0].contains("name: \"harp\""), "{harp:?}");
    holds(&mut script, &caller("sendrecv"), 2, &called("sendrecv"));
    script
        .pbx
        .handle_directory(now, DirectoryChange::SoundRemoved(SoundId(3)));
    holds(&mut script, &caller("sendonly"), 3, &called("recvonly"));
    assert_eq!(heard(&mut script), ["-B", MUSIC_TO_B]);
}

#[test]
fn a_caller_of_a_queue_is_told_his_position_in_the_language_that_was_chosen() {
    let mut script = Script::with(|config| {
        config.relay = Some([192, 0, 2, 254].into());
        config.prompts = prompts();
    })
    .registered(&[1, 2]);
    let every = std::time::Duration::from_secs(30);
    let mut queue = super::queue::config();
    queue.announce = Some(every);
    queue.ring_time = 10 * every;
    queue.max_wait = None;
    queue.agents.truncate(1);
    script
        .pbx
        .handle_directory(script.now, DirectoryChange::Queue(queue));
    script.ports(4).skip();
    script.invite("4000", Some(&caller("sendrecv"))).commit();
    script.acked(A, None).skip();
    for language in [Language::En, Language::Es] {
        let change = DirectoryChange::Language(language);
        script.pbx.handle_directory(script.now, change);
        heard(&mut script);
        script.wait(every);
        let told = heard(&mut script).remove(0);
        // In this order, each word once.
        let mut rest = &*told;
        for word in ["you-are-number", "1", "in-the-queue"] {
            let name = format!("Clip {{ name: \"{}/{word}\"", language.name());
            let Some((_, after)) = rest.split_once(&name) else {
                panic!("{name} in {told}");
            };
            rest = after;
        }
        assert!(
            told.starts_with("+A Announcement") && rest.contains("Tune"),
            "{told}"
        );
    }
}

/// What is said in each language.
pub(super) fn prompts() -> BTreeMap<Language, Prompts> {
    let spoken = |language| (language, Prompts::spoken(language).unwrap());
    Language::ALL.map(spoken).into()
}

pub(super) fn clip(name: &str) -> std::sync::Arc<Clip> {
    let clip = Clip::new(name.to_owned(), vec![0; 160], vec![0; 320]);
    std::sync::Arc::new(clip.unwrap())
}

#[test]
fn a_caller_of_a_queue_is_welcomed_and_hears_the_music_of_that_queue_also_after_his_position() {
    let mut script = super::queue::script(|queue| {
        queue.announcement = Some(SoundId(1));
        queue.music = Some(SoundId(2));
        queue.announce = Some(std::time::Duration::from_secs(30));
        queue.ring_time = std::time::Duration::from_secs(50);
        queue.agents.truncate(1);
    });
    let now = script.now;
    for (id, name) in [(1, "welcome"), (2, "waltz")] {
        let change = DirectoryChange::Sound(SoundId(id), clip(name));
        script.pbx.handle_directory(now, change);
    }
    script.invite("4000", Some(&caller("sendrecv"))).commit();
    let told = heard(&mut script).remove(0);
    assert!(
        told.starts_with("+A Announcement(Phrase([Clip { name: \"welcome\"")
            && told.contains("waltz"),
        "{told}"
    );
    script.acked(A, None).skip();
    // He holds and resumes: the welcome is not told again.
    script
        .request(A, 2, "INVITE", Some(&caller("sendonly")))
        .acked(A, None);
    assert_eq!(heard(&mut script), ["-A"]);
    script
        .request(A, 4, "INVITE", Some(&caller("sendrecv")))
        .acked(A, None);
    let music = heard(&mut script).remove(0);
    assert!(
        music.starts_with("+A Music(Clip(Clip { name: \"waltz\""),
        "{music}"
    );
    script.wait(std::time::Duration::from_secs(31));
    let position = heard(&mut script).remove(0);
    assert!(
        position.starts_with("+A Position(1, Clip(Clip { name: \"waltz\""),
        "{position}"
    );
    script.answered(B1, Some(&called("sendrecv"))).commit();
    assert_eq!(heard(&mut script), ["-A"]);
    // The agent holds: what everybody hears who is held.
    script
        .request(B1, 6, "INVITE", Some(&called("inactive")))
        .response(A, 1, 200, Some(&caller("recvonly")))
        .commit();
    assert_eq!(answered(&script), "a=inactive");
    assert_eq!(heard(&mut script), [MUSIC_TO_A]);
}

#[test]
fn a_caller_of_a_queue_hears_us_in_the_codec_that_he_prefers_and_then_the_agent_in_another() {
    let mut script = super::queue::script(|_| {});
    let offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 96 9 0\r\na=rtpmap:96 opus/48000/2\r\na=sendrecv\r\n";
    script.invite("4000", Some(offer)).commit();
    let answer = script.said(A, None);
    assert!(
        answer.contains("RTP/AVP 9\r\na=rtpmap:9 G722/8000"),
        "{answer}"
    );
    assert_eq!(heard(&mut script), ["+A Music(Tune) 9/G722"]);
    let offered = script.said(B1, Some("INVITE"));
    assert!(
        offered.contains("RTP/AVP 96 9 0"),
        "all that he offered: {offered}"
    );
    // The agent speaks something else: the caller is told.
    script
        .acked(A, None)
        .answered(B1, Some(&called("sendrecv")))
        .commit();
    let told = script.said(A, Some("INVITE"));
    assert!(told.contains("RTP/AVP 0"), "{told}");
    assert_eq!(heard(&mut script), ["-A"]);
    script.response(A, 1, 200, Some(&caller("sendrecv")));
    // And from then on music comes in the new one.
    script
        .request(B1, 6, "INVITE", Some(&called("sendonly")))
        .response(A, 2, 200, Some(&caller("recvonly")))
        .commit();
    assert_eq!(heard(&mut script), [MUSIC_TO_A]);
}

/// What a caller of a queue is answered who offers these formats.
fn answered_in_queue(formats: &str) -> (String, Vec<String>) {
    let mut script = super::queue::script(|_| {});
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP {formats}\r\n\
         a=rtpmap:96 opus/48000/2\r\na=sendrecv\r\n"
    );
    script.invite("4000", Some(&offer)).commit();
    (script.said(A, None), heard(&mut script))
}

#[test]
fn who_speaks_opus_alone_hears_us_in_it_and_who_speaks_more_is_answered_in_what_an_agent_speaks_too()
 {
    let (answer, heard) = answered_in_queue("96");
    assert!(
        answer.contains("RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\na=sendrecv"),
        "{answer}"
    );
    assert_eq!(heard, ["+A Music(Tune) 96/Opus"]);
    for formats in ["96 0", "96 97 0", "0 96"] {
        let (answer, heard) = answered_in_queue(formats);
        assert!(answer.contains("RTP/AVP 0\r\n"), "{answer}");
        assert_eq!(heard, ["+A Music(Tune) 0/Pcmu"]);
    }
}
