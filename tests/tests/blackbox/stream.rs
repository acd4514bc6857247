//! The event stream beside the webhook: the same events, in the same order, and what can be read when they come.

use offhook_tests::{Message, Site, Stream, free_port};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::{CONNECTED, INITIAL, RINGING, assert_flow};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_tells_what_the_webhook_tells_and_resumes_in_mid_call() {
    let site = Site::start_with("never", "").await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let everything = "include=deliveries,registrations,calls";
    let mut watching = Stream::open(&site.rest, everything, None).await;
    let mut cut_off = Stream::open(&site.rest, "", None).await;

    let port = free_port();
    site.sipp("register").account(&bob).port(port).run().await;
    let registered = watching
        .wait_for("the registration", |message| {
            message.name == "registration" && message.data["registered"] == true
        })
        .await;
    assert_eq!(registered.data["phone_id"], bob.phone_id);
    let phone = site.rest.get(&format!("/phones/{}", bob.phone_id)).await;
    let phone = phone.expect(200)["data"].clone();
    assert_eq!(phone["contacts"], json!([registered.data["contact"]]));

    let phone = site.sipp("uas_answered").port(port).listen().await;
    let caller = site.caller("uac_answered_far_end", &alice, "2002").start();
    let connected = cut_off
        .wait_for("call.connected", is("call.connected"))
        .await;
    let before = cut_off.event_ids();
    drop(cut_off);
    let path = format!("/calls/{}", connected.data["call_id"]);
    assert_eq!(
        site.rest.get(&path).await.expect(200)["data"]["state"],
        "CONNECTED"
    );
    site.rest.delete(&path).await.expect(204);

    let hangup = watching.wait_for("call.hangup", is("call.hangup")).await;
    let live_id = hangup.data["call_id"].clone();
    let of_call = [("live_id", "eq", live_id.clone())];
    let cdrs = site.rest.filter("cdrs", &of_call).await;
    assert_eq!(cdrs.len(), 1, "the CDR is there before its event is told");
    let ended = watching.wait_for("the end of the call", |message| {
        message.data["ended"] == true
    });
    let ended = ended.await.data;
    assert_eq!(
        ended,
        json!({"id": live_id, "root_id": live_id, "ended": true})
    );
    watching
        .wait_for("the last delivery", |message| {
            message.name == "delivery"
                && message.data["event_name"] == "call.hangup"
                && message.data["state"] == "delivered"
        })
        .await;
    caller.finish().await;
    phone.finish().await;

    let call = site.the_call(&alice, "2002").await;
    let end = "4 call.hangup HANGUP: Manager Request by api (16 MANAGER_REQUEST 200), final";
    assert_flow(&call, &[INITIAL, RINGING, CONNECTED, end]);
    let told: Vec<_> = call
        .events
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert_eq!(watching.event_ids(), told);
    check_notices(&watching.seen, &told);

    let mut resumed = Stream::open(&site.rest, "", Some(&connected.id)).await;
    resumed.wait_for("call.hangup", is("call.hangup")).await;
    assert_eq!([before, resumed.event_ids()].concat(), told);
    check_bodies(&site, &watching.seen);
}

fn is(name: &'static str) -> impl Fn(&Message) -> bool {
    move |message| message.name == name
}

/// Each event had its call row before it, and its delivery after it: made, then delivered at the first attempt.
fn check_notices(seen: &[Message], events: &[&str]) {
    let states: Vec<_> = seen
        .iter()
        .filter(|message| message.name == "call" && message.data["ended"].is_null())
        .map(|message| message.data["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["INITIAL", "RINGING", "CONNECTED"]);
    for id in events {
        let at = |satisfied: &dyn Fn(&Message) -> bool| seen.iter().position(satisfied);
        let event = at(&|message| message.is_event() && message.data["id"] == *id);
        let state = |state: &str, attempts: u64| {
            at(&|message: &Message| {
                message.name == "delivery"
                    && message.data["event_id"] == *id
                    && message.data["state"] == state
                    && message.data["attempts"] == attempts
            })
        };
        let (made, delivered) = (state("pending", 0), state("delivered", 1));
        assert!(
            event.is_some() && event < made && made < delivered,
            "{id}: {seen:#?}"
        );
        let delivered = &seen[delivered.unwrap()].data;
        assert_eq!(delivered["status"], 204);
        assert!(
            delivered["ms"].is_u64() && delivered["error"].is_null(),
            "{delivered}"
        );
    }
}

/// The data of an event is the body of its webhook, octet by octet.
fn check_bodies(site: &Site, seen: &[Message]) {
    let received = site.receiver.received();
    for event in seen.iter().filter(|message| message.is_event()) {
        let request = received
            .iter()
            .find(|request| request.event["id"] == event.data["id"])
            .unwrap();
        assert_eq!(event.text.as_bytes(), &request.body[..]);
    }
}

/// Row A8: clients that open the stream and read nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_that_read_nothing_cost_little_and_delay_nobody() {
    const CALLS: usize = 120;
    let site = Site::start_with("never", "").await;
    let [alice, _] = site.users(["2001", "2002"]).await;
    let mut reading = Stream::open(&site.rest, "", None).await;
    let before = site.offhook.memory();
    let mut unread = Vec::new();
    for _ in 0..200 {
        unread.push(open_unread(&site).await);
    }
    site.caller("uac_refused", &alice, "2002")
        .value("status", "480")
        .calls(CALLS.try_into().unwrap(), 40)
        .run()
        .await;
    let calls = site.calls(CALLS).await;
    let is_last = |message: &Message| message.data["final"] == true;
    for _ in 0..CALLS {
        reading.wait_for("the end of each call", is_last).await;
    }
    let mut told: Vec<_> = calls
        .iter()
        .flat_map(|call| &call.events)
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    let mut events = reading.event_ids();
    told.sort_unstable();
    events.sort_unstable();
    assert_eq!(events, told, "each event once");
    let grown = site.offhook.memory().saturating_sub(before);
    assert!(grown < 32 << 10, "{grown} KiB for 200 clients");
    drop(unread);
}

/// A client with little room for what it does not read. Its stream has begun.
async fn open_unread(site: &Site) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut client = socket.connect(site.rest.server()).await.unwrap();
    let request = format!(
        "GET /v1.1/events/stream?include=deliveries,calls HTTP/1.1\r\nHost: {}\r\nX-Auth-Token: {}\r\n\r\n",
        site.rest.server(),
        site.rest.token()
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_ends_its_streams() {
    let mut site = Site::start_with("never", "").await;
    let rest = site.rest.clone();
    let mut stream = Stream::open(&rest, "", None).await;
    assert!(site.offhook.terminate().await.success());
    stream.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_calls_tells_that_one_is_recorded_and_that_it_is_not_any_more() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let mut watching = Stream::open(&site.rest, "include=calls", None).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    let caller = site.caller("uac_answered_far_end", &alice, "2002").start();
    let connected = site.event("call.connected", 0).await;
    let path = format!("/calls/{}", connected["call_id"]);
    for state in [1, 0] {
        let wish = json!({"monitor_state": state});
        site.rest.patch(&path, wish).await.expect(200);
        let told = watching.wait_for("its row", |message| {
            message.name == "call" && message.data["monitor_state"] == state
        });
        let told = told.await.data;
        assert_eq!(
            (&told["id"], &told["state"]),
            (&connected["call_id"], &json!("CONNECTED"))
        );
    }
    site.hang_up(&connected["call_id"]).await;
    caller.finish().await;
    phone.finish().await;
}
