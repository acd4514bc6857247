//! Recordings that the previous process did not bring to their end.

use std::io;

use anyhow::Context;
use offhook_base::{Audio, RecordingStart};
use offhook_store::ConfigDb;

use super::files::{Part, RecordingFiles};
use super::wav_file::WavFile;

/// Finds what the previous process left, and mends the files. To be called when the journal's rows are copied. What is in
/// the list already is forgotten here, as is what holds no sound; the others are marked as cut.
///
/// # Errors
/// When the folder or the database cannot be read.
pub(crate) fn unfinished(
    files: &RecordingFiles,
    db: &ConfigDb,
) -> anyhow::Result<Vec<(RecordingStart, Audio)>> {
    let mut found = Vec::new();
    for start in files.noted().context("reading the notes of recordings")? {
        let known = db.has_recording(start.id).context("reading recordings")?;
        let audio = if known { None } else { mended(files, &start) };
        match audio {
            Some(audio) => found.push((start, audio)),
            None => forget(files, &start, known),
        }
    }
    Ok(found)
}

fn mended(files: &RecordingFiles, start: &RecordingStart) -> Option<Audio> {
    let mended = files
        .mend(Part::Wav, start.id, start.started_at)
        .and_then(WavFile::mend);
    match mended {
        Ok(wav) => wav.and_then(|wav| wav.audio(true)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::error!(%error, recording = %start.id, "this recording cannot be mended");
            None
        }
    }
}

/// Removes the note, and the files of a recording that is in no list.
pub(crate) fn forget(files: &RecordingFiles, start: &RecordingStart, known: bool) {
    let removed = if known {
        Ok(())
    } else {
        files.remove(start.id, start.started_at)
    };
    if let Err(error) = removed.and_then(|()| files.forget(start.id)) {
        tracing::warn!(%error, recording = %start.id, "what it left stays until the next start");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use offhook_base::{CallId, JournalPos, RecordingId, RecordingKind, Wall};
    use offhook_media_core::WavFormat;
    use offhook_store::{ProjectedFact, ProjectedRow};

    use super::*;

    #[test]
    fn what_a_kill_left_is_found_once_mended_and_marked() {
        let dir = tempfile::tempdir().unwrap();
        let files = RecordingFiles::open(dir.path()).unwrap();
        let db = ConfigDb::open(dir.path()).unwrap();
        let at = Wall(1_700_000_000_000_000);
        let format = WavFormat {
            channels: 2,
            sample_rate: 8_000,
        };
        let start = |id| RecordingStart {
            id: RecordingId(id),
            kind: RecordingKind::Call,
            call: CallId(7),
            root: CallId(7),
            user: None,
            context: "LOCAL_USER".to_owned(),
            caller: "1001".to_owned(),
            called: "1002".to_owned(),
            started_at: at,
        };
        // 1 has half a second beyond its header, 2 is listed, 3 holds nothing, 4 never began.
        for id in 1..=4 {
            files.note(&start(id)).unwrap();
        }
        for (id, samples) in [(1, 8_000), (2, 8_000), (3, 0)] {
            let file = files.create(Part::Wav, RecordingId(id), at).unwrap();
            let mut wav = WavFile::begin(file, format).unwrap();
            wav.append(&vec![7; samples]).unwrap();
        }
        let listed = Audio {
            duration_ms: 500,
            channels: 2,
            sample_rate: 8_000,
            size_wav: 16_044,
            size_mp3: 1,
            cut: false,
        };
        let row = ProjectedRow::Recording(Arc::new(start(2).with_audio(listed)));
        let pos = JournalPos(1);
        db.project_rows(&[ProjectedFact { pos, row }]).unwrap();
        for _ in 0..2 {
            // Twice: another kill may come before its entry is committed.
            let found = unfinished(&files, &db).unwrap();
            let [(one, audio)] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(*one, start(1));
            assert_eq!(
                (audio.duration_ms, audio.size_wav, audio.cut),
                (500, 16_044, true)
            );
        }
        assert!(files.read(Part::Wav, RecordingId(2), at).is_ok());
        assert!(files.read(Part::Wav, RecordingId(3), at).is_err());
        assert_eq!(files.noted().unwrap(), [start(1)]);
    }
}
