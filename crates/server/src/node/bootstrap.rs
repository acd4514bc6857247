//! The first start: the admin, and what of the configuration is fixed in the database from then on.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context, bail};
use offhook_api::{PasswordCost, generate_password, hash_password};
use offhook_base::{Secret, Wall};
use offhook_store::{ConfigDb, NewUser, RecordMode, Role, VOICEMAIL_AFTER};

use crate::config::Config;

/// Makes the data folder if it is missing.
pub(crate) fn make_data_dir(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir)
        .with_context(|| format!("making the data folder {} (node.data_dir)", dir.display()))
}

/// Proves that the data folder can be written, and keeps other processes off it while the file is held.
pub(crate) fn lock_data_dir(dir: &Path) -> anyhow::Result<File> {
    let path = dir.join("offhook.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| {
            format!(
                "the data folder {} cannot be written (node.data_dir)",
                dir.display()
            )
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "the data folder {} is in use by another offhook (node.data_dir)",
            dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("locking {}", path.display()))
        }
    }
}

/// Makes the admin when there is no user yet. Gives the password when one had to be made up.
pub(crate) fn admin(db: &ConfigDb, config: &Config, now: Wall) -> anyhow::Result<Option<String>> {
    if db.has_users().context("reading users")? {
        return Ok(None);
    }
    let (password, made) = match &config.bootstrap.admin_password_file {
        Some(file) => {
            let text = fs::read_to_string(file).with_context(|| {
                format!("reading {} (bootstrap.admin_password_file)", file.display())
            })?;
            let password = text.trim_end_matches(['\r', '\n']).to_owned();
            if password.is_empty() {
                bail!(
                    "{} holds no password (bootstrap.admin_password_file)",
                    file.display()
                );
            }
            (password, false)
        }
        None => (
            generate_password()
                .context("making the admin's password")?
                .expose()
                .clone(),
            true,
        ),
    };
    let hash = hash_password(&Secret::new(password.clone()), PasswordCost::Usual)
        .context("hashing the admin's password")?;
    let admin = NewUser {
        first_name: "Admin".into(),
        last_name: String::new(),
        email: config.bootstrap.admin_email.clone(),
        ext: "1000".into(),
        role: Role::Admin,
        active: true,
        dnd: false,
        record: RecordMode::None,
        voicemail: false,
        voicemail_after: VOICEMAIL_AFTER,
        password_hash: Some(hash),
    };
    db.create_user(&admin, now).context("making the admin")?;
    Ok(made.then_some(password))
}
