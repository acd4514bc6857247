//! What Offhook costs and holds on this machine: `make bench`.
//!
//! It drives the binary as phones and receivers do, and prints each figure beside the one that is promised. Name
//! sections to run only those: `calls`, `deliveries`, `memory`, `relay`, `record`; a number makes the calls run at that rate only,
//! once. It judges nothing: a machine that does other work at the same time gives other figures, so it says how
//! much there was.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on has nothing better to do than to say where and why"
)]

mod calls;
mod deliveries;
mod load;
mod machine;
mod memory;
mod relay;
mod sink;

use std::net::Ipv4Addr;

use offhook_tests::{Offhook, Receiver, Rest, Settings, Site};
use serde_json::json;

use crate::sink::Sink;

/// A node with one webhook for all states of a call.
pub(crate) struct Node {
    pub(crate) site: Site,
    pub(crate) sink: Sink,
}

impl Node {
    pub(crate) async fn start(relay: &'static str) -> Self {
        let sink = Sink::start();
        let settings = Settings {
            folder: std::env::temp_dir(),
            sip: Ipv4Addr::LOCALHOST.into(),
            domain: "",
            relay,
            srtp: "offered",
            extra_root: sink.certificate_authority(),
            recordings_disk: None,
            certificate: None,
            more: String::new(),
        };
        let offhook = Offhook::start(settings).await;
        let rest = Rest::login(
            offhook.http(),
            "admin@localhost",
            "correct horse battery staple",
        )
        .await;
        let webhook = json!({
            "name": "bench",
            "url": sink.url(),
            "events": ["call.state_change"],
            "secret": sink.secret(),
        });
        rest.post("/webhooks", webhook).await.expect(201);
        let site = Site {
            offhook,
            receiver: Receiver::start().await,
            rest,
        };
        Self { site, sink }
    }

    pub(crate) fn pid(&self) -> u32 {
        machine::process_with(&self.site.offhook.config().to_string_lossy())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let rate = wanted.iter().find_map(|word| word.parse().ok());
    let wants = |section: &str| wanted.is_empty() || wanted.iter().any(|name| name == section);
    println!("machine: {}", machine::describe());
    if wants("calls") {
        calls::run(rate).await;
    }
    if wants("deliveries") {
        deliveries::run().await;
    }
    if wants("memory") {
        memory::run().await;
    }
    if wants("relay") {
        relay::run(false).await;
    }
    if wants("record") {
        relay::run(true).await;
    }
}
