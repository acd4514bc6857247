//! From a name to a connection: every address is vetted, and what is connected to is what was vetted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hickory_resolver::TokioResolver;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use offhook_delivery::AddressPolicy;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::error::AttemptError;
use super::pool::{Connection, Origin};
use crate::dns::{DNS, resolver};

/// Makes connections.
pub(super) struct Dialer {
    tls: TlsConnector,
    policy: AddressPolicy,
    /// Why there is none, if the system's configuration cannot be read.
    resolver: Result<TokioResolver, String>,
}

impl Dialer {
    pub(super) fn new(tls: Arc<ClientConfig>, policy: AddressPolicy) -> Self {
        Self {
            tls: TlsConnector::from(tls),
            policy,
            resolver: resolver(),
        }
    }

    /// Resolves, vets, connects and shakes hands. Each step has its budget, and all end by `deadline`.
    pub(super) async fn dial(
        &self,
        url: &Url,
        origin: &Origin,
        deadline: Instant,
    ) -> Result<Connection, AttemptError> {
        let name = server_name(&origin.host)?;
        let addresses = self.addresses(url, origin, deadline).await?;
        let tcp = self.connect(&addresses, deadline).await?;
        let by = deadline.min(Instant::now() + TLS);
        let handshake = timeout_at(by, self.tls.connect(name, tcp)).await;
        let stream = handshake
            .map_err(|_| {
                AttemptError::timeout(&format!("the TLS handshake with {}", origin.host), TLS)
            })?
            .map_err(|error| AttemptError::tls(&origin.host, &error))?;
        handshake_http(stream, origin).await
    }

    /// The addresses that may be connected to.
    async fn addresses(
        &self,
        url: &Url,
        origin: &Origin,
        deadline: Instant,
    ) -> Result<Vec<SocketAddr>, AttemptError> {
        let found = match url.host() {
            Some(Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
            Some(Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
            Some(Host::Domain(name)) => self.resolve(name, deadline).await?,
            None => return Err(AttemptError::new("url", "the URL has no host")),
        };
        let mut allowed = Vec::new();
        let mut forbidden = None;
        for ip in found {
            let address = SocketAddr::new(ip, origin.port);
            match self.policy.check(address) {
                Ok(()) => allowed.push(address),
                Err(error) => forbidden = forbidden.or(Some(error)),
            }
        }
        match forbidden {
            Some(error) if allowed.is_empty() => Err(AttemptError::forbidden(error)),
            Some(_) | None => {
                allowed.truncate(MOST_ADDRESSES);
                Ok(allowed)
            }
        }
    }

    async fn resolve(&self, name: &str, deadline: Instant) -> Result<Vec<IpAddr>, AttemptError> {
        let resolver = self.resolver.as_ref();
        let resolver = resolver.map_err(|error| {
            AttemptError::new(
                "dns",
                format!("the system's name service cannot be used: {error}"),
            )
        })?;
        let by = deadline.min(Instant::now() + DNS);
        let found = timeout_at(by, resolver.lookup_ip(name)).await;
        let found = found.map_err(|_| AttemptError::timeout(&format!("looking up {name}"), DNS))?;
        let found = found.map_err(|error| {
            AttemptError::new("dns", format!("{name} cannot be resolved: {error}"))
        })?;
        let mut addresses: Vec<_> = found.iter().collect();
        if addresses.is_empty() {
            return Err(AttemptError::new("dns", format!("{name} has no address")));
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        Ok(addresses)
    }

    /// Tries one address after the other, each with its share of the time that is left.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        deadline: Instant,
    ) -> Result<TcpStream, AttemptError> {
        let by = deadline.min(Instant::now() + CONNECT);
        let mut failed = None;
        for (index, &address) in addresses.iter().enumerate() {
            let now = Instant::now();
            let left = u32::try_from(addresses.len() - index).unwrap_or(1);
            let share = now + by.saturating_duration_since(now) / left;
            match timeout_at(share, TcpStream::connect(address)).await {
                Err(_) => {
                    failed = Some(AttemptError::timeout(
                        &format!("connecting to {address}"),
                        CONNECT,
                    ))
                }
                Ok(Err(error)) => failed = Some(AttemptError::connect(address, &error)),
                Ok(Ok(stream)) => match self.vet(&stream) {
                    Ok(()) => return Ok(stream),
                    Err(error) => failed = Some(error),
                },
            }
        }
        Err(failed.unwrap_or_else(|| AttemptError::new("dns", "the name has no address")))
    }

    /// Looks at what was connected to, after the fact.
    fn vet(&self, stream: &TcpStream) -> Result<(), AttemptError> {
        let ends = stream
            .peer_addr()
            .and_then(|peer| Ok((peer, stream.local_addr()?)));
        let (peer, local) = ends.map_err(|error| {
            AttemptError::new("connect", format!("the connection was lost: {error}"))
        })?;
        self.policy
            .check_connected(peer, local)
            .map_err(AttemptError::forbidden)?;
        stream
            .set_nodelay(true)
            .map_err(|error| AttemptError::connect(peer, &error))
    }
}

async fn handshake_http(
    stream: TlsStream<TcpStream>,
    origin: &Origin,
) -> Result<Connection, AttemptError> {
    let mut builder = http1::Builder::new();
    let builder = builder.max_buf_size(MOST_HEADERS).max_headers(100);
    let shaken = builder
        .handshake::<_, Full<Bytes>>(TokioIo::new(stream))
        .await;
    let (sender, connection) = shaken.map_err(|error| AttemptError::http(&origin.host, &error))?;
    let driver = tokio::task::spawn_local(async move {
        if let Err(error) = connection.await {
            // Whoever waits for an answer is told of it, too.
            tracing::trace!(%error, "a connection to a receiver ended");
        }
    });
    Ok(Connection::new(sender, driver, Instant::now()))
}

/// The name that the certificate must be for; an address in brackets is one of IPv6.
fn server_name(host: &str) -> Result<ServerName<'static>, AttemptError> {
    let bare = host
        .trim_end_matches('.')
        .trim_start_matches('[')
        .trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|_| {
        AttemptError::new(
            "url",
            format!("{host} is not a name that a certificate can be for"),
        )
    })
}

const CONNECT: Duration = Duration::from_secs(3);
const TLS: Duration = Duration::from_secs(3);
const MOST_ADDRESSES: usize = 4;
const MOST_HEADERS: usize = 64 * 1024;
