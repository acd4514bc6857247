//! Secrets at rest: sealed under a key that lives in a file of its own, so that a copied database tells nothing.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use offhook_base::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::StoreError;

const KEY_LEN: usize = 32;

/// Seals and opens secrets under the key file.
pub(super) struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Seal {
    /// Reads the key file, or makes it with mode 0600 unless something is sealed already (`needed`).
    pub(super) fn open(path: &Path, needed: bool) -> Result<Self, StoreError> {
        let random = SystemRandom::new();
        let key = match fs::read(path) {
            Ok(key) => {
                fs::set_permissions(path, Permissions::from_mode(0o600))
                    .map_err(|e| StoreError::io(path, "setting mode 0600", e))?;
                key
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !needed => make(path, &random)?,
            Err(error) => {
                return Err(StoreError::io(
                    path,
                    "reading the key of the signing secrets",
                    error,
                ));
            }
        };
        let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| {
            StoreError::corrupt(
                path,
                format!("the key has {} octets, not {KEY_LEN}", key.len()),
            )
        })?;
        Ok(Self {
            key: LessSafeKey::new(key),
            random,
        })
    }

    /// Nonce, ciphertext and tag; bound to `owner`, so that a row copied to another webhook does not open.
    pub(super) fn seal(&self, owner: u32, secret: &Secret<String>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut text = secret.expose().clone().into_bytes();
        let aad = Aad::from(owner.to_be_bytes());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .ok()?;
        Some([nonce.as_slice(), &text].concat())
    }

    /// The secret, or `None` when it was sealed under another key or for another owner.
    pub(super) fn open_sealed(&self, owner: u32, sealed: &[u8]) -> Option<Secret<String>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(owner.to_be_bytes()), &mut text)
            .ok()?;
        String::from_utf8(plain.to_vec()).ok().map(Secret::new)
    }
}

/// Written under another name and then moved, so that a crash never leaves half a key.
fn make(path: &Path, random: &SystemRandom) -> Result<Vec<u8>, StoreError> {
    let mut key = vec![0; KEY_LEN];
    random
        .fill(&mut key)
        .map_err(|_| StoreError::unavailable(path, "the system gives no random octets"))?;
    let fresh = path.with_extension("key.new");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        path.parent()
            .map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(|e| StoreError::io(path, "writing the key of the signing secrets", e))?;
    Ok(key)
}
