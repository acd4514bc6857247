//! Transfer: a call that is up, or rings, goes on with somebody else.

mod by_api;
mod by_refer;

use offhook_tests::{Account, Call, Running, Site};
use serde_json::{Value, json};

use crate::assert_story;

/// Alice talks to Bob; Carol is somebody else.
struct Talk {
    site: Site,
    alice: Account,
    carol: Account,
    alices_phone: Running,
    bobs_phone: Running,
    call: Value,
}

impl Talk {
    async fn start() -> Self {
        Self::start_with("uas_talks").await
    }

    /// Bob's phone plays this scenario.
    async fn start_with(bobs: &'static str) -> Self {
        let site = Site::start().await;
        let [alice, bob, carol] = site.users(["2001", "2002", "2003"]).await;
        let bobs_phone = site.phone_of(&bob, site.sipp(bobs)).await;
        let alices_phone = site.caller("uac_answered_far_end", &alice, "2002").start();
        let call = site.event("call.connected", 0).await["call_id"].clone();
        Self {
            site,
            alice,
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

    async fn end(self) -> (Site, Call) {
        self.alices_phone.finish().await;
        self.bobs_phone.finish().await;
        let root = self.site.root().await;
        (self.site, root)
    }
}

/// Alice called Bob, who answered, and it went on like this.
#[track_caller]
fn assert_talk(root: &Call, went_on: &[&str]) {
    let first = [
        "a initial LOCAL_USER in 2001>2002",
        "a ringing LOCAL_USER in 2001>2002",
        "a connected LOCAL_USER in 2001>2002",
    ];
    assert_story(root, &[&first, went_on].concat());
}
