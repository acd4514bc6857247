//! What a phone hears while its call is held: music of ours, whatever the phone that holds sends.
//!
//! A test listens at the phone's own RTP port: baresip keeps no recording beyond the first change of direction.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_tests::{
    Account, Baresip, BaresipSetup, Ear, Rest, RtpPacket, Site, Sound, Transport, Wav, free_port,
    is_music, is_tone, tone_file,
};
use serde_json::json;

const ALICE_PLAYS: f64 = 1_000.0;

const fn setup() -> BaresipSetup {
    BaresipSetup {
        sound: Sound::Tone(ALICE_PLAYS),
        auto_answer: false,
        transport: Transport::Udp,
        jitter_buffer: true,
    }
}

async fn phone(site: &Site, account: &Account) -> Baresip {
    Baresip::start(account, site.offhook.sip(Transport::Udp), setup()).await
}

/// A stretch of a call: this is what there is to be heard.
async fn stretch(ear: &Ear) -> Vec<RtpPacket> {
    // What was under way when the last thing happened.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let from = ear.count();
    tokio::time::sleep(Duration::from_secs(2)).await;
    ear.heard(from, ear.count())
}

/// How a call is held.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Phone,
    Client,
}

/// Alice calls Bob; they talk, she holds and resumes: what Bob hears before, between and after.
async fn held(by: By, codec: &str, media: &str, scenario: &'static str) -> [Vec<RtpPacket>; 3] {
    let site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let ear = Ear::open().await;
    let port = free_port();
    site.register(&bob, port).await;
    let media = media.replace("PORT", &ear.port().to_string());
    let bobs = site.sipp(scenario).port(port).value("media", &media);
    let bobs = bobs
        .value("held", "sendonly")
        .value("direction", "recvonly");
    let bobs = bobs.listen().await;
    let server = site.offhook.sip(Transport::Udp);
    let mut alices = Baresip::start_speaking(&alice, server, setup(), codec).await;

    // The side of who asks is the one that holds.
    let password = "Walrus umbrella 73";
    let user = format!("/users/{}", alice.user_id);
    let changed = site.rest.patch(&user, json!({"password": password})).await;
    changed.expect(200);
    let client = Rest::login(site.offhook.http(), "2001@localhost", password).await;

    alices.dial("2002").await;
    let call = site.event("call.connected", 0).await;
    let path = format!("/calls/{}", call["call_id"]);
    let before = stretch(&ear).await;
    match by {
        By::Phone => alices.hold().await,
        By::Client => {
            let hold = json!({"state": "ON_HOLD"});
            client.patch(&path, hold).await.expect(200);
        }
    }
    site.event("call.hold", 0).await;
    let between = stretch(&ear).await;
    match by {
        By::Phone => alices.resume().await,
        By::Client => {
            let resume = json!({"state": "CONNECTED"});
            client.patch(&path, resume).await.expect(200);
        }
    }
    site.event("call.unhold", 0).await;
    let after = stretch(&ear).await;
    alices.hang_up().await;
    bobs.finish().await;
    [before, between, after]
}

/// 50 ms of samples each.
fn blocks(packets: &[RtpPacket]) -> Vec<Vec<f64>> {
    let samples: Vec<f64> = packets.iter().flat_map(RtpPacket::samples).collect();
    samples.chunks_exact(400).map(<[f64]>::to_vec).collect()
}

async fn hears_music(by: By, codec: &str, media: &str, scenario: &'static str) {
    let heard = held(by, codec, media, scenario).await;
    let [before, between, after] = heard.each_ref().map(|packets| blocks(packets));
    for talk in [&before, &after] {
        let alice = talk.iter().filter(|block| is_tone(block, ALICE_PLAYS));
        assert!(alice.count() > 32, "of {} blocks", talk.len());
    }
    let music = between
        .iter()
        .filter(|block| is_music(block, &[ALICE_PLAYS]));
    assert!(music.count() > 24, "of {} blocks", between.len());
    let alice = between.iter().filter(|block| is_tone(block, ALICE_PLAYS));
    assert_eq!(alice.count(), 0, "nothing of who holds is heard");
    let one_source = heard.iter().flatten().map(|packet| packet.ssrc);
    let sources: BTreeSet<u32> = one_source.collect();
    assert_eq!(sources.len(), 1, "one stream, whoever is heard");
}

const PCMU: &str = "m=audio PORT RTP/AVP 0\n      a=rtpmap:0 PCMU/8000";
const PCMA: &str = "m=audio PORT RTP/AVP 8\n      a=rtpmap:8 PCMA/8000";
const G722: &str = "m=audio PORT RTP/AVP 9\n      a=rtpmap:9 G722/8000";
const OPUS: &str = "m=audio PORT RTP/AVP 96\n      a=rtpmap:96 opus/48000/2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_phone_holds_hears_music_in_mu_law() {
    hears_music(By::Phone, "pcmu", PCMU, "uas_hold").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_phone_holds_hears_music_in_a_law() {
    hears_music(By::Phone, "pcma", PCMA, "uas_hold").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_client_holds_hears_music() {
    hears_music(By::Client, "pcmu", PCMU, "uas_held").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_phone_holds_gets_music_in_g722_too() {
    let [before, between, _] = held(By::Phone, "g722", G722, "uas_hold").await;
    for packets in [&before, &between] {
        assert!(packets.len() > 80, "{} packets in 2 s", packets.len());
        let fits = |packet: &RtpPacket| packet.payload_type == 9 && packet.payload.len() == 160;
        assert!(packets.iter().all(fits));
    }
    let silence = |packet: &&RtpPacket| {
        let first = packet.payload.first();
        packet.payload.iter().all(|octet| Some(octet) == first)
    };
    assert!(between.iter().filter(silence).count() < 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_phone_holds_gets_music_in_opus_too_in_the_stream_that_he_hears() {
    let [before, between, after] = held(By::Phone, "opus/48000/2", OPUS, "uas_hold").await;
    for packets in [&before, &between, &after] {
        assert!(packets.len() > 80, "{} packets in 2 s", packets.len());
        assert!(packets.iter().all(|packet| packet.payload_type == 96));
    }
    let sources: BTreeSet<u32> = [&before, &between, &after]
        .into_iter()
        .flatten()
        .map(|packet| packet.ssrc)
        .collect();
    assert_eq!(sources.len(), 1, "one stream, whoever is heard");
    // Ours are 20 ms of 48 kbit/s each.
    assert!(between.iter().all(|packet| packet.payload.len() == 120));
    let heard: BTreeSet<&[u8]> = between.iter().map(|packet| &*packet.payload).collect();
    assert!(
        heard.len() > 60,
        "no silence: {} are different",
        heard.len()
    );
}

/// Where the RTP of who got this SIP message is to go.
pub(crate) fn media_of(message: &str) -> SocketAddr {
    let line = |start| message.lines().find_map(|line| line.strip_prefix(start));
    let port = line("m=audio ").and_then(|line| line.split(' ').next());
    let address = format!("{}:{}", line("c=IN IP4 ").unwrap().trim(), port.unwrap());
    address.parse().unwrap()
}

/// Alice holds by the direction alone, at her real address, and Bob talks on: she hears nothing of it, nor does the recording.
async fn talks_on_while_held(direction: &str) {
    const BOB_PLAYS: f64 = 440.0;
    let site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let user = format!("/users/{}", bob.user_id);
    let recorded = site.rest.patch(&user, json!({"record": "in"})).await;
    recorded.expect(200);
    site.webhook("sounds", &["monitor.audio_ready"]).await;
    let (alices_ear, bobs_ear) = (Ear::open().await, Ear::open().await);
    let media = |ear: &Ear| PCMU.replace("PORT", &ear.port().to_string());
    let phone = site.sipp("uas_hold").value("media", &media(&bobs_ear));
    let phone = site.phone_of(&bob, phone).await;
    let caller = site
        .caller("uac_hold_a_while", &alice, "2002")
        .value("media", &media(&alices_ear))
        .value("hold_address", "[media_ip]")
        .value("hold_direction", direction)
        .value("talk_ms", "2800")
        .start();
    let bobs = bobs_ear.speak(media_of(&phone.got("INVITE ").await), BOB_PLAYS);
    let alices = alices_ear.speak(media_of(&caller.got("SIP/2.0 200").await), ALICE_PLAYS);
    site.event("call.connected", 0).await;
    let [before_at_alices, _] = both(&alices_ear, &bobs_ear).await;
    site.event("call.hold", 0).await;
    let [at_alices, at_bobs] = both(&alices_ear, &bobs_ear).await;
    site.event("call.unhold", 0).await;
    let [after_at_alices, _] = both(&alices_ear, &bobs_ear).await;
    caller.finish().await;
    phone.finish().await;
    alices.abort();
    bobs.abort();

    for talk in [before_at_alices, after_at_alices] {
        assert!(is_bob(&talk) > 30, "{} packets in 2 s", talk.len());
    }
    assert_eq!(at_alices.len(), 0, "who holds gets nothing");
    let music = blocks(&at_bobs);
    let music = music.iter().filter(|block| is_music(block, &[ALICE_PLAYS]));
    assert!(music.count() > 24);

    let ready = site.event("monitor.audio_ready", 0).await;
    let path = format!("/monitors/{}.wav", ready["monitor_id"]);
    let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
    for (channel, hertz) in [(0, ALICE_PLAYS), (1, BOB_PLAYS)] {
        let heard = wav.seconds_of_tone(channel, hertz);
        // Before and after, of three times 2.8 s.
        assert!((4.5..6.4).contains(&heard), "{hertz} Hz for {heard} s");
    }
    assert!(wav.duration() > 8.0);

    fn is_bob(packets: &[RtpPacket]) -> usize {
        let blocks = blocks(packets);
        blocks
            .iter()
            .filter(|block| is_tone(block, BOB_PLAYS))
            .count()
    }
}

/// What two hear in one stretch.
async fn both(one: &Ear, other: &Ear) -> [Vec<RtpPacket>; 2] {
    tokio::join!(stretch(one), stretch(other)).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc3264_8_4_who_holds_by_sendonly_hears_nothing_and_nothing_of_it_is_recorded() {
    talks_on_while_held("sendonly").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc3264_8_4_who_holds_by_inactive_hears_nothing_and_nothing_of_it_is_recorded() {
    talks_on_while_held("inactive").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_a_queue_hears_its_announcement_and_then_its_music_also_after_a_restart() {
    let mut site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let queue = site.queue("4000", &[&bob], json!({})).await;
    let path = format!("/queues/{queue}");
    let put = async |name: &str, hertz, seconds| {
        let query = format!("/sounds?name={name}");
        let made = site.rest.post_wav(&query, tone_file(hertz, seconds)).await;
        made.expect(201)["data"]["id"].clone()
    };
    let (welcome, music) = (put("welcome", 700.0, 1).await, put("music", 500.0, 2).await);
    let chosen = json!({"announcement": welcome, "music": music});
    site.rest.patch(&path, chosen).await.expect(200);
    for restarted in [false, true] {
        if restarted {
            site.offhook.terminate().await;
            site.offhook.start_again().await;
        }
        let mut alices = phone(&site, &alice).await;
        alices.dial("4000").await;
        alices.wait_for("CALL_ESTABLISHED").await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        alices.hang_up().await;
        alices.wait_for("CALL_CLOSED").await;
        let (told, music) = (alices.heard_tones(&[700.0]), alices.heard_tones(&[500.0]));
        assert!((0.7..1.1).contains(&told), "told for {told} s");
        assert!((1.8..3.3).contains(&music), "music for {music} s");
    }
}
