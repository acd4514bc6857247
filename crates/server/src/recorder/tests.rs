//! The recorder over a real folder, driven turn by turn: what the media threads' rings bring at which times is stated here.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use offhook_base::{CallId, Mono, RecordingKind, Wall};
use offhook_media_core::{Relay, RtpHeader, Side, Taped, Verdict, WAV_HEADER_OCTETS, WavFormat};

use super::files::Part;
use super::*;
use crate::media::{Tap, Tapes, ring};

const AT: Wall = Wall(1_700_000_000_000_000);
const ID: RecordingId = RecordingId(42);

/// How long the media thread has run.
const AGE: Duration = Duration::from_secs(3_600);

struct Rig {
    dir: tempfile::TempDir,
    files: Arc<RecordingFiles>,
    inbox: SyncSender<ToRecorder>,
    recorder: thread::Recorder,
    over: Receiver<Finished>,
    room: Arc<AtomicBool>,
    tap: Tap,
    tapes: Tapes,
    origin: Instant,
}

impl Rig {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = Arc::new(RecordingFiles::open(dir.path()).unwrap());
        let (inbox, queue) = sync_channel(16);
        let (finished, over) = sync_channel(16);
        let room = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&room);
        let has_room = Box::new(move || asked.load(Ordering::Relaxed));
        let mut recorder = thread::Recorder::new(queue, Arc::clone(&files), finished, has_room);
        let origin = Instant::now().checked_sub(AGE).unwrap();
        let (tap, reader) = ring(origin);
        recorder.obey(ToRecorder::Ring(reader));
        Self {
            dir,
            files,
            inbox,
            recorder,
            over,
            room,
            tap,
            tapes: Tapes::default(),
            origin,
        }
    }

    /// The media thread's time.
    fn now(&self) -> Mono {
        Mono(0) + self.origin.elapsed()
    }

    fn start(&self, id: RecordingId) {
        let start = RecordingStart { id, ..noted() };
        self.inbox.send(ToRecorder::Start(Box::new(start))).unwrap();
    }

    fn begin(&mut self, at: Mono) {
        let taped = Taped::Both { left: Side::A };
        self.tap.begin(at, &mut self.tapes, ID, taped);
    }

    /// One side says a second, beginning at a time.
    fn says(&mut self, side: Side, from: Mono) {
        let relay = Relay::new(None, None);
        for n in 0..50_u8 {
            let at = from + Duration::from_millis(20) * u32::from(n);
            let ssrc = if side == Side::A { 1 } else { 2 };
            let [t0, t1] = (u16::from(n) * 160).to_be_bytes();
            let mut packet = vec![0x80, 8, 0, n, 0, 0, t0, t1, 0, 0, 0, ssrc];
            packet.resize(172, 0x2a);
            let header = RtpHeader::parse(&packet).unwrap();
            let verdict = Verdict::Forward {
                side: side.other(),
                to: ([127, 0, 0, 1], 9).into(),
            };
            let of = (&self.tapes, &relay);
            self.tap.packet(at, of, (side, verdict), &header, &packet);
        }
    }

    fn end(&mut self, at: Mono) {
        self.tap.end(at, &mut self.tapes, ID);
    }

    fn turn(&mut self) {
        self.recorder.turn();
    }

    /// The octets of the file, and what its header tells.
    fn wav(&self) -> (Vec<u8>, WavFormat, u64) {
        let mut octets = Vec::new();
        let mut file = self.files.read(Part::Wav, ID, AT).unwrap();
        file.read_to_end(&mut octets).unwrap();
        let (format, told) = WavFormat::parse(&octets).expect("a header at every moment");
        assert!(octets.len() as u64 >= told + WAV_HEADER_OCTETS as u64);
        (octets, format, told)
    }

    fn finished(&self) -> Option<Audio> {
        let Finished { id, made } = self.over.try_recv().expect("a recording is over");
        assert_eq!(id, ID);
        made.map(|(_, audio)| audio)
    }

    fn is_noted(&self) -> bool {
        !self.files.noted().unwrap().is_empty()
    }
}

fn before(now: Mono, milliseconds: u64) -> Mono {
    Mono(now.0 - milliseconds * 1_000_000)
}

/// Where each side is heard, in milliseconds.
fn heard(octets: &[u8]) -> [Vec<u64>; 2] {
    let mut heard = [Vec::new(), Vec::new()];
    for (ms, chunk) in (0..).zip(octets[WAV_HEADER_OCTETS..].chunks(32)) {
        if chunk[0..2] != [0, 0] {
            heard[0].push(ms);
        }
        if chunk[2..4] != [0, 0] {
            heard[1].push(ms);
        }
    }
    heard
}

#[test]
fn a_call_becomes_a_file_of_its_length_with_both_sides_in_their_places() {
    let mut rig = Rig::new();
    let begun = before(rig.now(), 10_000);
    rig.start(ID);
    rig.begin(begun);
    rig.says(Side::A, begun + Duration::from_secs(1));
    rig.says(Side::B, begun + Duration::from_secs(3));
    rig.end(begun + Duration::from_secs(5));
    rig.turn();
    let audio = rig.finished().expect("some sound");
    assert_eq!((audio.duration_ms, audio.cut), (5_000, false));
    assert_eq!((audio.channels, audio.sample_rate), (2, 8_000));
    let (octets, format, told) = rig.wav();
    assert_eq!((format.channels, told), (2, 160_000));
    assert_eq!(octets.len() as u64, audio.size_wav);
    let [left, right] = heard(&octets);
    assert_eq!((left.first(), left.last()), (Some(&1_000), Some(&1_999)));
    assert_eq!((right.first(), right.last()), (Some(&3_000), Some(&3_999)));
    assert!(rig.is_noted(), "until its entry is in the journal");
    rig.recorder.obey(ToRecorder::Known(ID));
    assert!(!rig.is_noted());
}

#[test]
fn whoever_kills_us_leaves_a_file_that_plays_and_lacks_two_seconds_at_most() {
    let mut rig = Rig::new();
    let begun = before(rig.now(), 3_000);
    rig.start(ID);
    rig.begin(begun);
    rig.turn();
    let (_, _, told) = rig.wav();
    let shortest = 3_000 - 500 - 20;
    assert!(told / 32 >= shortest, "{told}");
    rig.says(Side::A, rig.now());
    rig.turn();
    rig.wav();
    // The process is gone; the next one finds file and note.
    let Rig { dir, recorder, .. } = rig;
    drop(recorder);
    let files = RecordingFiles::open(dir.path()).unwrap();
    assert_eq!(files.noted().unwrap().len(), 1);
    let file = files.mend(Part::Wav, ID, AT).unwrap();
    let audio = wav_file::WavFile::mend(file).unwrap().unwrap().audio(true);
    assert!(audio.unwrap().duration_ms >= shortest);
}

#[test]
fn a_full_disk_ends_a_recording_marks_it_and_lets_none_begin() {
    let mut rig = Rig::new();
    let begun = before(rig.now(), 3_000);
    rig.start(ID);
    rig.begin(begun);
    rig.says(Side::A, begun + Duration::from_secs(1));
    rig.turn();
    let (_, _, before_full) = rig.wav();
    rig.room.store(false, Ordering::Relaxed);
    rig.says(Side::A, begun + Duration::from_secs(2));
    rig.turn();
    let audio = rig.finished().expect("what there was");
    assert!(audio.cut);
    let (octets, _, told) = rig.wav();
    assert_eq!(told, before_full, "nothing was written any more");
    assert_eq!(octets.len() as u64, audio.size_wav);
    // Its end comes later and says nothing more.
    rig.end(rig.now());
    rig.turn();
    assert!(rig.over.try_recv().is_err());
    // The next one has no room.
    let next = RecordingId(43);
    rig.start(next);
    rig.tap
        .begin(Mono(5), &mut rig.tapes, next, Taped::Only(Side::A));
    rig.turn();
    let Finished { id, made } = rig.over.try_recv().unwrap();
    assert!(id == next && made.is_none());
    // And there is room again.
    rig.room.store(true, Ordering::Relaxed);
    rig.start(RecordingId(44));
    let at = rig.now();
    let mut tapes = Tapes::default();
    rig.tap
        .begin(at, &mut tapes, RecordingId(44), Taped::Only(Side::A));
    rig.turn();
    assert!(rig.over.try_recv().is_err(), "it runs");
}

#[test]
fn a_recording_for_which_there_is_no_relay_is_one_of_nothing() {
    let mut rig = Rig::new();
    rig.start(ID);
    // What the media thread says of a relay that does not run.
    rig.tap.end_unbegun(Mono(5), ID);
    rig.turn();
    assert_eq!(rig.finished(), None);
    assert!(!rig.is_noted());
    // Or it did not take the command.
    rig.start(ID);
    rig.tap.end_unbegun(Mono(5), RecordingId(1));
    rig.turn();
    rig.recorder.obey(ToRecorder::Cancel(ID));
    assert_eq!(rig.finished(), None);
    // Or the recorder was not told of it at all.
    rig.begin(Mono(5));
    rig.end(Mono(6));
    rig.turn();
    assert!(rig.over.try_recv().is_err());
    assert!(rig.files.read(Part::Wav, ID, AT).is_err());
}

#[test]
fn a_media_thread_that_ends_ends_its_recordings() {
    let mut rig = Rig::new();
    let begun = before(rig.now(), 2_000);
    rig.start(ID);
    rig.begin(begun);
    rig.turn();
    drop(std::mem::take(&mut rig.tap));
    rig.turn();
    let audio = rig.finished().unwrap();
    assert!(audio.duration_ms >= 2_000 && !audio.cut);
}

#[test]
fn a_file_that_is_there_already_is_not_overwritten() {
    let mut rig = Rig::new();
    rig.files.create(Part::Wav, ID, AT).unwrap();
    rig.start(ID);
    rig.begin(Mono(5));
    rig.turn();
    assert_eq!(rig.finished(), None);
}

#[test]
fn the_threads_tell_of_each_recording_and_end_what_runs_at_a_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let files = Arc::new(RecordingFiles::open(dir.path()).unwrap());
    let (told, over) = std::sync::mpsc::channel();
    let has_room = room_beyond(0, Arc::clone(&files));
    let recorder = Recorder::start(files, has_room, move |id, audio| {
        told.send((id, audio)).unwrap();
    })
    .unwrap();
    let mut rig = Rig::new();
    let origin = rig.origin;
    let (tap, reader) = ring(origin);
    rig.tap = tap;
    let handle = recorder.handle();
    handle.attach(reader).unwrap();
    let asked = |id| RecordingStart { id, ..noted() };
    handle.begin(Box::new(asked(ID))).unwrap();
    let begun = before(rig.now(), 4_000);
    rig.begin(begun);
    rig.end(begun + Duration::from_secs(4));
    let (id, audio) = over.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!((id, audio.unwrap().duration_ms), (ID, 4_000));
    let (running, expected) = (RecordingId(43), RecordingId(44));
    handle.begin(Box::new(asked(running))).unwrap();
    handle.begin(Box::new(asked(expected))).unwrap();
    rig.tap
        .begin(begun, &mut rig.tapes, running, Taped::Only(Side::A));
    recorder.shutdown();
    let (id, audio) = over.recv().unwrap();
    assert!(id == running && audio.unwrap().duration_ms >= 4_000);
    assert_eq!(over.recv().unwrap(), (expected, None));
    assert!(over.recv().is_err());
}

fn noted() -> RecordingStart {
    RecordingStart {
        id: ID,
        kind: RecordingKind::Call,
        call: CallId(7),
        root: CallId(7),
        user: None,
        context: "LOCAL_USER".to_owned(),
        caller: "1001".to_owned(),
        called: "1002".to_owned(),
        started_at: AT,
    }
}
