//! A user hears his messages by phone.

use std::sync::Arc;
use std::time::Duration;

use offhook_base::{CallId, RecordingId};
use offhook_media_core::{Clip, Cue, Digit, PressWay, RelayId, Side};
use offhook_sip_core::LegId;

use super::music::prompts;
use super::{A, Script, sdp};
use crate::phase::MediaNews;
use crate::{MailboxList, MailboxNews};

/// 2001 at the phone, and the store; seconds of each message are its number.
struct Mailbox {
    script: Script,
    /// The sound that plays.
    cue: u32,
}

const OFFER: fn() -> String = || sdp("192.0.2.1", 4000, "sendrecv");

impl Mailbox {
    fn dialled(offer: &str) -> Self {
        let mut script = Script::with(|config| {
            config.relay = Some([192, 0, 2, 254].into());
            config.prompts = prompts();
        });
        script.ports(4).skip();
        script.invite("*97", Some(offer));
        Self { script, cue: 0 }
    }

    /// It was answered; these messages are there.
    fn open(new: &[u64], old: &[u64]) -> Self {
        let mut mailbox = Self::dialled(&OFFER());
        assert_eq!(mailbox.heard(), ["ask List"]);
        mailbox.list(new, old);
        mailbox.script.acked(A, None);
        mailbox
    }

    fn list(&mut self, new: &[u64], old: &[u64]) -> &mut Self {
        let ids = |ids: &[u64]| ids.iter().copied().map(RecordingId).collect();
        let list = MailboxList {
            new: ids(new),
            old: ids(old),
        };
        self.news(MailboxNews::Listed(Some(list)))
    }

    fn news(&mut self, news: MailboxNews) -> &mut Self {
        let now = self.script.now;
        self.script.pbx.handle_mailbox(now, CallId(1), news);
        self.script.drain();
        self
    }

    fn loaded(&mut self, id: u64) -> &mut Self {
        let seconds = usize::try_from(id).unwrap();
        let clip = Clip::new(
            format!("message {id}"),
            vec![0; 8_000 * seconds],
            vec![0; 16_000 * seconds],
        );
        let clip = Some(Arc::new(clip.unwrap()));
        self.news(MailboxNews::Loaded(RecordingId(id), clip))
    }

    fn deleted(&mut self, id: u64, gone: bool) -> &mut Self {
        self.news(MailboxNews::Deleted(RecordingId(id), gone))
    }

    fn media(&mut self, news: MediaNews) -> &mut Self {
        let now = self.script.now;
        self.script.pbx.handle_media(now, RelayId(1), news);
        self.script.drain();
        self
    }

    /// What plays has ended.
    fn played(&mut self) -> &mut Self {
        let (side, cue) = (Side::A, Cue(self.cue));
        self.media(MediaNews::Played { side, cue })
    }

    fn press(&mut self, key: char) -> &mut Self {
        // Keys of one press are told apart by their time.
        self.script.wait(Duration::from_millis(300));
        self.pressed(key, PressWay::Rfc4733)
    }

    fn pressed(&mut self, key: char, way: PressWay) -> &mut Self {
        let digit = Digit::from_char(key).unwrap();
        let side = Side::A;
        self.media(MediaNews::Pressed { side, digit, way })
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        self.script.wait(Duration::from_millis(ms));
        self
    }

    /// What was said and played since the last look, and what was asked and sent.
    fn heard(&mut self) -> Vec<String> {
        let mut heard = Vec::new();
        for line in std::mem::take(&mut self.script.lines) {
            let Some(sound) = line.strip_prefix("media Play ") else {
                if !line.starts_with("media") {
                    heard.push(line);
                }
                continue;
            };
            let names = sound.split("name: \"").skip(1);
            let names: Vec<_> = names.filter_map(|name| name.split('"').next()).collect();
            let cue = sound
                .split("Cue(")
                .nth(1)
                .and_then(|cue| cue.split(')').next());
            self.cue = cue.unwrap().parse().unwrap();
            heard.push(names.join(" ").replace("en/", ""));
        }
        heard
    }

    #[track_caller]
    fn expect(&mut self, lines: &[&str]) -> &mut Self {
        assert_eq!(self.heard(), lines);
        self
    }
}

fn ask(what: &str, id: u64) -> String {
    format!("ask {what}(RecordingId({id}))")
}

const BYE: &str = "A BYE";

#[test]
fn new_messages_are_counted_and_heard_the_oldest_first_and_then_we_hang_up() {
    let mut mailbox = Mailbox::open(&[3, 5], &[1]);
    mailbox.expect(&["A 200 +sdp", &ask("Load", 3), "you-have 2 new keys"]);
    mailbox.loaded(3).expect(&[]).played();
    mailbox.expect(&["message 3"]).wait(2_900).expect(&[]);
    mailbox.played().expect(&[&ask("Heard", 3)]);
    mailbox.wait(2_900).expect(&[]).wait(100);
    mailbox.expect(&[&ask("Load", 5), "next"]).loaded(5);
    mailbox.played().expect(&["message 5"]);
    mailbox.played().expect(&[&ask("Heard", 5)]).wait(3_000);
    mailbox
        .expect(&["end"])
        .played()
        .wait(400)
        .expect(&[])
        .wait(100)
        .expect(&[BYE]);
    // Nobody called anybody.
    assert!(mailbox.script.recorded.is_empty());
    assert_eq!(mailbox.script.pbx.conversations.len(), 0);
}

#[test]
fn without_new_messages_those_are_heard_that_were_heard_before_and_nothing_is_marked() {
    let mut mailbox = Mailbox::open(&[], &[4]);
    mailbox.expect(&[
        "A 200 +sdp",
        &ask("Load", 4),
        "you-have no-new you-have one-old keys",
    ]);
    mailbox.loaded(4).played().expect(&["message 4"]);
    mailbox.played().wait(3_000).expect(&["end"]);
    let mut mailbox = Mailbox::open(&[], &[]);
    mailbox.expect(&["A 200 +sdp", "you-have no-new"]);
    mailbox.press('1').press('*').expect(&[]);
    mailbox.played().wait(500).expect(&[BYE]);
}

#[test]
fn keys_skip_words_and_lead_to_the_next_message_to_the_one_before_and_to_the_same_one_again() {
    let mut mailbox = Mailbox::open(&[3, 5], &[]);
    mailbox.loaded(3).heard();
    // 3 deletes what is heard, not what is announced.
    mailbox.press('3').press('0').expect(&[]);
    mailbox.press('#').expect(&["message 3"]);
    mailbox.press('1').expect(&["message 3"]);
    mailbox.press('*').expect(&[&ask("Heard", 3), "message 3"]);
    mailbox.press('2').expect(&[&ask("Load", 5), "next"]);
    mailbox.loaded(5).press('2').expect(&["message 5"]);
    mailbox
        .press('*')
        .expect(&[&ask("Heard", 5), &ask("Load", 3), ""]);
    // Its sound is waited for in silence; keys wait, too.
    mailbox
        .press('2')
        .expect(&[])
        .loaded(3)
        .expect(&["message 3"]);
    // Each was marked already.
    mailbox.press('#').expect(&[&ask("Load", 5), "next"]);
    mailbox.loaded(5).press('#').expect(&["message 5"]);
    mailbox.press('#').expect(&["end"]);
    mailbox.press('*').expect(&[&ask("Load", 5), ""]);
    mailbox.loaded(5).expect(&["message 5"]);
}

#[test]
fn a_message_is_deleted_while_it_is_heard_and_in_the_moment_after_it() {
    let mut mailbox = Mailbox::open(&[3, 5, 7], &[]);
    mailbox.loaded(3).press('1').heard();
    mailbox.press('3').expect(&[&ask("Delete", 3), ""]);
    // The answer to another question is none to this one.
    mailbox.deleted(5, true).expect(&[]).press('3').expect(&[]);
    mailbox.deleted(3, true);
    mailbox.expect(&[&ask("Load", 5), "deleted next"]).loaded(5);
    mailbox.played().expect(&["message 5"]);
    mailbox.played().expect(&[&ask("Heard", 5)]);
    mailbox.press('7').expect(&[&ask("Delete", 5), ""]);
    mailbox.deleted(5, true).loaded(7);
    mailbox.expect(&[&ask("Load", 7), "deleted next"]);
    mailbox.played().expect(&["message 7"]);
    // Back to nothing: those before it are gone.
    mailbox.press('*').expect(&[&ask("Heard", 7), "message 7"]);
    mailbox.press('3').deleted(7, true);
    mailbox.expect(&[&ask("Delete", 7), "", "deleted end"]);
    mailbox
        .press('*')
        .expect(&[])
        .played()
        .wait(500)
        .expect(&[BYE]);
}

#[test]
fn what_cannot_be_deleted_stays_and_is_passed_over() {
    let mut mailbox = Mailbox::open(&[3, 5], &[]);
    mailbox.loaded(3).press('1').press('3').heard();
    mailbox.deleted(3, false);
    mailbox.expect(&[&ask("Load", 5), "next"]).loaded(5);
    mailbox.press('*').expect(&[&ask("Load", 3), ""]);
    mailbox.loaded(3).expect(&["message 3"]);
    // Nor when the store says nothing at all.
    mailbox.press('3').heard();
    mailbox.wait(10_000).expect(&[&ask("Load", 5), "next"]);
}

#[test]
fn a_message_that_is_hung_up_on_stays_new() {
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.loaded(3).played().heard();
    mailbox.script.request(A, 9, "BYE", None);
    mailbox.expect(&["reply 9 200"]);
    assert_eq!(mailbox.script.pbx.conversations.len(), 0);
    mailbox.loaded(3).deleted(3, true).expect(&[]);
}

#[test]
fn a_message_without_sound_is_told_of_and_passed_over() {
    let mut mailbox = Mailbox::open(&[3, 5, 7], &[]);
    mailbox.heard();
    let missing = |id| MailboxNews::Loaded(RecordingId(id), None);
    mailbox.news(missing(3)).expect(&[]).played();
    mailbox.expect(&[&ask("Load", 5), "unavailable next"]);
    mailbox.played().expect(&[""]).news(missing(5));
    mailbox.expect(&[&ask("Load", 7), "unavailable next"]);
    mailbox.played().expect(&[""]).wait(10_000);
    mailbox.expect(&["unavailable end"]);
    // What comes too late, or for another message, changes nothing.
    mailbox
        .loaded(7)
        .expect(&[])
        .played()
        .wait(500)
        .expect(&[BYE]);
}

#[test]
fn what_sounds_like_a_key_deletes_nothing_where_keys_come_as_packets() {
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.loaded(3).press('1').heard();
    mailbox.pressed('3', PressWay::InBand).expect(&[]);
    mailbox.pressed('7', PressWay::InBand).expect(&[]);
    mailbox.press('3').expect(&[&ask("Delete", 3), ""]);
}

#[test]
fn one_press_in_three_ways_is_one_key() {
    let mut mailbox = Mailbox::open(&[3, 5, 7], &[]);
    mailbox.loaded(3).press('#').heard();
    mailbox
        .press('2')
        .expect(&[&ask("Heard", 3), &ask("Load", 5), "next"]);
    mailbox.loaded(5).pressed('2', PressWay::InBand).expect(&[]);
    let info = ("application/dtmf-relay", "Signal=2\r\nDuration=160\r\n");
    mailbox.script.info(A, 8, info);
    mailbox.expect(&["reply 8 200"]);
    // And by INFO alone.
    mailbox.wait(2_500).script.info(A, 9, info);
    mailbox.expect(&["message 5", "reply 9 200"]);
    mailbox
        .wait(2_500)
        .script
        .info(A, 10, ("application/dtmf-relay", "Signal=x"));
    mailbox.expect(&["reply 10 400"]);
    // And by tones alone.
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.loaded(3).heard();
    mailbox
        .pressed('#', PressWay::InBand)
        .expect(&["message 3"]);
}

#[test]
fn an_end_that_is_not_told_and_a_phone_that_vanished_are_not_waited_for() {
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.loaded(3).heard();
    mailbox.wait(8_000).expect(&["message 3"]);
    // The end of another sound is none of it.
    let (side, cue) = (Side::A, Cue(1));
    mailbox.media(MediaNews::Played { side, cue }).expect(&[]);
    mailbox.wait(2_500).expect(&[&ask("Heard", 3)]);
    mailbox.wait(3_000).expect(&["end"]);
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.heard();
    assert_eq!(mailbox.script.watched, [Some(Duration::from_secs(60))]);
    mailbox.media(MediaNews::Silent(Side::A)).expect(&[BYE]);
    // Whoever hears one message over and over is let go after an hour.
    let mut mailbox = Mailbox::open(&[3], &[]);
    mailbox.loaded(3).heard();
    for _ in 0..3_600 {
        mailbox.wait(700).press('1');
    }
    assert_eq!(mailbox.heard().last().map(String::as_str), Some(BYE));
}

#[test]
fn a_mailbox_that_cannot_be_opened_is_refused() {
    let refused = |step: fn(&mut Mailbox), line: &str| {
        let mut mailbox = Mailbox::dialled(&OFFER());
        mailbox.heard();
        step(&mut mailbox);
        mailbox.expect(&[line]);
        assert_eq!(mailbox.script.pbx.conversations.len(), 0);
    };
    refused(
        |it| {
            it.news(MailboxNews::Listed(None));
        },
        "A 503",
    );
    refused(
        |it| {
            it.wait(2_000);
        },
        "A 503",
    );
    refused(
        |it| {
            it.script.pbx.shut_down(it.script.now);
            it.script.drain();
        },
        "A 503",
    );
    refused(
        |it| {
            let reason = None;
            it.script
                .event(offhook_sip_core::Event::Cancelled { leg: A, reason });
        },
        "A 487",
    );
    // A codec that we do not speak.
    let opus = OFFER().replace("RTP/AVP 0", "RTP/AVP 96");
    Mailbox::dialled(&opus).expect(&["A 488"]);
    // Where media does not pass by us.
    let mut script = Script::new();
    script.invite("*97", Some(&OFFER()));
    script.expect_sip(&["A 488"]);
}

#[test]
fn only_so_many_are_open_at_a_time() {
    let mut script = Script::with(|config| config.relay = Some([192, 0, 2, 254].into()));
    script.ports(200).skip();
    let dial = |script: &mut Script, leg: u64| {
        let request = super::message(
            "INVITE sip:*97@pbx.example SIP/2.0",
            "1 INVITE",
            &[],
            Some(&OFFER()),
        );
        script.event(offhook_sip_core::Event::Invite {
            leg: LegId(leg * 2),
            from: offhook_sip_core::Origin::Phone(offhook_base::PhoneId(1)),
            peer: super::peer(1),
            request,
        });
        script.lines()
    };
    for leg in 0..32 {
        assert_eq!(dial(&mut script, leg), ["ask List"]);
    }
    assert_eq!(dial(&mut script, 32), ["A64 503"]);
}
