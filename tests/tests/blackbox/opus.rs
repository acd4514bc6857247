//! Phones that speak nothing but Opus, by libopus: they hear us, are heard, and are recorded.

use std::time::Duration;

use offhook_tests::{Account, Baresip, BaresipSetup, Site, Sound, Transport, Wav, tone_file};
use serde_json::json;

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;
/// Amplitude of what a phone plays.
const PLAYED: f64 = 8_000.0;
/// Amplitude of the tone to speak after: -10 dBm0.
const BEEP: f64 = 7_218.0;
/// Seconds of a tone after which nobody doubts that it is heard.
const LONG_ENOUGH: f64 = 3.0;
/// Decibels that a tone may be off.
const TOLERANCE: f64 = 2.0;

async fn phone(site: &Site, account: &Account, hertz: f64, auto_answer: bool) -> Baresip {
    let setup = BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer,
        transport: Transport::Udp,
        jitter_buffer: true,
    };
    let server = site.offhook.sip(Transport::Udp);
    Baresip::start_speaking(account, server, setup, "opus/48000/2").await
}

/// How far a channel is from what a phone plays, of which it has so many seconds.
fn level(wav: &Wav, channel: usize, seconds: f64) -> f64 {
    let share = seconds / wav.duration();
    20.0 * (wav.level(channel) / (PLAYED / 2.0_f64.sqrt())).log10() - 10.0 * share.log10()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_opus_is_kept_at_16_khz() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let user = format!("/users/{}", bob.user_id);
    let taken = json!({"voicemail": true});
    site.rest.patch(&user, taken).await.expect(200);
    let mut alices = phone(&site, &alice, ALICE_PLAYS, false).await;
    alices.dial("2002").await;
    site.event("call.connected", 0).await;
    // The tone to speak after is of 1 kHz.
    alices.until_heard(&[1_000.0], 0.3).await;
    let beep = alices.heard_level(1_000.0, BEEP);
    assert!(beep.abs() < TOLERANCE, "the tone is {beep} dB off");
    tokio::time::sleep(Duration::from_secs(4)).await;
    alices.press("#").await;
    alices.wait_for("CALL_CLOSED").await;

    site.calls(1).await;
    let listed = site.rest.get("/voicemessages").await.expect(200);
    assert_eq!(listed["total"], 1, "{listed}");
    let path = format!("/voicemessages/{}.wav", listed["data"][0]["id"]);
    let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
    assert_eq!((wav.rate, wav.channels.len()), (16_000, 1));
    let heard = wav.seconds_of_tone(0, ALICE_PLAYS);
    assert!(heard >= LONG_ENOUGH, "{heard} s of {} s", wav.duration());
    let off = level(&wav, 0, heard);
    assert!(off.abs() < TOLERANCE, "{off} dB off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_a_queue_hears_its_sounds_in_opus_and_then_an_agent() {
    let site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let queue = site.queue("4000", &[&bob], json!({})).await;
    let put = async |name: &str, hertz, seconds| {
        let query = format!("/sounds?name={name}");
        let sound = tone_file(hertz, seconds);
        let made = site.rest.post_wav(&query, sound).await;
        made.expect(201)["data"]["id"].clone()
    };
    let (welcome, music) = (put("welcome", 700.0, 2).await, put("music", 500.0, 2).await);
    let chosen = json!({"announcement": welcome, "music": music});
    let path = format!("/queues/{queue}");
    site.rest.patch(&path, chosen).await.expect(200);
    let mut alices = phone(&site, &alice, ALICE_PLAYS, false).await;
    alices.dial("4000").await;
    alices.until_heard(&[500.0], 2.0).await;
    let told = alices.heard_tones(&[700.0]);
    assert!((1.6..2.1).contains(&told), "told for {told} s");
    for hertz in [700.0, 500.0] {
        let off = alices.heard_level(hertz, 4_000.0);
        assert!(off.abs() < TOLERANCE, "{hertz} Hz is {off} dB off");
    }
    let bobs = phone(&site, &bob, BOB_PLAYS, true).await;
    alices.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
    bobs.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    let off = alices.heard_level(BOB_PLAYS, PLAYED);
    assert!(off.abs() < TOLERANCE, "what is relayed is {off} dB off");
    let live = site.rest.get("/calls").await.expect(200);
    for codec in ["src_codec", "dst_codec"] {
        assert_eq!(live["data"][1][codec], "opus", "{live}");
    }
    alices.hang_up().await;
    bobs.wait_for("CALL_CLOSED").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_opus_is_recorded_at_16_khz_with_the_caller_left_and_the_called_right() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let user = format!("/users/{}", bob.user_id);
    let recorded = json!({"record": "in"});
    site.rest.patch(&user, recorded).await.expect(200);
    site.webhook("sounds", &["monitor.audio_ready"]).await;
    let bobs = phone(&site, &bob, BOB_PLAYS, true).await;
    let mut alices = phone(&site, &alice, ALICE_PLAYS, false).await;
    alices.dial("2002").await;
    alices.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
    bobs.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    alices.hang_up().await;
    bobs.wait_for("CALL_CLOSED").await;
    let ready = site.event("monitor.audio_ready", 0).await;
    let path = format!("/monitors/{}.wav", ready["monitor_id"]);
    let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
    assert_eq!((wav.rate, wav.channels.len()), (16_000, 2));
    for (channel, own, others) in [(0, ALICE_PLAYS, BOB_PLAYS), (1, BOB_PLAYS, ALICE_PLAYS)] {
        let heard = wav.seconds_of_tone(channel, own);
        assert!(heard >= LONG_ENOUGH, "{own} Hz for {heard} s");
        let strange = wav.seconds_of_tone(channel, others);
        assert!(strange < 0.1, "{others} Hz in channel {channel}");
        let off = level(&wav, channel, heard);
        assert!(off.abs() < TOLERANCE, "{own} Hz is {off} dB off");
    }
}
