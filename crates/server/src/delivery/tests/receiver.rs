//! A receiver that behaves as the test says: real TLS over loopback, HTTP/1.1 octet by octet.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate authority of the test's own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a receiver's certificate is like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Certificate {
    Expired,
    ForAnotherName,
    Good,
    SelfSigned,
}

/// What a receiver does with a request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// Answers, with these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Answers 200 and closes the connection without having said so.
    AnswerThenClose,
    /// Closes the connection.
    Close,
    /// Sends a body, an octet every so often, without end.
    Drip,
    /// Sends a body without end.
    Endless,
    /// Says nothing.
    Hang,
    /// Sends the answer's headers, an octet every so often, without end.
    HeaderDrip,
    /// Sends these octets and waits.
    Raw(Vec<u8>),
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), b"seen".to_vec())
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> u64 {
        self.header(name).unwrap().parse().unwrap()
    }
}

type Script = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A receiver that listens.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "The test's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn server(&self, certificate: Certificate) -> rustls::ServerConfig {
        let names = match certificate {
            Certificate::ForAnotherName => vec!["elsewhere.example".to_owned()],
            Certificate::Expired | Certificate::Good | Certificate::SelfSigned => {
                vec!["127.0.0.1".to_owned(), "localhost".to_owned()]
            }
        };
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        if certificate == Certificate::Expired {
            (params.not_before, params.not_after) =
                (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        }
        let leaf = match certificate {
            Certificate::SelfSigned => params.self_signed(&key).unwrap(),
            Certificate::Expired | Certificate::ForAnotherName | Certificate::Good => {
                params.signed_by(&key, &self.0).unwrap()
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        builder
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap()
    }
}

impl Receiver {
    pub(super) async fn start(
        authority: &Authority,
        certificate: Certificate,
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(certificate)));
        let receiver = Self {
            addr: listener.local_addr().unwrap(),
            connections: Arc::default(),
            received: Arc::default(),
        };
        let (this, script): (Self, Script) = (receiver.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.connections.fetch_add(1, Ordering::SeqCst);
                let (this, acceptor, script) =
                    (this.clone(), acceptor.clone(), Arc::clone(&script));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        this.serve(stream, &script).await;
                    }
                });
            }
        });
        receiver
    }

    pub(super) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/hook?a=1", self.addr.port())
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    async fn serve(&self, mut stream: TlsStream<TcpStream>, script: &Script) {
        while let Some(request) = read_request(&mut stream).await {
            let reply = script(&request);
            self.received.lock().unwrap().push(request);
            if respond(&mut stream, reply).await.is_none() {
                return;
            }
        }
    }
}

async fn read_request(stream: &mut TlsStream<TcpStream>) -> Option<Received> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(octets[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let header = |line: &str| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut request = Received {
        line,
        headers: lines.filter_map(header).collect(),
        body: octets[end + 4..].to_vec(),
    };
    let length = usize::try_from(request.number("content-length")).unwrap();
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// `None` when the connection is over.
async fn respond(stream: &mut TlsStream<TcpStream>, reply: Reply) -> Option<()> {
    match reply {
        Reply::Answer(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            write(stream, &[head.as_bytes(), &body].concat()).await
        }
        Reply::AnswerThenClose => {
            write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await?;
            stream.shutdown().await.ok()?;
            None
        }
        Reply::Close => None,
        Reply::Drip => {
            write(
                stream,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
            .await?;
            drip(stream, b"1\r\nx\r\n").await
        }
        Reply::Endless => {
            write(
                stream,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            )
            .await?;
            let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
            loop {
                write(stream, &chunk).await?;
            }
        }
        Reply::Hang => std::future::pending().await,
        Reply::HeaderDrip => drip(stream, b"HTTP/1.1 200 OK\r\n".as_slice()).await,
        Reply::Raw(octets) => {
            write(stream, &octets).await?;
            std::future::pending().await
        }
    }
}

/// A piece at once, then an octet of a header or chunk every 50 ms.
async fn drip(stream: &mut TlsStream<TcpStream>, piece: &[u8]) -> Option<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    write(stream, piece).await?;
    loop {
        tick.tick().await;
        write(
            stream,
            if piece.starts_with(b"HTTP") {
                b"x"
            } else {
                piece
            },
        )
        .await?;
    }
}

async fn write(stream: &mut TlsStream<TcpStream>, octets: &[u8]) -> Option<()> {
    stream.write_all(octets).await.ok()?;
    stream.flush().await.ok()
}
