//! An authority of certificates, for whoever is to be believed over TLS.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority with a folder for what it signs.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// PEM files of a certificate and its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one that nobody trusts yet.
    ///
    /// # Panics
    /// When the system gives no randomness or no folder.
    #[must_use]
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("authority-").unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Offhook test authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            folder,
        }
    }

    /// PEM file of its own certificate: who has it believes what it signed.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Signs a certificate for 127.0.0.1.
    #[must_use]
    pub fn sign(&self) -> Certificate {
        let folder = self.folder.path();
        let made = Certificate {
            chain: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        };
        self.sign_into(&made);
        made
    }

    /// Signs a certificate for 127.0.0.1 in the place of another one.
    ///
    /// # Panics
    /// When the files cannot be written.
    pub fn sign_into(&self, files: &Certificate) {
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &self.issuer).unwrap();
        write(&files.chain, &certificate.pem());
        write(&files.key, &key.serialize_pem());
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
}
