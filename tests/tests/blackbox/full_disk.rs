//! A disk for recordings that becomes full, and has room again (test matrix R7).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_tests::{Held, Phrases, Probe, Site, Voice, Wav, eventually};
use serde_json::{Value, json};

/// What the product leaves free is 40 MiB; so there is room for two minutes of one call.
const DISK_MIB: u32 = 44;
const CYCLES: usize = 3;
/// 20 ms.
const SAMPLES: u16 = 160;
/// Packets after which nobody doubts that both hear each other.
const LONG_ENOUGH: usize = 50;

/// A call of the probe in which both talk all the time.
struct Talk {
    held: Held,
    talking: JoinHandle<[Voice; 2]>,
    ending: Arc<AtomicBool>,
    /// Packets that each has heard.
    heard: Arc<[AtomicUsize; 2]>,
}

/// Two sockets, and the probe that calls with them.
struct Phones {
    probe: Arc<Probe>,
    sockets: [std::net::UdpSocket; 2],
}

impl Phones {
    async fn new(site: &Site) -> Self {
        let sockets = [Voice::socket(), Voice::socket()];
        let port = sockets[1].local_addr().unwrap().port();
        let probe = Arc::new(Probe::new(site, vec![port]).await);
        Self { probe, sockets }
    }

    async fn call(&self) -> Talk {
        let port = self.sockets[0].local_addr().unwrap().port();
        // What was under way when the last call ended.
        for socket in &self.sockets {
            while socket.recv(&mut [0; 2_048]).is_ok() {}
        }
        let probe = Arc::clone(&self.probe);
        let (held, flows) = tokio::task::spawn_blocking(move || probe.hold(vec![port]))
            .await
            .unwrap();
        let (answer, offer) = flows[0];
        let [one, other] = self.sockets.each_ref().map(|one| one.try_clone().unwrap());
        let voices = [
            Voice::new(0, one, answer, SAMPLES),
            Voice::new(1, other, offer, SAMPLES),
        ];
        let (ending, heard) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let talking = std::thread::spawn({
            let (ending, heard) = (Arc::clone(&ending), Arc::clone(&heard));
            move || talk(voices, &ending, &heard)
        });
        Talk {
            held,
            talking,
            ending,
            heard,
        }
    }
}

fn talk(voices: [Voice; 2], ending: &AtomicBool, heard: &[AtomicUsize; 2]) -> [Voice; 2] {
    let begun = Instant::now();
    let mut number = 0;
    while !ending.load(Ordering::Relaxed) {
        for (voice, heard) in voices.iter().zip(heard) {
            voice.say(number);
            heard.fetch_add(voice.hear().len(), Ordering::Relaxed);
        }
        let next = begun + Duration::from_millis(20) * (number + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        // Who is late leaves out what should have been said meanwhile.
        let periods = begun.elapsed().as_millis() / 20;
        number = u32::try_from(periods).unwrap().max(number + 1);
    }
    voices
}

impl Talk {
    /// Each hears the other one, from now on for a while.
    async fn goes_on(&self) {
        let count = || {
            self.heard
                .each_ref()
                .map(|heard| heard.load(Ordering::Relaxed))
        };
        let before = count();
        eventually("both hear each other", PATIENCE, async || {
            let mut pairs = count().into_iter().zip(before);
            pairs
                .all(|(now, before)| now >= before + LONG_ENOUGH)
                .then_some(())
        })
        .await;
    }

    async fn end(self) {
        self.ending.store(true, Ordering::Relaxed);
        let held = self.held;
        let ended = tokio::task::spawn_blocking(move || held.end()).await;
        assert_eq!(ended.unwrap(), 1, "the call was kept until its end");
        self.talking.join().unwrap();
    }
}

async fn recordings(site: &Site) -> Vec<Value> {
    let path = "/monitors?limit=1000&sort=-id";
    let found = site.rest.get(path).await.expect(200);
    found["data"].as_array().unwrap().clone()
}

/// Fills the disk to its last octet.
fn fill(folder: &Path) {
    use std::io::Write as _;
    let mut filler = std::fs::File::create(folder.join("filler")).unwrap();
    for size in [1 << 20, 4_096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A file plays, and both are heard in it for as long as it lasts, but for its beginning.
async fn assert_plays(site: &Site, monitor: &Value) {
    let path = format!("/monitors/{}.wav", monitor["id"]);
    let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
    let phrases = Phrases::of(2, 4_000, SAMPLES.into());
    for (channel, id) in (0..2).zip(0_u32..) {
        let heard = phrases.transcribe(&wav.samples(channel));
        assert_eq!((heard.id, heard.foreign), (Some(id), 0), "{heard:?}");
        let seconds = heard.whole.len() as f64 * 0.02;
        let least = (wav.duration() - 1.0) * 0.8;
        assert!(seconds >= least, "{seconds} s of {}", wav.duration());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_a_full_disk_cuts_recordings_and_no_calls_and_with_room_they_are_recorded_again() {
    let site = Site::start_with_recordings_on(DISK_MIB).await;
    let phones = Phones::new(&site).await;
    let user = format!("/users/{}", phones.probe.called().user_id);
    let recorded = site.rest.patch(&user, json!({"record": "in"})).await;
    recorded.expect(200);
    site.webhook("sounds", &["monitor.audio_ready"]).await;
    let folder = site.offhook.recordings();
    let (mut calls, mut ready, mut last) = (0, 0, None);
    for _ in 0..CYCLES {
        // Full in the middle of a call: what there is is kept and marked, and the call goes on.
        let talk = phones.call().await;
        talk.goes_on().await;
        talk.goes_on().await;
        fill(&folder);
        let told = site.event("monitor.audio_ready", ready).await;
        ready += 1;
        talk.goes_on().await;
        talk.end().await;
        let cut = recordings(&site).await[0].clone();
        assert_eq!(
            (&cut["id"], &cut["cut"]),
            (&told["monitor_id"], &json!(true))
        );
        assert_plays(&site, &cut).await;
        assert!(
            site.offhook
                .output()
                .contains("those that run end here, the calls go on")
        );
        let mp3 = format!("/monitors/{}.mp3", cut["id"]);
        let status = site.rest.get(&mp3).await.status.as_u16();
        assert_eq!(status, 503, "there is no room to make it");

        // No room: a call is not recorded, and goes as any other.
        let talk = phones.call().await;
        talk.goes_on().await;
        talk.end().await;
        assert_eq!(recordings(&site).await[0], cut, "nothing new");
        calls += 2;

        // Room again, of which it hears within a second: the next call is recorded.
        std::fs::remove_file(folder.join("filler")).unwrap();
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        site.rest.get(&mp3).await.expect_octets(200);
        let talk = phones.call().await;
        talk.goes_on().await;
        talk.end().await;
        calls += 1;
        let told = site.event("monitor.audio_ready", ready).await;
        ready += 1;
        let whole = recordings(&site).await[0].clone();
        assert_eq!(told["monitor_id"], whole["id"]);
        assert_eq!(whole["cut"], false);
        assert_plays(&site, &whole).await;
        last = Some(whole);
    }
    // Everything that was due has come, of each call and in its order.
    for call in site.calls(calls).await {
        let names = call.events.iter().map(|event| &event["event_name"]);
        let expected = [
            "call.initial",
            "call.ringing",
            "call.connected",
            "call.hangup",
        ];
        assert!(names.eq(expected.iter()), "{:#?}", call.lines());
    }
    assert_eq!(recordings(&site).await[0], last.unwrap());
    assert!(!site.offhook.output().contains("panicked"));
}

const PATIENCE: Duration = Duration::from_secs(30);
