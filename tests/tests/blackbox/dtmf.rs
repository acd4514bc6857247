//! Keys that are pressed in a call, in each way in which phones tell of them.

use offhook_tests::{Account, Baresip, BaresipSetup, Ear, Site, Sound, Transport};
use serde_json::json;

use crate::held_sound::media_of;

/// Two users, of whom Bob answers.
async fn site() -> (Site, Account, Account) {
    let site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    (site, alice, bob)
}

fn setup(sound: Sound, auto_answer: bool) -> BaresipSetup {
    BaresipSetup {
        sound,
        auto_answer,
        transport: Transport::Udp,
        jitter_buffer: true,
    }
}

/// Waits until these keys have been told, in order, as pressed by Alice and heard by Bob; then the call must have no other.
async fn told(site: &Site, bob: &Account, keys: &str) {
    let last = keys.len() - 1;
    site.event("call.dtmf", last).await;
    for (n, key) in keys.chars().enumerate() {
        let event = site.event("call.dtmf", n).await;
        assert_eq!(event["dtmf_tag"], key.to_string(), "{event}");
        assert_eq!(event["dtmf_target"], format!("U:{}", bob.user_id));
        assert_eq!(
            (&event["state"], &event["src"], &event["dst"]),
            (&json!("CONNECTED"), &json!("2001"), &json!("2002"))
        );
    }
}

/// The call is over and told of these keys only.
async fn nothing_else(site: &Site, keys: &str) {
    let root = site.root().await;
    let pressed = root
        .events
        .iter()
        .filter(|event| event["event_name"] == "call.dtmf")
        .map(|event| event["dtmf_tag"].as_str().unwrap());
    assert_eq!(pressed.collect::<String>(), keys, "{:#?}", root.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_baresip_are_told_once_each_and_reach_the_other_phone() {
    let (site, alice, bob) = site().await;
    let udp = site.offhook.sip(Transport::Udp);
    let bobs_phone = Baresip::start(&bob, udp, setup(Sound::Tone(1_000.0), true)).await;
    let mut alices_phone = Baresip::start(&alice, udp, setup(Sound::Tone(440.0), false)).await;
    alices_phone.dial("2002").await;
    alices_phone.wait_for("CALL_ESTABLISHED").await;
    alices_phone.press("5").await;
    told(&site, &bob, "5").await;
    alices_phone.press("#").await;
    told(&site, &bob, "5#").await;
    bobs_phone.wait_for("CALL_DTMF_END").await;
    alices_phone.hang_up().await;
    bobs_phone.wait_for("CALL_CLOSED").await;
    nothing_else(&site, "5#").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_sipp_by_rfc_4733_are_told_once_each() {
    let (site, alice, bob) = site().await;
    let phone = site
        .phone_of(&bob, site.sipp("uas_talks").value("media", KEYS_TOO))
        .await;
    let caller = site
        .sipp("uac_keys")
        .account(&alice)
        .value("to", "2002")
        .value("media", KEYS_TOO)
        .value("keys", "1590")
        .value("talk_ms", "3000")
        .start();
    told(&site, &bob, "1590").await;
    caller.finish().await;
    phone
        .finish_somehow(std::time::Duration::from_secs(10))
        .await;
    nothing_else(&site, "1590").await;
}

/// The packets of a key that is held for so many segments of 8 s (RFC 4733 section 2.5.1.3) and two seconds more, each fifth
/// of a second of it; the last one comes three times.
fn held(event: u8, segments: u32, from: u32) -> Vec<Vec<u8>> {
    let mut sent = Vec::new();
    for segment in 0..=segments {
        let whole = segment < segments;
        let longest = if whole { 65_535 } else { 16_000 };
        let steps = (1_600..longest).step_by(1_600).chain([longest]);
        for duration in steps.map(|duration: u32| u16::try_from(duration).unwrap()) {
            sent.push((segment, duration, false));
        }
        if !whole {
            sent.extend([(segment, 16_000, true); 3]);
        }
    }
    let packets = sent.into_iter().zip(0_u16..);
    let packets = packets.map(|((segment, duration, is_end), number)| {
        let marker = if number == 0 { 0x80 } else { 0 };
        let timestamp = from + segment * 65_535;
        let mut packet = vec![0x80, 96 | marker];
        packet.extend((u16::from(event) * 256 + number).to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 7, event, if is_end { 0x8a } else { 0x0a }]);
        packet.extend(duration.to_be_bytes());
        packet
    });
    packets.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc4733_2_5_1_3_a_key_that_is_held_for_long_is_told_once() {
    let (site, alice, bob) = site().await;
    let ear = Ear::open().await;
    let phone = site.sipp("uas_talks").value("media", KEYS_TOO);
    let phone = site.phone_of(&bob, phone).await;
    let media = KEYS_TOO.replace("[media_port]", &ear.port().to_string());
    let caller = site.caller("uac_answered_far_end", &alice, "2002");
    let caller = caller.value("media", &media).start();
    let answer = caller.got("SIP/2.0 200").await;
    let connected = site.event("call.connected", 0).await;
    // Two of two seconds, one of ten and one of eighteen, told in less time than they last.
    for (place, (event, segments)) in (0_u32..).zip([(1, 0), (5, 0), (9, 1), (11, 2)]) {
        for packet in held(event, segments, 1_000_000 * (place + 1)) {
            ear.send(&packet, media_of(&answer)).await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    told(&site, &bob, "159#").await;
    site.hang_up(&connected["call_id"]).await;
    caller.finish().await;
    phone.finish().await;
    nothing_else(&site, "159#").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_by_sip_info_are_told_and_what_is_no_key_is_refused() {
    let (site, alice, bob) = site().await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    let caller = site.sipp("uac_info").account(&alice).value("to", "2002");
    caller.run().await;
    phone
        .finish_somehow(std::time::Duration::from_secs(10))
        .await;
    told(&site, &bob, "5#").await;
    nothing_else(&site, "5#").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_as_tones_in_the_sound_are_told_once_each() {
    let (site, alice, bob) = site().await;
    let udp = site.offhook.sip(Transport::Udp);
    let bobs_phone = Baresip::start(&bob, udp, setup(Sound::Tone(1_000.0), true)).await;
    let mut alices_phone = Baresip::start(&alice, udp, setup(Sound::Keys("1590D"), false)).await;
    alices_phone.dial("2002").await;
    told(&site, &bob, "1590D").await;
    alices_phone.hang_up().await;
    bobs_phone.wait_for("CALL_CLOSED").await;
    nothing_else(&site, "1590D").await;
}

/// PCMU and keys of their own.
const KEYS_TOO: &str = "m=audio [media_port] RTP/AVP 0 96\n      a=rtpmap:0 PCMU/8000\n      a=rtpmap:96 telephone-event/8000\n      a=fmtp:96 0-15";
