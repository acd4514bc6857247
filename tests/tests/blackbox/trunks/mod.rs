//! Calls from and to the outside, by trunks.

mod incoming;
mod outage;
mod outgoing;
mod state;

use offhook_tests::{Account, Running, Site, free_port};
use serde_json::Value;

const OUTSIDER: &str = "34600999888";
const SPAIN: &str = "[numbers]\ncountry = \"ES\"";

/// Alice calls somebody outside, who answers, and hangs up.
const ANSWERED_OUTSIDE: [&str; 4] = [
    "a initial LOCAL_USER out 2001>34600111222",
    "a ringing LOCAL_USER out 2001>34600111222",
    "a connected LOCAL_USER out 2001>34600111222",
    "a hangup LOCAL_USER out 2001>34600111222: Normal Clearing by caller (16 200), final",
];

/// The outsider calls a user of ours, who answers, and hangs up.
const ANSWERED_HERE: [&str; 4] = [
    "a initial LOCAL_USER in 34600999888>34910000001",
    "a ringing LOCAL_USER in 34600999888>34910000001",
    "a connected LOCAL_USER in 34600999888>34910000001",
    "a hangup LOCAL_USER in 34600999888>34910000001: Normal Clearing by caller (16 200), final",
];

/// An outsider calls a number and, when somebody answers, hangs up soon.
async fn call_in(site: &Site, number: &str) {
    site.sipp("uac_answered")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", number)
        .run()
        .await;
}

/// An outsider calls and is refused with a status.
async fn refused_in(site: &Site, number: &str, status: &str) {
    site.sipp("uac_refused")
        .carrier()
        .value("user", OUTSIDER)
        .value("to", number)
        .value("status", status)
        .run()
        .await;
}

async fn call_out(site: &Site, from: &Account, number: &str) {
    site.caller("uac_answered", from, number).run().await;
}

/// A user whose calls leave by a carrier, which answers them.
async fn outwards(more: Value) -> (Site, Account, Running) {
    let site = Site::start_with("always", SPAIN).await;
    let alice = site.user("2001").await;
    let port = free_port();
    let carrier = site.sipp("uas_talks").carrier_at(port).listen().await;
    site.trunk(port, more).await;
    (site, alice, carrier)
}
