//! The simulated phones on real UDP sockets. Moves octets and time; the phones decide.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use offhook_base::Mono;
use offhook_sim::phone::{
    CallRef, CarrierConfig, Incoming, Output, Outsider, Phone, PhoneConfig, PhoneEvent, Script,
    Timers,
};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Interval, MissedTickBehavior};

use super::audio::Audio;
use super::screen::Screen;
use super::site::{Account, Site};
use crate::cli::client::Client;
use crate::node;

/// How long all phones may take to register.
const REGISTRATION: Duration = Duration::from_secs(10);
/// Where the far end of the trunk is: a trunk is known by its address, so it must not be that of the phones.
const CARRIER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
/// Who calls from outside.
const OUTSIDER: (&str, &str) = ("Nora", "34600111222");
/// Largest datagram there is.
const DATAGRAM: usize = 65_535;

/// The phones, in the order of the accounts. They are switched off when this is dropped.
#[derive(Debug)]
pub(super) struct Cast {
    actors: Vec<Actor>,
    /// The far end of the trunk, where there is one.
    pub(super) carrier: Option<Actor>,
    /// For what is asked for by REST.
    pub(super) client: Client,
}

/// The two ports of a phone.
#[derive(Debug)]
struct Ports {
    sip: UdpSocket,
    rtp: UdpSocket,
}

/// The far end of a trunk before anybody talks by it. Systems that know one loopback address only have none.
#[derive(Debug)]
pub(super) struct Line(Option<Ports>);

/// A phone as its owner holds it.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) name: &'static str,
    /// The user's id; none has the carrier.
    pub(super) user: u64,
    orders: mpsc::Sender<Order>,
}

/// How a call ended for the one who dialled.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Outcome {
    /// Final status of an INVITE that was not answered.
    pub(super) status: Option<u16>,
    /// Packets of sound heard.
    pub(super) heard: u32,
}

#[derive(Debug)]
enum Order {
    Dial {
        number: &'static str,
        script: Script,
        ended: oneshot::Sender<Outcome>,
    },
    Incoming(Incoming),
}

impl Cast {
    /// Switches the phones on and waits until all are registered.
    pub(super) async fn start(
        site: &Site,
        line: Line,
        server: SocketAddr,
        screen: &Screen,
    ) -> anyhow::Result<Self> {
        let mut actors = Vec::new();
        let mut registered = Vec::new();
        for (n, account) in (0_u8..).zip(&site.accounts) {
            let ports = Ports::open(Ipv4Addr::LOCALHOST).await?;
            let phone = phone(account, &ports, server)?;
            let who = (account.name, account.user);
            let (actor, is_registered) = start(n, who, (phone, ports), screen);
            actors.push(actor);
            registered.push((account.name, is_registered));
        }
        let carrier = match line.0 {
            Some(ports) => {
                let carrier = carrier(&ports, server)?;
                let (name, _) = OUTSIDER;
                Some(start(u8::MAX, (name, 0), (carrier, ports), screen).0)
            }
            None => None,
        };
        for (name, mut is_registered) in registered {
            let waited = tokio::time::timeout(
                REGISTRATION,
                is_registered.wait_for(|registered| *registered),
            )
            .await;
            waited
                .with_context(|| format!("{name}'s phone does not get registered"))?
                .context("a phone broke")?;
        }
        Ok(Self {
            actors,
            carrier,
            client: site.client.clone(),
        })
    }

    pub(super) fn get(&self, n: usize) -> anyhow::Result<Actor> {
        let actor = self.actors.get(n).cloned();
        actor.context("there is no such phone")
    }
}

impl Line {
    pub(super) async fn to_the_world() -> Self {
        match Ports::open(CARRIER).await {
            Ok(ports) => Self(Some(ports)),
            Err(error) => {
                tracing::warn!(%error, "no calls from outside in this demo");
                Self(None)
            }
        }
    }

    /// Where it is reached.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.0.as_ref()?.sip.local_addr().ok()
    }
}

impl Ports {
    async fn open(address: Ipv4Addr) -> anyhow::Result<Self> {
        let sip = UdpSocket::bind((address, 0)).await;
        Ok(Self {
            sip: sip.context("a phone needs a UDP port")?,
            rtp: even_port(address)
                .await
                .context("a phone needs a UDP port for sound")?,
        })
    }
}

impl Actor {
    /// Dials, and waits until the call is over.
    pub(super) async fn dial(
        &self,
        number: &'static str,
        script: Script,
    ) -> anyhow::Result<Outcome> {
        let (ended, outcome) = oneshot::channel();
        self.order(Order::Dial {
            number,
            script,
            ended,
        })
        .await?;
        outcome
            .await
            .with_context(|| format!("{}'s phone broke", self.name))
    }

    /// What the phone does with the calls that come.
    pub(super) async fn expect(&self, incoming: Incoming) -> anyhow::Result<()> {
        self.order(Order::Incoming(incoming)).await
    }

    async fn order(&self, order: Order) -> anyhow::Result<()> {
        self.orders
            .send(order)
            .await
            .ok()
            .with_context(|| format!("{}'s phone broke", self.name))
    }
}

fn phone(account: &Account, ports: &Ports, server: SocketAddr) -> anyhow::Result<Phone> {
    Ok(Phone::new(PhoneConfig {
        username: account.username.clone(),
        password: account.password.clone(),
        display_name: account.name.to_owned(),
        domain: account.domain.clone(),
        server,
        local: ports.sip.local_addr()?,
        rtp_port: ports.rtp.local_addr()?.port(),
        user_agent: format!("Offhook demo phone/{}", env!("CARGO_PKG_VERSION")),
        expires: 120,
        timers: Timers::RFC3261,
        seed: seed()?,
    }))
}

fn carrier(ports: &Ports, server: SocketAddr) -> anyhow::Result<Phone> {
    let local = ports.sip.local_addr()?;
    Ok(Phone::carrier(CarrierConfig {
        host: local.to_string(),
        domain: server.to_string(),
        server,
        local,
        rtp_port: ports.rtp.local_addr()?.port(),
        outage: None,
        timers: Timers::RFC3261,
        seed: seed()?,
    }))
}

fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow::anyhow!("making a phone's seed: {error}"))?;
    Ok(seed)
}

/// Sets a phone to work; it registers, unless it is nobody's.
fn start(
    n: u8,
    (name, user): (&'static str, u64),
    (phone, Ports { sip, rtp }): (Phone, Ports),
    screen: &Screen,
) -> (Actor, watch::Receiver<bool>) {
    // A handful of orders at most is ever on its way: each waits for its call to end.
    let (orders, inbox) = mpsc::channel(16);
    let (registered, is_registered) = watch::channel(false);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let driver = Driver {
        name,
        is_ours: user != 0,
        phone,
        sip,
        rtp,
        audio: Audio::new(n),
        ssrc: u32::from(n) + 1,
        ticks,
        orders: inbox,
        registered,
        dialled: BTreeMap::new(),
        told: 0,
        screen: screen.clone(),
    };
    tokio::spawn(driver.run());
    let actor = Actor { name, user, orders };
    (actor, is_registered)
}

/// RTP takes the even port of a pair (RFC 3550, section 11).
async fn even_port(address: Ipv4Addr) -> io::Result<UdpSocket> {
    loop {
        let socket = UdpSocket::bind((address, 0)).await?;
        if socket.local_addr()?.port().is_multiple_of(2) {
            return Ok(socket);
        }
    }
}

/// One phone with its sockets.
struct Driver {
    name: &'static str,
    /// Has an account here; the carrier has none.
    is_ours: bool,
    phone: Phone,
    sip: UdpSocket,
    rtp: UdpSocket,
    audio: Audio,
    ssrc: u32,
    ticks: Interval,
    orders: mpsc::Receiver<Order>,
    registered: watch::Sender<bool>,
    dialled: BTreeMap<CallRef, oneshot::Sender<Outcome>>,
    /// Violations shown already.
    told: usize,
    screen: Screen,
}

impl Driver {
    async fn run(mut self) {
        let (mut message, mut packet) = (vec![0; DATAGRAM], vec![0; DATAGRAM]);
        if self.is_ours {
            self.phone.register(now());
        }
        loop {
            self.perform().await;
            let wake = self.phone.next_timeout();
            tokio::select! {
                received = self.sip.recv_from(&mut message) => if let Ok((len, from)) = received {
                    self.phone.handle_datagram(now(), from, message.get(..len).unwrap_or_default());
                },
                received = self.rtp.recv_from(&mut packet) => if let Ok((len, _)) = received {
                    self.audio.on_packet(packet.get(..len).unwrap_or_default());
                },
                _ = self.ticks.tick(), if self.audio.is_sending() => self.sound().await,
                () = at(wake) => self.phone.handle_timeout(now()),
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Dial {
                number,
                script,
                ended,
            } => {
                let call = if self.is_ours {
                    self.phone.dial(now(), number, script)
                } else {
                    let (name, from) = OUTSIDER;
                    let caller = Outsider {
                        number: from.to_owned(),
                        name: name.to_owned(),
                    };
                    self.phone.dial_from(now(), &caller, number, script)
                };
                self.dialled.insert(call, ended);
            }
            Order::Incoming(incoming) => self.phone.set_incoming(incoming),
        }
    }

    /// Does what the phone wants done.
    async fn perform(&mut self) {
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Send { to, bytes } => self.send(&self.sip, to, &bytes).await,
                Output::Event(event) => self.on_event(event).await,
            }
        }
        let violations = self.phone.violations();
        for violation in violations.iter().skip(self.told) {
            self.screen
                .note(&format!(
                    "!! {}'s phone saw a SIP rule broken: {violation}",
                    self.name
                ))
                .await;
        }
        self.told = violations.len();
    }

    async fn on_event(&mut self, event: PhoneEvent) {
        match event {
            PhoneEvent::Registered { .. } => {
                self.registered.send_replace(true);
            }
            PhoneEvent::RegistrationFailed { status } => {
                self.screen
                    .note(&format!(
                        "!! {}'s phone was not registered: {status}",
                        self.name
                    ))
                    .await;
            }
            PhoneEvent::Media {
                call,
                to,
                direction,
            } => {
                self.audio
                    .direct(call, to.filter(|_| direction.sends()), self.ssrc);
            }
            PhoneEvent::Ended { call, status, .. } => {
                let heard = self.audio.end(call);
                let ended = self.dialled.remove(&call);
                if ended.is_some_and(|ended| ended.send(Outcome { status, heard }).is_err()) {
                    tracing::debug!("nobody waits for that call: the demo is being stopped");
                }
            }
            PhoneEvent::Answered { .. }
            | PhoneEvent::CancelReason { .. }
            | PhoneEvent::Held { .. }
            | PhoneEvent::Incoming { .. }
            | PhoneEvent::Progress { .. }
            | PhoneEvent::TextReceived { .. }
            | PhoneEvent::TextSent { .. }
            | PhoneEvent::Transfer { .. }
            | PhoneEvent::Unregistered => {}
        }
    }

    async fn sound(&mut self) {
        for (to, packet) in self.audio.next_packets() {
            self.send(&self.rtp, to, &packet).await;
        }
    }

    /// A datagram that cannot be sent is a datagram that was lost, which SIP and RTP bear.
    async fn send(&self, socket: &UdpSocket, to: SocketAddr, octets: &[u8]) {
        if let Err(error) = socket.send_to(octets, to).await {
            tracing::debug!(%error, %to, "datagram lost");
        }
    }
}

fn now() -> Mono {
    node::now().mono
}

async fn at(wake: Option<Mono>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake - now()).await,
        None => std::future::pending().await,
    }
}
