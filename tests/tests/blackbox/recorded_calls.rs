//! Two hundred calls that are recorded at once, sample by sample, and what a kill leaves of them (test matrix R17).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use offhook_tests::{Phrases, Probe, Site, Transcript, Voice, Wav, eventually};
use serde_json::{Value, json};

use crate::recordings::talked;

const CALLS: usize = 200;
/// Those that end before the kill.
const ENDED: usize = 100;
/// A packet each 100 ms: with a fifth of what phones send a debug build on two busy cores keeps up.
const EVERY: Duration = Duration::from_millis(100);
const SAMPLES: usize = 800;
/// Packets that everybody says before anything else happens, and after that until the kill: 2.4 s each.
const STRETCH: u32 = 24;
/// Packets that nobody says: a gap of 200 ms.
const UNSAID: std::ops::Range<u32> = 8..10;
/// More than any voice says.
const NUMBERS: u32 = 1_000;
/// What a kill may take: 2 s.
const LOST_AT_MOST: u32 = 20;
/// 40 ms.
const ALIGNED: usize = 320;

/// The voices of all calls, who go on speaking until they are told to end.
struct Choir {
    singing: JoinHandle<Vec<Said>>,
    ending: Arc<AtomicBool>,
    now: Arc<AtomicU32>,
}

/// What both voices of a call have said: numbers of packets.
type Said = Vec<u32>;

/// A call whose voices speak.
struct Singers {
    voices: [Voice; 2],
    said: Said,
    /// Who of the two has heard what the other one said last.
    heard: [bool; 2],
}

impl Singers {
    /// Says the next packet, unless the last one has not been heard: then the machine has enough to do.
    fn sing(&mut self, number: u32) {
        for (voice, heard) in self.voices.iter().zip(&mut self.heard) {
            *heard |= !voice.hear().is_empty();
        }
        if self.heard == [true; 2] && !UNSAID.contains(&number) {
            for voice in &self.voices {
                voice.say(number);
            }
            self.said.push(number);
            self.heard = [false; 2];
        }
    }
}

impl Choir {
    fn start(voices: Vec<[Voice; 2]>) -> Self {
        let (ending, now) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU32::new(0)),
        );
        let singers = voices.into_iter().map(|voices| Singers {
            voices,
            said: Said::new(),
            heard: [true; 2],
        });
        let mut singers: Vec<Singers> = singers.collect();
        let singing = std::thread::spawn({
            let (ending, now) = (Arc::clone(&ending), Arc::clone(&now));
            move || {
                // One after the other, as phones are never all heard in one moment.
                let apart = EVERY / u32::try_from(CALLS).unwrap();
                let begun = Instant::now();
                let mut turn = 0;
                while !ending.load(Ordering::Relaxed) {
                    let place = usize::try_from(turn).unwrap() % CALLS;
                    let due = begun + apart * turn;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    // Who is late leaves out what should have been said meanwhile, as a phone does.
                    let late = Instant::now().saturating_duration_since(due);
                    let number = turn / u32::try_from(CALLS).unwrap();
                    if late < EVERY / 5 {
                        singers[place].sing(number);
                    }
                    now.store(number, Ordering::Relaxed);
                    turn += 1;
                }
                singers.into_iter().map(|singers| singers.said).collect()
            }
        });
        Self {
            singing,
            ending,
            now,
        }
    }

    /// Waits until the turn is at this packet, and gives the one that it is at.
    async fn until(&self, number: u32) -> u32 {
        eventually("the voices", PATIENCE, async || {
            let now = self.now.load(Ordering::Relaxed);
            (now >= number).then_some(now)
        })
        .await
    }

    /// What was said in each call.
    fn end(self) -> Vec<Said> {
        self.ending.store(true, Ordering::Relaxed);
        self.singing.join().unwrap()
    }
}

/// Everything that is recorded, once there are so many.
async fn listed(site: &Site, count: usize) -> Vec<Value> {
    eventually("recordings in the list", PATIENCE, async || {
        let found = site.rest.get("/monitors?limit=1000").await.expect(200);
        (found["total"] == count).then(|| found["data"].as_array().unwrap().clone())
    })
    .await
}

/// A channel holds what one voice said from the first packet to `last`, and nothing else. Gives the place of each packet.
fn check(heard: &Transcript, said: &[u32], last: u32) -> BTreeMap<u32, usize> {
    assert_eq!(heard.foreign, 0, "samples of somebody else: {heard:?}");
    let places: BTreeMap<u32, usize> = heard.whole.iter().copied().collect();
    let missing = said.iter().filter(|number| **number <= last);
    let missing: Vec<&u32> = missing
        .filter(|number| !places.contains_key(number))
        .collect();
    // On a busy machine one that was late may be overlaid by the next.
    assert!(missing.len() <= 2, "{missing:?} of {last} are not whole");
    places
}

/// Whether each packet of both channels is in its place, beside that of the other one.
fn are_aligned(sides: &[BTreeMap<u32, usize>; 2]) -> bool {
    let begins = sides.iter().flatten();
    let begins = begins.map(|(number, at)| *at - usize::try_from(*number).unwrap() * SAMPLES);
    let (first, last) = (begins.clone().min(), begins.max());
    last.unwrap() - first.unwrap() <= ALIGNED
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_two_hundred_calls_at_once_are_recorded_to_the_sample_and_a_kill_takes_two_seconds_at_most()
 {
    let mut site = Site::start().await;
    let sockets: Vec<_> = (0..2 * CALLS).map(|_| Voice::socket()).collect();
    let port = |n: usize| sockets[n].local_addr().unwrap().port();
    let callers: Vec<u16> = (0..CALLS).map(|call| port(2 * call)).collect();
    let phones: Vec<u16> = (0..CALLS).map(|call| port(2 * call + 1)).collect();
    let probe = Probe::new(&site, phones).await;
    let user = format!("/users/{}", probe.called().user_id);
    let recorded = site.rest.patch(&user, json!({"record": "in"})).await;
    recorded.expect(200);
    let (probe, mut held, flows) = tokio::task::spawn_blocking(move || {
        let (held, flows) = probe.hold(callers);
        (probe, held, flows)
    })
    .await
    .unwrap();
    let relays = flows.iter().flat_map(|(answer, offer)| [*answer, *offer]);
    let voices = (0_u32..).zip(sockets).zip(relays);
    let mut voices = voices.map(|((id, socket), relay)| Voice::new(id, socket, relay, 800));
    let pairs = std::iter::from_fn(|| Some([voices.next()?, voices.next()?]));
    let choir = Choir::start(pairs.collect());

    let before_end = choir.until(STRETCH).await;
    let (held, ended) = tokio::task::spawn_blocking(move || {
        let ended = held.end_some(0..ENDED);
        (held, ended)
    })
    .await
    .unwrap();
    assert_eq!(ended, ENDED);
    // The ladder of a call is evidence, of which a kill may take some.
    let mut lengths = BTreeMap::new();
    for monitor in listed(&site, ENDED).await {
        let root = &monitor["live_id"];
        lengths.insert(root.as_u64().unwrap(), talked(&site, root).await);
    }
    let before_kill = choir.until(before_end + STRETCH).await;
    let output = site.offhook.output();
    site.offhook.kill().await;
    let said = choir.end();
    let fewest = said.iter().map(Vec::len).min();
    assert!(fewest > Some(10), "too little was said in a call: {said:?}");
    drop((probe, held));
    assert!(!output.contains("does not keep up"), "{output}");
    site.offhook.start_again().await;

    let recordings = listed(&site, CALLS).await;
    let phrases = Phrases::of(u32::try_from(2 * CALLS).unwrap(), NUMBERS, SAMPLES);
    let (mut callers, mut aligned, mut exact) = (BTreeSet::new(), 0, 0);
    for monitor in &recordings {
        let path = format!("/monitors/{}.wav", monitor["id"]);
        let wav = Wav::read(&site.rest.get(&path).await.expect_octets(200));
        let heard = [0, 1].map(|channel| phrases.transcribe(&wav.samples(channel)));
        let [left, right] = heard.each_ref().map(|one| one.id.expect("a voice"));
        assert_eq!((left % 2, right), (0, left + 1), "the caller is left");
        assert!(callers.insert(left), "each call once");
        let call = usize::try_from(left / 2).unwrap();
        let is_cut = monitor["cut"] == true;
        assert_eq!(is_cut, call >= ENDED, "{monitor}");
        let last = if is_cut {
            before_kill - LOST_AT_MOST
        } else {
            before_end - 2
        };
        aligned += usize::from(are_aligned(
            &heard.map(|one| check(&one, &said[call], last)),
        ));
        if !is_cut {
            let talked = lengths[&monitor["live_id"].as_u64().unwrap()];
            let off = (wav.duration() - talked).abs();
            assert!(off <= 0.25, "{} s of {talked} s", wav.duration());
            exact += usize::from(off <= 0.04);
        }
    }
    assert_eq!(callers.len(), CALLS);
    // On a busy machine the thread of calls or that of media may wait for its turn now and then.
    assert!(aligned * 10 >= CALLS * 9, "{aligned} are aligned");
    assert!(exact * 10 >= ENDED * 9, "{exact} have their length");
}

const PATIENCE: Duration = Duration::from_secs(60);
