//! The switch of a node: made from the configuration, filled from the files, and the calls of the previous process closed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use offhook_base::{
    Audio, CallId, FactRecord, Language, Now, RecordingKind, RecordingRecord, RecordingStart,
    Secret, SoundUse, Wall,
};
use offhook_call::{
    CallConfig, CallIds, EventIds, GuardConfig, MessageCount, Network, SrtpOffers, Switch,
    close_after_restart, recording_after_restart,
};
use offhook_media_core::{Clip, Music, Prompts};
use offhook_sip_core::{AccountChange, Binding, DigestAlgorithm, StackConfig};
use offhook_store::{CdrScope, ConfigDb, JournalHandle, Recovered};

use super::changes;
use super::inbox::{CallInput, Inbox};
use super::listen::Listeners;
use super::trunks::Trunks;
use crate::config::{Config, Digest, Relay, Srtp};
use crate::media::{self, Media, MediaConfig};
use crate::recorder::{self, Recorder, RecordingFiles};

/// Call ids reserved at the start.
const FIRST_CALL_IDS: u64 = 10_000;

/// What the switch is filled from.
pub(crate) struct Stored<'a> {
    db: &'a ConfigDb,
    trunks: &'a Trunks,
    first_call: u64,
}

impl<'a> Stored<'a> {
    pub(crate) const fn new(db: &'a ConfigDb, trunks: &'a Trunks, first_call: u64) -> Self {
        Self {
            db,
            trunks,
            first_call,
        }
    }
}
/// How long a text waits for a phone: 7 days in microseconds.
const TEXTS_KEPT: i64 = 7 * 86_400_000_000;
/// Unfinished texts that a start takes up; as many as the switch keeps waiting.
const TEXTS_AT_START: usize = 20_000;

/// A switch with everything that is stored. Its first call ids come with the journal's answer to the reservation.
pub(crate) fn build(
    config: &Config,
    realm: &str,
    listeners: &Listeners,
    stored: &Stored<'_>,
    now: Now,
) -> anyhow::Result<Switch> {
    let stack = stack_config(config, realm, listeners)?;
    let first_call = stored.first_call;
    let ids = CallIds::new(config.node.number, first_call, first_call);
    let mut switch = Switch::new(stack, call_config(config, listeners)?, ids, seed()?, now);
    load(&mut switch, stored.db, now)?;
    load_outside_and_shared(&mut switch, stored, now)?;
    load_texts(&mut switch, stored.db, now)?;
    load_messages(&mut switch, stored.db, now)?;
    Ok(switch)
}

/// Reserves the first call ids. Gives the first one.
pub(crate) fn reserve(recovered: &Recovered, journal: &JournalHandle) -> anyhow::Result<u64> {
    let first = recovered.next_call_id.max(1);
    journal
        .reserve_call_ids(first + FIRST_CALL_IDS)
        .context("reserving call ids")?;
    Ok(first)
}

/// Octets of chance that nobody may guess.
pub(crate) fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow::anyhow!("the system gives no random octets: {error}"))?;
    Ok(seed)
}

/// Where a counter of event ids starts.
pub(crate) fn draw() -> anyhow::Result<u32> {
    let [a, b, c, d, ..] = seed()?;
    Ok(u32::from_le_bytes([a, b, c, d]))
}

/// Closes each call that was open when the process ended (invariant 2), and tells of the recordings that it did not finish.
/// Gives the number of the next fact.
pub(crate) fn sweep(
    recovered: &Recovered,
    journal: &JournalHandle,
    (config, files, db): (&Config, &RecordingFiles, &ConfigDb),
    now: Wall,
) -> anyhow::Result<u64> {
    let mut ids = EventIds::new(&config.node.name, draw()?);
    let mut next = 1;
    let mut unfinished = recorder::unfinished(files, db)?;
    let mut cdrs = BTreeMap::new();
    for open in recovered.open_calls.chunk_by(|a, b| a.root == b.root) {
        let Some(first) = open.first() else { continue };
        let snapshots = open.iter().map(|call| &*call.snapshot);
        let facts = close_after_restart(snapshots, first.last_seq, now, &mut ids)
            .with_context(|| format!("closing call {} of the previous process", first.root))?;
        for mut fact in facts {
            if let Some(cdr) = &fact.cdr {
                cdrs.insert(fact.event.call, Arc::clone(cdr));
                fact.recording = left_in(&mut unfinished, fact.event.call);
            }
            hand_over(journal, next, &fact);
            next += 1;
        }
    }
    if next > 1 {
        tracing::info!(
            calls = next - 1,
            "calls of the previous process were closed, cause System Shutdown"
        );
    }
    for (start, audio) in unfinished {
        let id = start.id;
        let stored = db.cdr_of_call(CdrScope::All, start.call).ok();
        let cdr = cdrs.get(&start.call).map(|cdr| &**cdr);
        let cdr = cdr.or_else(|| stored.as_ref().map(|found| &found.record));
        let told = (now, config.node.customer_id);
        if let Some(fact) = recording_after_restart(start.clone(), audio, cdr, told, &mut ids) {
            tracing::warn!(recording = %id, "this recording was cut short by the end of the previous process");
            hand_over(journal, next, &fact);
            next += 1;
        } else {
            tracing::error!(recording = %id, "the call of this message is over: nobody can be told of it");
            recorder::forget(files, &start, false);
        }
    }
    Ok(next)
}

/// The message that was being left in a call: its entry goes out with the call's last event.
fn left_in(
    unfinished: &mut Vec<(RecordingStart, Audio)>,
    call: CallId,
) -> Option<Arc<RecordingRecord>> {
    let left = unfinished
        .iter()
        .position(|(start, _)| start.kind == RecordingKind::Message && start.call == call)?;
    let (start, audio) = unfinished.swap_remove(left);
    Some(Arc::new(start.with_audio(audio)))
}

fn hand_over(journal: &JournalHandle, n: u64, fact: &FactRecord) {
    while journal.record(n, fact.clone()).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Users, phones and registrations into the switch.
fn load(switch: &mut Switch, db: &ConfigDb, now: Now) -> anyhow::Result<()> {
    for user in db.all_users(now.wall).context("reading users")? {
        switch.handle_directory(now, changes::directory_user(&user));
    }
    for account in db.accounts().context("reading phones")? {
        switch.handle_directory(now, changes::directory_phone(&account));
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

/// Trunks, numbers, ring groups and queues into the switch.
fn load_outside_and_shared(
    switch: &mut Switch,
    stored: &Stored<'_>,
    now: Now,
) -> anyhow::Result<()> {
    let db = stored.db;
    let trunks = db.all_trunks().context("reading trunks")?;
    for change in stored.trunks.load(trunks) {
        switch.handle_directory(now, change);
    }
    for group in db.all_ring_groups().context("reading ring groups")? {
        switch.handle_directory(now, changes::directory_ring_group(&group));
    }
    for sound in db.all_sounds().context("reading sounds")? {
        // A sound that cannot be read is not heard: no reason to take no calls.
        match clip_of(db, &sound) {
            Ok(clip) => {
                let clip = Arc::new(clip);
                switch.handle_directory(now, offhook_call::DirectoryChange::Sound(sound.id, clip));
            }
            Err(error) => {
                tracing::warn!(id = %sound.id, name = sound.name, %error, "a sound is not played");
            }
        }
    }
    for of in SoundUse::ALL {
        let chosen = db.chosen_sound(of);
        let chosen = chosen.with_context(|| format!("reading the {}", of.name()))?;
        let change = offhook_call::DirectoryChange::SoundChosen(of, chosen);
        switch.handle_directory(now, change);
    }
    let language = db.language().context("reading the language")?;
    switch.handle_directory(now, offhook_call::DirectoryChange::Language(language));
    for queue in db.all_queues().context("reading queues")? {
        switch.handle_directory(now, changes::directory_queue(&queue));
    }
    for ddi in db.all_ddis().context("reading numbers")? {
        switch.handle_directory(now, changes::directory_ddi(&ddi));
    }
    Ok(())
}

/// How many messages each user has.
fn load_messages(switch: &mut Switch, db: &ConfigDb, now: Now) -> anyhow::Result<()> {
    for (user, new, old) in db.message_counts().context("counting messages")? {
        switch.handle_message_count(now, user, MessageCount { new, old });
    }
    Ok(())
}

/// Texts that the previous process did not bring to their end; once it is known who can be reached.
fn load_texts(switch: &mut Switch, db: &ConfigDb, now: Now) -> anyhow::Result<()> {
    let since = Wall(now.wall.0 - TEXTS_KEPT);
    let texts = db
        .unfinished_texts(since, TEXTS_AT_START)
        .context("reading texts")?;
    switch.handle_restored_texts(now, texts);
    Ok(())
}

fn stack_config(
    config: &Config,
    realm: &str,
    listeners: &Listeners,
) -> anyhow::Result<StackConfig> {
    let seed = seed()?;
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
    Ok(stack)
}

fn call_config(config: &Config, listeners: &Listeners) -> anyhow::Result<CallConfig> {
    let host = match listeners.advertised_ip() {
        _ if !config.sip.domain.is_empty() => config.sip.domain.clone(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    let mut calls = CallConfig::new(&config.node.name, &host);
    calls.relay = (config.media.relay == Relay::Always).then(|| listeners.media_ip());
    calls.srtp = match config.media.srtp {
        Srtp::Off => SrtpOffers::Off,
        Srtp::Offered => SrtpOffers::Offered,
        Srtp::Required => SrtpOffers::Required,
    };
    let silence = u64::from(config.media.rtp_timeout);
    calls.rtp_timeout = (silence > 0).then(|| Duration::from_secs(silence));
    let country = Some(&*config.numbers.country).filter(|country| !country.is_empty());
    calls.numbering =
        Arc::new(offhook_call::Numbering::new(country).context("reading numbers.country")?);
    if !config.sip.domain.is_empty() {
        calls.own_hosts = listeners.own_hosts();
        calls.own_hosts.push(config.sip.domain.clone());
    }
    if let Some(music) = Clip::composed() {
        calls.music = Music::Clip(Arc::new(music));
    }
    calls.prompts = Language::ALL
        .into_iter()
        .filter_map(|language| Some((language, Prompts::spoken(language)?)))
        .collect();
    calls.customer_id = config.node.customer_id;
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
    Ok(calls)
}

fn clip_of(db: &ConfigDb, sound: &offhook_store::Sound) -> anyhow::Result<Clip> {
    let file = db.sound_file(sound.id)?;
    Ok(Clip::from_wav(sound.name.clone(), &file)?)
}

/// Starts the media threads, when media goes through us.
pub(crate) fn start_media(
    config: &Config,
    listeners: &Listeners,
    (recorder, inbox): (&Recorder, &Inbox),
) -> anyhow::Result<Option<Media>> {
    if config.media.relay != Relay::Always {
        return Ok(None);
    }
    // Full: events wait in the media threads, at most one a relay.
    let (events, mut queue) = tokio::sync::mpsc::channel(1_024);
    let media = MediaConfig {
        address: listeners.media_bind(),
        first_port: config.media.rtp_ports.first,
        last_port: config.media.rtp_ports.last,
    };
    let origin = Instant::now();
    let mut taps = Vec::new();
    for _ in 0..media_threads(config.media.threads) {
        let (tap, reader) = media::ring(origin);
        let attached = recorder.handle().attach(reader);
        attached.ok().context("attaching the recorder")?;
        taps.push(tap);
    }
    let media = Media::start(media, &events, (taps, origin))
        .context("opening RTP ports (media.rtp_ports)")?;
    let inbox = inbox.clone();
    // Ends with the last media thread, and is waited for by nobody.
    std::thread::Builder::new()
        .name("media-events".to_owned())
        .spawn(move || {
            while let Some(event) = queue.blocking_recv() {
                inbox.send(CallInput::Media(event));
            }
        })
        .context("a thread for what media has to tell")?;
    Ok(Some(media))
}

/// As many as are asked for, or else one for every two cores: calls, webhooks and the system want the others.
fn media_threads(asked: u32) -> usize {
    match usize::try_from(asked) {
        Ok(asked) if asked > 0 => asked,
        _ => std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
    }
}
