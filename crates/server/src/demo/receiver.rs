//! An HTTPS receiver as an integrator would write one: it checks the signature, then answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::hmac;
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::screen::{Screen, event_line};
use crate::node;

/// Path that events are posted to.
const HOOK: &str = "/events";
/// No event is nearly as long.
const MAX_BODY: usize = 1 << 20;
/// How old a signature may be, in seconds; against requests recorded and sent again.
const MAX_AGE: i64 = 300;

/// The receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    authority: PathBuf,
    base: String,
    secret: String,
    shared: Arc<Shared>,
}

/// What came in.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Events answered with 2xx.
    pub(super) accepted: u32,
    /// Requests whose signature was wrong.
    pub(super) forged: u32,
}

#[derive(Debug)]
struct Shared {
    key: hmac::Key,
    screen: Screen,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    failing: Failing,
    seen: Seen,
}

/// Whether the receiver answers 500.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Failing {
    /// To so many events more.
    Next(u32),
    /// Until told otherwise.
    Always,
}

impl Receiver {
    /// Listens on a free port of loopback, under a certificate authority made for it.
    pub(super) async fn start(folder: &Path, fails: u32, screen: Screen) -> anyhow::Result<Self> {
        let authority = folder.join("receiver-ca.pem");
        let tls = TlsAcceptor::from(Arc::new(
            certificate(&authority).context("making the receiver's certificate")?,
        ));
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("starting the receiver")?;
        let base = format!("https://{}", listener.local_addr()?);
        let mut key = [0; 32];
        getrandom::fill(&mut key)
            .map_err(|error| anyhow::anyhow!("making the receiver's secret: {error}"))?;
        let shared = Arc::new(Shared {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            screen,
            state: Mutex::new(State {
                failing: Failing::Next(fails),
                seen: Seen::default(),
            }),
        });
        tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Ok(Self {
            authority,
            base,
            secret: format!("whsec_{}", STANDARD.encode(key)),
            shared,
        })
    }

    /// PEM file of the certificate authority.
    pub(super) fn authority(&self) -> &Path {
        &self.authority
    }

    /// Address without a path.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Address of the webhook.
    pub(super) fn url(&self) -> String {
        format!("{}{HOOK}", self.base)
    }

    /// Secret of the webhook.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn seen(&self) -> Seen {
        self.shared.state().seen
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // What stands there is two counters: they are right even if a task panicked with the lock held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to an event, and what is counted.
    fn judge(&self, is_test: bool, genuine: bool) -> StatusCode {
        let mut state = self.state();
        if !genuine {
            state.seen.forged += 1;
            return StatusCode::UNAUTHORIZED;
        }
        let fails = match &mut state.failing {
            // A webhook is saved only if its test is answered with 2xx.
            _ if is_test => false,
            Failing::Always => true,
            Failing::Next(0) => false,
            Failing::Next(left) => {
                *left -= 1;
                true
            }
        };
        if fails {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        state.seen.accepted += u32::from(!is_test);
        StatusCode::NO_CONTENT
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, tls.clone(), Arc::clone(&shared)));
            }
            Err(error) => {
                shared
                    .screen
                    .note(&format!("the receiver cannot accept: {error}"))
                    .await;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) {
    // A client that breaks off is that client's trouble, here and below.
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    if head.uri.path() != HOOK {
        return reply(switch(head.uri.path(), &shared));
    }
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|error| anyhow::anyhow!(error))?
        .to_bytes();
    let now = node::now().wall.unix_seconds();
    let genuine = is_genuine(&shared.key, &head.headers, &body, now);
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_test = event
        .get("event_name")
        .is_some_and(|name| name == "webhook.test");
    let status = shared.judge(is_test, genuine);
    let attempt = head
        .headers
        .get("offhook-attempt")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("?");
    shared
        .screen
        .say(event_line(&event, attempt, status.as_u16()))
        .await;
    reply((status, String::new()))
}

/// `/fail`, `/fail/3` and `/ok`.
fn switch(path: &str, shared: &Shared) -> (StatusCode, String) {
    let (failing, text) = match path.strip_prefix("/fail") {
        None if path == "/ok" => (Failing::Next(0), "the receiver accepts events\n".to_owned()),
        Some("") => (
            Failing::Always,
            "the receiver answers 500 until /ok\n".to_owned(),
        ),
        Some(rest) => match rest
            .strip_prefix('/')
            .and_then(|number| number.parse().ok())
        {
            Some(count) => (
                Failing::Next(count),
                format!("the receiver answers 500 to the next {count} events\n"),
            ),
            None => {
                return (
                    StatusCode::NOT_FOUND,
                    "say /fail, /fail/<number> or /ok\n".to_owned(),
                );
            }
        },
        None => {
            return (
                StatusCode::NOT_FOUND,
                "say /fail, /fail/<number> or /ok\n".to_owned(),
            );
        }
    };
    shared.state().failing = failing;
    (StatusCode::OK, text)
}

fn reply((status, text): (StatusCode, String)) -> anyhow::Result<Response<Full<Bytes>>> {
    Ok(Response::builder()
        .status(status)
        .body(Full::new(Bytes::from(text)))?)
}

/// Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`, in any of the space-separated `v1,<base64>`.
fn is_genuine(key: &hmac::Key, headers: &HeaderMap, body: &[u8], now: i64) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(signatures)) = (
        header("webhook-id"),
        header("webhook-timestamp"),
        header("webhook-signature"),
    ) else {
        return false;
    };
    let fresh = timestamp
        .parse::<i64>()
        .is_ok_and(|at| (now - MAX_AGE..=now + MAX_AGE).contains(&at));
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
    let matches = |signature: &str| {
        let octets = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        // `verify` compares in constant time.
        octets.is_some_and(|octets| hmac::verify(key, &signed, &octets).is_ok())
    };
    fresh && signatures.split(' ').any(matches)
}

/// Makes an authority, writes its certificate to `authority_file`, and gives what a server at 127.0.0.1 needs.
fn certificate(authority_file: &Path) -> anyhow::Result<rustls::ServerConfig> {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Offhook demo");
    let authority_key = rcgen::KeyPair::generate()?;
    fs::write(authority_file, authority.self_signed(&authority_key)?.pem())?;

    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    let leaf_key = rcgen::KeyPair::generate()?;
    let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
    let leaf_certificate = leaf.signed_by(&leaf_key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf_certificate.der().clone()], key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries.
    const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(SECRET).unwrap())
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", ID.parse().unwrap());
        headers.insert("webhook-timestamp", TIME.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn the_published_example_is_genuine() {
        assert!(is_genuine(&key(), &headers(SIGNATURE), BODY, TIME));
        let two = format!("v1,AAAA {SIGNATURE}");
        assert!(
            is_genuine(&key(), &headers(&two), BODY, TIME),
            "while a secret rotates there are two"
        );
    }

    #[test]
    fn what_is_changed_old_or_unsigned_is_not() {
        assert!(!is_genuine(&key(), &headers(SIGNATURE), b"{}", TIME));
        assert!(!is_genuine(
            &key(),
            &headers(SIGNATURE),
            BODY,
            TIME + MAX_AGE + 1
        ));
        assert!(!is_genuine(&key(), &headers("v1,AAAA"), BODY, TIME));
        assert!(!is_genuine(&key(), &headers("v2,g0hM9SsE"), BODY, TIME));
        assert!(!is_genuine(&key(), &HeaderMap::new(), BODY, TIME));
    }

    fn shared(fails: u32) -> Shared {
        let (screen, _) = super::super::screen::channel();
        let state = State {
            failing: Failing::Next(fails),
            seen: Seen::default(),
        };
        Shared {
            key: key(),
            screen,
            state: Mutex::new(state),
        }
    }

    #[test]
    fn it_fails_as_often_as_told_but_never_the_test_of_a_save() {
        let shared = shared(2);
        let said = [true, false, false, false].map(|is_test| shared.judge(is_test, true).as_u16());
        assert_eq!(said, [204, 500, 500, 204]);
        assert_eq!(shared.judge(false, false), StatusCode::UNAUTHORIZED);
        let seen = shared.state().seen;
        assert_eq!((seen.accepted, seen.forged), (1, 1));
    }

    #[test]
    fn it_is_told_to_fail_and_to_recover_by_path() {
        let shared = shared(0);
        let says = |path: &str| switch(path, &shared).0.as_u16();
        assert_eq!(says("/fail"), 200);
        assert_eq!(shared.state().failing, Failing::Always);
        assert_eq!(says("/fail/3"), 200);
        assert_eq!(shared.state().failing, Failing::Next(3));
        assert_eq!(says("/ok"), 200);
        assert_eq!(shared.state().failing, Failing::Next(0));
        assert_eq!(
            [says("/fail/x"), says("/failure"), says("/")],
            [404, 404, 404]
        );
    }
}
