//! Transfer: a call that is up, or rings, goes on with somebody else.

mod by_api;
mod by_refer;

use offhook_tests::{Account, Call, Running, Site};
use serde_json::{Value, json};

const FIRST: [&str; 3] = [
    "a initial LOCAL_USER in 2001>2002",
    "a ringing LOCAL_USER in 2001>2002",
    "a connected LOCAL_USER in 2001>2002",
];

/// Alice talks to Bob; Carol is somebody else.
struct Talk {
    site: Site,
    alice: Account,
    bob: Account,
    carol: Account,
    alices_phone: Running,
    bobs_phone: Running,
    call: Value,
}

impl Talk {
    async fn start() -> Self {
        Self::start_with("uac_answered_far_end", "uas_talks", "").await
    }

    /// With phones that play these scenarios, and Alice's transferring to this number if it does.
    async fn start_with(alices: &'static str, bobs: &'static str, domain: &'static str) -> Self {
        let loopback = std::net::Ipv4Addr::LOCALHOST.into();
        let site = Site::start_in(domain, loopback, "always", "").await;
        let (alice, bob, carol) = (
            site.user("2001").await,
            site.user("2002").await,
            site.user("2003").await,
        );
        let bobs_phone = site.phone_of(&bob, site.sipp(bobs)).await;
        let alices_phone = site
            .sipp(alices)
            .account(&alice)
            .value("to", "2002")
            .start();
        let call = site.event("call.connected", 0).await["call_id"].clone();
        Self {
            site,
            alice,
            bob,
            carol,
            alices_phone,
            bobs_phone,
            call,
        }
    }

    async fn patch(&self, call: &Value, wish: Value, status: u16) -> Value {
        let path = format!("/calls/{call}");
        let reply = self.site.rest.patch(&path, wish).await.expect(status);
        reply.get("data").cloned().unwrap_or(reply)
    }

    /// Transfers the call by API, and gives the new one.
    async fn transfer(&self, dst: &str) -> Value {
        self.patch(&self.call, json!({"dst": dst}), 200).await
    }

    async fn hang_up(&self, call: &Value) {
        let path = format!("/calls/{call}");
        self.site.rest.delete(&path).await.expect(204);
    }

    async fn end(self) -> (Site, Call) {
        self.alices_phone.finish().await;
        self.bobs_phone.finish().await;
        let root = self.site.root().await;
        (self.site, root)
    }
}

async fn busy(site: &Site, account: &Account) -> Running {
    let sipp = site
        .sipp("uas_refused_at_once")
        .value("status", "486")
        .value("reason", "Busy Here");
    site.phone_of(account, sipp).await
}
