//! What phones hear while a call is held: music of ours, whatever the phone that holds sends.

use std::time::Duration;

use offhook_tests::{Account, Baresip, BaresipSetup, Site, Sound, Transport};
use serde_json::json;

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;

async fn phone(site: &Site, account: &Account, hertz: f64, codec: &str) -> Baresip {
    let setup = BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer: true,
        transport: Transport::Udp,
    };
    let server = site.offhook.sip(Transport::Udp);
    Baresip::start_speaking(account, server, setup, codec).await
}

/// A call of a length: this is what two have to hear.
async fn talk(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// How a call is held.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Phone,
    Client,
}

/// Alice calls Bob; they talk, Bob holds for four seconds, and they talk again.
async fn a_held_caller_hears_music(by: By, codec: &str) {
    let site = Site::start().await;
    let (alice, bob) = (site.user("2001").await, site.user("2002").await);
    let mut alices = phone(&site, &alice, ALICE_PLAYS, codec).await;
    let mut bobs = phone(&site, &bob, BOB_PLAYS, codec).await;
    alices.dial("2002").await;
    alices.wait_for("CALL_ESTABLISHED").await;
    let call = site.event("call.connected", 0).await;
    let path = format!("/calls/{}", call["call_id"]);
    talk(3).await;
    match by {
        By::Phone => bobs.hold().await,
        By::Client => {
            site.rest
                .patch(&path, json!({"state": "ON_HOLD"}))
                .await
                .expect(200);
        }
    }
    site.event("call.hold", 0).await;
    talk(4).await;
    match by {
        By::Phone => bobs.resume().await,
        By::Client => {
            site.rest
                .patch(&path, json!({"state": "CONNECTED"}))
                .await
                .expect(200);
        }
    }
    site.event("call.unhold", 0).await;
    talk(3).await;
    alices.hang_up().await;
    alices.wait_for("CALL_CLOSED").await;
    bobs.wait_for("CALL_CLOSED").await;

    let music = alices.heard_music(&[ALICE_PLAYS, BOB_PLAYS]);
    assert!(music > 3.0 && music < 5.0, "music for {music} s");
    let other = alices.heard_tones(&[BOB_PLAYS]);
    assert!(other > 4.5 && other < 7.0, "Bob for {other} s of 6");
    let bobs_music = bobs.heard_music(&[ALICE_PLAYS, BOB_PLAYS]);
    assert!(bobs_music < 0.5, "who holds hears music for {bobs_music} s");
    let spoken = bobs.heard_tones(&[ALICE_PLAYS]);
    assert!(spoken > 4.5, "Alice for {spoken} s of 6");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_a_phone_holds_hears_music() {
    a_held_caller_hears_music(By::Phone, "pcmu").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_a_phone_holds_hears_music_in_a_law() {
    a_held_caller_hears_music(By::Phone, "pcma").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_a_phone_holds_hears_music_in_g722() {
    a_held_caller_hears_music(By::Phone, "g722").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_whom_a_client_holds_hears_music() {
    a_held_caller_hears_music(By::Client, "pcmu").await;
}
