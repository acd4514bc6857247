//! The composition root: opens the files, starts the threads, joins them, and stops them in order.
//!
//! ```text
//! call thread ──facts──► journal writer ──committed──► call thread, live list, projector, delivery thread
//!      ▲ SIP over UDP here, over TCP and TLS by tasks                API tasks read the stores and ask the threads
//! ```

mod agents;
mod backlog;
mod bootstrap;
mod call_thread;
mod certificate;
mod changes;
mod clock;
mod commits;
mod connections;
mod evidence;
mod files;
mod http;
mod inbox;
mod listen;
mod live;
mod mailbox;
mod notices;
mod ports;
mod projector;
mod retention;
mod room;
mod seats;
mod subscribers;
mod switchboard;
mod tester;
mod thread;
mod trunk_states;
mod trunks;
mod verbs;

use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use offhook_api::Api;
use offhook_api::feed::Feed;
use offhook_call::{AgentLogin, MailboxRequest};
use offhook_delivery::Endpoint;
use offhook_store::{AttemptsWriter, CaptureWriter, ConfigDb, DeliveryReader, JournalWriter};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub(crate) use clock::now;
pub(crate) use thread::essential;

use crate::config::Config;
use crate::delivery::Delivery;
use crate::recorder::{self, Library, Recorder, RecordingFiles};
use call_thread::{CallThread, Gauges};
use certificate::Certificate;
use files::Files;
use inbox::{CallInput, Inbox};
use listen::Listeners;
use projector::Projector;
use subscribers::Subscribers;
use switchboard::Stored;
use trunks::Trunks;

/// Commands that may wait for a commit.
const JOURNAL_QUEUE: usize = 8_192;
/// How long the last messages to peers on connections have to leave.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A node that runs.
pub(crate) struct Running {
    admin_password: Option<String>,
    api: Api,
    db: ConfigDb,
    http: SocketAddr,
    sip_udp: Vec<SocketAddr>,
    certificate: Option<Arc<Certificate>>,
    inbox: Inbox,
    call_thread: JoinHandle<()>,
    tasks: JoinSet<()>,
    writers: Writers,
    captures: CaptureWriter,
    attempts: AttemptsWriter,
    recorder: Recorder,
    lock: File,
}

/// The threads that a commit passes through.
struct Writers {
    journal: JournalWriter,
    projector: Projector,
    delivery: Delivery,
    subscribers: Subscribers,
    live: Arc<live::LiveIndex>,
    feed: Arc<Feed>,
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

    /// An address that signs a browser in as the admin with this e-mail address, once, within an hour.
    ///
    /// # Errors
    /// There is no such admin, or the system gives no random octets.
    pub(crate) fn sign_in_link(&self, email: &str) -> anyhow::Result<String> {
        let admin = self.db.login(email).context("reading users")?;
        let (user, _) = admin.with_context(|| format!("there is no user {email}"))?;
        let ticket = self.api.issue_ticket(user).context("making a link")?;
        let mut address = self.http;
        if address.ip().is_unspecified() {
            // Every address of this machine leads here; this one is known to whoever reads the line on it.
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        // A fragment is not sent to the server, so no log of a proxy has it.
        Ok(format!("http://{address}/#ticket={}", ticket.expose()))
    }

    /// Reads again from disk what may change while calls are up: the certificate of SIP over TLS.
    pub(crate) async fn reload(&self) {
        let Some(certificate) = self.certificate.clone() else {
            tracing::info!("there is nothing to read again: no TLS listener, no certificate");
            return;
        };
        let read = tokio::task::spawn_blocking(move || certificate.reload()).await;
        read.unwrap_or_else(|error| tracing::error!(%error, "reading the certificate again"));
    }

    /// Ends every call with its event, lets what is queued reach the disk, and closes the files.
    pub(crate) async fn shutdown(self) -> anyhow::Result<()> {
        tracing::info!("stopping: calls that are up end with cause System Shutdown");
        let Self {
            inbox,
            call_thread,
            mut tasks,
            writers,
            captures,
            attempts,
            recorder,
            lock,
            ..
        } = self;
        let calls = tokio::task::spawn_blocking(move || {
            inbox.send(CallInput::Shutdown);
            call_thread.join().is_ok()
        });
        let mut clean = calls.await.context("stopping")?;
        // Connections live until their last BYE has left.
        tokio::time::sleep(LAST_WORDS).await;
        tasks.shutdown().await;
        let files = tokio::task::spawn_blocking(move || {
            // The media thread has ended with the call thread: nothing is recorded any more.
            recorder.shutdown();
            // Delivery tells its last verdicts to the journal, whose commits reach the projector: so they stop in this
            // order. What was not delivered by then is delivered after the next start.
            writers.delivery.shutdown();
            let journal = writers.journal.shutdown();
            writers.projector.shutdown();
            let evidence = captures.shutdown() & attempts.shutdown();
            drop(lock);
            journal & evidence
        });
        clean &= files.await.context("stopping")?;
        clean
            .then_some(())
            .context("a thread had failed before the stop")
    }
}

/// Starts a node.
///
/// # Errors
/// A file that cannot be opened, a port in use: with what and where.
pub(crate) async fn start(config: Config) -> anyhow::Result<Running> {
    room::raise_descriptors();
    let now = now();
    let dir = config.node.data_dir.clone();
    bootstrap::make_data_dir(&dir)?;
    let listeners = Listeners::bind(&config).await?;
    let files = files::open(&config, now)?;
    let Files {
        lock,
        db,
        realm,
        admin_password,
        captures,
        attempts,
        ..
    } = &files;
    let (inbox, call_end) = call_thread::mailbox()?;
    let (recovered, events) = (files.recovered.clone(), Arc::clone(&files.events));
    let endpoints = stored_endpoints(&files, now)?;
    let lock = lock.try_clone().context("sharing the data folder's lock")?;
    let (db, realm, admin_password) = (db.clone(), realm.clone(), admin_password.clone());
    let (capture_handle, attempt_handle) = (captures.handle(), attempts.handle());
    let (recordings, recorder, library) = start_recorder(&dir, &inbox)?;
    let (writers, captures, attempts) =
        start_writers(&config, files, endpoints, &listeners, (&inbox, &recorder))?;

    let journal = writers.journal.handle();
    let first_call = switchboard::reserve(&recovered, &journal)?;
    let found = (&config, &*recordings, &db);
    let first_fact = switchboard::sweep(&recovered, &journal, found, now.wall)?;
    let mut tasks = JoinSet::new();
    let gauges = Arc::new(Gauges::default());
    let trunks = Trunks::new(inbox.clone());
    let ((logins, logged_in), (mailboxes, asked)) = (agents::channel(), mailbox::channel());
    let stored = Stored::new(&db, &trunks, first_call);
    let call = CallThread {
        switch: switchboard::build(&config, &realm, &listeners, &stored, now)?,
        end: call_end,
        sockets: listeners.udp_for_call_thread()?,
        journal: journal.clone(),
        live: Arc::clone(&writers.live),
        captures: capture_handle.clone(),
        projector: writers.projector.handle(),
        media: switchboard::start_media(&config, &listeners, (&recorder, &inbox))?,
        recorder: recorder.handle(),
        gauges: Arc::clone(&gauges),
        trunks: trunks.states(),
        logins,
        mailboxes,
        connection_locals: listeners.connection_locals(),
        first_fact,
        max_message: listen::max_message(&config),
    };
    let call_thread = essential("calls", move || call.run()).context("starting the call thread")?;

    let reader = Arc::new(DeliveryReader::new(&dir, Arc::clone(&events)));
    let surface = listen::Surface {
        config: &config,
        db: db.clone(),
        events: Arc::clone(&events),
        reader: Arc::clone(&reader),
        captures: Arc::new(captures.reader().context("opening the captures")?),
        live: Arc::clone(&writers.live),
        feed: Arc::clone(&writers.feed),
        library: Arc::clone(&library),
        inbox: inbox.clone(),
        subscribers: writers.subscribers.clone(),
        trunks: trunks.clone(),
        projector: writers.projector.handle(),
        gauges,
        deliveries: ports::Deliveries::new(&journal, events, reader),
        tester: tester(&config, &writers)?,
    };
    let (http, sip_udp) = (listeners.http_addr(), listeners.udp_addrs());
    let certificate = listeners.certificate();
    listeners.write_listen_json(&dir)?;
    let aging = (&journal, &capture_handle, &attempt_handle);
    let api = listeners.serve(&config, surface, &inbox, &mut tasks);
    let shelf = (&db, &library, &writers.projector);
    retention::start(&config, shelf, aging, &mut tasks);
    serve_codes(&api, library, &inbox, (logged_in, asked), &mut tasks);
    room::watch(&dir, &inbox, &mut tasks);
    trunks.watch(&mut tasks);
    tracing::info!(http = %http, sip_udp = ?sip_udp, data = %dir.display(), "listening");
    Ok(Running {
        admin_password,
        api,
        db,
        http,
        sip_udp,
        certificate,
        inbox,
        call_thread,
        tasks,
        writers,
        captures,
        attempts,
        recorder,
        lock,
    })
}

/// Does what phones ask for by codes.
fn serve_codes(
    api: &Api,
    library: Arc<Library>,
    inbox: &Inbox,
    (logged_in, asked): (mpsc::Receiver<AgentLogin>, mpsc::Receiver<MailboxRequest>),
    tasks: &mut JoinSet<()>,
) {
    agents::store(api.clone(), inbox.clone(), logged_in, tasks);
    mailbox::answer(api.clone(), library, inbox.clone(), asked, tasks);
}

fn tester(config: &Config, writers: &Writers) -> anyhow::Result<tester::Tester> {
    let delivery = writers.delivery.handle();
    let first = switchboard::draw()?;
    Ok(tester::Tester::new(delivery, &config.node.name, first))
}

/// Opens the folder of recordings, and starts the recorder, which tells the call thread what became of each.
fn start_recorder(
    dir: &Path,
    inbox: &Inbox,
) -> anyhow::Result<(Arc<RecordingFiles>, Recorder, Arc<Library>)> {
    let files = RecordingFiles::open(dir).context("opening the folder of recordings")?;
    let files = Arc::new(files);
    let has_room = recorder::room_beyond(room::NOT_FOR_RECORDINGS, Arc::clone(&files));
    let inbox = inbox.clone();
    let recorder = Recorder::start(Arc::clone(&files), has_room, move |id, audio| {
        inbox.send(CallInput::Recorded { id, audio });
    })
    .context("starting the recorder")?;
    let library = Arc::new(Library::new(Arc::clone(&files)));
    Ok((files, recorder, library))
}

/// The webhooks, and whether they are switched on at all.
fn stored_endpoints(
    files: &Files,
    now: offhook_base::Now,
) -> anyhow::Result<(bool, Vec<Endpoint>)> {
    let webhooks = files
        .db
        .all_webhooks(now.wall)
        .context("reading webhooks")?;
    let enabled = files.db.integration_enabled().context("reading settings")?;
    Ok((
        enabled,
        webhooks.iter().filter_map(subscribers::endpoint).collect(),
    ))
}

/// Starts delivery, projector and journal, in the order in which they need each other.
fn start_writers(
    config: &Config,
    files: Files,
    (enabled, endpoints): (bool, Vec<Endpoint>),
    listeners: &Listeners,
    (inbox, recorder): (&Inbox, &Recorder),
) -> anyhow::Result<(Writers, CaptureWriter, AttemptsWriter)> {
    let projected = files.db.projected().context("reading the CDRs' position")?;
    let feed = Arc::new(Feed::new(projected));
    let setup = evidence::Setup {
        enabled,
        endpoints: &endpoints,
        backlog: files.backlog,
        recovered: &files.recovered,
        projected,
        own_addresses: listeners.all_addrs(),
        seed: switchboard::seed()?,
    };
    let delivery = evidence::start(config, setup)?;
    let progress = commits::Progress {
        delivery: delivery.handle(),
        feed: Arc::clone(&feed),
        inbox: inbox.clone(),
    };
    let projector = Projector::start(files.db, Arc::clone(&feed), progress)
        .context("starting the projector")?;
    let live = Arc::new(live::LiveIndex::new(Arc::clone(&feed)));
    let sink = commits::Commits {
        inbox: inbox.clone(),
        live: Arc::clone(&live),
        projector: projector.handle(),
        recorder: recorder.handle(),
        delivery: delivery.handle(),
        feed: Arc::clone(&feed),
    };
    let router = subscribers::router(enabled, &endpoints);
    let journal = JournalWriter::start(
        files.journal,
        &files.recovered,
        router,
        Box::new(sink),
        JOURNAL_QUEUE,
    )
    .context("starting the journal")?;
    let verdicts = evidence::Verdicts::new(
        journal.handle(),
        files.attempts.handle(),
        projector.handle(),
        Arc::clone(&feed),
        &endpoints,
    );
    let subscribers = Subscribers::new(enabled, endpoints, journal.handle(), delivery.handle());
    delivery.attach(verdicts.telling(subscribers.clone()));
    Ok((
        Writers {
            journal,
            projector,
            delivery,
            subscribers,
            live,
            feed,
        },
        files.captures,
        files.attempts,
    ))
}
