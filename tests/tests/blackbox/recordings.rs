//! Calls that are recorded: who is heard where, for how long, and what can be fetched of it.

use std::time::Duration;

use offhook_tests::{
    Account, Baresip, BaresipSetup, Call, Site, Sound, Transport, Wav, eventually,
};
use serde_json::{Value, json};
use tokio::process::Command;

const ALICE_PLAYS: f64 = 440.0;
const BOB_PLAYS: f64 = 1_000.0;
/// Seconds of a tone after which nobody doubts that it is heard.
const LONG_ENOUGH: f64 = 3.0;

struct Talk {
    site: Site,
    alice: Account,
    bob: Account,
    alices_phone: Baresip,
    bobs_phone: Baresip,
}

impl Talk {
    /// Alice calls Bob, all of whose calls are recorded, and they hear each other for a while.
    async fn start() -> Self {
        let site = Site::start().await;
        let [alice, bob] = site.users(["2001", "2002"]).await;
        let path = format!("/users/{}", bob.user_id);
        site.rest
            .patch(&path, json!({"record": "in"}))
            .await
            .expect(200);
        site.webhook("sounds", &["monitor.audio_ready"]).await;
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
        alices_phone.until_heard(&[BOB_PLAYS], LONG_ENOUGH).await;
        bobs_phone.until_heard(&[ALICE_PLAYS], LONG_ENOUGH).await;
        Self {
            site,
            alice,
            bob,
            alices_phone,
            bobs_phone,
        }
    }

    async fn hang_up(&mut self) -> Call {
        self.alices_phone.hang_up().await;
        self.bobs_phone.wait_for("CALL_CLOSED").await;
        self.site.the_call(&self.alice, "2002").await
    }

    async fn audio_ready(&self) -> Value {
        self.site
            .receiver
            .wait_for("monitor.audio_ready", Duration::from_secs(40), |received| {
                let mut events = received.iter().map(|request| &request.event);
                events
                    .find(|event| event["event_name"] == "monitor.audio_ready")
                    .cloned()
            })
            .await
    }

    async fn wav(&self, id: &Value) -> Wav {
        let path = format!("/monitors/{id}.wav");
        Wav::read(&self.site.rest.get(&path).await.expect_octets(200))
    }
}

/// What the ladder says of how well each side arrived: the alias of its column, packets, those lost, and MOS.
pub(crate) async fn heard(site: &Site, call: &Call) -> Vec<(String, u64, u64, f64)> {
    let path = format!("/calls/{}/flow", call.root);
    let flow = site.rest.get(&path).await.expect(200);
    let alias = |id: &Value| {
        let mut columns = flow["columns"].as_array().unwrap().iter();
        let column = columns.find(|column| column["id"] == *id).unwrap();
        column["alias"].as_str().unwrap().to_owned()
    };
    let rows = flow["rows"].as_array().unwrap().iter();
    let media = rows.filter(|row| row["kind"] == "media");
    let heard = media.map(|row| {
        let quality = &row["quality"];
        let count = |name: &str| quality[name].as_u64().unwrap();
        (
            alias(&row["from"]),
            count("packets"),
            count("lost"),
            quality["mos"].as_f64().unwrap(),
        )
    });
    heard.collect()
}

/// Seconds between the 200 that the caller got and its BYE, as the ladder has them.
pub(crate) async fn talked(site: &Site, root: &Value) -> f64 {
    let path = format!("/calls/{root}/flow");
    let flow = site.rest.get(&path).await.expect(200);
    let rows = flow["rows"].as_array().unwrap().clone();
    let at = |row: &Value| {
        let at = row["at"].as_str().unwrap();
        let clock: Vec<f64> = at[11..26]
            .split(':')
            .map(|part| part.parse().unwrap())
            .collect();
        clock[0] * 3_600.0 + clock[1] * 60.0 + clock[2]
    };
    let sip = |start: &str| {
        let found = rows.iter().filter(|row| row["kind"] == "sip");
        let found = found.filter(|row| row["label"].as_str().unwrap().starts_with(start));
        found.map(at).collect::<Vec<_>>()
    };
    let answered = sip("200").into_iter().reduce(f64::min).unwrap();
    let ended = sip("BYE").into_iter().reduce(f64::min).unwrap();
    ended - answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_call_has_the_caller_left_the_called_right_and_its_own_length() {
    let mut talk = Talk::start().await;
    let call = talk.hang_up().await;
    let ready = talk.audio_ready().await;
    assert_eq!(ready["call_id"], call.root);
    assert_eq!(ready["user_id"], talk.bob.user_id);
    assert_eq!(
        (&ready["src"], &ready["dst"]),
        (&json!("2001"), &json!("2002"))
    );
    assert_eq!(ready.get("seq"), None);

    let found = talk
        .site
        .rest
        .filter("monitors", &[("live_id", "eq", call.root.into())])
        .await;
    assert_eq!(found.len(), 1, "{found:?}");
    let monitor = &found[0];
    let id = &monitor["id"];
    assert_eq!(
        (id, &monitor["size"]),
        (&ready["monitor_id"], &ready["size"])
    );
    assert_eq!(
        (&monitor["caller"], &monitor["called"]),
        (&json!("2001"), &json!("2002"))
    );

    let wav = talk.wav(id).await;
    assert_eq!((wav.rate, wav.channels.len()), (8_000, 2));
    for (channel, own, others) in [(0, ALICE_PLAYS, BOB_PLAYS), (1, BOB_PLAYS, ALICE_PLAYS)] {
        let heard = wav.seconds_of_tone(channel, own);
        assert!(heard >= LONG_ENOUGH, "{own} Hz for {heard} s");
        assert!(
            wav.seconds_of_tone(channel, others) < 0.1,
            "{others} Hz in channel {channel}"
        );
        // The tone is a sine of 8,000.
        let level = 20.0 * (wav.level(channel) / (8_000.0 / 2.0_f64.sqrt())).log10();
        assert!(level.abs() < 1.0, "{level} dB off");
    }
    let talked = talked(&talk.site, &call.root.into()).await;
    let heard = heard(&talk.site, &call).await;
    assert_eq!(heard.len(), 2, "a row a direction: {heard:?}");
    for ((alias, packets, _, mos), who) in heard.iter().zip(["2001", "2002"]) {
        assert_eq!(alias, who);
        assert!(*packets > 100 && *mos > 4.0, "{heard:?}");
    }
    let off = wav.duration() - talked;
    assert!(off.abs() <= 0.04, "{} s of {talked} s", wav.duration());
    assert_eq!(ready["duration"].as_f64().unwrap(), wav.duration().floor());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mp3_has_the_size_that_was_told_and_can_be_fetched_in_parts_and_decoded() {
    let mut talk = Talk::start().await;
    talk.hang_up().await;
    let ready = talk.audio_ready().await;
    let id = &ready["monitor_id"];
    let path = format!("/monitors/{id}.mp3");
    let listed = talk.site.rest.get(&format!("/monitors/{id}")).await;
    let listed = listed.expect(200)["data"].clone();
    let mp3 = talk.site.rest.get(&path).await.expect_octets(200);
    let size = mp3.len() as u64;
    assert_eq!(ready["size"], size, "told before it was made");
    assert_eq!(listed["size"], size, "listed before it was made");
    fetch_parts(&talk.site, &path, &mp3).await;
    let whole = format!("/monitors/{id}.wav");
    let octets = talk.site.rest.get(&whole).await.expect_octets(200);
    assert_eq!(listed["size_wav"], octets.len() as u64);
    fetch_parts(&talk.site, &whole, &octets).await;
    let wav = talk.wav(id).await;
    let decoded = decode(&mp3).await;
    let off = decoded.duration() - wav.duration();
    // The encoder's delay and the padding of its last frame.
    assert!((0.0..0.3).contains(&off), "{off} s longer");
    assert!(decoded.seconds_of_tone(0, ALICE_PLAYS) >= LONG_ENOUGH);
    assert!(decoded.seconds_of_tone(1, BOB_PLAYS) >= LONG_ENOUGH);
    assert!(decoded.seconds_of_tone(0, BOB_PLAYS) < 0.1);

    talk.site
        .rest
        .delete(&format!("/monitors/{id}"))
        .await
        .expect(204);
    talk.site.rest.get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_a_kill_cut_short_is_listed_and_can_be_played() {
    let mut talk = Talk::start().await;
    talk.site.offhook.kill().await;
    talk.site.offhook.start_again().await;
    let ready = talk.audio_ready().await;
    let listed = eventually(
        "the recording in the list",
        Duration::from_secs(20),
        async || {
            let all = talk.site.rest.get("/monitors").await.expect(200);
            (all["total"] == 1).then(|| all["data"][0].clone())
        },
    );
    let listed = listed.await;
    assert_eq!(listed["id"], ready["monitor_id"]);
    assert_eq!(listed["cut"], true);
    let wav = talk.wav(&listed["id"]).await;
    let kept = wav.seconds_of_tone(0, ALICE_PLAYS);
    assert!(
        kept > LONG_ENOUGH - 2.0,
        "{kept} s of at least {LONG_ENOUGH} s"
    );
    assert!(wav.seconds_of_tone(1, BOB_PLAYS) > LONG_ENOUGH - 2.0);
}

/// A file can be fetched in parts (RFC 9110 section 14), as players do.
async fn fetch_parts(site: &Site, path: &str, whole: &[u8]) {
    let size = whole.len();
    for (range, from, to) in [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=100-1099".to_owned(), 100, 1_100),
        ("bytes=-77".to_owned(), size - 77, size),
        (format!("bytes={}-", size / 2), size / 2, size),
        (format!("bytes=5-{}", size * 2), 5, size),
    ] {
        let part = site.rest.get_part(path, &range).await;
        let told = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(part.headers["content-range"], told, "{range}");
        assert!(
            part.expect_octets(206) == whole[from..to],
            "{range} of {path}"
        );
    }
    let beyond = site.rest.get_part(path, &format!("bytes={size}-")).await;
    assert_eq!(beyond.headers["content-range"], format!("bytes */{size}"));
    beyond.expect(416);
}

/// Decodes by a public decoder.
async fn decode(mp3: &[u8]) -> Wav {
    let folder = tempfile::tempdir().unwrap();
    let (coded, plain) = (folder.path().join("in.mp3"), folder.path().join("out.wav"));
    std::fs::write(&coded, mp3).unwrap();
    let mut mpg123 = Command::new("mpg123");
    mpg123
        .args(["--quiet", "--no-gapless", "-w"])
        .args([&plain, &coded]);
    let done = mpg123.status().await.expect("mpg123 is installed");
    assert!(done.success());
    Wav::read(&std::fs::read(&plain).unwrap())
}
