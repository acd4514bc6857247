//! An HTTPS receiver for load: it verifies each signature, checks the order of each call, and keeps two numbers a call.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use base64::Engine as _;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use serde::Deserialize;
use standardwebhooks::Webhook;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A running receiver, on a thread named `sink`.
pub(crate) struct Sink {
    port: u16,
    folder: TempDir,
    secret: String,
    shared: Arc<Shared>,
}

/// What came in so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Events, each once.
    pub(crate) events: usize,
    /// Calls whose last event came.
    pub(crate) calls: usize,
    /// Calls of which no event came yet but those before their end.
    pub(crate) up: usize,
    /// Events that came before and again.
    pub(crate) again: usize,
    /// Events that came before one with a lower `seq`, and signatures that were wrong.
    pub(crate) wrong: usize,
    /// When the first request came.
    pub(crate) first: Option<Instant>,
    /// When the last request came.
    pub(crate) last: Option<Instant>,
}

struct Shared {
    closed: AtomicBool,
    verifier: Webhook,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tally: Tally,
    /// The highest `seq` of each root call.
    seen: HashMap<u64, u64>,
}

#[derive(Deserialize)]
struct Event {
    root_call_id: u64,
    seq: u64,
    state: String,
    #[serde(default)]
    r#final: bool,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let folder = TempDir::with_prefix("sink-").unwrap();
        let config = certificate(&folder);
        let key = base64::engine::general_purpose::STANDARD.encode("the secret of the benchmark");
        let secret = format!("whsec_{key}");
        let shared = Arc::new(Shared {
            closed: AtomicBool::new(false),
            verifier: Webhook::new(&secret).unwrap(),
            state: Mutex::default(),
        });
        let (told, port) = mpsc::channel();
        let serving = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(serve(config, serving, told));
            })
            .unwrap();
        Self {
            port: port.recv().unwrap(),
            folder,
            secret,
            shared,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/calls", self.port)
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    pub(crate) fn certificate_authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Whether connections are closed instead of answered.
    pub(crate) fn close(&self, closed: bool) {
        self.shared.closed.store(closed, Ordering::Release);
    }

    pub(crate) fn tally(&self) -> Tally {
        self.shared.state.lock().unwrap().tally.clone()
    }

    /// Counts from zero.
    pub(crate) fn forget(&self) {
        *self.shared.state.lock().unwrap() = State::default();
    }

    /// Waits until so many events came, or until none came for a while.
    pub(crate) async fn wait_for(&self, events: usize, patience: Duration) -> Tally {
        let mut since = Instant::now();
        let mut before = 0;
        loop {
            let tally = self.tally();
            if tally.events >= events || since.elapsed() > patience {
                return tally;
            }
            if tally.events > before {
                (before, since) = (tally.events, Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serve(config: ServerConfig, shared: Arc<Shared>, told: mpsc::Sender<u16>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    told.send(listener.local_addr().unwrap().port()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    while let Ok((stream, _)) = listener.accept().await {
        if shared.closed.load(Ordering::Acquire) {
            continue;
        }
        stream.set_nodelay(true).unwrap();
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|request| answer(request, Arc::clone(&shared)));
            // A connection that is closed is how the receiver refuses.
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Empty<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    if shared.closed.load(Ordering::Acquire) {
        return Err(std::io::Error::other("closed"));
    }
    let signed = shared.verifier.verify(&body, &head.headers).is_ok();
    let event = serde_json::from_slice(&body).ok();
    shared.state.lock().unwrap().note(signed, event);
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

impl State {
    fn note(&mut self, signed: bool, event: Option<Event>) {
        let tally = &mut self.tally;
        tally.first.get_or_insert_with(Instant::now);
        tally.last = Some(Instant::now());
        let Some(event) = event.filter(|_| signed) else {
            tally.wrong += 1;
            return;
        };
        let seen = self.seen.entry(event.root_call_id).or_default();
        if event.seq <= *seen {
            tally.again += 1;
            return;
        }
        if event.seq != *seen + 1 {
            tally.wrong += 1;
        }
        *seen = event.seq;
        tally.events += 1;
        if event.state == "CONNECTED" {
            tally.up += 1;
        }
        if event.r#final {
            tally.calls += 1;
            tally.up = tally.up.saturating_sub(1);
        }
    }
}

/// Makes an authority, whose certificate it writes to `ca.pem`, and a certificate for `localhost`.
fn certificate(folder: &TempDir) -> ServerConfig {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority_certificate.pem()).unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf_certificate.der().clone()], key)
        .unwrap()
}
