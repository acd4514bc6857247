//! What our listeners show under TLS: a certificate chain and its key, from PEM files.
//!
//! The configuration is checked with it before a socket is bound, and the files are read by it again on SIGHUP.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate and a key are of no use, in words for whoever wrote the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Unusable {
    /// The file of the certificate is at fault.
    Certificate(String),
    /// The file of the key is at fault, or it is another certificate's.
    Key(String),
}

impl Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Certificate(why) | Self::Key(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Unusable {}

/// The certificates of a PEM file, in its order.
///
/// # Errors
/// The file cannot be read, or has none.
pub(crate) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = fs::read(file).map_err(|error| at(file, error))?;
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        chain.push(certificate.map_err(|error| {
            let place = chain.len() + 1;
            at(file, format!("certificate {place} cannot be read: {error}"))
        })?);
    }
    if chain.is_empty() {
        Err(at(file, "holds no PEM certificate"))
    } else {
        Ok(chain)
    }
}

/// The first private key of a PEM file.
///
/// # Errors
/// The file cannot be read, or has none that is not encrypted.
pub(crate) fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let pem = fs::read(file).map_err(|error| at(file, error))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        if matches!(error, PemError::NoItemsFound) {
            at(file, "holds no PEM private key, or one under a password")
        } else {
            at(file, error)
        }
    })
}

/// What a listener needs to speak TLS 1.2 and 1.3 as whom these files name. Clients need no certificate.
///
/// # Errors
/// A file cannot be read, or the key does not fit the certificate.
pub(crate) fn server_config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Unusable> {
    let chain = read_certificates(certificate).map_err(Unusable::Certificate)?;
    let private = read_key(key).map_err(Unusable::Key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let told = |error: rustls::Error| {
        if matches!(error, rustls::Error::InvalidCertificate(_)) {
            Unusable::Certificate(at(certificate, error))
        } else if matches!(error, rustls::Error::InconsistentKeys(_)) {
            let shown = certificate.display();
            Unusable::Key(at(key, format!("is not the key of {shown}")))
        } else {
            Unusable::Key(at(key, error))
        }
    };
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(told)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(told)?;
    Ok(Arc::new(config))
}

fn at(file: &Path, what: impl Display) -> String {
    format!("{}: {what}", file.display())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A certificate with its key, by these names in `folder`.
    fn write(folder: &TempDir, certificate: &str, key: &str) {
        let made = rcgen::generate_simple_self_signed(vec!["pbx.example.org".to_owned()]).unwrap();
        fs::write(folder.path().join(certificate), made.cert.pem()).unwrap();
        fs::write(folder.path().join(key), made.signing_key.serialize_pem()).unwrap();
    }

    #[test]
    fn a_certificate_with_its_own_key_is_taken_and_with_another_refused() {
        let folder = TempDir::new().unwrap();
        write(&folder, "cert.pem", "key.pem");
        write(&folder, "other.pem", "other-key.pem");
        let file = |name: &str| folder.path().join(name);
        assert!(server_config(&file("cert.pem"), &file("key.pem")).is_ok());

        let refused = server_config(&file("cert.pem"), &file("other-key.pem")).unwrap_err();
        let expected = format!(
            "{}: is not the key of {}",
            file("other-key.pem").display(),
            file("cert.pem").display()
        );
        assert_eq!(refused, Unusable::Key(expected));
    }

    #[test]
    fn a_file_that_holds_the_other_thing_is_told_by_its_name() {
        let folder = TempDir::new().unwrap();
        write(&folder, "cert.pem", "key.pem");
        let file = |name: &str| folder.path().join(name);
        let swapped = server_config(&file("key.pem"), &file("cert.pem")).unwrap_err();
        let expected = at(&file("key.pem"), "holds no PEM certificate");
        assert_eq!(swapped, Unusable::Certificate(expected));
        let keyless = server_config(&file("cert.pem"), &file("cert.pem")).unwrap_err();
        let expected = "holds no PEM private key, or one under a password";
        assert_eq!(keyless, Unusable::Key(at(&file("cert.pem"), expected)));
    }

    #[test]
    fn what_is_pem_around_no_certificate_is_refused() {
        let folder = TempDir::new().unwrap();
        write(&folder, "cert.pem", "key.pem");
        let file = |name: &str| folder.path().join(name);
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        fs::write(file("nonsense.pem"), nonsense).unwrap();
        let refused = server_config(&file("nonsense.pem"), &file("key.pem")).unwrap_err();
        assert!(
            matches!(refused, Unusable::Certificate(_)),
            "it is the certificate's fault: {refused}"
        );
    }
}
