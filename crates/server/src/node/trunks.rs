//! Trunks on their way to the switch: a host name becomes addresses, at the start, at each change, and once a minute.
//!
//! ```text
//! API ──put──► known trunks ──DirectoryChange::Trunk──► call thread
//!                 ▲    │ names
//!                 └── lookups (one task)
//! ```
//!
//! The lock is held until the call thread's queue has taken a change, so that an answer of the name service never
//! overtakes a newer configuration. Only threads that may wait take it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use offhook_base::TrunkId;
use offhook_call::DirectoryChange;
use offhook_store::Trunk;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::inbox::{CallInput, Inbox};
use super::trunk_states::TrunkStates;
use crate::dns::{DNS, resolver};

/// How often each name is asked for anew.
const EVERY: Duration = Duration::from_secs(60);
/// Names that are asked for at a time.
const AT_ONCE: usize = 8;
/// Addresses that one trunk has at most.
const MOST_ADDRESSES: usize = 16;

/// Every trunk with its addresses; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Trunks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inbox: Inbox,
    states: TrunkStates,
    known: Mutex<BTreeMap<TrunkId, Known>>,
    /// There is a name that was not asked for yet.
    new_name: Notify,
}

#[derive(Debug)]
struct Known {
    trunk: Trunk,
    addresses: Vec<SocketAddr>,
    /// The name was asked for since it was set; an address counts as that.
    is_asked: bool,
    /// The last lookup failed; that is logged once.
    is_failing: bool,
}

/// Why a name has no addresses now.
#[derive(Debug)]
struct Unresolved {
    why: String,
    /// The name service says that there are none; else it could not be asked, and what was known still holds.
    is_certain: bool,
}

type Lookup = Result<Vec<IpAddr>, Unresolved>;

impl Trunks {
    pub(crate) fn new(inbox: Inbox) -> Self {
        Self {
            shared: Arc::new(Shared {
                inbox,
                states: TrunkStates::default(),
                known: Mutex::default(),
                new_name: Notify::new(),
            }),
        }
    }

    /// What is known of the trunks; also to be told by whoever calls by them.
    pub(crate) fn states(&self) -> TrunkStates {
        self.shared.states.clone()
    }

    /// What is stored, for the switch before it runs.
    pub(crate) fn load(&self, stored: Vec<Trunk>) -> Vec<DirectoryChange> {
        let mut known = self.shared.lock();
        let load = |trunk: Trunk| {
            let entry = Known::new(trunk, None);
            let change = entry.change();
            known.insert(entry.trunk.id, entry);
            change
        };
        stored.into_iter().map(load).collect()
    }

    /// A trunk was made or altered. Waits for room in the call thread's queue.
    pub(crate) fn put(&self, trunk: Trunk) {
        let id = trunk.id;
        let mut known = self.shared.lock();
        let old = known.remove(&id);
        if old
            .as_ref()
            .is_none_or(|old| old.trunk.spec.host != trunk.spec.host)
        {
            self.shared.states.forget(id);
        }
        let entry = Known::new(trunk, old);
        if !entry.is_asked {
            self.shared.new_name.notify_one();
        }
        self.shared.tell(entry.change());
        known.insert(id, entry);
    }

    /// A trunk is gone. Waits for room in the call thread's queue.
    pub(crate) fn remove(&self, id: TrunkId) {
        let mut known = self.shared.lock();
        known.remove(&id);
        self.shared.states.forget(id);
        self.shared.tell(DirectoryChange::TrunkRemoved(id));
    }

    /// Starts the task that asks for names.
    pub(crate) fn watch(&self, tasks: &mut JoinSet<()>) {
        let trunks = self.clone();
        tasks.spawn(async move {
            let resolver = resolver();
            if let Err(error) = &resolver {
                tracing::warn!(%error, "the system's name service cannot be used: trunks need addresses instead of names");
            }
            let mut tick = tokio::time::interval(EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let all = tokio::select! {
                    _ = tick.tick() => true,
                    () = trunks.shared.new_name.notified() => false,
                };
                trunks.ask(&resolver, all).await;
            }
        });
    }

    /// Asks for all names, or for those that are new.
    async fn ask(&self, resolver: &Result<TokioResolver, String>, all: bool) {
        let this = self.clone();
        let Ok(names) = tokio::task::spawn_blocking(move || this.names(all)).await else {
            tracing::error!("the names of trunks could not be read");
            return;
        };
        let mut lookups = JoinSet::new();
        for (id, host) in names {
            while lookups.len() >= AT_ONCE {
                report(lookups.join_next().await);
            }
            let (this, resolver) = (self.clone(), resolver.clone());
            lookups.spawn(async move {
                let found = lookup(&resolver, &host).await;
                let found = tokio::task::spawn_blocking(move || this.found(id, &host, found));
                report(Some(found.await));
            });
        }
        while let Some(done) = lookups.join_next().await {
            report(Some(done));
        }
    }

    /// The names to be asked for.
    fn names(&self, all: bool) -> Vec<(TrunkId, String)> {
        let known = self.shared.lock();
        let named = known
            .values()
            .filter(|entry| entry.literal().is_none() && (all || !entry.is_asked));
        named
            .map(|entry| (entry.trunk.id, entry.trunk.spec.host.clone()))
            .collect()
    }

    /// The name service answered for `host`, which may not be this trunk's any more.
    fn found(&self, id: TrunkId, host: &str, found: Lookup) {
        let mut known = self.shared.lock();
        let Some(entry) = known
            .get_mut(&id)
            .filter(|entry| entry.trunk.spec.host == host)
        else {
            return;
        };
        entry.is_asked = true;
        let was_failing = entry.is_failing;
        entry.is_failing = found.is_err();
        let port = entry.trunk.spec.port;
        let (addresses, why) = match found {
            Ok(ips) => (at_port(ips, port), String::new()),
            Err(Unresolved { why, is_certain }) if is_certain => (Vec::new(), why),
            Err(Unresolved { why, .. }) => (entry.addresses.clone(), why),
        };
        if entry.is_failing && !was_failing {
            tracing::warn!(trunk = %id, host, error = %why, kept = addresses.len(), "the host of a trunk cannot be resolved");
        }
        if entry.is_failing || was_failing {
            self.shared.states.named(id, !addresses.is_empty(), why);
        }
        if addresses != entry.addresses {
            tracing::info!(trunk = %id, host, ?addresses, "addresses of a trunk");
            entry.addresses = addresses;
            self.shared.tell(entry.change());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TrunkId, Known>> {
        // Each entry is sound after a panic: at worst its addresses are older than those of the switch.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: DirectoryChange) {
        self.inbox.send(CallInput::Directory(change));
    }
}

impl Known {
    /// A trunk as it is now, with the addresses that `old` had for the same name.
    fn new(trunk: Trunk, old: Option<Self>) -> Self {
        let mut new = Self {
            trunk,
            addresses: Vec::new(),
            is_asked: false,
            is_failing: false,
        };
        let port = new.trunk.spec.port;
        if let Some(ip) = new.literal() {
            new.addresses = vec![SocketAddr::new(ip, port)];
            new.is_asked = true;
        } else if let Some(old) = old.filter(|old| old.trunk.spec.host == new.trunk.spec.host) {
            new.addresses = at_port(old.addresses.iter().map(SocketAddr::ip).collect(), port);
            new.is_asked = old.is_asked;
            new.is_failing = old.is_failing;
        }
        new
    }

    /// The host, when it is an address.
    fn literal(&self) -> Option<IpAddr> {
        self.trunk.spec.host.parse().ok()
    }

    /// The trunk as the switch sees it.
    fn change(&self) -> DirectoryChange {
        let spec = &self.trunk.spec;
        let host = match self.literal() {
            Some(IpAddr::V6(ip)) => format!("[{ip}]"),
            Some(IpAddr::V4(_)) | None => spec.host.clone(),
        };
        let host = match spec.port {
            5060 => host,
            port => format!("{host}:{port}"),
        };
        DirectoryChange::Trunk(offhook_call::Trunk {
            id: self.trunk.id,
            name: spec.name.clone(),
            host,
            addresses: self.addresses.clone(),
            from_domain: spec.from_domain.clone(),
            prefix: spec.prefix.clone(),
            strip: spec.strip,
            caller_id: spec.caller_id.clone(),
            priority: spec.priority,
            max_calls: (spec.max_calls > 0).then_some(spec.max_calls),
            active: spec.active,
        })
    }
}

/// In an order of their own: a name service turns its answers round, and that is no change.
fn at_port(mut ips: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    ips.retain(|ip| !ip.is_unspecified() && !ip.is_multicast());
    // IPv4 sorts first.
    ips.sort_unstable();
    ips.dedup();
    ips.truncate(MOST_ADDRESSES);
    ips.into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .collect()
}

async fn lookup(resolver: &Result<TokioResolver, String>, host: &str) -> Lookup {
    let failed = |why: String, is_certain| Unresolved {
        why: format!("{host} cannot be resolved: {why}"),
        is_certain,
    };
    let resolver = resolver
        .as_ref()
        .map_err(|error| failed(error.clone(), false))?;
    // A and AAAA, each with the resolver's own limit; this one is for a resolver that hangs.
    let found = tokio::time::timeout(2 * DNS, resolver.lookup_ip(host)).await;
    let found = found.map_err(|_| failed("no answer in time".to_owned(), false))?;
    match found {
        Ok(found) => Ok(found.iter().collect()),
        Err(error) if error.is_no_records_found() => {
            Err(failed("it has no address".to_owned(), true))
        }
        Err(error) => Err(failed(error.to_string(), false)),
    }
}

fn report(done: Option<Result<(), tokio::task::JoinError>>) {
    if let Some(Err(error)) = done {
        tracing::error!(%error, "looking up the host of a trunk failed");
    }
}

#[cfg(test)]
mod tests {
    use offhook_api::ports::TrunkStates as _;
    use offhook_store::TrunkSpec;

    use super::super::inbox::{Inputs, channel};
    use super::*;

    const ID: TrunkId = TrunkId(1);

    struct World {
        trunks: Trunks,
        states: TrunkStates,
        inputs: Inputs,
        _poll: mio::Poll,
    }

    impl World {
        fn new() -> Self {
            let poll = mio::Poll::new().unwrap();
            let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
            let (inbox, inputs) = channel(waker);
            let trunks = Trunks::new(inbox);
            Self {
                states: trunks.states(),
                trunks,
                inputs,
                _poll: poll,
            }
        }

        fn put(&self, host: &str, port: u16) {
            self.trunks.put(trunk(host, port));
        }

        fn found(&self, host: &str, ips: &[[u8; 4]]) {
            let ips = ips.iter().copied().map(IpAddr::from).collect();
            self.trunks.found(ID, host, Ok(ips));
        }

        fn fails(&self, host: &str, is_certain: bool) {
            let why = "no such name".to_owned();
            self.trunks
                .found(ID, host, Err(Unresolved { why, is_certain }));
        }

        /// What the switch was told since the last call: host and addresses of each change.
        fn told(&self) -> Vec<String> {
            std::iter::from_fn(|| self.inputs.next())
                .map(|input| {
                    let CallInput::Directory(change) = input else {
                        panic!("{input:?}")
                    };
                    shown(&change)
                })
                .collect()
        }
    }

    fn trunk(host: &str, port: u16) -> Trunk {
        Trunk {
            id: ID,
            spec: TrunkSpec {
                host: host.to_owned(),
                port,
                ..TrunkSpec::default()
            },
        }
    }

    fn shown(change: &DirectoryChange) -> String {
        let DirectoryChange::Trunk(trunk) = change else {
            assert_eq!(*change, DirectoryChange::TrunkRemoved(ID));
            return "gone".to_owned();
        };
        let addresses = trunk.addresses.iter().map(ToString::to_string);
        let addresses: Vec<_> = addresses.collect();
        format!("{} {}", trunk.host, addresses.join(" "))
    }

    #[test]
    fn an_address_needs_no_name_service() {
        let world = World::new();
        world.put("192.0.2.1", 5060);
        world.put("2001:db8::1", 5080);
        assert_eq!(
            world.told(),
            [
                "192.0.2.1 192.0.2.1:5060",
                "[2001:db8::1]:5080 [2001:db8::1]:5080"
            ]
        );
        assert!(world.trunks.names(true).is_empty());
        world.trunks.remove(ID);
        assert_eq!(world.told(), ["gone"]);
    }

    #[test]
    fn a_name_is_told_again_only_when_its_addresses_differ() {
        let world = World::new();
        world.put("a.example", 5060);
        assert_eq!(world.trunks.names(false).len(), 1);
        world.found("a.example", &[[192, 0, 2, 2], [192, 0, 2, 1]]);
        world.found("a.example", &[[192, 0, 2, 1], [192, 0, 2, 2]]);
        world.found("a.example", &[[192, 0, 2, 3], [0, 0, 0, 0]]);
        assert_eq!(
            world.told(),
            [
                "a.example ",
                "a.example 192.0.2.1:5060 192.0.2.2:5060",
                "a.example 192.0.2.3:5060"
            ]
        );
        assert!(world.trunks.names(false).is_empty());
        assert_eq!(world.trunks.names(true).len(), 1);
    }

    #[test]
    fn a_change_of_the_port_keeps_the_addresses_and_one_of_the_name_does_not() {
        let world = World::new();
        world.put("a.example", 5060);
        world.found("a.example", &[[192, 0, 2, 1]]);
        world.put("a.example", 5070);
        world.put("b.example", 5070);
        // Asked before the change, answered after it.
        world.found("a.example", &[[192, 0, 2, 9]]);
        assert_eq!(
            world.told(),
            [
                "a.example ",
                "a.example 192.0.2.1:5060",
                "a.example:5070 192.0.2.1:5070",
                "b.example:5070 "
            ]
        );
        world.trunks.remove(ID);
        world.found("b.example", &[[192, 0, 2, 9]]);
        assert_eq!(world.told(), ["gone"]);
    }

    #[test]
    fn a_name_that_is_gone_takes_the_trunk_down_and_a_silent_name_service_does_not() {
        let world = World::new();
        world.put("a.example", 5060);
        world.found("a.example", &[[192, 0, 2, 1]]);
        assert_eq!(world.states.state(ID), None);
        world.told();
        world.fails("a.example", false);
        assert!(world.told().is_empty());
        let why = "no such name".to_owned();
        assert_eq!(world.states.state(ID), Some((true, why.clone())));
        world.fails("a.example", true);
        assert_eq!(world.told(), ["a.example "]);
        assert_eq!(world.states.state(ID), Some((false, why)));
        world.found("a.example", &[[192, 0, 2, 1]]);
        assert_eq!(world.told(), ["a.example 192.0.2.1:5060"]);
        assert_eq!(world.states.state(ID), Some((true, String::new())));
        world.put("b.example", 5060);
        assert_eq!(world.states.state(ID), None);
    }

    #[test]
    fn what_the_switch_found_outlasts_a_change_of_anything_but_the_host() {
        let world = World::new();
        for (host, other) in [("192.0.2.1", "192.0.2.2"), ("a.example", "b.example")] {
            let down = Some((false, "does not answer".to_owned()));
            world.put(host, 5060);
            world.states.tried(ID, false, "does not answer".to_owned());
            world.put(host, 5060);
            assert_eq!(world.states.state(ID), down);
            world.put(other, 5060);
            assert_eq!(world.states.state(ID), None);
            world.states.tried(ID, true, String::new());
            world.trunks.remove(ID);
            assert_eq!(world.states.state(ID), None);
        }
    }

    #[test]
    fn a_name_that_is_found_again_does_not_hide_a_far_end_that_does_not_answer() {
        let world = World::new();
        world.put("a.example", 5060);
        world.found("a.example", &[[192, 0, 2, 1]]);
        world.states.tried(ID, false, "does not answer".to_owned());
        world.fails("a.example", true);
        assert_eq!(
            world.states.state(ID),
            Some((false, "no such name".to_owned()))
        );
        world.found("a.example", &[[192, 0, 2, 1]]);
        assert_eq!(
            world.states.state(ID),
            Some((false, "does not answer".to_owned()))
        );
        world.states.tried(ID, true, String::new());
        assert_eq!(world.states.state(ID), Some((true, String::new())));
        world.fails("a.example", true);
        world.states.tried(ID, true, String::new());
        assert_eq!(
            world.states.state(ID),
            Some((false, "no such name".to_owned()))
        );
    }

    #[test]
    fn what_is_stored_is_given_to_the_switch_before_it_runs() {
        let world = World::new();
        let changes = world.trunks.load(vec![trunk("a.example", 5060)]);
        assert_eq!(
            changes.iter().map(shown).collect::<Vec<_>>(),
            ["a.example "]
        );
        assert!(world.told().is_empty());
        assert_eq!(world.trunks.names(false), [(ID, "a.example".to_owned())]);
    }

    #[tokio::test]
    async fn the_systems_own_names_are_found() {
        let resolver = resolver();
        let found = lookup(&resolver, "localhost").await;
        assert!(found.unwrap().iter().all(IpAddr::is_loopback));
    }
}
