//! The sound of recordings for REST clients: opened, made into MP3, outlined, removed.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::future::Future;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use offhook_api::ports::{Outline, PortFuture, SoundError, Sounds};
use offhook_base::{RecordingId, RecordingRecord};
use offhook_media_core::{Clip, Peaks};
use tokio::sync::Semaphore;

use super::files::{Part, RecordingFiles};
use super::wav_reader::WavReader;

/// Opens, makes and removes the files of recordings that are over.
#[derive(Debug)]
pub(crate) struct Library {
    files: Arc<RecordingFiles>,
    /// How many clients may have something made for them at a time; the others wait.
    seats: Semaphore,
    /// How many messages are read for phones at a time.
    readers: Semaphore,
    /// Who makes an `.mp3` holds its lock, so that nobody else makes it meanwhile.
    making: Mutex<BTreeMap<RecordingId, Arc<tokio::sync::Mutex<()>>>>,
    /// Outlines made of late, the newest last.
    outlines: Mutex<VecDeque<(Shape, Arc<Outline>)>>,
}

/// Which outline.
type Shape = (RecordingId, u32);

impl Library {
    pub(crate) fn new(files: Arc<RecordingFiles>) -> Self {
        Self {
            files,
            seats: Semaphore::new(AT_ONCE),
            readers: Semaphore::new(AT_ONCE),
            making: Mutex::default(),
            outlines: Mutex::default(),
        }
    }

    /// The sound of a message, to be played. Two are read at a time, apart from what REST clients have made.
    ///
    /// # Errors
    /// `Missing` when it is not there; `Unavailable` when it cannot be read, or is longer than a message can be.
    pub(crate) async fn clip(&self, of: RecordingRecord) -> Result<Clip, SoundError> {
        let _seat = self
            .readers
            .acquire()
            .await
            .map_err(|_| SoundError::Unavailable)?;
        let files = Arc::clone(&self.files);
        blocking(move || {
            let file = files.read(Part::Wav, of.id, of.started_at)?;
            let mut octets = Vec::new();
            file.take(LONGEST_MESSAGE + 1).read_to_end(&mut octets)?;
            if octets.len() as u64 > LONGEST_MESSAGE {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            Clip::from_wav(format!("message {}", of.id), &octets).map_err(io::Error::other)
        })
        .await
    }

    /// Removes all files of a recording, for whoever may wait for a disk.
    pub(crate) fn remove_now(&self, of: &RecordingRecord) -> io::Result<()> {
        unpoisoned(&self.outlines).retain(|((id, _), _)| *id != of.id);
        self.files.remove(of.id, of.started_at)
    }

    async fn made(&self, of: RecordingRecord) -> Result<File, SoundError> {
        if let Some(file) = self.open(Part::Mp3, &of).await? {
            return Ok(file);
        }
        if !cfg!(feature = "mp3") {
            return Err(SoundError::NotBuilt);
        }
        let lock = Arc::clone(unpoisoned(&self.making).entry(of.id).or_default());
        let held = lock.lock().await;
        // Whoever held the lock before may have made it.
        let made = match self.open(Part::Mp3, &of).await {
            Ok(None) => self.make(of.clone()).await,
            Ok(Some(file)) => Ok(file),
            Err(error) => Err(error),
        };
        drop(held);
        drop(lock);
        unpoisoned(&self.making).retain(|_, lock| Arc::strong_count(lock) > 1);
        made
    }

    async fn make(&self, of: RecordingRecord) -> Result<File, SoundError> {
        let _seat = self
            .seats
            .acquire()
            .await
            .map_err(|_| SoundError::Unavailable)?;
        let files = Arc::clone(&self.files);
        blocking(move || make_mp3(&files, &of)).await
    }

    async fn open(&self, part: Part, of: &RecordingRecord) -> Result<Option<File>, SoundError> {
        let (files, id, at) = (Arc::clone(&self.files), of.id, of.started_at);
        match blocking(move || files.read(part, id, at)).await {
            Ok(file) => Ok(Some(file)),
            Err(SoundError::Missing) => Ok(None),
            Err(error @ (SoundError::NotBuilt | SoundError::Unavailable)) => Err(error),
        }
    }

    async fn outlined(&self, of: RecordingRecord, points: u32) -> Result<Arc<Outline>, SoundError> {
        let shape = (of.id, points);
        let known = |(known, _): &&(Shape, Arc<Outline>)| *known == shape;
        if let Some((_, outline)) = unpoisoned(&self.outlines).iter().find(known) {
            return Ok(Arc::clone(outline));
        }
        let _seat = self
            .seats
            .acquire()
            .await
            .map_err(|_| SoundError::Unavailable)?;
        let files = Arc::clone(&self.files);
        let outline = blocking(move || outline(&files, &of, points)).await?;
        let outline = Arc::new(outline);
        let mut outlines = unpoisoned(&self.outlines);
        if outlines.len() >= OUTLINES {
            outlines.pop_front();
        }
        outlines.push_back((shape, Arc::clone(&outline)));
        Ok(outline)
    }
}

impl Sounds for Library {
    fn wav(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>> {
        Box::pin(async move {
            let found = self.open(Part::Wav, &of).await?;
            found.ok_or(SoundError::Missing)
        })
    }

    fn mp3(&self, of: RecordingRecord) -> PortFuture<'_, Result<File, SoundError>> {
        Box::pin(self.made(of))
    }

    fn outline(
        &self,
        of: RecordingRecord,
        points: u32,
    ) -> PortFuture<'_, Result<Arc<Outline>, SoundError>> {
        Box::pin(self.outlined(of, points))
    }

    fn remove(&self, of: RecordingRecord) -> PortFuture<'_, Result<(), SoundError>> {
        unpoisoned(&self.outlines).retain(|((id, _), _)| *id != of.id);
        let (files, id, at) = (Arc::clone(&self.files), of.id, of.started_at);
        Box::pin(blocking(move || files.remove(id, at)))
    }
}

/// Writes the `.mp3` beside its place and then puts it there, so that nobody reads half of it.
fn make_mp3(files: &RecordingFiles, of: &RecordingRecord) -> io::Result<File> {
    let (id, at) = (of.id, of.started_at);
    let wav = files.read(Part::Wav, id, at)?;
    // One that a process left unfinished when it ended.
    files.remove_unfinished(id, at)?;
    let mut file = files.create(Part::UnfinishedMp3, id, at)?;
    let made = encode(wav, &mut file)
        .and_then(|()| file.sync_all())
        .and_then(|()| files.finish_mp3(id, at));
    if let Err(error) = made {
        files.remove_unfinished(id, at)?;
        return Err(error);
    }
    files.read(Part::Mp3, id, at)
}

#[cfg(feature = "mp3")]
fn encode(wav: File, into: &mut File) -> io::Result<()> {
    let mut buffered = io::BufWriter::new(into);
    super::mp3::encode(wav, &mut buffered)?;
    io::Write::flush(&mut buffered)
}

#[cfg(not(feature = "mp3"))]
fn encode(_wav: File, _into: &mut File) -> io::Result<()> {
    Err(io::ErrorKind::NotFound.into())
}

fn outline(files: &RecordingFiles, of: &RecordingRecord, points: u32) -> io::Result<Outline> {
    let mut wav = WavReader::new(files.read(Part::Wav, of.id, of.started_at)?)?;
    let mut peaks = Peaks::new(wav.format.channels, wav.frames(), points);
    loop {
        let mut samples = wav.next()?.peekable();
        if samples.peek().is_none() {
            break;
        }
        peaks.take(samples);
    }
    Ok(Outline {
        points: peaks.points(),
        channels: peaks.finish(),
    })
}

/// Does what may wait for a disk, on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, SoundError> {
    match spawned(work).await {
        Ok(done) => Ok(done),
        // A link or something else in a file's place is no file of ours.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SoundError::Missing),
        Err(error) => {
            tracing::error!(%error, "the file of a recording");
            Err(SoundError::Unavailable)
        }
    }
}

fn spawned<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> impl Future<Output = io::Result<T>> {
    let task = tokio::task::spawn_blocking(work);
    async move { task.await.map_err(io::Error::other)? }
}

fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these locks can panic half-way through a change.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Encoders and outlines at a time: calls need the processor, too.
const AT_ONCE: usize = 2;

/// Octets of a message of three minutes at 16,000 samples a second, and some more.
const LONGEST_MESSAGE: u64 = 6_000_000;

/// Outlines kept in memory, of 160 kB at most.
const OUTLINES: usize = 64;

#[cfg(test)]
mod tests {
    #[cfg(feature = "mp3")]
    use std::io::Read;

    use offhook_base::{Audio, CallId, RecordingKind, Wall};
    use offhook_media_core::WavFormat;

    use super::*;
    use crate::recorder::wav_file::WavFile;

    struct Rig {
        dir: tempfile::TempDir,
        files: Arc<RecordingFiles>,
        library: Library,
    }

    impl Rig {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let files = Arc::new(RecordingFiles::open(dir.path()).unwrap());
            Self {
                library: Library::new(Arc::clone(&files)),
                files,
                dir,
            }
        }

        /// A recording of a second whose right side is loud in its second half.
        fn recorded(&self, id: u64) -> RecordingRecord {
            let format = WavFormat {
                channels: 2,
                sample_rate: 8_000,
            };
            let started_at = Wall(1_700_000_000_000_000);
            let id = RecordingId(id);
            let file = self.files.create(Part::Wav, id, started_at).unwrap();
            let mut wav = WavFile::begin(file, format).unwrap();
            wav.append(&[0; 8_000]).unwrap();
            wav.append(&[5, -900, 6, 700].repeat(2_000)).unwrap();
            let (_, audio) = wav.finish(false);
            RecordingRecord {
                id,
                kind: RecordingKind::Call,
                call: CallId(7),
                root: CallId(7),
                user: None,
                context: "LOCAL_USER".to_owned(),
                started_at,
                caller: "1001".to_owned(),
                called: "1002".to_owned(),
                audio: audio.unwrap(),
            }
        }

        fn names(&self) -> Vec<String> {
            let day = self.dir.path().join("recordings/2023/11/14");
            let Ok(entries) = std::fs::read_dir(day) else {
                return Vec::new();
            };
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[cfg(feature = "mp3")]
    fn length(mut file: File) -> u64 {
        let mut octets = Vec::new();
        file.read_to_end(&mut octets).unwrap() as u64
    }

    #[cfg(not(feature = "mp3"))]
    #[tokio::test]
    async fn without_the_encoder_only_an_mp3_that_is_there_is_given() {
        let rig = Rig::new();
        let record = rig.recorded(5);
        let refused = rig.library.mp3(record.clone()).await.unwrap_err();
        assert_eq!(refused, SoundError::NotBuilt);
        assert_eq!(rig.names(), ["5.wav"]);
        // Made by a program that had it.
        let file = rig.files.create(Part::Mp3, record.id, record.started_at);
        drop(file.unwrap());
        assert!(rig.library.mp3(record).await.is_ok());
    }

    #[cfg(feature = "mp3")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_mp3_is_made_once_for_all_that_ask_and_has_the_size_that_was_told() {
        let rig = Arc::new(Rig::new());
        let record = rig.recorded(5);
        // Left behind by a process that was killed while it made it.
        let left = rig
            .files
            .create(Part::UnfinishedMp3, record.id, record.started_at);
        drop(left.unwrap());
        let asks: Vec<_> = (0..20)
            .map(|_| {
                let (rig, record) = (Arc::clone(&rig), record.clone());
                tokio::spawn(async move { rig.library.mp3(record).await.map(length) })
            })
            .collect();
        for ask in asks {
            assert_eq!(ask.await.unwrap(), Ok(record.audio.size_mp3));
        }
        assert_eq!(rig.names(), ["5.mp3", "5.wav"]);
        assert!(unpoisoned(&rig.library.making).is_empty());
        let wav = rig.library.wav(record.clone()).await.map(length);
        assert_eq!(wav, Ok(record.audio.size_wav));
    }

    #[cfg(feature = "mp3")]
    #[tokio::test]
    async fn what_is_removed_is_gone_with_all_that_was_made_of_it() {
        let rig = Rig::new();
        let record = rig.recorded(5);
        rig.library.mp3(record.clone()).await.unwrap();
        rig.library.outline(record.clone(), 4).await.unwrap();
        rig.library.remove(record.clone()).await.unwrap();
        assert_eq!(rig.names(), [""; 0]);
        assert!(unpoisoned(&rig.library.outlines).is_empty());
        let missing = rig.library.mp3(record.clone()).await.unwrap_err();
        assert_eq!(missing, SoundError::Missing);
        let missing = rig.library.outline(record.clone(), 4).await.unwrap_err();
        assert_eq!(missing, SoundError::Missing);
        rig.library.remove(record).await.unwrap();
    }

    #[tokio::test]
    async fn a_message_is_read_to_be_played_but_no_longer_one_than_can_be() {
        let rig = Rig::new();
        let record = rig.recorded(5);
        let clip = rig.library.clip(record.clone()).await.unwrap();
        assert_eq!((clip.name(), clip.duration_ms()), ("message 5", 1_000));
        let wav = rig.dir.path().join("recordings/2023/11/14/5.wav");
        let file = std::fs::OpenOptions::new().write(true).open(&wav).unwrap();
        file.set_len(LONGEST_MESSAGE + 1).unwrap();
        let refused = rig.library.clip(record.clone()).await.unwrap_err();
        assert_eq!(refused, SoundError::Unavailable);
        std::fs::remove_file(wav).unwrap();
        let refused = rig.library.clip(record).await.unwrap_err();
        assert_eq!(refused, SoundError::Missing);
    }

    #[tokio::test]
    async fn an_outline_is_that_of_the_samples_and_is_kept() {
        let rig = Rig::new();
        let record = rig.recorded(5);
        let outline = rig.library.outline(record.clone(), 4).await.unwrap();
        let expected = vec![
            vec![0, 0, 0, 0, 5, 6, 5, 6],
            vec![0, 0, 0, 0, -900, 700, -900, 700],
        ];
        assert_eq!((outline.points, &outline.channels), (4, &expected));
        let again = rig.library.outline(record, 4).await.unwrap();
        assert!(Arc::ptr_eq(&outline, &again));
        for id in 6..80 {
            let record = rig.recorded(id);
            rig.library.outline(record, 2).await.unwrap();
        }
        assert_eq!(unpoisoned(&rig.library.outlines).len(), OUTLINES);
    }

    #[tokio::test]
    async fn a5_a_link_in_a_files_place_is_not_read() {
        let rig = Rig::new();
        let record = rig.recorded(5);
        let day = rig.dir.path().join("recordings/2023/11/14");
        let secret = rig.dir.path().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        std::os::unix::fs::symlink(&secret, day.join("5.mp3")).unwrap();
        assert!(rig.library.mp3(record.clone()).await.is_err());
        std::fs::remove_file(day.join("5.wav")).unwrap();
        std::os::unix::fs::symlink(&secret, day.join("5.wav")).unwrap();
        assert!(rig.library.wav(record.clone()).await.is_err());
        assert!(rig.library.outline(record, 9).await.is_err());
        assert_eq!(std::fs::read_to_string(secret).unwrap(), "secret");
    }

    #[test]
    fn the_audio_of_a_file_tells_its_size_as_mp3() {
        let rig = Rig::new();
        let Audio {
            size_mp3,
            duration_ms,
            ..
        } = rig.recorded(5).audio;
        assert_eq!((duration_ms, size_mp3), (1_000, 16 * 288));
    }
}
