//! A user dials `*97` and hears the messages that were left for him.

use std::time::Duration;

use offhook_tests::{
    Account, Baresip, BaresipSetup, Ear, Running, Sipp, Site, Sound, Transport, eventually,
    is_tone, share_of_word,
};
use serde_json::{Value, json};

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;

struct Office {
    site: Site,
    alice: Account,
    bob: Account,
    /// Bob's phone wants to know of messages.
    lamp: Running,
    message: Value,
}

async fn phone(site: &Site, account: &Account, sound: Sound) -> Baresip {
    let setup = BaresipSetup {
        sound,
        auto_answer: false,
        transport: Transport::Udp,
        jitter_buffer: true,
    };
    Baresip::start(account, site.offhook.sip(Transport::Udp), setup).await
}

impl Office {
    /// Alice has left a message of some seconds for Bob, who is told of it.
    async fn with_a_message() -> Self {
        let site = Site::start().await;
        let [alice, bob] = site.users(["2001", "2002"]).await;
        let path = format!("/users/{}", bob.user_id);
        let changed = site.rest.patch(&path, json!({"voicemail": true})).await;
        changed.expect(200);
        let lamp = Sipp::new("uac_subscribe", site.offhook.sip(Transport::Udp))
            .account(&bob)
            .value("to", &bob.username)
            .start();
        lamp.until_message(&["Voice-Message: 0/0 (0/0)"]).await;
        let mut alices = phone(&site, &alice, Sound::Tone(ALICE_PLAYS)).await;
        alices.dial("2002").await;
        alices.wait_for("CALL_ESTABLISHED").await;
        // Past the greeting; the tone takes half a second.
        alices.press("#").await;
        eventually(
            "six seconds of the call",
            Duration::from_secs(60),
            async || {
                let live = site.rest.get("/calls").await.expect(200);
                let up = live["data"][0]["duration"].as_u64();
                (up.unwrap_or_default() >= 6).then_some(())
            },
        )
        .await;
        alices.hang_up().await;
        alices.wait_for("CALL_CLOSED").await;
        lamp.until_message(&["Messages-Waiting: yes", "Voice-Message: 1/0 (0/0)"])
            .await;
        let listed = site.rest.get("/voicemessages").await.expect(200);
        let message = listed["data"][0].clone();
        Self {
            site,
            alice,
            bob,
            lamp,
            message,
        }
    }

    /// All that was told is of the call that left the message: hearing it is no call.
    async fn nothing_told(&self) {
        let roots = self.site.calls(1).await;
        assert_eq!(roots.len(), 1, "{roots:#?}");
        let cdrs = self.site.rest.get("/cdrs").await.expect(200);
        assert_eq!(cdrs["total"], 2, "{cdrs}");
    }
}

/// A user dials `*97` and waits until he is hung up on: what he heard.
async fn heard(site: &Site, user: &Account) -> Vec<f64> {
    let ear = Ear::open().await;
    site.caller("uac_left_waiting", user, "*97")
        .value("media", &format!("m=audio {} RTP/AVP 0", ear.port()))
        .value("reason", "Q.850;cause=16")
        .run()
        .await;
    ear.samples()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_of_a_message_hears_it_by_phone_and_deletes_it_by_a_key() {
    let office = Office::with_a_message().await;
    let mut bobs = phone(&office.site, &office.bob, Sound::Tone(BOB_PLAYS)).await;
    bobs.dial("*97").await;
    bobs.until_heard(&[ALICE_PLAYS], 2.0).await;
    bobs.press("3").await;
    bobs.wait_for("CALL_CLOSED").await;
    office
        .lamp
        .until_message(&["Messages-Waiting: no", "Voice-Message: 0/0 (0/0)"])
        .await;
    let listed = office.site.rest.get("/voicemessages").await.expect(200);
    assert_eq!(listed["total"], 0, "{listed}");
    let path = format!("/voicemessages/{}.wav", office.message["id"]);
    office.site.rest.get(&path).await.expect(404);
    office.nothing_told().await;
    office.lamp.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_was_heard_to_its_end_is_an_old_one_and_nobody_else_hears_it() {
    let office = Office::with_a_message().await;
    // Alice dials the same, and hears of her own messages.
    let hers = heard(&office.site, &office.alice).await;
    let said = share_of_word(&hers, "en-no-new");
    assert!(said > 0.85, "{said} of the words");
    assert!(
        !hers
            .chunks_exact(400)
            .any(|block| is_tone(block, ALICE_PLAYS))
    );
    // Bob's phone presses the key as tones.
    let mut bobs = phone(&office.site, &office.bob, Sound::Keys("#")).await;
    bobs.dial("*97").await;
    bobs.until_heard(&[ALICE_PLAYS], 2.0).await;
    office
        .lamp
        .until_message(&["Messages-Waiting: no", "Voice-Message: 0/1 (0/0)"])
        .await;
    bobs.wait_for("CALL_CLOSED").await;
    let path = format!("/voicemessages/{}", office.message["id"]);
    let message = office.site.rest.get(&path).await.expect(200)["data"].clone();
    assert_eq!(
        (&message["is_new"], &message["folder"]),
        (&json!(false), &json!("Old"))
    );
    // From beginning to end, in a phone that keeps each packet.
    let his = heard(&office.site, &office.bob).await;
    let blocks = his.chunks_exact(400);
    let tone = blocks.filter(|block| is_tone(block, ALICE_PLAYS)).count();
    assert!(tone > 60, "{tone} blocks of 50 ms");
    let said = share_of_word(&his, "en-end");
    assert!(said > 0.85, "{said} of the words");
    office.nothing_told().await;
    office.lamp.finish().await;
}
