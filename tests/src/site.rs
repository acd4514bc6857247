//! One node with its receiver, its admin and its users.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Certificate;
use crate::flow::{Call, calls_of};
use crate::offhook::{Offhook, Settings, quick_folder};
use crate::process::{Transport, eventually};
use crate::receiver::Receiver;
use crate::rest::Rest;
use crate::sipp::Sipp;

/// A node with everything that a call needs.
#[derive(Debug)]
pub struct Site {
    /// The node.
    pub offhook: Offhook,
    /// The HTTPS receiver of its one webhook, for all states of a call.
    pub receiver: Receiver,
    /// REST as the first admin.
    pub rest: Rest,
}

/// A user with one phone.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user_id: u64,
    /// The phone.
    pub phone_id: u64,
    /// The number to call the user by.
    pub ext: String,
    /// SIP name of the phone.
    pub username: String,
    /// SIP password of the phone.
    pub password: String,
}

impl Site {
    /// A node that relays media.
    pub async fn start() -> Self {
        Self::start_with("always", "").await
    }

    /// A node with this `media.relay` and further lines of configuration.
    pub async fn start_with(relay: &'static str, more: &str) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into(), relay, more).await
    }

    /// The same with its SIP on this address of loopback.
    pub async fn start_on(sip: IpAddr, relay: &'static str, more: &str) -> Self {
        Self::start_in("", sip, relay, more).await
    }

    /// The same with this `sip.domain`.
    pub async fn start_in(
        domain: &'static str,
        sip: IpAddr,
        relay: &'static str,
        more: &str,
    ) -> Self {
        Self::start_as(|settings| Settings {
            sip,
            domain,
            relay,
            more: more.to_owned(),
            ..settings
        })
        .await
    }

    /// A node that phones reach by TLS, too, with this `media.relay`.
    pub async fn start_over_tls(relay: &'static str, certificate: &Certificate) -> Self {
        Self::start_as(|settings| Settings {
            relay,
            certificate: Some(certificate.clone()),
            ..settings
        })
        .await
    }

    /// A node whose recordings are on a disk of their own of this size in MiB.
    pub async fn start_with_recordings_on(mib: u32) -> Self {
        Self::start_as(|settings| Settings {
            recordings_disk: Some(mib),
            ..settings
        })
        .await
    }

    /// A node that phones reach by TLS, too, with this `media.srtp`.
    pub async fn start_with_srtp(srtp: &'static str, certificate: &Certificate) -> Self {
        Self::start_as(|settings| Settings {
            srtp,
            certificate: Some(certificate.clone()),
            ..settings
        })
        .await
    }

    async fn start_as(chosen: impl FnOnce(Settings) -> Settings) -> Self {
        let receiver = Receiver::start().await;
        let settings = chosen(Settings {
            folder: quick_folder(),
            sip: Ipv4Addr::LOCALHOST.into(),
            domain: "",
            relay: "always",
            srtp: "offered",
            extra_root: receiver.certificate_authority(),
            recordings_disk: None,
            certificate: None,
            more: String::new(),
        });
        let offhook = Offhook::start(settings).await;
        let rest = offhook.admin().await;
        let site = Self {
            offhook,
            receiver,
            rest,
        };
        site.webhook("calls", &["call.state_change", "call.dtmf"])
            .await;
        site
    }

    /// Makes a webhook at a path of the receiver, and gives it as stored.
    pub async fn webhook(&self, path: &str, events: &[&str]) -> Value {
        let webhook = json!({
            "name": path,
            "url": self.receiver.url(path),
            "events": events,
            "secret": self.receiver.secret(),
        });
        self.rest.post("/webhooks", webhook).await.expect(201)["data"].clone()
    }

    /// Makes a user with a phone.
    pub async fn user(&self, ext: &str) -> Account {
        let user = json!({
            "first_name": format!("User {ext}"),
            "last_name": "Test",
            "email": format!("{ext}@localhost"),
            "ext": ext,
            "role": "user",
        });
        let user = self.rest.post("/users", user).await.expect(201)["data"].clone();
        self.phone(user["id"].as_u64().expect("the user's id"), ext)
            .await
    }

    /// Makes users with these extensions, a phone each.
    ///
    /// # Panics
    /// Never.
    pub async fn users<const N: usize>(&self, exts: [&str; N]) -> [Account; N] {
        let mut users = Vec::with_capacity(N);
        for ext in exts {
            users.push(self.user(ext).await);
        }
        users.try_into().expect("a user an extension")
    }

    /// Makes a phone of a user.
    pub async fn phone(&self, user_id: u64, ext: &str) -> Account {
        let phone = self
            .rest
            .post("/phones", json!({"user_id": user_id}))
            .await
            .expect(201)["data"]
            .clone();
        let text = |field: &str| {
            phone[field]
                .as_str()
                .unwrap_or_else(|| panic!("{field}: {phone}"))
                .to_owned()
        };
        Account {
            user_id,
            phone_id: phone["id"].as_u64().expect("the phone's id"),
            ext: ext.to_owned(),
            username: text("username"),
            password: text("password"),
        }
    }

    /// A sipp that sends to this node over UDP.
    #[must_use]
    pub fn sipp(&self, scenario: &'static str) -> Sipp {
        self.sipp_over(Transport::Udp, scenario)
    }

    /// A sipp that sends to this node.
    #[must_use]
    pub fn sipp_over(&self, transport: Transport, scenario: &'static str) -> Sipp {
        Sipp::new(scenario, self.offhook.sip(transport)).transport(transport)
    }

    /// A sipp with which an account calls a number, by a scenario.
    #[must_use]
    pub fn caller(&self, scenario: &'static str, from: &Account, number: &str) -> Sipp {
        let sipp = self.sipp(scenario).account(from);
        sipp.value("to", number)
    }

    /// Registers a phone at a port of loopback, where it must listen from then on.
    pub async fn register(&self, account: &Account, port: u16) {
        self.sipp("register")
            .account(account)
            .port(port)
            .run()
            .await;
        self.until_registered(account, true).await;
    }

    /// Waits until REST says that a phone is registered, or is not.
    pub async fn until_registered(&self, account: &Account, registered: bool) {
        let path = format!("/phones/{}", account.phone_id);
        eventually(
            &format!("{} registered: {registered}", account.username),
            Duration::from_secs(20),
            async || {
                let phone = self.rest.get(&path).await.expect(200);
                (phone["data"]["registered"] == registered).then_some(())
            },
        )
        .await;
    }

    /// Waits until so many calls are over, as the receiver knows them.
    pub async fn calls(&self, count: usize) -> Vec<Call> {
        self.receiver
            .wait_for(
                &format!("the end of {count} calls"),
                Duration::from_secs(60),
                |received| {
                    let calls = calls_of(received, "/calls");
                    (calls.len() >= count && calls.iter().all(Call::is_over)).then_some(calls)
                },
            )
            .await
    }

    /// Waits for the one call of a test, and checks what must hold for every plain call.
    ///
    /// # Panics
    /// When there is more than one call or its events contradict each other.
    pub async fn the_call(&self, from: &Account, to: &str) -> Call {
        let mut calls = self.calls(1).await;
        assert_eq!(calls.len(), 1, "{calls:#?}");
        let call = calls.remove(0);
        let first = &call.events[0];
        for (event, seq) in call.events.iter().zip(1_u64..) {
            assert_eq!(event["seq"], seq, "{:#?}", call.lines());
            assert_eq!(event["call_id"], call.root, "a plain call is its own root");
            assert_eq!(event["src"], from.ext.as_str());
            assert_eq!(event["src_id"], from.user_id.to_string());
            assert_eq!(event["dst"], to);
            for field in ["start_time", "context", "destination", "src_hash", "dst_id"] {
                assert_eq!(event[field], first[field], "{field} stays the same");
            }
        }
        assert_eq!(first["context"], "LOCAL_USER");
        self.check_previous_sequence();
        call
    }

    /// The CDR of a call, found by the REST filter on `live_id`.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub async fn cdr(&self, call: &Call) -> Value {
        let mut found = self
            .rest
            .filter("cdrs", &[("live_id", "eq", call.root.into())])
            .await;
        assert_eq!(found.len(), 1, "one CDR for call {}: {found:#?}", call.root);
        let cdr = found.remove(0);
        check_cdr(&cdr, call.last());
        cdr
    }

    /// Each event says which event of its root this webhook got before it.
    pub(crate) fn check_previous_sequence(&self) {
        let mut before = std::collections::BTreeMap::new();
        for request in self.receiver.received() {
            let event = &request.event;
            if request.path != "/calls" || !event["root_call_id"].is_u64() {
                continue;
            }
            let root = event["root_call_id"].to_string();
            let header = request.headers["offhook-prev-seq"].to_str().unwrap();
            let expected = before
                .get(&root)
                .copied()
                .unwrap_or(0)
                .min(event["seq"].as_u64().unwrap() - 1);
            assert_eq!(header, expected.to_string(), "{event}");
            before.insert(root, event["seq"].as_u64().unwrap());
        }
    }
}

/// What a CDR and the last event of its call have in common is the same.
#[track_caller]
pub(crate) fn check_cdr(cdr: &Value, last: &Value) {
    for field in [
        "t_cause",
        "terminated_by",
        "src",
        "src_id",
        "dst",
        "dst_id",
        "context",
        "destination",
        "clid",
        "cause",
    ] {
        assert_eq!(cdr[field], last[field], "{field} of {cdr} and {last}");
    }
    assert_eq!(cdr["calldate"], last["start_time"]);
}
