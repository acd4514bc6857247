//! The sockets: all are bound before anything runs, and told in `listen.json` before the ready line.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use offhook_api::feed::Feed;
use offhook_api::ports::Ports;
use offhook_api::{Api, PasswordCost, Settings, Stores};
use offhook_sip_core::{FlowId, Listener, Transport};
use offhook_store::{CaptureReader, ConfigDb, DeliveryReader, JournalReader};
use serde::Serialize;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::call_thread::{Gauges, UdpListener};
use super::certificate::Certificate;
use super::changes::Changes;
use super::connections::{self, Service};
use super::inbox::Inbox;
use super::live::LiveIndex;
use super::ports::{Deliveries, Ready, Texts};
use super::projector::ProjectorHandle;
use super::seats::Seats;
use super::subscribers::Subscribers;
use super::tester::Tester;
use super::trunks::Trunks;
use super::verbs::Calls;
use super::{clock, http};
use crate::config::Config;
use crate::recorder::Library;

/// Room for datagrams that arrive while a commit is handled: some hundred INVITEs.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Every socket of the node.
#[derive(Debug)]
pub(crate) struct Listeners {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
    certificate: Option<Arc<Certificate>>,
    http: TcpListener,
    http_addr: SocketAddr,
    advertised: IpAddr,
    media: IpAddr,
    media_bind: IpAddr,
}

/// The addresses that stand for us on connections, in captures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLocals {
    tcp: SocketAddr,
    tls: SocketAddr,
}

impl ConnectionLocals {
    /// The one of a transport.
    pub(crate) const fn of(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Tls => self.tls,
            Transport::Tcp | Transport::Udp | Transport::Wss => self.tcp,
        }
    }
}

/// What `listen.json` holds.
#[derive(Serialize)]
struct ListenJson {
    sip_udp: Vec<SocketAddr>,
    sip_tcp: Vec<SocketAddr>,
    sip_tls: Vec<SocketAddr>,
    sip_wss: Vec<SocketAddr>,
    http: SocketAddr,
}

/// What the REST surface is made from.
pub(crate) struct Surface<'a> {
    pub(crate) config: &'a Config,
    pub(crate) db: ConfigDb,
    pub(crate) events: Arc<JournalReader>,
    pub(crate) reader: Arc<DeliveryReader>,
    pub(crate) captures: Arc<CaptureReader>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) library: Arc<Library>,
    pub(crate) inbox: Inbox,
    pub(crate) subscribers: Subscribers,
    pub(crate) trunks: Trunks,
    pub(crate) projector: ProjectorHandle,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) deliveries: Deliveries,
    pub(crate) tester: Tester,
}

impl Listeners {
    /// Binds every socket of the configuration.
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let udp = config
            .sip
            .udp
            .iter()
            .map(|address| udp(*address))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let tcp = streams(&config.sip.tcp, "TCP", "sip.tcp").await?;
        let tls = streams(&config.sip.tls, "TLS", "sip.tls").await?;
        let certificate = Certificate::of(&config.sip)?;
        let listen = config.http.listen;
        let http = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the REST API on {listen} (http.listen)"))?;
        let http_addr = http.local_addr().context("the REST API's address")?;
        let bound = addrs_of(&udp, UdpSocket::local_addr)
            .chain(addrs_of(&tcp, TcpListener::local_addr))
            .chain(addrs_of(&tls, TcpListener::local_addr))
            .map(|address| address.ip())
            .next();
        let advertised = config
            .sip
            .advertise
            .or_else(|| bound.filter(|ip| !ip.is_unspecified()))
            .unwrap_or_else(own_address);
        Ok(Self {
            udp,
            tcp,
            tls,
            certificate,
            http,
            http_addr,
            advertised,
            media: config.media.advertise.unwrap_or(advertised),
            media_bind: bound.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        })
    }

    pub(crate) const fn http_addr(&self) -> SocketAddr {
        self.http_addr
    }

    pub(crate) const fn advertised_ip(&self) -> IpAddr {
        self.advertised
    }

    pub(crate) const fn media_ip(&self) -> IpAddr {
        self.media
    }

    pub(crate) const fn media_bind(&self) -> IpAddr {
        self.media_bind
    }

    /// What TLS listeners show, where there are any.
    pub(crate) fn certificate(&self) -> Option<Arc<Certificate>> {
        self.certificate.clone()
    }

    pub(crate) fn udp_addrs(&self) -> Vec<SocketAddr> {
        addrs_of(&self.udp, UdpSocket::local_addr).collect()
    }

    fn tcp_addrs(&self) -> Vec<SocketAddr> {
        addrs_of(&self.tcp, TcpListener::local_addr).collect()
    }

    fn tls_addrs(&self) -> Vec<SocketAddr> {
        addrs_of(&self.tls, TcpListener::local_addr).collect()
    }

    /// Every address that phones reach us at.
    fn sip_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        let connections = self.tcp_addrs().into_iter().chain(self.tls_addrs());
        self.udp_addrs().into_iter().chain(connections)
    }

    /// Every address that this process listens on.
    pub(crate) fn all_addrs(&self) -> Vec<SocketAddr> {
        self.sip_addrs().chain([self.http_addr]).collect()
    }

    /// Our addresses on connections, for captures.
    pub(crate) fn connection_locals(&self) -> ConnectionLocals {
        let advertised = |bound: Vec<SocketAddr>| {
            let port = bound.first().map_or(0, SocketAddr::port);
            SocketAddr::new(self.advertised, port)
        };
        ConnectionLocals {
            tcp: advertised(self.tcp_addrs()),
            tls: advertised(self.tls_addrs()),
        }
    }

    /// Addresses that our own URIs and a REGISTER may name.
    pub(crate) fn own_hosts(&self) -> Vec<String> {
        let mut hosts = vec![self.advertised.to_string()];
        for address in self.sip_addrs() {
            let host = address.ip().to_string();
            if !address.ip().is_unspecified() && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// The listeners as the SIP stack knows them.
    pub(crate) fn sip(&self) -> Vec<Listener> {
        let udp = self
            .udp_addrs()
            .into_iter()
            .enumerate()
            .map(|(index, address)| Listener {
                transport: Transport::Udp,
                flow: Some(FlowId::udp(u32::try_from(index).unwrap_or(u32::MAX))),
                advertised: SocketAddr::new(self.advertised, address.port()).to_string(),
            });
        let stream = |transport| {
            move |address: SocketAddr| Listener {
                transport,
                flow: None,
                advertised: SocketAddr::new(self.advertised, address.port()).to_string(),
            }
        };
        let tcp = self.tcp_addrs().into_iter().map(stream(Transport::Tcp));
        let tls = self.tls_addrs().into_iter().map(stream(Transport::Tls));
        udp.chain(tcp).chain(tls).collect()
    }

    /// The UDP sockets for the call thread.
    pub(crate) fn udp_for_call_thread(&self) -> anyhow::Result<Vec<UdpListener>> {
        self.udp
            .iter()
            .map(|socket| {
                let socket = socket.try_clone().context("sharing a SIP socket")?;
                let local = socket.local_addr().context("a SIP socket's address")?;
                let local = if local.ip().is_unspecified() {
                    SocketAddr::new(self.advertised, local.port())
                } else {
                    local
                };
                Ok(UdpListener {
                    socket: mio::net::UdpSocket::from_std(socket),
                    local,
                })
            })
            .collect()
    }

    /// Writes the addresses bound, for whoever configured port 0.
    pub(crate) fn write_listen_json(&self, dir: &Path) -> anyhow::Result<()> {
        let told = ListenJson {
            sip_udp: self.udp_addrs(),
            sip_tcp: self.tcp_addrs(),
            sip_tls: self.tls_addrs(),
            sip_wss: Vec::new(),
            http: self.http_addr,
        };
        let path = dir.join("listen.json");
        let text = serde_json::to_vec(&told).context("listen.json")?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Starts to serve SIP over TCP and TLS and the REST API, which it gives.
    pub(crate) fn serve(
        self,
        config: &Config,
        surface: Surface<'_>,
        inbox: &Inbox,
        tasks: &mut JoinSet<()>,
    ) -> Api {
        let sip_domain = self.sip_domain(config);
        let plain = Service {
            certificate: None,
            inbox: inbox.clone(),
            max_message: max_message(config),
            seats: Seats::new(&config.limits.exempt_networks),
        };
        let secure = Service {
            certificate: self.certificate,
            ..plain.clone()
        };
        for listener in self.tcp {
            tasks.spawn(connections::accept(listener, plain.clone()));
        }
        for listener in self.tls {
            tasks.spawn(connections::accept(listener, secure.clone()));
        }
        let api = surface.api(sip_domain);
        tasks.spawn(http::serve(self.http, api.clone().into_router()));
        api
    }

    /// What a phone is to be given as its SIP domain: with the port, unless it is the usual one.
    fn sip_domain(&self, config: &Config) -> String {
        if !config.sip.domain.is_empty() {
            return config.sip.domain.clone();
        }
        let port = self
            .sip_addrs()
            .next()
            .map_or(5060, |address| address.port());
        if port == 5060 {
            self.advertised.to_string()
        } else {
            SocketAddr::new(self.advertised, port).to_string()
        }
    }
}

impl Surface<'_> {
    fn api(self, sip_domain: String) -> Api {
        let settings = Settings {
            customer_id: self.config.node.customer_id,
            sip_domain,
            egress_addresses: vec![own_address()],
            default_timeout_ms: self.config.webhooks.default_timeout_ms,
            attempts_days: self.config.retention.attempts_days,
            password_cost: PasswordCost::Usual,
        };
        let stores = Stores {
            config: self.db,
            journal: self.events,
            deliveries: self.reader,
            captures: self.captures,
        };
        let ports = Ports {
            live: self.live,
            feed: self.feed,
            calls: Arc::new(Calls {
                inbox: self.inbox.clone(),
            }),
            trunks: Arc::new(self.trunks.states()),
            texts: Arc::new(Texts {
                inbox: self.inbox.clone(),
            }),
            sounds: self.library,
            tester: Arc::new(self.tester),
            deliveries: Arc::new(self.deliveries),
            config: Arc::new(Changes {
                inbox: self.inbox,
                subscribers: self.subscribers,
                trunks: self.trunks,
                projector: self.projector,
            }),
            readiness: Arc::new(Ready {
                gauges: self.gauges,
            }),
        };
        Api::new(settings, stores, ports, Arc::new(clock::now))
    }
}

/// The longest SIP message that is read.
pub(crate) fn max_message(config: &Config) -> usize {
    usize::try_from(config.limits.max_message_bytes).unwrap_or(usize::MAX)
}

fn addrs_of<T>(
    sockets: &[T],
    address: impl Fn(&T) -> io::Result<SocketAddr>,
) -> impl Iterator<Item = SocketAddr> {
    sockets
        .iter()
        .filter_map(move |socket| address(socket).ok())
}

async fn streams(
    addresses: &[SocketAddr],
    name: &str,
    key: &str,
) -> anyhow::Result<Vec<TcpListener>> {
    let mut bound = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address).await;
        bound.push(listener.with_context(|| format!("SIP over {name} on {address} ({key})"))?);
    }
    Ok(bound)
}

fn udp(address: SocketAddr) -> anyhow::Result<UdpSocket> {
    let bind = || -> io::Result<UdpSocket> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::DGRAM,
            Some(Protocol::UDP),
        )?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        let given = socket.recv_buffer_size()?;
        if given < RECEIVE_BUFFER {
            // No fault: the call thread empties it often.
            tracing::info!(
                %address,
                given,
                wanted = RECEIVE_BUFFER,
                "the kernel gives the SIP socket less room for bursts than asked for; raise net.core.rmem_max where many \
                 calls begin or end at once"
            );
        }
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        Ok(socket.into())
    };
    bind().with_context(|| format!("SIP over UDP on {address} (sip.udp)"))
}

/// The address by which this machine reaches others. Nothing is sent: connecting a UDP socket only asks the routes.
fn own_address() -> IpAddr {
    let ask = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    ask().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
