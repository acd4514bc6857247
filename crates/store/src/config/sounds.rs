//! The library of sounds: rows in `offhook.db`, and a WAV file each in the folder `sounds` beside it, named by its id.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use offhook_base::{SoundId, SoundUse, Wall};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::{ConfigDb, LIST_LIMIT, Scope};
use crate::StoreError;
use crate::filter::{Kind, Page, Property, Resource, Selection};

/// A sound of the library.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sound {
    /// From 1; never used again.
    pub id: SoundId,
    /// Free label, unique.
    pub name: String,
    /// How long it is.
    pub duration_ms: u32,
    /// Octets of its file.
    pub size: u64,
    /// When it was put in.
    pub created_at: Wall,
}

/// A sound to be put in.
#[derive(Clone, Copy, Debug)]
pub struct NewSound<'a> {
    /// Free label.
    pub name: &'a str,
    /// How long it is.
    pub duration_ms: u32,
    /// Its file.
    pub file: &'a [u8],
}

/// What `/sounds` can be filtered by.
pub static SOUNDS: Resource = Resource {
    name: "sounds",
    properties: &[
        Property::new("id", Kind::Int),
        Property::new("name", Kind::Text),
        Property::new("duration_ms", Kind::Int),
        Property::new("size", Kind::Int),
        Property::computed("created_at", Kind::Time, "created_at / 1000000"),
    ],
};

/// Most sounds of the library.
pub const MOST_SOUNDS: u32 = 200;

/// Most octets of all their files: an hour and three quarters of sound.
pub const MOST_SOUND_OCTETS: u64 = 200_000_000;

impl ConfigDb {
    /// Puts a sound in. Its file is on disk before its row is.
    ///
    /// # Errors
    /// `Taken` when its name is another's; `Full` when there is no room; `Unavailable` when it cannot be written.
    pub fn create_sound(&self, now: Wall, new: NewSound<'_>) -> Result<Sound, StoreError> {
        self.configure(|tx| {
            let at = |e| self.sqlite(e);
            let name_taken: bool = tx
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM sound WHERE name = ?)",
                    [new.name],
                    |row| row.get(0),
                )
                .map_err(at)?;
            if name_taken {
                return Err(StoreError::Taken {
                    field: "name",
                    by: "another sound".to_owned(),
                });
            }
            let size = new.file.len() as u64;
            let (count, octets): (u32, u64) = tx
                .query_row(
                    "SELECT count(*), coalesce(sum(size), 0) FROM sound",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .map_err(at)?;
            if count >= MOST_SOUNDS || octets + size > MOST_SOUND_OCTETS {
                return Err(StoreError::Full {
                    what: format!(
                        "the library has {count} sounds of {octets} octets, and room for {MOST_SOUNDS} of {MOST_SOUND_OCTETS}"
                    ),
                });
            }
            tx.execute(
                "INSERT INTO sound (name, duration_ms, size, created_at) VALUES (?, ?, ?, ?)",
                params![new.name, new.duration_ms, size, now.0],
            )
            .map_err(at)?;
            let id = tx.last_insert_rowid();
            let sound = one(tx, id).map_err(at)?;
            self.write_sound(sound.id, new.file)?;
            Ok(sound)
        })
    }

    /// Removes sounds: all of them or none. Their files go after their rows.
    ///
    /// # Errors
    /// `NotFound` when one is missing; `InUse` when a queue plays one, or it is the music or the greeting.
    pub fn delete_sounds(&self, ids: &[SoundId]) -> Result<(), StoreError> {
        self.configure(|tx| {
            let at = |e| self.sqlite(e);
            for id in ids {
                let queue: Option<String> = tx
                    .query_row(
                        "SELECT name FROM queue WHERE music = ?1 OR announcement = ?1 ORDER BY id LIMIT 1",
                        [id.0],
                        |row| row.get(0),
                    )
                    .optional()
                    .map_err(at)?;
                let mut used = queue.map(|name| format!("queue {name}"));
                for of in SoundUse::ALL {
                    if chosen(tx, of).map_err(at)? == Some(*id) {
                        used = Some(format!("the {} of this node", of.name()));
                    }
                }
                if let Some(by) = used {
                    return Err(StoreError::InUse { by });
                }
                let gone = tx.execute("DELETE FROM sound WHERE id = ?", [id.0]).map_err(at)?;
                if gone == 0 {
                    return Err(StoreError::NotFound);
                }
            }
            Ok(())
        })?;
        for id in ids {
            // One that stays takes room and does no harm: its name is never used again.
            if let Err(error) = fs::remove_file(self.sound_path(*id)) {
                tracing::warn!(%error, %id, "the file of a sound stays behind");
            }
        }
        Ok(())
    }

    /// One sound.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn sound(&self, id: SoundId) -> Result<Sound, StoreError> {
        self.read(|db| one(db, id.0.into()))
    }

    /// The file of a sound.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable` when it cannot be read.
    pub fn sound_file(&self, id: SoundId) -> Result<Vec<u8>, StoreError> {
        self.sound(id)?;
        let path = self.sound_path(id);
        fs::read(&path).map_err(|error| unavailable(path, "reading it", error))
    }

    /// Every sound.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn all_sounds(&self) -> Result<Vec<Sound>, StoreError> {
        self.read(|db| {
            db.prepare("SELECT * FROM sound ORDER BY id")?
                .query_map([], sound_row)?
                .collect()
        })
    }

    /// A page of sounds.
    ///
    /// # Errors
    /// `TooBroad` when it takes over a second.
    pub fn sounds(&self, selection: &Selection) -> Result<Page<Sound>, StoreError> {
        self.page("sound t", &Scope::ALL, selection, LIST_LIMIT, sound_row)
    }

    /// The sound that was chosen for this; `None` for what is built in.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read.
    pub fn chosen_sound(&self, of: SoundUse) -> Result<Option<SoundId>, StoreError> {
        self.read(|db| chosen(db, of))
    }

    /// Chooses a sound for each of these uses.
    pub(super) fn choose_sounds(
        &self,
        tx: &Transaction<'_>,
        choices: &[(SoundUse, Option<SoundId>)],
    ) -> Result<(), StoreError> {
        for (of, sound) in choices {
            let name = of.name();
            self.must_be_sound(tx, name, *sound)?;
            let set = match sound {
                Some(id) => super::settings::put(tx, name, &id.0.to_string()),
                None => tx
                    .execute("DELETE FROM setting WHERE name = ?", [name])
                    .map(drop),
            };
            set.map_err(|e| self.sqlite(e))?;
        }
        Ok(())
    }

    /// A field names a sound that there is, or none.
    pub(super) fn must_be_sound(
        &self,
        tx: &Transaction<'_>,
        field: &'static str,
        sound: Option<SoundId>,
    ) -> Result<(), StoreError> {
        let Some(SoundId(id)) = sound else {
            return Ok(());
        };
        let known: bool = tx
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sound WHERE id = ?)",
                [id],
                |row| row.get(0),
            )
            .map_err(|e| self.sqlite(e))?;
        if known {
            return Ok(());
        }
        Err(StoreError::Dangling {
            field,
            id,
            kind: "sound",
        })
    }

    fn sound_path(&self, id: SoundId) -> PathBuf {
        let folder = self.inner.path.with_file_name("sounds");
        folder.join(format!("{id}.wav"))
    }

    /// Whole and on disk, or not there.
    fn write_sound(&self, id: SoundId, file: &[u8]) -> Result<(), StoreError> {
        let path = self.sound_path(id);
        let write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(&path);
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
            let mut open = fs::OpenOptions::new();
            // What a start that failed left behind is overwritten.
            let mut to = open
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            to.write_all(file)?;
            to.sync_all()?;
            fs::File::open(folder)?.sync_all()
        };
        write().map_err(|error| {
            // It may be half there; without a row nobody looks for it.
            drop(fs::remove_file(&path));
            unavailable(path.clone(), "writing it", error)
        })
    }
}

fn unavailable(path: PathBuf, doing: &str, error: io::Error) -> StoreError {
    StoreError::Unavailable {
        path,
        reason: format!("{doing}: {error}"),
        source: Some(Box::new(error)),
    }
}

fn chosen(db: &Connection, of: SoundUse) -> rusqlite::Result<Option<SoundId>> {
    let find = "SELECT value FROM setting WHERE name = ?";
    let stored: Option<String> = db
        .query_row(find, [of.name()], |row| row.get(0))
        .optional()?;
    Ok(stored.and_then(|id| id.parse().ok()).map(SoundId))
}

fn one(db: &Connection, id: i64) -> rusqlite::Result<Sound> {
    db.query_row("SELECT * FROM sound WHERE id = ?", [id], sound_row)
}

fn sound_row(row: &Row<'_>) -> rusqlite::Result<Sound> {
    Ok(Sound {
        id: SoundId(row.get("id")?),
        name: row.get("name")?,
        duration_ms: row.get("duration_ms")?,
        size: row.get("size")?,
        created_at: Wall(row.get("created_at")?),
    })
}
