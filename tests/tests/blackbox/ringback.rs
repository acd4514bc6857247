//! A caller whose call rings hears the sound that was chosen, as early media, and then who answers.

use offhook_tests::{Ear, RtpPacket, Site, is_tone, tone_file};
use serde_json::json;

use crate::{ANSWERED, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_hears_the_chosen_sound_until_he_is_answered() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let made = site
        .rest
        .post_wav("/sounds?name=drums", tone_file(500.0, 1));
    let sound = made.await.expect(201)["data"]["id"].clone();
    let chosen = json!({"ringback": sound});
    site.rest.patch("/settings", chosen).await.expect(200);

    let phone = site.sipp("uas_answered").value("ring_ms", "3000");
    let phone = site.phone_of(&bob, phone).await;
    let ear = Ear::open().await;
    site.caller("uac_early_media", &alice, "2002")
        .value("media", &format!("m=audio {} RTP/AVP 0", ear.port()))
        .value("talk_ms", "1500")
        .run()
        .await;
    phone.finish().await;

    // Two phones of sipp say nothing: all that came was the sound, for as long as it rang.
    let heard = ear.heard(0, ear.count());
    let samples: Vec<f64> = heard.iter().flat_map(RtpPacket::samples).collect();
    let blocks = samples.chunks_exact(400);
    let seconds = blocks.filter(|block| is_tone(block, 500.0)).count() as f64 / 20.0;
    assert!((2.4..3.6).contains(&seconds), "{seconds} s");
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    let path = format!("/sounds/{sound}");
    site.rest.delete(&path).await.expect(409);
}
