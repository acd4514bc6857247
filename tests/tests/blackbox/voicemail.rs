//! A caller leaves a message for a user who is not there: its events and CDRs, its sound, and what the user's phone is told.

use std::time::Duration;

use offhook_tests::{
    Account, Baresip, BaresipSetup, Sipp, Site, Sound, Transport, Wav, eventually,
};
use serde_json::{Value, json};

const ALICE_PLAYS: f64 = 440.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_a_user_who_is_not_there_is_listed_heard_and_told_to_his_phone() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    site.rest
        .patch(
            &format!("/users/{}", bob.user_id),
            json!({"voicemail": true}),
        )
        .await
        .expect(200);
    let udp = site.offhook.sip(Transport::Udp);
    // His phone wants to know of messages, and takes no calls: it is not registered.
    let lamp = Sipp::new("uac_subscribe", udp)
        .account(&bob)
        .value("to", &bob.username)
        .start();
    lamp.until_message(&["Messages-Waiting: no", "Voice-Message: 0/0 (0/0)"])
        .await;
    let mut alices_phone = Baresip::start(
        &alice,
        udp,
        BaresipSetup {
            sound: Sound::Tone(ALICE_PLAYS),
            auto_answer: false,
            transport: Transport::Udp,
            jitter_buffer: true,
        },
    )
    .await;
    alices_phone.dial("2002").await;
    alices_phone.wait_for("CALL_ESTABLISHED").await;
    // She knows the greeting: this leads to the tone, which takes half a second; then she is recorded.
    alices_phone.press("#").await;
    eventually(
        "seven seconds of the call",
        Duration::from_secs(60),
        async || {
            let live = site.rest.get("/calls").await.expect(200);
            let up = live["data"][0]["duration"].as_u64();
            (up.unwrap_or_default() > 6).then_some(())
        },
    )
    .await;
    alices_phone.press("#").await;
    alices_phone.wait_for("CALL_CLOSED").await;

    check_calls(&site, &bob).await;
    let listed = site.rest.get("/voicemessages").await.expect(200);
    assert_eq!(listed["total"], 1, "{listed}");
    let message = &listed["data"][0];
    assert_eq!(
        json!([
            message["user_id"],
            message["caller"],
            message["dialled"],
            message["is_new"]
        ]),
        json!([bob.user_id, "2001", "2002", true])
    );
    let path = format!("/voicemessages/{}", message["id"]);
    let wav = Wav::read(
        &site
            .rest
            .get(&format!("{path}.wav"))
            .await
            .expect_octets(200),
    );
    assert_eq!(wav.channels.len(), 1);
    let heard = wav.seconds_of_tone(0, ALICE_PLAYS);
    assert!(heard >= 3.0, "{heard} s of {} s", wav.duration());

    lamp.until_message(&["Messages-Waiting: yes", "Voice-Message: 1/0 (0/0)"])
        .await;
    site.rest
        .patch(&path, json!({"is_new": false}))
        .await
        .expect(200);
    lamp.until_message(&["Messages-Waiting: no", "Voice-Message: 0/1 (0/0)"])
        .await;
    lamp.finish().await;
    eventually("no call", Duration::from_secs(10), async || {
        let live = site.rest.get("/calls").await.expect(200);
        (live["total"] == 0).then_some(())
    })
    .await;
}

/// The missed call and the one to the voicemail, as they were told and as the CDRs have them.
async fn check_calls(site: &Site, bob: &Account) {
    let calls = site.calls(1).await;
    let root = &calls[0];
    let told: Vec<Value> = root
        .events
        .iter()
        .map(|event| {
            json!([
                event["event_name"],
                event["context"],
                event["t_cause"],
                event["final"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["call.initial", "LOCAL_USER", null, false]),
            json!(["call.initial", "VM", null, false]),
            json!(["call.missed", "LOCAL_USER", "Subscriber Absent", false]),
            json!(["call.connected", "VM", null, false]),
            json!(["call.hangup", "VM", "Normal Clearing", true]),
        ]
    );
    let last = &root.events[4];
    assert_eq!(last["terminated_by"], "system");

    // The last event was told: the message and both CDRs are there.
    let cdrs = site
        .rest
        .filter("cdrs", &[("root_live_id", "eq", root.root.into())])
        .await;
    for cdr in &cdrs {
        // Five seconds of fifty packets each.
        let sent = cdr["quality"]["src"]["packets"].as_u64();
        let was_heard = sent.is_some_and(|packets| packets > 200);
        assert_eq!(was_heard, cdr["context"] == "VM", "{cdr}");
    }
    let mut found: Vec<_> = cdrs
        .iter()
        .map(|cdr| json!([cdr["context"], cdr["disposition"], cdr["user_id"]]))
        .collect();
    found.sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        [
            json!(["LOCAL_USER", "NO ANSWER", bob.user_id]),
            json!(["VM", "CONNECTED", bob.user_id]),
        ]
    );
}
