//! Offers that are no plain audio: what becomes of each, as the phones see it (RFC 3264 sections 5 and 6).

use offhook_tests::{Account, Site};

use crate::{ANSWERED, assert_flow};

const AUDIO: &str = "m=audio [media_port] RTP/AVP 0\n      a=rtpmap:0 PCMU/8000";
const NO_AUDIO: &str = "m=audio 0 RTP/AVP 0\n      a=rtpmap:0 PCMU/8000";
const FAX: &str = "m=image 4904 udptl t38\n      a=T38FaxVersion:0";

/// Two users; Bob's phone answers one call with these media.
async fn site() -> (Site, Account, Account) {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    (site, alice, bob)
}

/// Lines of media, as a scenario has them.
fn lines(media: &[&str]) -> String {
    media.join("\n      ")
}

/// Kind and port of each of the media of a message.
fn media_of(message: &str) -> Vec<(String, u16)> {
    let lines = message.lines().filter_map(|line| line.strip_prefix("m="));
    let media = lines.map(|line| {
        let mut words = line.split(' ');
        let kind = words.next().unwrap().to_owned();
        (kind, words.next().unwrap().parse().unwrap())
    });
    media.collect()
}

/// The media of a message: these kinds, of which the audio at this place alone has a port.
#[track_caller]
fn assert_media(message: &str, kinds: &[&str], audio: usize) {
    let media = media_of(message);
    let found: Vec<&str> = media.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(found, kinds, "{message}");
    for (place, (_, port)) in media.iter().enumerate() {
        assert_eq!(*port != 0, place == audio, "media {place} of {message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_without_audio_that_can_be_had_is_refused_and_rings_nowhere() {
    let (site, alice, bob) = site().await;
    let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
    let video = "m=video [media_port] RTP/AVP 96\n      a=rtpmap:96 H264/90000";
    let offers = [
        "a=tool:nothing".to_owned(),
        video.to_owned(),
        FAX.to_owned(),
        NO_AUDIO.to_owned(),
        lines(&[NO_AUDIO, video, FAX]),
    ];
    for offer in &offers {
        let caller = site.caller("uac_refused", &alice, "2002");
        let caller = caller.value("media", offer).value("status", "488");
        caller.run().await;
    }
    assert_eq!(phone.received(), [""; 0], "no phone hears of them");
    // The next offer is a good one.
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc3264_6_of_audio_and_fax_the_audio_is_taken_and_the_fax_refused() {
    let (site, alice, bob) = site().await;
    let answer = lines(&[AUDIO, "m=image 0 udptl t38"]);
    let phone = site.sipp("uas_talks").value("media", &answer);
    let phone = site.phone_of(&bob, phone).await;
    let caller = site.caller("uac_answered", &alice, "2002");
    let caller = caller.value("media", &lines(&[AUDIO, FAX])).start();
    assert_media(&phone.got("INVITE ").await, &["audio", "image"], 0);
    let answered = caller.got("SIP/2.0 200").await;
    assert_media(&answered, &["audio", "image"], 0);
    caller.finish().await;
    phone.finish().await;
    assert_flow(&site.the_call(&alice, "2002").await, &ANSWERED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc3264_6_of_ten_media_the_first_audio_is_taken_and_all_keep_their_places() {
    let (site, alice, bob) = site().await;
    let kinds = [
        "video",
        "audio",
        "audio",
        "image",
        "application",
        "text",
        "message",
        "video",
        "audio",
        "image",
    ];
    let media = |kept: Option<usize>| {
        let lines = kinds.iter().enumerate().map(|(place, kind)| {
            let port = if kept.is_none_or(|kept| kept == place) {
                40_000 + 2 * place
            } else {
                0
            };
            format!("m={kind} {port} RTP/AVP 0")
        });
        lines.collect::<Vec<_>>().join("\n      ")
    };
    let phone = site.sipp("uas_talks").value("media", &media(Some(1)));
    let phone = site.phone_of(&bob, phone).await;
    let caller = site.caller("uac_answered", &alice, "2002");
    let caller = caller.value("media", &media(None)).start();
    assert_media(&phone.got("INVITE ").await, &kinds, 1);
    assert_media(&caller.got("SIP/2.0 200").await, &kinds, 1);
    caller.finish().await;
    phone.finish().await;
    assert_flow(&site.the_call(&alice, "2002").await, &ANSWERED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc3261_14_2_an_offer_inside_a_call_without_audio_is_refused_and_the_call_goes_on() {
    for offer in [NO_AUDIO, FAX] {
        let (site, alice, bob) = site().await;
        let phone = site.phone_of(&bob, site.sipp("uas_talks")).await;
        let caller = site.caller("uac_reinvite_refused", &alice, "2002");
        let caller = caller.value("offer", offer).value("status", "488");
        // Its phone, that waits for a BYE, is not asked.
        caller.run().await;
        phone.finish().await;
        assert_flow(&site.the_call(&alice, "2002").await, &ANSWERED);
    }
}
