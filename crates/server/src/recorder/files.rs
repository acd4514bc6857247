//! Where recordings lie, and the only way to them.
//!
//! ```text
//! recordings/2026/11/26/<id>.wav        the sound
//!                       <id>.mp3        made of it when it is asked for
//!                       <id>.mp3.part   the same while it is made
//! recordings/open/<id>.json             whose it is, until its entry is in the journal
//! ```
//!
//! A path is made of a number and a date, never of a client's text. Every step below the folder is taken by itself and follows no
//! symbolic link, so that nothing outside is ever read or written. (The folder itself may be a link that the operator made, to
//! a disk with room.)

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use offhook_base::{RecordingId, RecordingStart, Wall};
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

/// The folder of recordings.
#[derive(Debug)]
pub(crate) struct RecordingFiles {
    root: OwnedFd,
    open: OwnedFd,
}

/// One of the files of a recording.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Wav,
    Mp3,
    UnfinishedMp3,
}

impl Part {
    fn name(self, id: RecordingId) -> String {
        match self {
            Self::Wav => format!("{id}.wav"),
            Self::Mp3 => format!("{id}.mp3"),
            Self::UnfinishedMp3 => format!("{id}.mp3.part"),
        }
    }
}

impl RecordingFiles {
    /// Opens the folder, and makes it where there is none.
    pub(crate) fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("recordings");
        make(CWD, &path)?;
        let root = openat(
            CWD,
            &path,
            OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        make(&root, "open")?;
        let open = step(&root, "open")?;
        Ok(Self { root, open })
    }

    /// A new file; one of that name is not touched.
    pub(crate) fn create(&self, part: Part, id: RecordingId, at: Wall) -> io::Result<File> {
        // A day's folder that has become empty may be removed between two steps.
        let mut tries = 0;
        loop {
            match self.try_create(part, id, at) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 3 => tries += 1,
                done => return done,
            }
        }
    }

    fn try_create(&self, part: Part, id: RecordingId, at: Wall) -> io::Result<File> {
        let folder = self.day(at, true)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        file(&folder, &part.name(id), flags)
    }

    /// A file to be read.
    pub(crate) fn read(&self, part: Part, id: RecordingId, at: Wall) -> io::Result<File> {
        file(&self.day(at, false)?, &part.name(id), OFlags::RDONLY)
    }

    /// A file to be mended.
    pub(crate) fn mend(&self, part: Part, id: RecordingId, at: Wall) -> io::Result<File> {
        file(&self.day(at, false)?, &part.name(id), OFlags::RDWR)
    }

    /// Gives an `.mp3` that is complete its name. Should the recording have been removed meanwhile, this goes, too.
    pub(crate) fn finish_mp3(&self, id: RecordingId, at: Wall) -> io::Result<()> {
        let folder = self.day(at, false)?;
        let (from, to) = (Part::UnfinishedMp3.name(id), Part::Mp3.name(id));
        renameat(&folder, from, &folder, &to)?;
        // Whoever removes takes the sound first, so that one of both sees what the other did.
        let there = statat(&folder, Part::Wav.name(id), AtFlags::SYMLINK_NOFOLLOW);
        if let Err(error) = there {
            remove(&folder, &to)?;
            return Err(error.into());
        }
        Ok(())
    }

    /// Removes an `.mp3` that was not completed.
    pub(crate) fn remove_unfinished(&self, id: RecordingId, at: Wall) -> io::Result<()> {
        match self.day(at, false) {
            Ok(folder) => remove(&folder, &Part::UnfinishedMp3.name(id)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes all files of a recording; those that are not there are no fault.
    pub(crate) fn remove(&self, id: RecordingId, at: Wall) -> io::Result<()> {
        let folder = match self.day(at, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        for part in [Part::Wav, Part::Mp3, Part::UnfinishedMp3] {
            remove(&folder, &part.name(id))?;
        }
        self.remove_empty(at);
        Ok(())
    }

    /// Removes the folders of a day, month and year that hold nothing any more.
    fn remove_empty(&self, at: Wall) {
        let [year, month, day] = date(at);
        for path in [
            format!("{year}/{month}/{day}"),
            format!("{year}/{month}"),
            year,
        ] {
            if unlinkat(&self.root, path, AtFlags::REMOVEDIR).is_err() {
                return;
            }
        }
    }

    /// Notes whose recording begins.
    pub(crate) fn note(&self, start: &RecordingStart) -> io::Result<()> {
        let name = note_name(start.id);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let written = file(&self.open, &name, flags)
            .and_then(|mut file| file.write_all(&serde_json::to_vec(start)?));
        if written.is_err() {
            self.forget(start.id)?;
        }
        written
    }

    /// Removes that note.
    pub(crate) fn forget(&self, id: RecordingId) -> io::Result<()> {
        remove(&self.open, &note_name(id))
    }

    /// All notes that can be read. One that cannot is removed: nobody could say whose recording it is.
    pub(crate) fn noted(&self) -> io::Result<Vec<RecordingStart>> {
        let mut starts = Vec::new();
        for entry in Dir::read_from(&self.open)? {
            let entry = entry?;
            let Some(name) = entry
                .file_name()
                .to_str()
                .ok()
                .filter(|name| name.ends_with(".json"))
            else {
                continue;
            };
            match self.read_note(name) {
                Ok(start) => starts.push(start),
                Err(error) => {
                    tracing::error!(%error, name, "this note of a recording cannot be read");
                    remove(&self.open, name)?;
                }
            }
        }
        starts.sort_by_key(|start| start.id);
        Ok(starts)
    }

    fn read_note(&self, name: &str) -> io::Result<RecordingStart> {
        let mut text = Vec::new();
        let file = file(&self.open, name, OFlags::RDONLY)?;
        file.take(NOTE_AT_MOST).read_to_end(&mut text)?;
        let start: RecordingStart = serde_json::from_slice(&text)?;
        if note_name(start.id) == name {
            Ok(start)
        } else {
            Err(io::Error::other("it tells of another recording"))
        }
    }

    /// Octets that are free for files.
    pub(crate) fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::fstatvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn day(&self, at: Wall, making: bool) -> io::Result<OwnedFd> {
        let mut folder = None;
        for name in date(at) {
            let parent = folder.as_ref().unwrap_or(&self.root);
            if making {
                make(parent, name.as_str())?;
            }
            folder = Some(step(parent, &name)?);
        }
        folder.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Year, month and day of a moment, as folders are called.
fn date(at: Wall) -> [String; 3] {
    let text = at.to_contract();
    let mut parts = text.split(['-', ' ']).map(str::to_owned);
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

fn note_name(id: RecordingId) -> String {
    format!("{id}.json")
}

fn make(parent: impl std::os::fd::AsFd, name: impl rustix::path::Arg) -> io::Result<()> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The folder of that name, unless it is a link.
fn step(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

/// The file of that name, unless it is a link or no plain file.
fn file(folder: &OwnedFd, name: &str, flags: OFlags) -> io::Result<File> {
    // A pipe put in a file's place is not waited for.
    let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no plain file"))
    }
}

fn remove(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Octets of a note; the longest numbers there are take a tenth.
const NOTE_AT_MOST: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use offhook_base::{CallId, RecordingKind};

    use super::*;

    const AT: Wall = Wall(1_700_000_000_000_000);
    const ID: RecordingId = RecordingId(42);

    fn start(id: RecordingId) -> RecordingStart {
        RecordingStart {
            id,
            kind: RecordingKind::Call,
            call: CallId(7),
            root: CallId(7),
            user: None,
            context: "LOCAL_USER".to_owned(),
            caller: "../../etc/passwd".to_owned(),
            called: "1002".to_owned(),
            started_at: AT,
        }
    }

    #[test]
    fn a_file_lies_under_its_date_and_number() {
        let dir = tempfile::tempdir().unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        files
            .create(Part::Wav, ID, AT)
            .unwrap()
            .write_all(b"x")
            .unwrap();
        let path = dir.path().join("recordings/2023/11/14/42.wav");
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
        let again = files.create(Part::Wav, ID, AT).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        files.create(Part::UnfinishedMp3, ID, AT).unwrap();
        files.finish_mp3(ID, AT).unwrap();
        assert!(files.read(Part::Mp3, ID, AT).is_ok());
        files.remove(ID, AT).unwrap();
        files.remove(ID, AT).unwrap();
        assert!(
            !dir.path().join("recordings/2023").exists(),
            "empty folders go"
        );
        let gone = files.read(Part::Wav, ID, AT).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn an_mp3_of_a_recording_that_was_removed_does_not_stay() {
        let dir = tempfile::tempdir().unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        files.create(Part::UnfinishedMp3, ID, AT).unwrap();
        assert!(files.finish_mp3(ID, AT).is_err(), "there is no sound");
        assert!(files.read(Part::Mp3, ID, AT).is_err());
        assert!(files.read(Part::UnfinishedMp3, ID, AT).is_err());
    }

    #[test]
    fn a5_no_symbolic_link_is_followed_at_any_step() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(outside.path().join("11/14")).unwrap();
        std::fs::create_dir_all(outside.path().join("14")).unwrap();
        for secret in ["11/14/42.wav", "14/42.wav", "42.wav", "42.mp3"] {
            std::fs::write(outside.path().join(secret), "secret").unwrap();
        }
        for (links, target) in [
            ("2023", "."),
            ("2023/11", "."),
            ("2023/11/14", "."),
            ("2023/11/14/42.wav", "42.wav"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let files = RecordingFiles::open(dir.path()).unwrap();
            let link = dir.path().join("recordings").join(links);
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(outside.path().join(target), &link).unwrap();
            assert!(files.read(Part::Wav, ID, AT).is_err(), "{links}");
            assert!(files.mend(Part::Wav, ID, AT).is_err(), "{links}");
            assert!(files.create(Part::Wav, ID, AT).is_err(), "{links}");
            // A link is removed itself, never what it leads to.
            let removed = files.remove(ID, AT);
            assert_eq!(removed.is_ok(), links.ends_with(".wav"), "{links}");
        }
        for secret in ["11/14/42.wav", "14/42.wav", "42.wav", "42.mp3"] {
            let kept = std::fs::read_to_string(outside.path().join(secret)).unwrap();
            assert_eq!(kept, "secret");
        }
    }

    #[test]
    fn what_is_no_plain_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        let day = dir.path().join("recordings/2023/11/14");
        std::fs::create_dir_all(day.join("42.wav")).unwrap();
        assert!(files.read(Part::Wav, ID, AT).is_err(), "a folder");
        rustix::fs::mknodat(
            CWD,
            day.join("42.mp3"),
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        assert!(files.read(Part::Mp3, ID, AT).is_err(), "a pipe");
    }

    #[test]
    fn a_note_tells_whose_recording_it_is_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        files.note(&start(RecordingId(9))).unwrap();
        files.note(&start(ID)).unwrap();
        let folder = dir.path().join("recordings/open");
        std::fs::write(folder.join("5.json"), "{").unwrap();
        let other = std::fs::read(folder.join("9.json")).unwrap();
        std::fs::write(folder.join("8.json"), other).unwrap();
        symlink(folder.join("9.json"), folder.join("7.json")).unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        assert_eq!(files.noted().unwrap(), [start(RecordingId(9)), start(ID)]);
        files.forget(ID).unwrap();
        files.forget(ID).unwrap();
        assert_eq!(files.noted().unwrap(), [start(RecordingId(9))]);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn dates_before_and_after_all_others_are_folders_too() {
        assert_eq!(date(Wall(0)), ["1970", "01", "01"]);
        assert_eq!(date(AT), ["2023", "11", "14"]);
    }
}
