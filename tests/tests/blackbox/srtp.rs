//! SRTP with keys in SDP (RFC 4568, RFC 8643) with baresip, whose SRTP is libsrtp's: each phone is secure by itself, whoever
//! it talks to.

use offhook_tests::{
    Account, Authority, Baresip, BaresipSetup, Call, Encryption, Site, Sound, Transport, Wav,
};
use serde_json::json;

use crate::{ANSWERED, assert_flow};

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;
const CAROL_PLAYS: f64 = 1_600.0;

/// Seconds of a tone after which nobody doubts that it is heard.
const LONG_ENOUGH: f64 = 3.0;

/// How a phone speaks SIP, and how it wants its media.
#[derive(Clone, Copy)]
struct Way(Transport, Encryption);

const PLAIN: Way = Way(Transport::Udp, Encryption::None);
const SECURE: Way = Way(Transport::Udp, Encryption::Required);
const MAY_BE_SECURE: Way = Way(Transport::Udp, Encryption::Offered);
const SECURE_BY_TLS: Way = Way(Transport::Tls, Encryption::Required);
const MAY_BE_SECURE_BY_TLS: Way = Way(Transport::Tls, Encryption::Offered);
const PLAIN_BY_TLS: Way = Way(Transport::Tls, Encryption::None);

async fn site() -> Site {
    Site::start_over_tls("always", &Authority::new().sign()).await
}

async fn phone(
    site: &Site,
    account: &Account,
    Way(transport, encryption): Way,
    sound: Sound,
    auto_answer: bool,
) -> Baresip {
    let setup = BaresipSetup {
        sound,
        auto_answer,
        transport,
        jitter_buffer: true,
    };
    let server = site.offhook.sip(transport);
    Baresip::start_secure(account, server, setup, encryption).await
}

/// Two phones in a call that Alice began.
struct Talk {
    site: Site,
    alice: Account,
    bob: Account,
    alices: Baresip,
    bobs: Baresip,
}

impl Talk {
    async fn start(alices: Way, bobs: Way) -> Self {
        let site = site().await;
        let [alice, bob] = site.users(["2001", "2002"]).await;
        let record = json!({"record": "in"});
        let path = format!("/users/{}", bob.user_id);
        site.rest.patch(&path, record).await.expect(200);
        site.webhook("sounds", &["monitor.audio_ready"]).await;
        let bobs = phone(&site, &bob, bobs, Sound::Tone(BOB_PLAYS), true).await;
        let mut alices = phone(&site, &alice, alices, Sound::Tone(ALICE_PLAYS), false).await;
        alices.dial("2002").await;
        alices.wait_for("CALL_ESTABLISHED").await;
        Self {
            site,
            alice,
            bob,
            alices,
            bobs,
        }
    }

    async fn hear_each_other(&self) {
        self.alices.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
        self.bobs.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
        for (phone, own) in [(&self.alices, ALICE_PLAYS), (&self.bobs, BOB_PLAYS)] {
            let own = phone.heard_tones(&[own]);
            assert!(own < 0.2, "nobody hears its own tone: {own} s");
        }
    }

    async fn hang_up(&mut self) -> Call {
        self.alices.hang_up().await;
        self.alices.wait_for("CALL_CLOSED").await;
        self.bobs.wait_for("CALL_CLOSED").await;
        self.site.the_call(&self.alice, "2002").await
    }

    /// The recording has each in its own channel.
    async fn is_recorded(&self) {
        let ready = self.site.event("monitor.audio_ready", 0).await;
        let path = format!("/monitors/{}.wav", ready["monitor_id"]);
        let wav = Wav::read(&self.site.rest.get(&path).await.expect_octets(200));
        for (channel, own, others) in [(0, ALICE_PLAYS, BOB_PLAYS), (1, BOB_PLAYS, ALICE_PLAYS)] {
            let heard = wav.seconds_of_tone(channel, own);
            assert!(heard >= LONG_ENOUGH, "{own} Hz for {heard} s");
            assert!(wav.seconds_of_tone(channel, others) < 0.1);
        }
    }
}

/// The lines with keys of a call as they were captured, in order: whose message, and how it is secured. No key is among them.
async fn captured(site: &Site, call: &Call) -> Vec<String> {
    let path = format!("/calls/{}/flow.pcap", call.root);
    let trace = site.rest.get(&path).await;
    let trace = trace.expect_octets(200);
    let text = String::from_utf8_lossy(&trace);
    let lines = text.lines().filter(|line| line.starts_with("a=crypto:"));
    let mut seen = Vec::new();
    for line in lines {
        let (head, key) = line.split_once("inline:").expect("a key");
        assert!(key.len() >= 40, "as long as it was: {line}");
        assert!(key.bytes().all(|octet| octet == b'x'), "a key: {line}");
        seen.push(head.trim_end().to_owned());
    }
    seen
}

/// Alice and Bob talk, are recorded, and the capture has so many lines with keys.
async fn talks(alices: Way, bobs: Way, keys: usize) {
    let mut talk = Talk::start(alices, bobs).await;
    talk.hear_each_other().await;
    let call = talk.hang_up().await;
    assert_flow(&call, &ANSWERED);
    talk.is_recorded().await;
    let captured = captured(&talk.site, &call).await;
    assert_eq!(captured.len() >= keys, keys > 0, "{captured:?}");
    if keys == 0 {
        assert!(captured.is_empty(), "{captured:?}");
    }
    assert!(!talk.site.offhook.output().contains("inline:"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_phone_calls_a_plain_one() {
    talks(SECURE, PLAIN, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_may_be_secure_is_though_the_called_one_is_not() {
    talks(MAY_BE_SECURE, PLAIN, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_phone_calls_one_that_is_secure_by_tls() {
    talks(PLAIN, MAY_BE_SECURE_BY_TLS, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_are_secure_each_with_keys_of_its_own() {
    talks(SECURE_BY_TLS, MAY_BE_SECURE_BY_TLS, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_by_tls_may_go_without() {
    let mut talk = Talk::start(PLAIN, PLAIN_BY_TLS).await;
    talk.hear_each_other().await;
    let call = talk.hang_up().await;
    assert_flow(&call, &ANSWERED);
    let captured = captured(&talk.site, &call).await;
    let offered = [
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80",
        "a=crypto:2 AES_CM_128_HMAC_SHA1_32",
    ];
    assert_eq!(captured, offered, "offered, and not taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_pressed_on_secure_phones_arrive_also_after_a_hold() {
    let mut talk = Talk::start(SECURE_BY_TLS, MAY_BE_SECURE_BY_TLS).await;
    talk.hear_each_other().await;
    talk.alices.press("5").await;
    let told = talk.site.event("call.dtmf", 0).await;
    assert_eq!(
        (&told["dtmf_tag"], &told["dtmf_target"]),
        (&json!("5"), &json!(format!("U:{}", talk.bob.user_id)))
    );
    talk.bobs.wait_for("CALL_DTMF_END").await;

    talk.alices.hold().await;
    talk.site.event("call.hold", 0).await;
    talk.alices.resume().await;
    talk.site.event("call.unhold", 0).await;
    talk.alices.press("7").await;
    let told = talk.site.event("call.dtmf", 1).await;
    assert_eq!(told["dtmf_tag"], "7");
    // What she hears is encrypted with the right key, too.
    talk.bobs.press("9").await;
    talk.alices.wait_for("CALL_DTMF_END").await;
    talk.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_caller_is_transferred_from_a_plain_phone_to_a_secure_one() {
    let mut talk = Talk::start(SECURE, PLAIN).await;
    let carol = talk.site.user("2003").await;
    let sound = Sound::Tone(CAROL_PLAYS);
    let carols = phone(&talk.site, &carol, MAY_BE_SECURE_BY_TLS, sound, true).await;
    talk.hear_each_other().await;
    talk.bobs.transfer("2003").await;
    talk.bobs.wait_for("CALL_CLOSED").await;
    let new = talk.site.event("call.connected", 1).await;
    talk.alices.until_heard(&[CAROL_PLAYS], LONG_ENOUGH).await;
    carols.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    talk.site.hang_up(&new["call_id"]).await;
    talk.alices.wait_for("CALL_CLOSED").await;
    carols.wait_for("CALL_CLOSED").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_caller_of_a_queue_hears_its_music_and_then_the_agent() {
    let site = site().await;
    let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
    // Carol is logged in and has no phone; Bob comes later.
    let queue = site.queue("4000", &[&carol], json!({})).await;
    let mut alices = phone(&site, &alice, SECURE, Sound::Tone(ALICE_PLAYS), false).await;
    let bobs = phone(&site, &bob, PLAIN, Sound::Tone(BOB_PLAYS), true).await;
    alices.dial("4000").await;
    alices.wait_for("CALL_ESTABLISHED").await;
    alices.until_heard_music(&[BOB_PLAYS], 1.5).await;
    let agent = json!({"users": [{"id": bob.user_id, "status": true}]});
    let path = format!("/queues/{queue}");
    site.rest.patch(&path, agent).await.expect(200);
    alices.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
    bobs.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    alices.hang_up().await;
    bobs.wait_for("CALL_CLOSED").await;
}

/// Alice and Bob are connected by a click, and hear each other.
async fn clicked(srtp: &'static str, ways: [Way; 2]) {
    let site = Site::start_with_srtp(srtp, &Authority::new().sign()).await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let sound = |hertz| Sound::Tone(hertz);
    let alices = phone(&site, &alice, ways[0], sound(ALICE_PLAYS), true).await;
    let bobs = phone(&site, &bob, ways[1], sound(BOB_PLAYS), true).await;
    let wish = json!({"from": alice.user_id, "to": "2002"});
    let call = site.rest.post("/calls", wish).await.expect(201);
    alices.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
    bobs.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    site.hang_up(&call["data"]["id"]).await;
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;
    let call = site.root().await;
    let captured = captured(&site, &call).await;
    assert!(captured.len() >= 3, "{captured:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_phone_and_a_plain_one_are_connected_by_a_click() {
    clicked("offered", [MAY_BE_SECURE_BY_TLS, PLAIN]).await;
}

/// baresip that wants SRTP or nothing takes no offer of RTP/AVP, with keys or without: it is offered RTP/SAVP here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_required_phones_by_tls_are_offered_nothing_else() {
    clicked("required", [SECURE_BY_TLS, SECURE_BY_TLS]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_it_is_required_a_plain_call_by_tls_is_refused() {
    let site = Site::start_with_srtp("required", &Authority::new().sign()).await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let _bobs = phone(&site, &bob, PLAIN, Sound::Tone(BOB_PLAYS), true).await;
    let sound = Sound::Tone(ALICE_PLAYS);
    let mut alices = phone(&site, &alice, PLAIN_BY_TLS, sound, false).await;
    alices.dial("2002").await;
    let closed = alices.wait_for("CALL_CLOSED").await;
    let why = closed["param"].as_str().unwrap_or_default();
    assert!(why.starts_with("488"), "{closed}");
    let missed = site.event("call.missed", 0).await;
    assert_eq!(missed["cause"]["sip"], 488, "{missed}");
}
