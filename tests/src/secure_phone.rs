//! A phone of our own that speaks SIP over TLS with `sips:` addresses, which baresip and sipp of Debian do not.
//!
//! It checks the server's certificate, and is moved message by message by its test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::digest;
use crate::site::Account;

/// A phone on its connection.
#[derive(Debug)]
pub struct SecurePhone {
    stream: TlsStream<TcpStream>,
    account: Account,
    server: SocketAddr,
    here: SocketAddr,
    /// What was read and is not taken yet.
    unread: Vec<u8>,
    requests: u32,
}

impl SecurePhone {
    /// Connects, believing who is signed by this root.
    ///
    /// # Panics
    /// When the server is not believed or not there.
    pub async fn connect(account: &Account, server: SocketAddr, root: &Path) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(root).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(server).await.unwrap();
        let here = stream.local_addr().unwrap();
        let name = ServerName::from(server.ip());
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.unwrap();
        Self {
            stream,
            account: account.clone(),
            server,
            here,
            unread: Vec::new(),
            requests: 0,
        }
    }

    /// Its Contact.
    #[must_use]
    pub fn contact(&self) -> String {
        format!("<sips:{}@{}>", self.account.username, self.here)
    }

    /// Registers, and gives the answer.
    ///
    /// # Panics
    /// When it is not asked for its password.
    pub async fn register(&mut self) -> String {
        let (uri, to) = (
            format!("sips:{}", self.server),
            self.account.username.clone(),
        );
        self.ask("REGISTER", &uri, &to, "").await;
        self.receive().await
    }

    /// Calls a number, and gives the answers up to the final one.
    ///
    /// # Panics
    /// When it is not asked for its password.
    pub async fn call(&mut self, number: &str, sdp: &str) -> Vec<String> {
        let uri = format!("sips:{number}@{}", self.server);
        self.ask("INVITE", &uri, number, sdp).await;
        let mut answers: Vec<String> = Vec::new();
        while answers
            .last()
            .is_none_or(|last| last.starts_with("SIP/2.0 1"))
        {
            answers.push(self.receive().await);
        }
        answers
    }

    /// Sends a request inside the call that an answer opened.
    ///
    /// # Panics
    /// When the answer has no Contact.
    pub async fn send_inside(&mut self, method: &str, answer: &str) {
        let target = header(answer, "Contact").trim_matches(['<', '>']);
        // An ACK has the number of its INVITE (RFC 3261 section 13.2.2.4).
        self.requests += u32::from(method != "ACK");
        let request = Request::new(method, target, header(answer, "To"));
        self.send(request).await;
    }

    /// Answers a request, with our Contact and this body.
    pub async fn answer(&mut self, request: &str, status: &str, body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for line in request.lines() {
            let name = line.split(':').next().unwrap_or_default();
            if ["Via", "From", "Call-ID", "CSeq"].contains(&name) {
                text += &format!("{line}\r\n");
            } else if name == "To" {
                let tag = if line.contains(";tag=") {
                    ""
                } else {
                    ";tag=secure"
                };
                text += &format!("{line}{tag}\r\n");
            }
        }
        text += &format!("Contact: {}\r\n{}", self.contact(), ending(body));
        self.write(&text).await;
    }

    /// The next message.
    ///
    /// # Panics
    /// When none comes.
    pub async fn receive(&mut self) -> String {
        let whole = async {
            loop {
                if let Some(length) = whole_message(&self.unread) {
                    let message: Vec<u8> = self.unread.drain(..length).collect();
                    return String::from_utf8(message).unwrap();
                }
                let read = self.stream.read_buf(&mut self.unread).await.unwrap();
                assert_ne!(read, 0, "the connection stays open");
            }
        };
        timeout(PATIENCE, whole).await.expect("a message")
    }

    /// Sends a request, is refused, and sends it with credentials.
    async fn ask(&mut self, method: &str, uri: &str, to: &str, sdp: &str) {
        let to = format!("<sips:{to}@{}>", self.server);
        self.requests += 1;
        let request = Request {
            sdp,
            ..Request::new(method, uri, &to)
        };
        self.send(request).await;
        let mut refused = self.receive().await;
        while refused.starts_with("SIP/2.0 100 ") {
            refused = self.receive().await;
        }
        assert!(refused.starts_with("SIP/2.0 401 "), "{refused}");
        if method == "INVITE" {
            // The ACK to a refusal has the branch of its INVITE (RFC 3261 section 17.1.1.3).
            let ack = Request::new("ACK", uri, header(&refused, "To"));
            self.send(Request {
                branch: method,
                ..ack
            })
            .await;
        }
        let credentials = &digest::answer(
            header(&refused, "WWW-Authenticate"),
            &self.account.username,
            &self.account.password,
            method,
            uri,
        );
        self.requests += 1;
        self.send(Request {
            credentials,
            ..request
        })
        .await;
    }

    /// Sends a request, with a ticket that sipp's phones look for in an INVITE.
    async fn send(&mut self, request: Request<'_>) {
        let (here, server, user) = (self.here, self.server, &self.account.username);
        let (n, call) = (self.requests, here.port());
        let Request {
            method,
            branch,
            uri,
            to,
            credentials,
            sdp,
        } = request;
        let text = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TLS {here};branch=z9hG4bK-{call}-{n}-{branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sips:{user}@{server}>;tag=secure\r\nTo: {to}\r\n\
             Call-ID: secure-{call}\r\nCSeq: {n} {method}\r\nContact: {}\r\n\
             X-Ticket: 4711 für Zoë\r\n{credentials}{}",
            self.contact(),
            ending(sdp),
        );
        self.write(&text).await;
    }

    async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }
}

/// A request, but for what is the same in all of them.
#[derive(Clone, Copy)]
struct Request<'a> {
    method: &'a str,
    /// The last part of its branch.
    branch: &'a str,
    uri: &'a str,
    to: &'a str,
    credentials: &'a str,
    sdp: &'a str,
}

impl<'a> Request<'a> {
    const fn new(method: &'a str, uri: &'a str, to: &'a str) -> Self {
        Self {
            method,
            branch: method,
            uri,
            to,
            credentials: "",
            sdp: "",
        }
    }
}

/// A body that offers or takes G.711, where nobody listens.
pub const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// The value of a header.
#[must_use]
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_default()
}

/// How long the message is that begins here, once all of it is there.
fn whole_message(octets: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(octets);
    let head = text.find("\r\n\r\n")? + 4;
    let body: usize = header(&text, "Content-Length").parse().unwrap_or(0);
    (octets.len() >= head + body).then_some(head + body)
}

fn ending(body: &str) -> String {
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

const PATIENCE: Duration = Duration::from_secs(20);
