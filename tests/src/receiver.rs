//! An HTTPS receiver with a certificate authority of its own, which keeps every request before it answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A running receiver.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    folder: TempDir,
    secret: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// How the receiver treats the next requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// It closes the connection without an answer.
    Close,
    /// It answers 200 with a body that never ends.
    Endless,
    /// It never answers.
    Hang,
    /// It answers 204.
    Ok,
    /// It answers this status.
    Status(u16),
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
    /// Its body as JSON.
    pub event: Value,
    /// How it was treated.
    pub mode: Mode,
}

#[derive(Debug)]
struct Shared {
    /// How requests to a path are treated; those to other paths are answered 204.
    modes: Mutex<BTreeMap<String, Mode>>,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    /// Starts a receiver on a free port of loopback.
    ///
    /// # Panics
    /// When the system refuses one.
    pub async fn start() -> Self {
        Self::start_until(2099).await
    }

    /// A receiver whose certificate was good until a year.
    ///
    /// # Panics
    /// When the system refuses a port.
    pub async fn start_until(year: i32) -> Self {
        let folder = TempDir::with_prefix("receiver-").unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(certificate(&folder, year)));
        let shared = Arc::new(Shared {
            modes: Mutex::default(),
            received: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
        let key = base64::engine::general_purpose::STANDARD
            .encode(format!("a test's secret, port {port:05}"));
        Self {
            port,
            folder,
            secret: format!("whsec_{key}"),
            shared,
            accepting,
        }
    }

    /// The address of a webhook at this receiver.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.port)
    }

    /// The secret that every webhook at this receiver must sign with.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// PEM file of its certificate authority.
    #[must_use]
    pub fn certificate_authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Decides how the next requests to a webhook of this receiver are treated.
    pub fn set_mode(&self, name: &str, mode: Mode) {
        self.shared
            .modes
            .lock()
            .unwrap()
            .insert(format!("/{name}"), mode);
    }

    /// Everything that came in so far, in order.
    ///
    /// # Panics
    /// When a signature is wrong, by the verdict of the public `standardwebhooks` library.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        let received = self.shared.received.lock().unwrap().clone();
        let verifier = standardwebhooks::Webhook::new(&self.secret).unwrap();
        for request in &received {
            if let Err(error) = verifier.verify(&request.body, &request.headers) {
                panic!("{error}: {:?} {}", request.headers, request.event);
            }
        }
        received
    }

    /// Waits until what came in satisfies the test.
    ///
    /// # Panics
    /// When the time is over, with all that came in.
    pub async fn wait_for<T>(
        &self,
        what: &str,
        within: Duration,
        mut satisfied: impl FnMut(&[Received]) -> Option<T>,
    ) -> T {
        let mut count = self.shared.count.subscribe();
        let deadline = tokio::time::sleep(within);
        tokio::pin!(deadline);
        loop {
            let received = self.received();
            if let Some(result) = satisfied(&received) {
                return result;
            }
            tokio::select! {
                changed = count.changed() => changed.expect("the receiver is there"),
                () = &mut deadline => {
                    let events: Vec<_> = received.iter().map(|request| request.event.to_string()).collect();
                    panic!("{what} did not come within {within:?}; what came:\n{}", events.join("\n"));
                }
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&shared)));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    // A client that breaks off is that client's trouble; what it sent is counted or missed by the test.
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Answer>, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let mode = shared
        .modes
        .lock()
        .unwrap()
        .get(head.uri.path())
        .copied()
        .unwrap_or(Mode::Ok);
    let event = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let received = Received {
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
        event,
        mode,
    };
    shared.received.lock().unwrap().push(received);
    shared.count.send_modify(|count| *count += 1);
    let status = match mode {
        Mode::Close => return Err(Closed),
        Mode::Hang => std::future::pending().await,
        Mode::Endless => StatusCode::OK,
        Mode::Ok => StatusCode::NO_CONTENT,
        Mode::Status(status) => StatusCode::from_u16(status).unwrap(),
    };
    let body = if mode == Mode::Endless {
        Answer::Endless
    } else {
        Answer::Empty
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    Ok(response)
}

/// The body of an answer.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Empty,
    Endless,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(match *self {
            Self::Empty => None,
            Self::Endless => Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16_384])))),
        })
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed without an answer")
    }
}

impl std::error::Error for Closed {}

/// Makes an authority, whose certificate it writes to `ca.pem`, and a certificate for `localhost`.
fn certificate(folder: &TempDir, until: i32) -> ServerConfig {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Offhook test authority");
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority_certificate.pem()).unwrap();

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut leaf = rcgen::CertificateParams::new(names).unwrap();
    leaf.not_after = rcgen::date_time_ymd(until, 1, 1);
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

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use rustls_pki_types::pem::PemObject as _;
    use rustls_pki_types::{CertificateDer, ServerName};

    use super::*;

    /// Posts as a sender would that trusts the receiver's authority; `None` when it got no answer.
    async fn post(receiver: &Receiver, secret: &str) -> Option<StatusCode> {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(receiver.certificate_authority()).unwrap())
            .unwrap();
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", receiver.port))
            .await
            .unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let body = r#"{"event_name":"x"}"#;
        let signed = standardwebhooks::Webhook::new(secret)
            .unwrap()
            .sign("m1", now.try_into().unwrap(), body.as_bytes())
            .unwrap();
        let request = Request::post("/calls")
            .header("host", "localhost")
            .header("webhook-id", "m1")
            .header("webhook-timestamp", now)
            .header("webhook-signature", signed)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        sender
            .send_request(request)
            .await
            .ok()
            .map(|response| response.status())
    }

    #[tokio::test]
    async fn it_keeps_what_it_answers_and_treats_it_as_told() {
        let receiver = Receiver::start().await;
        assert_eq!(
            post(&receiver, &receiver.secret).await,
            Some(StatusCode::NO_CONTENT)
        );
        receiver.set_mode("calls", Mode::Status(503));
        assert_eq!(
            post(&receiver, &receiver.secret).await,
            Some(StatusCode::SERVICE_UNAVAILABLE)
        );
        receiver.set_mode("calls", Mode::Close);
        assert_eq!(post(&receiver, &receiver.secret).await, None);
        let modes = receiver
            .wait_for("three requests", Duration::from_secs(5), |received| {
                (received.len() == 3).then(|| {
                    received
                        .iter()
                        .map(|request| request.mode)
                        .collect::<Vec<_>>()
                })
            })
            .await;
        assert_eq!(modes, [Mode::Ok, Mode::Status(503), Mode::Close]);
        assert_eq!(receiver.received()[0].event["event_name"], "x");
    }

    #[tokio::test]
    #[should_panic(expected = "signature invalid")]
    async fn a_wrong_signature_fails_the_test() {
        let receiver = Receiver::start().await;
        assert_eq!(
            post(&receiver, "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==").await,
            Some(StatusCode::NO_CONTENT)
        );
        assert!(receiver.received().is_empty());
    }
}
