//! The composition root: opens the files, starts the threads, joins them, and stops them in order.
//!
//! ```text
//! call thread ──facts──► journal writer ──committed──► call thread, live list, projector, delivery thread
//!      ▲ SIP over UDP here, over TCP by tasks                        API tasks read the stores and ask the threads
//! ```

mod bootstrap;
mod call_thread;
mod changes;
mod clock;
mod commits;
mod evidence;
mod http;
mod inbox;
mod listen;
mod live;
mod ports;
mod projector;
mod retention;
mod subscribers;
mod tcp;
mod tester;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use offhook_base::{Secret, Wall};
use offhook_call::{
    CallConfig, CallIds, EventIds, GuardConfig, Network, Switch, close_after_restart,
};
use offhook_sip_core::{AccountChange, Binding, DigestAlgorithm, StackConfig};
use offhook_store::{
    AttemptsWriter, CaptureReader, CaptureWriter, ConfigDb, DeliveryReader, Journal, JournalHandle,
    JournalReader, JournalWriter, Recovered,
};
use tokio::task::JoinSet;

pub(crate) use clock::now;

use crate::config::{Config, Digest, Relay};
use crate::delivery::Delivery;
use crate::media::{Media, MediaConfig};
use call_thread::{CallThread, Gauges};
use inbox::{CallInput, Inbox};
use listen::Listeners;

/// Commands that may wait for a commit.
const JOURNAL_QUEUE: usize = 8_192;
/// Messages that may wait to be captured; more are dropped and counted.
const CAPTURE_QUEUE: usize = 16_384;
/// Attempts that may wait to be written down.
const ATTEMPTS_QUEUE: usize = 16_384;

/// A node that runs.
pub(crate) struct Running {
    admin_password: Option<String>,
    http: SocketAddr,
    sip_udp: Vec<SocketAddr>,
    inbox: Inbox,
    call_thread: JoinHandle<()>,
    tasks: JoinSet<()>,
    journal: JournalWriter,
    projector: projector::Projector,
    delivery: Delivery,
    captures: CaptureWriter,
    attempts: AttemptsWriter,
    /// Held for the life of the node: two processes on one folder would destroy it.
    _lock: std::fs::File,
}

impl Running {
    /// Where the REST API listens.
    pub(crate) const fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// The first UDP listener.
    pub(crate) fn sip_udp_addr(&self) -> Option<SocketAddr> {
        self.sip_udp.first().copied()
    }

    /// The admin's password, when this start made one up.
    pub(crate) fn admin_password(&self) -> Option<&str> {
        self.admin_password.as_deref()
    }

    /// Ends every call with its event, lets what is queued reach the disk, and closes the files.
    pub(crate) async fn shutdown(mut self) -> anyhow::Result<()> {
        tracing::info!("stopping: calls that are up end with cause System Shutdown");
        let inbox = self.inbox.clone();
        let Self {
            call_thread,
            journal,
            projector,
            delivery,
            captures,
            attempts,
            ..
        } = {
            self.tasks.abort_all();
            self
        };
        tokio::task::spawn_blocking(move || {
            inbox.send(CallInput::Shutdown);
            // The calls end first, and the call thread waits for the commit of their last facts. Delivery tells its
            // last verdicts to the journal, whose commits reach the projector: so they stop in this order. What was
            // not delivered by then is delivered after the next start.
            let mut clean = call_thread.join().is_ok();
            delivery.shutdown();
            clean &= journal.shutdown();
            projector.shutdown();
            clean &= captures.shutdown();
            clean &= attempts.shutdown();
            clean
        })
        .await
        .context("stopping")?
        .then_some(())
        .context("a thread had failed before the stop")
    }
}

/// Starts a node.
///
/// # Errors
/// A file that cannot be opened, a port in use: with what and where.
pub(crate) async fn start(config: Config) -> anyhow::Result<Running> {
    let dir = config.node.data_dir.clone();
    let lock = bootstrap::open_data_dir(&dir)?;
    let listeners = Listeners::bind(&config).await?;
    let db = ConfigDb::open(&dir).context("opening the configuration")?;
    // HA1 depends on the realm, so it is fixed at the first start: a later sip.domain does not change it.
    let realm = if config.sip.domain.is_empty() {
        "offhook"
    } else {
        &config.sip.domain
    };
    let realm = db
        .fix_digest_realm(realm)
        .context("fixing the digest realm")?;
    let now = now();
    let admin_password = bootstrap::admin(&db, &config, now.wall)?;
    let (journal, recovered) =
        Journal::open(&dir.join("journal.db")).context("opening the journal")?;
    let events =
        Arc::new(JournalReader::open(&dir.join("journal.db")).context("opening the journal")?);
    catch_up(&db, &events)?;
    let captures = CaptureWriter::start(&dir.join("captures.db"), CAPTURE_QUEUE)
        .context("opening the captures")?;
    let attempts =
        AttemptsWriter::start(&dir, now.wall, ATTEMPTS_QUEUE).context("opening the attempts")?;

    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow::anyhow!("the system gives no random octets: {error}"))?;
    let endpoints: Vec<_> = db
        .all_webhooks(now.wall)
        .context("reading webhooks")?
        .iter()
        .filter_map(subscribers::endpoint)
        .collect();
    let enabled = db.integration_enabled().context("reading settings")?;
    let setup = evidence::Setup {
        enabled,
        endpoints: &endpoints,
        // A reader of its own: a slow query of the API must not keep deliveries waiting.
        backlog: JournalReader::open(&dir.join("journal.db")).context("opening the journal")?,
        recovered: &recovered,
        projected: db.projected().context("reading the CDRs' position")?,
        own_addresses: listeners.all_addrs(),
        seed,
    };
    let delivery = evidence::start(&config, setup)?;

    let projected = delivery.handle();
    let projector = projector::Projector::start(db.clone(), move |pos| projected.projected(pos))
        .context("starting the projector")?;
    let poll = mio::Poll::new().context("making the call thread's poll")?;
    let waker = mio::Waker::new(poll.registry(), call_thread::WAKE)
        .context("making the call thread's waker")?;
    let (inbox, inputs) = inbox::channel(waker);
    let live = Arc::new(live::LiveIndex::default());
    let sink = commits::Commits {
        inbox: inbox.clone(),
        live: Arc::clone(&live),
        projector: projector.handle(),
        delivery: delivery.handle(),
    };
    let router = subscribers::router(enabled, &endpoints);
    let first_call = recovered.next_call_id.max(1);
    let journal = JournalWriter::start(journal, &recovered, router, Box::new(sink), JOURNAL_QUEUE)
        .context("starting the journal")?;
    let verdicts = evidence::Verdicts::new(
        journal.handle(),
        attempts.handle(),
        projector.handle(),
        &endpoints,
    );
    let subscribers =
        subscribers::Subscribers::new(enabled, endpoints, journal.handle(), delivery.handle());
    delivery.attach(verdicts.telling(subscribers.clone()));

    let first_fact = sweep(&recovered, &journal.handle(), &config, seed, now.wall);

    let reserved = first_call + 10_000;
    journal
        .handle()
        .reserve_call_ids(reserved)
        .context("reserving call ids")?;
    let mut switch = Switch::new(
        stack_config(&config, &realm, &listeners, seed),
        call_config(&config, &listeners),
        CallIds::new(config.node.number, first_call, first_call),
        seed,
        now,
    );
    load(&mut switch, &db, now)?;

    let mut tasks = JoinSet::new();
    let media = start_media(&config, &listeners, &inbox, &mut tasks)?;
    let gauges = Arc::new(Gauges::default());
    let call = CallThread {
        switch,
        poll,
        sockets: listeners.udp_for_call_thread()?,
        inputs,
        journal: journal.handle(),
        captures: captures.handle(),
        projector: projector.handle(),
        media,
        gauges: Arc::clone(&gauges),
        tcp_local: listeners.tcp_local(),
        first_fact,
    };
    let call_thread = std::thread::Builder::new()
        .name("calls".into())
        .spawn(move || call.run())
        .context("starting the call thread")?;

    let reader = Arc::new(DeliveryReader::new(&dir, Arc::clone(&events)));
    let capture_reader: CaptureReader = captures.reader().context("opening the captures")?;
    let deliveries = ports::Deliveries {
        journal: journal.handle(),
        events: Arc::clone(&events),
        reader: Arc::clone(&reader),
    };
    let api = listen::Surface {
        config: &config,
        db: db.clone(),
        events: Arc::clone(&events),
        reader,
        captures: Arc::new(capture_reader),
        live,
        inbox: inbox.clone(),
        subscribers,
        gauges,
        deliveries,
        tester: tester::Tester::new(delivery.handle(), &config.node.name, first_draw(seed)),
    };
    let http = listeners.http_addr();
    let sip_udp = listeners.udp_addrs();
    listeners.write_listen_json(&dir)?;
    listeners.serve(&config, api, &inbox, &mut tasks);
    retention::start(
        &config,
        &db,
        &journal.handle(),
        &captures.handle(),
        &attempts.handle(),
        &mut tasks,
    );
    tracing::info!(http = %http, sip_udp = ?sip_udp, data = %dir.display(), "listening");
    Ok(Running {
        admin_password,
        http,
        sip_udp,
        inbox,
        call_thread,
        tasks,
        journal,
        projector,
        delivery,
        captures,
        attempts,
        _lock: lock,
    })
}

/// Copies the CDRs that the previous process committed and did not copy.
fn catch_up(db: &ConfigDb, events: &JournalReader) -> anyhow::Result<()> {
    loop {
        let after = db.projected().context("reading the CDRs' position")?;
        let facts = events
            .cdrs_after(after, 512)
            .context("reading the journal")?;
        if facts.is_empty() {
            return Ok(());
        }
        let batch: Vec<_> = facts.iter().map(|fact| (fact.pos, &fact.cdr)).collect();
        db.project(&batch).context("copying CDRs")?;
    }
}

/// Closes each call that was open when the process ended. Gives the number of the next fact.
fn sweep(
    recovered: &Recovered,
    journal: &JournalHandle,
    config: &Config,
    seed: [u8; 32],
    now: Wall,
) -> u64 {
    let mut ids = EventIds::new(
        &config.node.name,
        first_draw(seed).wrapping_add(500_000_000),
    );
    let mut next = 1;
    for open in &recovered.open_calls {
        match close_after_restart(&open.snapshot, now, &mut ids) {
            Ok(fact) => {
                while journal.record(next, fact.clone()).is_err() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                next += 1;
            }
            Err(error) => tracing::error!(call = %open.call, %error, "this call stays open"),
        }
    }
    if next > 1 {
        tracing::info!(
            calls = next - 1,
            "calls of the previous process were closed, cause System Shutdown"
        );
    }
    next
}

/// A number of chance for a counter of event ids. The three counters of a process start far apart.
fn first_draw(seed: [u8; 32]) -> u32 {
    let [.., a, b, c, d] = seed;
    u32::from_le_bytes([a, b, c, d])
}

/// Users, phones and registrations into the switch.
fn load(switch: &mut Switch, db: &ConfigDb, now: offhook_base::Now) -> anyhow::Result<()> {
    for user in db.all_users(now.wall).context("reading users")? {
        switch.handle_directory(changes::directory_user(&user));
    }
    for account in db.accounts().context("reading phones")? {
        switch.handle_directory(changes::directory_phone(&account));
        switch.handle_account(now, AccountChange::Put(changes::sip_account(account)));
    }
    let stored = db
        .load_bindings(now.wall)
        .context("reading registrations")?;
    let bindings: Vec<_> = stored
        .iter()
        .filter_map(|stored| match serde_json::from_str::<Binding>(&stored.data) {
            Ok(binding) => Some((stored.phone, binding)),
            Err(error) => {
                tracing::warn!(phone = %stored.phone, %error, "a stored registration cannot be read; the phone will register again");
                None
            }
        })
        .collect();
    switch.handle_restored(now, bindings);
    Ok(())
}

fn stack_config(
    config: &Config,
    realm: &str,
    listeners: &Listeners,
    seed: [u8; 32],
) -> StackConfig {
    let mut stack = StackConfig::new(realm, listeners.sip(), seed);
    stack.domain.clone_from(&config.sip.domain);
    stack.own_hosts = listeners.own_hosts();
    stack.algorithms = config
        .sip
        .digest
        .iter()
        .map(|digest| match digest {
            Digest::Md5 => DigestAlgorithm::Md5,
            Digest::Sha256 => DigestAlgorithm::Sha256,
        })
        .collect();
    stack.user_agent = concat!("Offhook/", env!("CARGO_PKG_VERSION")).to_owned();
    stack.seed = Secret::new(seed);
    stack
}

fn call_config(config: &Config, listeners: &Listeners) -> CallConfig {
    let host = if config.sip.domain.is_empty() {
        listeners.advertised_ip().to_string()
    } else {
        config.sip.domain.clone()
    };
    let mut calls = CallConfig::new(&config.node.name, &host);
    calls.relay = (config.media.relay == Relay::Always).then(|| listeners.media_ip());
    let limits = &config.limits;
    let limit = |n: u32| (n > 0).then_some(n);
    calls.new_calls_per_s = limit(limits.max_new_calls_per_s);
    calls.invites_per_s_per_source = limit(limits.invites_per_s_per_source);
    calls.guard = GuardConfig {
        registers_per_s: limit(limits.registers_per_s_per_source),
        failures_before_ban: limit(limits.failed_auth_before_ban),
        ban: Duration::from_secs(limits.ban_s.into()),
        exempt: limits
            .exempt_networks
            .iter()
            .map(|net| Network {
                address: net.network(),
                prefix: net.prefix_len(),
            })
            .collect(),
    };
    calls
}

fn start_media(
    config: &Config,
    listeners: &Listeners,
    inbox: &Inbox,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<Option<Media>> {
    if config.media.relay != Relay::Always {
        return Ok(None);
    }
    // Full: events wait in the media thread, at most one a relay.
    let (events, mut queue) = tokio::sync::mpsc::channel(1_024);
    let media = MediaConfig {
        address: listeners.media_bind(),
        first_port: config.media.rtp_ports.first,
        last_port: config.media.rtp_ports.last,
    };
    let media = Media::start(media, events).context("opening RTP ports (media.rtp_ports)")?;
    let inbox = inbox.clone();
    tasks.spawn(async move {
        while let Some(event) = queue.recv().await {
            let inbox = inbox.clone();
            if tokio::task::spawn_blocking(move || inbox.send(CallInput::Media(event)))
                .await
                .is_err()
            {
                tracing::error!("an event of the media thread was lost");
            }
        }
    });
    Ok(Some(media))
}
