//! Roots of several calls: one picture.

use super::*;

const ROOT: u64 = 7;

/// Who is where: the caller, two agents, and the target of a transfer.
fn phone(who: &str) -> &'static str {
    match who {
        "2001" => CALLER,
        "2002" => CALLED,
        "2003" => "127.0.0.1:5066",
        other => panic!("{other} has no phone"),
    }
}

impl Script {
    /// A message of a call of the root, to or from somebody's phone. `way`: `<` is to us.
    fn of(&mut self, millis: i64, (call, leg, way, who): (u64, &str, char, &str), start: &str) {
        let cseq = match start {
            "CANCEL" | "BYE" | "ACK" | "REFER" => format!("2 {start}"),
            _ => "1 INVITE".to_owned(),
        };
        let extra = match start {
            "REFER" => "Refer-To: <sip:2003@x>",
            _ => "",
        };
        self.line(millis, leg, way == '<', start, &cseq, extra);
        let message = self.0.messages.last_mut().unwrap();
        message.call = CallId(call);
        message.remote = phone(who).parse().unwrap();
        // Each call has dialogs of its own; whoever is called is named in To.
        let text = String::from_utf8(message.bytes.to_vec()).unwrap();
        let text = text
            .replace(&format!("Call-ID: {leg}"), &format!("Call-ID: {call}{leg}"))
            .replace("z9hG4bK", &format!("z9hG4bK{call}"));
        let text = if leg == "A" {
            text
        } else {
            text.replace("To: <sip:2002@x>", &format!("To: <sip:{who}@x>"))
        };
        message.bytes = Bytes::from(text);
    }

    fn told(&mut self, millis: i64, seq: u64, (call, context): (u64, &str), name: EventName) {
        let mut event = self.event(millis, seq, name);
        event.call = CallId(call);
        event.context = context.into();
        *self.0.events.last_mut().unwrap() = event.clone();
        let answered = [(millis + 2, 9, Ok(204))];
        self.delivery(seq, event, DeliveryState::Delivered, &answered);
    }
}

/// 2001 waits in a queue: 2002 declines, 2003 does not pick up, and 2002, tried again, answers.
fn queue() -> Script {
    use EventName::{CallConnected, CallHangup, CallInitial, CallMissed, CallRinging};
    let mut script = Script::default();
    let (queue, user) = ((ROOT, "QUEUE"), "LOCAL_USER");
    script.of(0, (7, "A", '<', "2001"), "INVITE");
    script.told(1, 1, queue, CallInitial);
    script.of(3, (7, "A", '>', "2001"), "200 OK");
    script.told(3, 2, (8, user), CallInitial);
    script.of(4, (8, "B1", '>', "2002"), "INVITE");
    script.of(20, (8, "B1", '<', "2002"), "180 Ringing");
    script.told(21, 3, (8, user), CallRinging);
    script.of(1_000, (8, "B1", '<', "2002"), "603 Decline");
    script.told(1_001, 4, (8, user), CallMissed);
    script.told(1_002, 5, (9, user), CallInitial);
    script.of(1_003, (9, "B1", '>', "2003"), "INVITE");
    script.told(6_003, 6, (9, user), CallMissed);
    script.of(6_004, (9, "B1", '>', "2003"), "CANCEL");
    script.of(6_005, (9, "B1", '<', "2003"), "487 Request Terminated");
    script.told(11_000, 7, (10, user), CallInitial);
    script.of(11_001, (10, "B1", '>', "2002"), "INVITE");
    script.of(12_000, (10, "B1", '<', "2002"), "200 OK");
    script.told(12_001, 8, (10, user), CallConnected);
    script.told(12_002, 9, queue, CallConnected);
    script.of(15_000, (7, "A", '<', "2001"), "BYE");
    script.of(15_001, (10, "B1", '>', "2002"), "BYE");
    script.told(15_001, 10, (10, user), CallHangup);
    script.told(15_002, 11, queue, CallHangup);
    script
}

/// 2002 sends 2001 on to 2003.
fn transferred() -> Script {
    use EventName::{CallConnected, CallHangup, CallInitial};
    let mut script = Script::default();
    let (first, second) = ((ROOT, "LOCAL_USER"), (8, "LOCAL_USER"));
    script.of(0, (7, "A", '<', "2001"), "INVITE");
    script.told(1, 1, first, CallInitial);
    script.of(2, (7, "B1", '>', "2002"), "INVITE");
    script.of(900, (7, "B1", '<', "2002"), "200 OK");
    script.told(901, 2, first, CallConnected);
    script.of(4_000, (7, "B1", '<', "2002"), "REFER");
    script.told(4_003, 3, first, CallHangup);
    script.told(4_004, 4, second, CallInitial);
    script.of(4_005, (8, "B1", '>', "2003"), "INVITE");
    script.of(4_007, (7, "B1", '<', "2002"), "BYE");
    script.of(4_900, (8, "B1", '<', "2003"), "200 OK");
    script.told(4_901, 5, second, CallConnected);
    script.of(9_000, (7, "A", '<', "2001"), "BYE");
    script.told(9_002, 6, second, CallHangup);
    script
}

fn heads(flow: &Flow) -> Vec<&str> {
    flow.columns.iter().map(|column| &*column.alias).collect()
}

#[test]
fn the_legend_of_a_picture_names_the_call_of_each_leg() {
    let svg = queue().flow().svg("Call 7").unwrap();
    for name in ["leg A of call 7", "leg B1 of call 8", "leg D1 of call 10"] {
        assert!(svg.contains(name), "{name}");
    }
}

/// What each event was caused by: its call, its name, and the row of the cause.
fn causes(flow: &Flow) -> Vec<(u64, &str, String)> {
    let row = |n: usize| &flow.rows[n - 1];
    let told = |link: &FlowLink| {
        let (cause, post) = (row(link.from), row(link.to));
        let cause = format!("{} {}", cause.leg.as_deref().unwrap(), cause.label);
        (
            post.call_id.0,
            post.label.strip_prefix("POST ").unwrap(),
            cause,
        )
    };
    flow.links.iter().map(told).collect()
}

#[test]
fn a_queue_call_is_one_picture_of_all_who_were_rung() {
    let flow = queue().flow();
    assert_eq!(heads(&flow), ["2001", "Offhook", "2002", "2003", "crm"]);
    let mut legs: Vec<&str> = flow
        .rows
        .iter()
        .filter_map(|row| row.leg.as_deref())
        .collect();
    legs.dedup();
    assert_eq!(legs, ["A", "B1", "C1", "D1", "A", "D1"]);
    // Who rang twice has one column.
    let of_leg = |leg: &str| flow.rows.iter().find(|row| row.leg.as_deref() == Some(leg));
    assert_eq!(of_leg("B1").unwrap().to, of_leg("D1").unwrap().to);
    assert_ne!(of_leg("B1").unwrap().to, of_leg("C1").unwrap().to);
    assert_eq!(
        causes(&flow),
        [
            (7, "call.initial", "A INVITE"),
            (8, "call.ringing", "B1 180 Ringing"),
            (8, "call.missed", "B1 603 Decline"),
            (10, "call.connected", "D1 200 OK"),
            (7, "call.connected", "D1 200 OK"),
            (10, "call.hangup", "A BYE"),
            (7, "call.hangup", "A BYE"),
        ]
        .map(|(call, event, cause)| (call, event, cause.to_owned()))
    );
    check(&flow, include_str!("../snapshots/queue.txt"));
}

#[test]
fn a_transferred_call_is_one_picture_and_its_caller_keeps_his_name() {
    let flow = transferred().flow();
    assert_eq!(heads(&flow), ["2001", "Offhook", "2002", "2003", "crm"]);
    assert_eq!(
        causes(&flow),
        [
            (7, "call.initial", "A INVITE"),
            (7, "call.connected", "B1 200 OK"),
            (7, "call.hangup", "B1 REFER"),
            (8, "call.initial", "B1 REFER"),
            (8, "call.connected", "C1 200 OK"),
            (8, "call.hangup", "A BYE"),
        ]
        .map(|(call, event, cause)| (call, event, cause.to_owned()))
    );
    check(&flow, include_str!("../snapshots/transferred.txt"));
}

#[test]
fn who_was_faster_is_why_another_member_lost() {
    let mut script = Script::default();
    let (group, lost) = ((ROOT, "RG-1"), (9, "LOCAL_USER"));
    script.of(0, (7, "A", '<', "2001"), "INVITE");
    script.of(1, (8, "B1", '>', "2002"), "INVITE");
    script.of(1, (9, "B1", '>', "2003"), "INVITE");
    script.of(900, (8, "B1", '<', "2002"), "200 OK");
    script.told(901, 1, group, EventName::CallConnected);
    script.told(902, 2, lost, EventName::CallHangup);
    script.of(903, (9, "B1", '<', "2003"), "487 Request Terminated");
    let flow = script.flow();
    let causes = causes(&flow)
        .into_iter()
        .map(|(call, _, cause)| (call, cause));
    let answered = "B1 200 OK".to_owned();
    assert_eq!(
        causes.collect::<Vec<_>>(),
        [(7, answered.clone()), (9, answered)]
    );
}

#[test]
fn a_member_whose_time_is_over_was_not_missed_by_another_ones_refusal() {
    let mut script = Script::default();
    script.of(0, (7, "A", '<', "2001"), "INVITE");
    script.of(29_900, (8, "B1", '<', "2002"), "603 Decline");
    script.told(30_000, 1, (9, "LOCAL_USER"), EventName::CallMissed);
    assert_eq!(causes(&script.flow()), []);
}

#[test]
fn a_click_to_call_has_its_originator_on_the_left() {
    let mut script = Script::default();
    script.of(0, (7, "B1", '>', "2002"), "INVITE");
    script.of(900, (8, "B1", '>', "2003"), "INVITE");
    let flow = script.flow();
    assert_eq!(heads(&flow), ["2002", "Offhook", "2003", "crm"]);
    let legs = flow.rows.iter().map(|row| row.leg.as_deref());
    assert_eq!(legs.collect::<Vec<_>>(), [Some("B1"), Some("C1")]);
}

#[test]
fn phones_of_one_user_that_rang_in_two_attempts_are_told_apart() {
    let mut script = Script::default();
    script.of(0, (7, "A", '<', "2001"), "INVITE");
    script.of(1, (8, "B1", '>', "2002"), "INVITE");
    script.of(9, (9, "B1", '>', "2002"), "INVITE");
    script.0.messages[2].remote = "127.0.0.1:5070".parse().unwrap();
    script.0.extensions = [("2002".to_owned(), "2002".to_owned())].into();
    assert_eq!(
        heads(&script.flow()),
        ["2001", "Offhook", "2002", "2002", "crm"]
    );
}

#[test]
fn a_notify_tells_how_the_transfer_goes() {
    let mut script = Script::default();
    let body = "Event: refer\nContent-Type: message/sipfrag\n\nSIP/2.0 180 Ringing\n";
    script.line(0, "B1", false, "NOTIFY", "3 NOTIFY", body);
    script.line(
        1,
        "B1",
        true,
        "REFER",
        "1 REFER",
        "Refer-To: <sip:2003@x>\nReferred-By: <sip:2002@x>",
    );
    let flow = script.flow();
    let details: Vec<&str> = flow.rows.iter().map(|row| &*row.detail).collect();
    assert_eq!(
        details,
        [
            "CSeq 3 NOTIFY · 180 Ringing",
            "CSeq 1 REFER · Refer-To <sip:2003@x> · Referred-By <sip:2002@x>"
        ]
    );
}
