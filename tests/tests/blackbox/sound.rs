//! Two baresip phones with real sound.

use std::time::Duration;

use offhook_tests::{Baresip, BaresipSetup, Call, Ear, Site, Sound, Transport, eventually};

use crate::{ANSWERED, CONNECTED, INITIAL, RINGING, assert_flow};

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;

/// Seconds of a tone after which nobody doubts that it is heard.
const LONG_ENOUGH: f64 = 3.0;

/// Alice calls Bob, they talk, Alice hangs up; each must have heard the other's tone.
async fn talk(relay: &'static str, alice_over: Transport, bob_over: Transport) {
    let site = Site::start_with(relay, "").await;
    talk_at(&site, alice_over, bob_over).await;
}

/// The same at a node that is there. Gives the call.
pub(crate) async fn talk_at(site: &Site, alice_over: Transport, bob_over: Transport) -> Call {
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let setup = |hertz, auto_answer, transport| BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer,
        transport,
        jitter_buffer: true,
    };
    let bobs = setup(BOB_PLAYS, true, bob_over);
    let bobs_phone = Baresip::start(&bob, site.offhook.sip(bob_over), bobs).await;
    let alices = setup(ALICE_PLAYS, false, alice_over);
    let mut alices_phone = Baresip::start(&alice, site.offhook.sip(alice_over), alices).await;

    alices_phone.dial("2002").await;
    alices_phone.wait_for("CALL_ESTABLISHED").await;
    alices_phone.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
    bobs_phone.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
    alices_phone.hang_up().await;
    alices_phone.wait_for("CALL_CLOSED").await;
    bobs_phone.wait_for("CALL_CLOSED").await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    let cdr = site.cdr(&call).await;
    assert_eq!(
        (&cdr["src_codec"], &cdr["dst_codec"]),
        (&"PCMU".into(), &"PCMU".into())
    );

    for (phone, played) in [(&alices_phone, ALICE_PLAYS), (&bobs_phone, BOB_PLAYS)] {
        let recordings = phone.heard();
        assert_eq!(recordings.len(), 1, "one call: {recordings:?}");
        let own = phone.heard_tones(&[played]);
        assert!(own < 0.2, "nobody hears its own tone: {own} s");
    }
    call
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_hear_each_other_through_the_relay() {
    talk("always", Transport::Udp, Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_hear_each_other_without_the_relay() {
    talk("never", Transport::Udp, Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_phones_over_tcp_hear_each_other_and_the_called_one_is_reached_on_its_own_connection() {
    talk("always", Transport::Tcp, Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_over_tcp_hears_one_over_udp() {
    talk("always", Transport::Udp, Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_holds_and_resumes() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let udp = site.offhook.sip(Transport::Udp);
    let setup = |hertz, auto_answer| BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer,
        transport: Transport::Udp,
        jitter_buffer: true,
    };
    let bobs_phone = Baresip::start(&bob, udp, setup(BOB_PLAYS, true)).await;
    let mut alices_phone = Baresip::start(&alice, udp, setup(ALICE_PLAYS, false)).await;
    alices_phone.dial("2002").await;
    alices_phone.wait_for("CALL_ESTABLISHED").await;
    let states = async |wanted: &'static str| {
        site.receiver
            .wait_for(wanted, Duration::from_secs(20), |received| {
                received
                    .iter()
                    .any(|request| request.event["event_name"] == wanted)
                    .then_some(())
            })
            .await;
    };
    alices_phone.hold().await;
    states("call.hold").await;
    alices_phone.resume().await;
    states("call.unhold").await;
    alices_phone.hang_up().await;
    bobs_phone.wait_for("CALL_CLOSED").await;

    let call = site.the_call(&alice, "2002").await;
    assert_flow(
        &call,
        &[
            INITIAL,
            RINGING,
            CONNECTED,
            "4 call.hold ON_HOLD",
            "5 call.unhold CONNECTED",
            "6 call.hangup HANGUP: Normal Clearing by caller (16 NORMAL_CLEARING 200), final",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_well_a_call_of_half_a_second_was_heard_stands_in_its_cdr() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let ear = Ear::open().await;
    let media = format!(
        "m=audio {} RTP/AVP 0\n      a=rtpmap:0 PCMU/8000",
        ear.port()
    );
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    let caller = site
        .caller("uac_answered", &alice, "2002")
        .value("media", &media)
        .value("talk_ms", "500")
        .start();
    let answer = caller.got("SIP/2.0 200").await;
    let port = answer.lines().find_map(|line| {
        let media = line.strip_prefix("m=audio ")?;
        media.split(' ').next()?.parse().ok()
    });
    let to = (std::net::Ipv4Addr::LOCALHOST, port.unwrap()).into();
    let speaking = ear.speak(to, ALICE_PLAYS);
    caller.finish().await;
    speaking.abort();
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    let quality = eventually("the figures", Duration::from_secs(20), async || {
        let cdr = site.cdr(&call).await;
        Some(cdr["quality"].clone()).filter(|quality| !quality.is_null())
    })
    .await;
    let packets = quality["src"]["packets"].as_u64().unwrap();
    assert!((1..60).contains(&packets), "{quality}");
    assert_eq!(quality["dst"]["packets"], 0);
}
