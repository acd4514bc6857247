use bytes::Bytes;
use offhook_base::{CallId, EventName};
use offhook_store::{AttemptRecord, CaptureTransport, DeliveryState};

use super::*;

mod heard;
mod parties;
mod picture;
mod several;
mod unsent;

const CALLER: &str = "127.0.0.1:5062";
const CALLED: &str = "127.0.0.1:5064";
/// 2026-11-22, 10:00 UTC.
const START: i64 = 1_795_341_600_000_000;

fn at(millis: i64) -> Wall {
    Wall(START + millis * 1_000)
}

/// A scripted call: leg A from 2001, leg B1 to 2002.
#[derive(Default)]
struct Script(FlowInput);

impl Script {
    fn sip(&mut self, millis: i64, leg: &str, inbound: bool, bytes: Vec<u8>) {
        self.0.messages.push(CapturedMessage {
            at: at(millis),
            call: CallId(7),
            root: CallId(7),
            leg: leg.to_owned(),
            inbound,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: if leg == "A" { CALLER } else { CALLED }.parse().unwrap(),
            transport: CaptureTransport::Udp,
            bytes: Bytes::from(bytes),
        });
    }

    /// A request or response; `start` is `INVITE` or `180 Ringing`.
    fn line(
        &mut self,
        millis: i64,
        leg: &str,
        inbound: bool,
        start: &str,
        cseq: &str,
        extra: &str,
    ) {
        let (first, tag) = match start.split_once(' ') {
            Some(_) => (format!("SIP/2.0 {start}"), ";tag=b"),
            None => (
                format!("{start} sip:2002@127.0.0.1 SIP/2.0"),
                if cseq.starts_with("1 ") { "" } else { ";tag=b" },
            ),
        };
        let (headers, body) = extra.split_once("\n\n").unwrap_or((extra, ""));
        let (headers, body) = (headers.replace('\n', "\r\n"), body.replace('\n', "\r\n"));
        let gap = if headers.is_empty() { "" } else { "\r\n" };
        let message = format!(
            "{first}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK{leg}{}\r\nFrom: \"Ann\" <sip:2001@x>;tag=a\r\nTo: <sip:2002@x>{tag}\r\n\
             Call-ID: {leg}\r\nCSeq: {cseq}\r\n{headers}{gap}Content-Length: {}\r\n\r\n{body}",
            cseq.replace(' ', ""),
            body.len()
        );
        self.sip(millis, leg, inbound, message.into_bytes());
    }

    fn event(&mut self, millis: i64, seq: u64, name: EventName) -> EventRecord {
        let event = EventRecord {
            id: format!("n1.{seq}").into(),
            root: CallId(7),
            call: CallId(7),
            seq: Some(seq),
            name,
            context: "LOCAL_USER".into(),
            is_final: name.is_last(),
            at: at(millis),
            body: b"{}"[..].into(),
        };
        self.0.events.push(event.clone());
        event
    }

    fn delivery(
        &mut self,
        id: u64,
        event: EventRecord,
        state: DeliveryState,
        attempts: &[(i64, u32, Result<u16, &str>)],
    ) {
        let attempts = (1..)
            .zip(attempts)
            .map(|(n, (millis, ms, answer))| AttemptRecord {
                delivery: DeliveryId(id),
                n,
                at: at(*millis),
                ms: *ms,
                status: answer.ok(),
                error: answer.err().map(str::to_owned),
                request_headers: vec![("webhook-id".to_owned(), event.id.to_string())],
                response_headers: Vec::new(),
                response_body: Bytes::from_static(b"thanks"),
            });
        let attempts: Vec<_> = attempts.collect();
        self.0.deliveries.push(DeliveryRow {
            id: DeliveryId(id),
            webhook: WebhookId(3),
            event,
            prev_seq: 0,
            state,
            reason: (state == DeliveryState::Failed).then(|| "410 Gone".to_owned()),
            replayed: false,
            next_attempt_at: (state == DeliveryState::Pending).then(|| at(60_000)),
            finished_at: None,
            attempts,
        });
    }

    fn tell(&mut self, millis: i64, seq: u64, name: EventName) {
        let event = self.event(millis, seq, name);
        self.delivery(
            seq,
            event,
            DeliveryState::Delivered,
            &[(millis + 2, 9, Ok(200))],
        );
    }

    /// With a webhook that asks for these events.
    fn webhook(&mut self, id: u32, name: &str, events: &[&str]) -> &mut FlowWebhook {
        self.0.webhooks.push(FlowWebhook {
            id: WebhookId(id),
            name: name.to_owned(),
            host: "hooks.example:443".to_owned(),
            events: events.iter().map(|&event| event.to_owned()).collect(),
            contexts: Vec::new(),
            active: true,
            disabled: None,
            created_at: at(-1_000),
        });
        self.0.webhooks.last_mut().unwrap()
    }

    fn flow(&mut self) -> Flow {
        if self.0.webhooks.is_empty() {
            self.webhook(3, "crm", &["call.state_change"]);
        }
        Flow::lay_out(&self.0)
    }
}

fn sdp(port: u16, direction: &str) -> String {
    format!(
        "Content-Type: application/sdp\n\nv=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0 101\na={direction}\n"
    )
}

#[track_caller]
fn check(flow: &Flow, expected: &str) {
    let text = flow.text(100);
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    assert!(text == expected, "\n{text}");
}

fn answered() -> Script {
    let mut script = Script::default();
    script.line(0, "A", true, "INVITE", "1 INVITE", &sdp(4_000, "sendrecv"));
    script.line(1, "A", false, "100 Trying", "1 INVITE", "");
    script.tell(1, 1, EventName::CallInitial);
    script.line(
        4,
        "B1",
        false,
        "INVITE",
        "1 INVITE",
        &sdp(20_000, "sendrecv"),
    );
    script.line(30, "B1", true, "180 Ringing", "1 INVITE", "");
    script.tell(30, 2, EventName::CallRinging);
    script.line(33, "A", false, "180 Ringing", "1 INVITE", "");
    script.line(
        2_000,
        "B1",
        true,
        "200 OK",
        "1 INVITE",
        &sdp(4_002, "sendrecv"),
    );
    script.tell(2_000, 3, EventName::CallConnected);
    script.line(2_003, "B1", false, "ACK", "1 ACK", "");
    script.line(
        2_004,
        "A",
        false,
        "200 OK",
        "1 INVITE",
        &sdp(20_002, "sendrecv"),
    );
    script.line(2_006, "A", true, "ACK", "1 ACK", "");
    script.line(
        9_100,
        "A",
        true,
        "INVITE",
        "2 INVITE",
        &sdp(4_000, "sendonly"),
    );
    script.tell(9_100, 4, EventName::CallHold);
    script.line(75_000, "B1", true, "BYE", "2 BYE", "Reason: Q.850;cause=16");
    script.tell(75_000, 5, EventName::CallHangup);
    script
}

#[test]
fn an_answered_call_with_hold_and_its_posts() {
    check(&answered().flow(), include_str!("snapshots/answered.txt"));
}

#[test]
fn a_cancelled_call_with_retransmissions_and_a_receiver_that_fails() {
    let mut script = Script::default();
    let challenge = "Proxy-Authenticate: Digest realm=x";
    script.line(0, "A", true, "INVITE", "1 INVITE", &sdp(4_000, "sendrecv"));
    script.line(
        500,
        "A",
        true,
        "INVITE",
        "1 INVITE",
        &sdp(4_000, "sendrecv"),
    );
    script.line(
        1_500,
        "A",
        true,
        "INVITE",
        "1 INVITE",
        &sdp(4_000, "sendrecv"),
    );
    script.line(
        1_501,
        "A",
        false,
        "407 Proxy Authentication Required",
        "1 INVITE",
        challenge,
    );
    let initial = script.event(1_520, 1, EventName::CallInitial);
    let attempts = [
        (1_522, 10_000, Err("no answer within 10 s")),
        (12_522, 3, Err("connection refused")),
        (17_600, 41, Ok(500)),
        (33_000, 12, Ok(410)),
    ];
    script.delivery(1, initial, DeliveryState::Failed, &attempts);
    script.0.deliveries[0].finished_at = Some(at(33_013));
    script.line(
        1_600,
        "B1",
        true,
        "486 Busy Here",
        "1 INVITE",
        "Warning: 399 x \"on the phone\"",
    );
    let missed = script.event(1_600, 2, EventName::CallMissed);
    script.delivery(2, missed, DeliveryState::Pending, &[]);
    check(&script.flow(), include_str!("snapshots/failing.txt"));
}

#[test]
fn what_ended_a_call_is_not_the_answer_to_our_own_cancel() {
    let mut script = Script::default();
    script.line(0, "A", true, "INVITE", "1 INVITE", &sdp(4_000, "sendrecv"));
    script.line(9_000, "A", true, "CANCEL", "1 CANCEL", "");
    let missed = script.event(9_001, 1, EventName::CallMissed);
    script.delivery(1, missed, DeliveryState::Delivered, &[(9_010, 5, Ok(204))]);
    script.line(9_003, "B1", false, "CANCEL", "1 CANCEL", "");
    script.line(9_004, "B1", true, "487 Request Terminated", "1 INVITE", "");
    let flow = script.flow();
    assert_eq!(flow.links, [FlowLink { from: 2, to: 5 }]);

    // Nobody sent anything: our own timer ended it.
    let mut script = Script::default();
    script.line(0, "A", true, "INVITE", "1 INVITE", &sdp(4_000, "sendrecv"));
    let missed = script.event(30_000, 1, EventName::CallMissed);
    script.delivery(1, missed, DeliveryState::Delivered, &[(30_010, 5, Ok(204))]);
    script.line(30_003, "B1", false, "CANCEL", "1 CANCEL", "");
    script.line(30_004, "B1", true, "487 Request Terminated", "1 INVITE", "");
    assert_eq!(script.flow().links, []);
}

#[test]
fn without_webhooks_the_events_stand_at_our_own_column() {
    let mut script = answered();
    script.0.deliveries.clear();
    script.0.messages.truncate(2);
    check(
        &Flow::lay_out(&script.0),
        include_str!("snapshots/no-webhook.txt"),
    );
}

#[test]
fn what_peers_send_does_not_reach_the_terminal_as_commands() {
    let mut script = Script::default();
    script.sip(0, "A", true, b"\x1b[2Jnot a message\xff\r\n\r\n".to_vec());
    script.line(1, "A", true, "INVITE", "1 INVITE", "Reason: \x1b]0;x\x07");
    let flow = script.flow();
    let text = flow.text(100);
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
    assert!(
        flow.rows[0].label.starts_with("unreadable: "),
        "{:?}",
        flow.rows[0]
    );
    assert_eq!(
        flow.rows[0].raw.as_deref(),
        Some("\x1b[2Jnot a message\u{ff}\r\n\r\n")
    );
}

#[test]
fn nothing_at_all_is_told_in_words() {
    assert_eq!(
        Flow::lay_out(&FlowInput::default()).text(100),
        "Nothing is kept of this call.\n"
    );
}

#[test]
fn the_json_has_the_fields_of_the_contract() {
    let flow = serde_json::to_value(answered().flow()).unwrap();
    assert_eq!(
        flow["columns"][1],
        serde_json::json!({"id": "pbx", "kind": "host", "alias": "Offhook", "address": "127.0.0.1:5060"})
    );
    assert_eq!(flow["columns"][3]["kind"], "webhook");
    let invite = serde_json::json!({
        "n": 1, "at": "2026-11-22T10:00:00.000000Z", "kind": "sip", "from": "h1", "to": "pbx", "label": "INVITE (SDP)",
        "detail": "CSeq 1 INVITE · audio 127.0.0.1:4000 PCMU", "call_id": 7, "leg": "A", "retransmission_of": null,
        "raw": flow["rows"][0]["raw"], "delivery_id": null, "attempt": null, "ms": null, "status": null, "error": null,
        "cseq": "1 INVITE", "transport": "UDP", "sdp": "audio 127.0.0.1:4000 PCMU", "sent": null,
        "event": null, "context": null, "seq": null, "note": null, "reason": null, "quality": null,
    });
    assert_eq!(flow["rows"][0], invite);
    let answer = &flow["rows"][4];
    assert_eq!(
        (
            &answer["delivery_id"],
            &answer["attempt"],
            &answer["ms"],
            &answer["status"]
        ),
        (&1.into(), &1.into(), &9.into(), &200.into())
    );
    assert_eq!(flow["links"][0], serde_json::json!({"from": 1, "to": 3}));
    assert_eq!(
        flow["gaps"][0],
        serde_json::json!({"after": 15, "seconds": 7.089})
    );
}

#[test]
fn each_event_is_linked_to_the_message_that_caused_it() {
    let flow = answered().flow();
    let label = |n: usize| flow.rows[n - 1].label.as_str();
    let links: Vec<_> = flow
        .links
        .iter()
        .map(|link| (label(link.from), label(link.to)))
        .collect();
    assert_eq!(
        links,
        [
            ("INVITE (SDP)", "POST call.initial"),
            ("180 Ringing", "POST call.ringing"),
            ("200 OK (SDP)", "POST call.connected"),
            ("INVITE (SDP)", "POST call.hold"),
            ("BYE", "POST call.hangup"),
        ]
    );
}

#[test]
fn an_end_by_a_timer_has_no_message_for_its_cause() {
    let mut script = Script::default();
    script.line(0, "B1", true, "486 Busy Here", "1 INVITE", "");
    script.tell(30_000, 1, EventName::CallMissed);
    assert_eq!(script.flow().links, []);
}

#[test]
fn a_message_with_another_body_or_tag_is_no_retransmission() {
    let mut script = Script::default();
    script.line(
        0,
        "B1",
        true,
        "183 Session Progress",
        "1 INVITE",
        &sdp(4_000, "sendrecv"),
    );
    script.line(
        10,
        "B1",
        true,
        "183 Session Progress",
        "1 INVITE",
        &sdp(4_008, "sendrecv"),
    );
    script.line(
        20,
        "B1",
        true,
        "183 Session Progress",
        "1 INVITE",
        &sdp(4_000, "sendrecv"),
    );
    script.line(
        30,
        "B1",
        false,
        "183 Session Progress",
        "1 INVITE",
        &sdp(4_000, "sendrecv"),
    );
    let repeats: Vec<_> = script
        .flow()
        .rows
        .iter()
        .map(|row| row.retransmission_of)
        .collect();
    assert_eq!(repeats, [None, None, Some(1), None]);
}

#[test]
fn many_columns_keep_a_distance_that_can_be_read() {
    let mut script = answered();
    for webhook in 4..12 {
        let mut delivery = script.0.deliveries[0].clone();
        delivery.webhook = WebhookId(webhook);
        script.0.deliveries.push(delivery);
    }
    let flow = script.flow();
    assert_eq!(flow.columns.len(), 12);
    assert!(
        flow.text(80).contains("POST call.initial"),
        "{}",
        flow.text(80)
    );
}
