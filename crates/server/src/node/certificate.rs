//! The certificate that TLS listeners show from the next handshake on; connections that are up keep what they have.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::certificate;
use crate::config::Sip;

/// The files of a certificate and its key, and what they last held that was of use.
#[derive(Debug)]
pub(crate) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Certificate {
    /// Reads the files, where there is a listener that needs them.
    pub(crate) fn of(sip: &Sip) -> anyhow::Result<Option<Arc<Self>>> {
        if sip.tls.is_empty() {
            return Ok(None);
        }
        let chain = sip.tls_cert.clone();
        let chain = chain.context("sip.tls_cert names no file")?;
        let key = sip.tls_key.clone();
        let key = key.context("sip.tls_key names no file")?;
        let config = certificate::server_config(&chain, &key)
            .context("the certificate of SIP over TLS (sip.tls_cert, sip.tls_key)")?;
        Ok(Some(Arc::new(Self {
            chain,
            key,
            current: watch::Sender::new(config),
        })))
    }

    /// What the next handshake is made with.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.borrow()))
    }

    /// Reads the files again. What they held before stays in use when they are of none.
    pub(crate) fn reload(&self) {
        match certificate::server_config(&self.chain, &self.key) {
            Ok(config) => {
                self.current.send_replace(config);
                let file = self.chain.display();
                tracing::info!(%file, "new TLS connections get the certificate as it is in its file");
            }
            Err(why) => {
                tracing::error!(%why, "the certificate could not be read again: the one in use stays");
            }
        }
    }
}
