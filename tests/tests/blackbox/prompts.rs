//! What callers are told in words, where the site has no sounds of its own: in its language, and in the caller's codec.

use offhook_tests::{Ear, Site, share_of_word};
use serde_json::json;

/// G.711 of either law, at the ear.
fn media(ear: &Ear, codec: &str) -> String {
    let port = ear.port();
    format!("m=audio {port} RTP/AVP {codec}")
}

/// 2001 calls 2002, who has no phone: what she hears in five seconds.
async fn greeted(site: &Site, codec: &str) -> Vec<f64> {
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let path = format!("/users/{}", bob.user_id);
    let changed = site.rest.patch(&path, json!({"voicemail": true})).await;
    changed.expect(200);
    let ear = Ear::open().await;
    site.caller("uac_answered", &alice, "2002")
        .value("media", &media(&ear, codec))
        .value("talk_ms", "5000")
        .run()
        .await;
    ear.samples()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_leave_a_message_is_greeted_in_english_by_a_prompt() {
    let site = Site::start().await;
    let heard = greeted(&site, "0").await;
    let said = share_of_word(&heard, "en-greeting");
    assert!(said > 0.85, "{said} of the greeting");
    let other = share_of_word(&heard, "es-greeting");
    assert!(other < 0.4, "{other} of the Spanish greeting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_of_the_site_is_that_of_its_prompts() {
    let site = Site::start().await;
    let spanish = json!({"language": "es"});
    site.rest.patch("/settings", spanish).await.expect(200);
    let heard = greeted(&site, "8").await;
    let said = share_of_word(&heard, "es-greeting");
    assert!(said > 0.85, "{said} of the greeting");
    let other = share_of_word(&heard, "en-greeting");
    assert!(other < 0.4, "{other} of the English greeting");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_of_a_queue_is_told_his_place_in_words() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    site.queue("4000", &[&bob], json!({"announce": 15})).await;
    let ear = Ear::open().await;
    site.caller("uac_answered", &alice, "4000")
        .value("media", &media(&ear, "8"))
        .value("talk_ms", "18500")
        .run()
        .await;
    let heard = ear.samples();
    for word in ["en-you-are-number", "en-1", "en-in-the-queue"] {
        let said = share_of_word(&heard, word);
        assert!(said > 0.85, "{said} of {word}");
    }
    let other = share_of_word(&heard, "es-greeting");
    assert!(other < 0.4, "{other} of what was not said");
}
