//! Why an attempt failed: a code for machines, words for people.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_delivery::Forbidden;
use rustls::CertificateError;

/// Why an attempt failed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AttemptError {
    /// `dns`, `refused`, `address_forbidden`, `connect`, `tls_expired`, `tls_unknown_issuer`, `tls_name_mismatch`, `tls`, `timeout`,
    /// `closed`, `protocol`, `status`, `redirect`, `url`, `stopping`.
    pub(crate) code: &'static str,
    /// The same in words.
    pub(crate) words: String,
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.words)
    }
}

impl AttemptError {
    pub(super) fn new(code: &'static str, words: impl Into<String>) -> Self {
        Self {
            code,
            words: words.into(),
        }
    }

    pub(super) fn forbidden(error: Forbidden) -> Self {
        Self::new("address_forbidden", error.to_string())
    }

    pub(super) fn timeout(what: &str, after: Duration) -> Self {
        Self::new(
            "timeout",
            format!("{what} took longer than {:.1} s", after.as_secs_f64()),
        )
    }

    pub(super) fn connect(to: SocketAddr, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Self::new("refused", format!("{to} refused the connection"));
        }
        Self::new("connect", format!("{to} cannot be reached: {error}"))
    }

    pub(super) fn tls(host: &str, error: &io::Error) -> Self {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(certificate)) => {
                Self::certificate(host, certificate)
            }
            Some(other) => Self::new("tls", format!("TLS with {host} failed: {other}")),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::new(
                "closed",
                format!("{host} closed the connection during the TLS handshake"),
            ),
            None => Self::new("tls", format!("TLS with {host} failed: {error}")),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rustls adds variants; the rest is told in its own words"
    )]
    fn certificate(host: &str, error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::new(
                "tls_expired",
                format!("the certificate of {host} has expired"),
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::new("tls", format!("the certificate of {host} is not valid yet"))
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::new(
                    "tls_name_mismatch",
                    format!("the certificate is not for the name {host}"),
                )
            }
            CertificateError::UnknownIssuer => Self::new(
                "tls_unknown_issuer",
                format!(
                    "the certificate of {host} comes from an issuer that is not trusted; the operator can add it with webhooks.extra_roots"
                ),
            ),
            other => Self::new(
                "tls",
                format!("the certificate of {host} is not accepted: {other}"),
            ),
        }
    }

    pub(super) fn http(host: &str, error: &hyper::Error) -> Self {
        if error.is_parse() {
            return Self::new(
                "protocol",
                format!("{host} did not answer in HTTP/1.1: {error}"),
            );
        }
        Self::new(
            "closed",
            format!("{host} closed the connection before it had answered"),
        )
    }

    pub(super) fn status(status: http::StatusCode, location: Option<&str>) -> Option<Self> {
        if status.is_success() {
            return None;
        }
        if status.is_redirection() {
            let to = location
                .map(|to| format!(" to {}", to.chars().take(200).collect::<String>()))
                .unwrap_or_default();
            return Some(Self::new(
                "redirect",
                format!("the receiver answered {status}{to}; redirects are not followed"),
            ));
        }
        Some(Self::new(
            "status",
            format!("the receiver answered {status}"),
        ))
    }
}
