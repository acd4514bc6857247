//! Voicemail: who may leave a message, what is told of it, and what becomes of the message.

mod message;
mod moved;

use std::sync::Arc;
use std::time::Duration;

use offhook_base::{Audio, CallId, Language, RecordingId, SoundId, SoundUse, UserId};
use offhook_media_core::{Clip, Cue, Digit, PressWay, RelayId, Side, SideQuality};
use offhook_sip_core::LegId;

use super::{A, B1, Script, sdp};
use crate::directory::{DirectoryChange, User};
use crate::phase::MediaNews;

/// The relay of every script.
const RELAY: RelayId = RelayId(1);

fn user(id: u32, dnd: bool, voicemail: Option<u64>) -> DirectoryChange {
    DirectoryChange::User(User {
        id: UserId(100_000 + id),
        ext: format!("200{id}"),
        name: format!("User 200{id}"),
        active: true,
        dnd,
        voicemail: voicemail.map(Duration::from_secs),
        record: crate::RecordMode::All,
    })
}

/// 2002 takes messages after 15 s, where media passes by us.
fn script(phones: &[u32]) -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(phones);
    script.ports(4);
    let change = user(2, false, Some(15));
    script.pbx.handle_directory(script.now, change);
    script.skip();
    script
}

fn offer() -> String {
    sdp("192.0.2.1", 4000, "sendrecv")
}

/// What comes from the media shell and from the recorder.
impl Script {
    fn pressed(&mut self, digit: char) -> &mut Self {
        self.media(MediaNews::Pressed {
            side: Side::A,
            digit: Digit::from_char(digit).expect("a key"),
            way: PressWay::Rfc4733,
        })
    }

    /// A sound of ours has ended.
    fn played(&mut self, cue: u32) -> &mut Self {
        let (side, cue) = (Side::A, Cue(cue));
        self.media(MediaNews::Played { side, cue })
    }

    fn silent(&mut self, side: Side) -> &mut Self {
        self.media(MediaNews::Silent(side))
    }

    fn media(&mut self, news: MediaNews) -> &mut Self {
        self.pbx.handle_media(self.now, RELAY, news);
        self.drain();
        self
    }

    /// What there is of the `nth` recording.
    fn recorded(&mut self, nth: usize, duration_ms: Option<u64>) -> &mut Self {
        let id: RecordingId = self.recordings[nth].id;
        let audio = duration_ms.map(|duration_ms| Audio {
            duration_ms,
            channels: 1,
            sample_rate: 8_000,
            size_wav: 44 + 16 * duration_ms,
            size_mp3: 4 * duration_ms,
            cut: false,
        });
        self.pbx.handle_recorded(self.now, id, audio);
        self.drain();
        self
    }

    /// The entries of messages that facts brought: call, seconds, whose.
    fn messages(&self) -> Vec<(u64, u64, Option<UserId>)> {
        let entries = self.recorded.iter().filter_map(|fact| {
            let entry = fact.recording.as_ref()?;
            assert_eq!(entry.call, fact.event.call);
            Some((entry.call.0, entry.audio.duration_ms / 1_000, entry.user))
        });
        entries.collect()
    }
}

/// 2001 calls 2002, whose phone does not answer, and hears the tone.
fn speaking() -> Script {
    let mut script = script(&[2]);
    script.invite("2002", Some(&offer())).commit();
    script.provisional(B1, 180, None).commit();
    script.wait(Duration::from_secs(15)).commit();
    script.refused(B1, 487);
    script.acked(A, None).played(2);
    script.skip();
    script
}

#[test]
fn how_well_a_message_was_heard_is_told_with_its_call_alone() {
    let heard = |packets| SideQuality {
        packets,
        mos_x100: 440,
        ..SideQuality::default()
    };
    let mut script = speaking();
    let silent = SideQuality::default();
    script.pbx.note_quality(RELAY, [heard(700), silent]);
    script.request(A, 8, "BYE", None);
    script.recorded(0, Some(14_000)).commit();
    script.pbx.note_quality(RELAY, [heard(740), silent]);
    script.drain();
    let packets = script.cdrs.iter().map(|cdr| {
        let quality = cdr.quality.as_ref();
        (&*cdr.context, quality.map(|heard| heard.src.packets))
    });
    let expected = [("LOCAL_USER", None), ("VM", Some(740))];
    assert_eq!(packets.collect::<Vec<_>>(), expected);
}

#[test]
fn nobody_answers_and_the_caller_leaves_a_message() {
    let mut script = script(&[2]);
    script.invite("2002", Some(&offer())).commit();
    script.provisional(B1, 180, None).commit().skip();
    script.wait(Duration::from_secs(14)).expect(&[]);
    script.wait(Duration::from_secs(1)).expect_sip(&[
        "B1 CANCEL given up",
        "* call.initial",
        "* call.missed No Answer",
        "* call.connected",
    ]);
    script.commit().expect_sip(&["-- commit", "A 200 +sdp"]);
    assert!(script.said(A, None).contains("m=audio 20006 RTP/AVP 0 101"));
    script.refused(B1, 487).expect(&[]);
    script.acked(A, None);
    let played = "media Play { relay: RelayId(1), side: A, sound: Beep(Cue(2)), format: Format { payload_type: 0, codec: Pcmu } }";
    script.expect(&[played]);
    script.wait(Duration::from_millis(500)).played(2);
    script.expect(&[
        "media StopPlay { relay: RelayId(1), side: A }",
        "recording 3 of 2 for 100002: 2001 > 2002",
        "media Record { relay: RelayId(1), recording: RecordingId(3), taped: Only(A) }",
    ]);
    script.wait(Duration::from_secs(20));
    script.request(A, 8, "BYE", None);
    script.expect(&["media StopRecord { relay: RelayId(1), recording: RecordingId(3) }"]);
    script.recorded(0, Some(20_000)).commit();
    script.expect(&[
        "* call.hangup Normal Clearing",
        "media Stop { relay: RelayId(1) }",
        "-- commit",
        "reply 8 200",
    ]);
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial 2001>2002",
            "2 1 call.ringing 2001>2002",
            "3 2 call.initial VM 2001>2002",
            "4 1 call.missed 2001>2002 No Answer",
            "5 2 call.connected VM 2001>2002",
            "6 2 call.hangup VM 2001>2002 Normal Clearing final",
        ]
    );
    assert_eq!(script.messages(), [(2, 20, Some(UserId(100_002)))]);
    let [missed, left] = script.cdrs.as_slice() else {
        panic!("two calls")
    };
    assert_eq!(
        (
            missed.live_id,
            missed.root_live_id,
            left.live_id,
            left.root_live_id
        ),
        (CallId(1), CallId(1), CallId(2), CallId(1))
    );
    assert_eq!(left.parent_live_id, Some(CallId(1)));
    assert_eq!(
        (&*left.context, left.user_id, left.billsec, &*left.src.codec),
        ("VM", Some(UserId(100_002)), 20, "PCMU")
    );
    assert_eq!(missed.disposition, offhook_base::Disposition::NoAnswer);
    assert_eq!(left.disposition, offhook_base::Disposition::Connected);
    assert_eq!(left.terminated_by, offhook_base::TerminatedBy::Caller);
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_greeting_is_played_before_the_tone_and_hash_skips_it() {
    let clip = Clip::new("greeting".to_owned(), vec![0; 8_000], vec![0; 16_000]);
    let clip = Arc::new(clip.expect("a clip"));
    let greeted = || {
        let mut script = script(&[]);
        for change in [
            DirectoryChange::Sound(SoundId(1), Arc::clone(&clip)),
            DirectoryChange::SoundChosen(SoundUse::Greeting, Some(SoundId(1))),
        ] {
            script.pbx.handle_directory(script.now, change);
        }
        script.invite("2002", Some(&offer())).commit();
        script.skip().acked(A, None);
        let lines = std::mem::take(&mut script.lines);
        assert!(lines.concat().contains("Once"), "{lines:?}");
        // The end of another sound is none of it.
        script.played(2).expect(&[]);
        script
    };
    let steps: [fn(&mut Script); 3] = [
        |script| {
            script.played(1);
        },
        |script| {
            script.pressed('#');
        },
        |script| {
            script.wait(Duration::from_secs(60));
        },
    ];
    for step in steps {
        let mut script = greeted();
        step(&mut script);
        let lines = std::mem::take(&mut script.lines);
        assert!(lines.concat().contains("Beep(Cue(2))"), "{lines:?}");
        script.played(2);
        assert_eq!(script.recordings.len(), 1);
    }
    // An end of the tone that is not told of is not waited for.
    let mut script = greeted();
    script.played(1).wait(Duration::from_secs(2));
    assert_eq!(script.recordings.len(), 1);
}

#[test]
fn without_a_greeting_of_the_site_a_prompt_in_its_language_is_played() {
    for language in Language::ALL {
        let mut script = Script::with(|config| {
            config.relay = Some([192, 0, 2, 254].into());
            config.prompts = super::music::prompts();
        });
        script.ports(4);
        for change in [
            user(2, false, Some(15)),
            DirectoryChange::Language(language),
        ] {
            script.pbx.handle_directory(script.now, change);
        }
        script.invite("2002", Some(&offer())).commit();
        script.skip().acked(A, None);
        let lines = std::mem::take(&mut script.lines).concat();
        let name = format!(
            "Once(Phrase([Clip {{ name: \"{}/greeting\"",
            language.name()
        );
        assert!(lines.contains(&name), "{lines}");
        script.played(1);
        assert!(script.lines.concat().contains("Beep(Cue(2))"));
    }
}

#[test]
fn who_is_busy_declines_is_not_there_or_must_not_be_disturbed_gets_a_message_too() {
    let take = |script: &mut Script, missed: &str| {
        script.commit();
        let told = script.told();
        let told: Vec<_> = told.iter().map(String::as_str).collect();
        let missed = format!("3 1 call.missed 2001>2002 {missed}");
        assert_eq!(
            told,
            [
                "1 1 call.initial 2001>2002",
                "2 2 call.initial VM 2001>2002",
                &*missed,
                "4 2 call.connected VM 2001>2002",
            ]
        );
        assert!(script.lines().contains(&"A 200 +sdp".to_owned()));
    };
    for (status, missed) in [(486, "User Busy"), (603, "Call Rejected")] {
        let mut script = script(&[2]);
        script.invite("2002", Some(&offer())).commit();
        script.refused(B1, status);
        take(&mut script, missed);
    }
    let mut unregistered = script(&[]);
    unregistered.invite("2002", Some(&offer()));
    take(&mut unregistered, "Subscriber Absent");
    let mut undisturbed = script(&[2]);
    undisturbed
        .pbx
        .handle_directory(undisturbed.now, user(2, true, Some(15)));
    undisturbed.invite("2002", Some(&offer()));
    take(&mut undisturbed, "User Busy");
}

#[test]
fn a_call_that_we_cannot_be_heard_in_is_missed_as_ever() {
    let missed = |mut script: Script, offer: Option<&str>| {
        script.invite("2002", offer).commit();
        script.skip();
        script.wait(Duration::from_secs(29)).expect(&[]);
        script.wait(Duration::from_secs(1)).commit();
        script.expect_sip(&[
            "B1 CANCEL given up",
            "* call.missed No Answer",
            "-- commit",
            "A 480",
        ]);
        assert_eq!(script.last("final"), "true");
    };
    // relay = "never"
    let mut direct = Script::new().registered(&[2]);
    direct
        .pbx
        .handle_directory(direct.now, user(2, false, Some(15)));
    missed(direct, Some(&offer()));
    // A codec that we do not speak, and an offer that comes too late.
    let strange = offer().replace("RTP/AVP 0 101", "RTP/AVP 96 101\r\na=rtpmap:96 iLBC/8000");
    missed(script(&[2]), Some(&strange));
    missed(script(&[2]), None);
}

#[test]
fn nobody_leaves_himself_a_message_and_a_user_without_voicemail_takes_none() {
    let mut own = script(&[2, 3]);
    let request = super::message(
        "INVITE sip:2002@pbx.example SIP/2.0",
        "1 INVITE",
        &[],
        Some(&offer()),
    );
    own.event(offhook_sip_core::Event::Invite {
        leg: A,
        from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(2)),
        peer: super::peer(2),
        request,
    });
    own.commit().refused(B1, 486).commit();
    assert_eq!(own.last("event_name"), "call.missed");
    assert_eq!(own.last("final"), "true");

    let mut off = script(&[2]);
    off.invite("2002", Some(&offer())).commit();
    // Switched off while it rings.
    off.pbx.handle_directory(off.now, user(2, false, None));
    off.wait(Duration::from_secs(15)).commit();
    assert_eq!(off.last("event_name"), "call.missed");
    assert_eq!(off.last("final"), "true");
}

#[test]
fn members_of_a_group_and_agents_of_a_queue_have_no_voicemail_there() {
    let mut script = script(&[2]);
    let group = crate::RingGroup {
        id: offhook_base::RingGroupId(7),
        name: "Sales".into(),
        number: "3000".into(),
        strategy: crate::GroupStrategy::All,
        ring_time: Duration::from_secs(30),
        users: vec![UserId(100_002)],
    };
    let change = DirectoryChange::RingGroup(group);
    script.pbx.handle_directory(script.now, change);
    script.invite("3000", Some(&offer())).commit();
    script.wait(Duration::from_secs(30)).commit();
    assert!(script.told().iter().all(|line| !line.contains("VM")));
    assert_eq!(script.last("info"), "no_answer");
}

#[test]
fn whom_a_message_is_left_for_is_not_busy_with_it() {
    let mut script = speaking();
    let queue = crate::QueueConfig {
        id: offhook_base::QueueId(5),
        name: "Support".into(),
        number: "4000".into(),
        strategy: crate::QueueStrategy::All,
        ring_time: Duration::from_secs(15),
        max_wait: None,
        max_length: None,
        wrap_up: Duration::ZERO,
        announce: None,
        music: None,
        announcement: None,
        skip_busy: true,
        agents: vec![(UserId(100_002), true), (UserId(100_001), true)],
    };
    let id = queue.id;
    let change = DirectoryChange::Queue(queue);
    script.pbx.handle_directory(script.now, change);
    script.skip();
    script.api(4, crate::ApiCommand::QueueLive { queue: id });
    let live = script.lines.concat();
    assert!(live.contains("(UserId(100002), Free)"), "{live}");
}

#[test]
fn rfc3261_13_2_1_the_codec_of_early_media_stays_that_of_the_answer() {
    let mut script = script(&[2]);
    let both = offer().replace("RTP/AVP 0 101", "RTP/AVP 0 8 101");
    let early = sdp("192.0.2.2", 5000, "sendrecv").replace("RTP/AVP 0", "RTP/AVP 8");
    script.invite("2002", Some(&both)).commit();
    script.provisional(B1, 183, Some(&early)).commit();
    assert!(script.said(A, None).contains("RTP/AVP 8"));
    script.wait(Duration::from_secs(15)).commit();
    let answer = script.said(A, None);
    assert!(answer.contains("m=audio 20006 RTP/AVP 8 101"), "{answer}");
}

#[test]
fn rfc3261_13_2_1_opus_of_early_media_stays_though_we_would_prefer_another() {
    const OPUS: &str = "\r\na=rtpmap:96 opus/48000/2";
    let answered = |early: Option<&str>| {
        let mut script = script(&[2]);
        let both = offer().replace("RTP/AVP 0 101", &format!("RTP/AVP 96 0 101{OPUS}"));
        script.invite("2002", Some(&both)).commit();
        if let Some(formats) = early {
            let early = sdp("192.0.2.2", 5000, "sendrecv").replace("RTP/AVP 0", formats);
            script.provisional(B1, 183, Some(&early)).commit();
        }
        script.wait(Duration::from_secs(15)).commit();
        let answer = script.said(A, None);
        let media = answer.lines().find(|line| line.starts_with("m="));
        media.expect("audio").to_owned()
    };
    let opus = format!("RTP/AVP 96{OPUS}");
    assert_eq!(answered(Some(&opus)), "m=audio 20006 RTP/AVP 96 101");
    assert_eq!(answered(Some("RTP/AVP 0")), "m=audio 20006 RTP/AVP 0 101");
    assert_eq!(answered(None), "m=audio 20006 RTP/AVP 0 101");
}

#[test]
fn a_phone_that_answers_after_it_was_given_up_is_let_go() {
    let mut script = script(&[2]);
    script.invite("2002", Some(&offer())).commit();
    script.wait(Duration::from_secs(15)).commit().skip();
    script
        .answered(B1, Some(&offer()))
        .expect(&["B1 ACK", "B1 BYE"]);
    script.acked(A, None).played(2);
    assert_eq!(script.recordings.len(), 1);
}

#[test]
fn an_answer_that_the_disk_does_not_take_becomes_503() {
    let mut script = script(&[2]);
    script.invite("2002", Some(&offer())).commit();
    script.provisional(B1, 180, None).commit();
    script.wait(Duration::from_secs(15)).skip();
    script.wait(Duration::from_secs(8));
    script.expect_sip(&["* call.hangup Normal Temporary Failure", "A 503"]);
    script.commit().expect(&["-- commit"]);
}
