//! Hold and resume, and what else is asked inside a call (RFC 3264 §8.4, RFC 6337 §5.3).

use super::{A, B1, Script, sdp};

fn connected() -> Script {
    let offer = sdp("192.0.2.1", 4000, "sendrecv");
    let mut script = Script::new().registered(&[2]);
    script
        .invite("2002", Some(&offer))
        .commit()
        .answered(B1, Some(&offer))
        .commit()
        .acked(A, None)
        .skip();
    script
}

#[test]
fn each_form_of_hold_is_one_event_and_its_answer_waits_for_the_commit() {
    let forms = [
        sdp("192.0.2.1", 4000, "sendonly"),
        sdp("192.0.2.1", 4000, "inactive"),
        sdp("0.0.0.0", 4000, "sendrecv"),
    ];
    for form in &forms {
        for method in ["INVITE", "UPDATE"] {
            let mut script = connected();
            script
                .request(A, 2, method, Some(form))
                .expect(&[&format!("B1 {method} +sdp")]);
            script.response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")));
            let mut lines = vec!["* call.hold"];
            if method == "INVITE" {
                lines.insert(0, "B1 ACK");
            }
            script.expect(&lines);
            script.commit().expect(&["-- commit", "reply 2 200 +sdp"]);
            script
                .request(A, 4, method, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
                .skip();
            script.response(B1, 2, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")));
            lines.retain(|line| *line != "* call.hold");
            lines.push("* call.unhold");
            script.expect(&lines);
            assert_eq!(
                script.bodies.last().map(|body| body["state"].clone()),
                Some("CONNECTED".into())
            );
        }
    }
}

#[test]
fn a_refresh_that_changes_nothing_is_no_event_and_waits_for_nothing() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4002, "sendrecv")))
        .skip();
    script.response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")));
    script.expect(&["B1 ACK", "reply 2 200 +sdp"]);
}

#[test]
fn both_sides_hold_and_only_the_first_and_the_last_are_told() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
        .commit();
    script
        .request(B1, 4, "INVITE", Some(&sdp("192.0.2.2", 5000, "inactive")))
        .response(A, 2, 200, Some(&sdp("192.0.2.1", 4000, "inactive")))
        .commit();
    script
        .request(A, 6, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .response(B1, 3, 200, Some(&sdp("192.0.2.2", 5000, "inactive")))
        .commit();
    script
        .request(B1, 8, "INVITE", Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .response(A, 4, 200, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    let names: Vec<_> = script
        .bodies
        .iter()
        .skip(2)
        .map(|body| body["event_name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(names, ["call.hold", "call.unhold"]);
}

#[test]
fn a_reinvite_without_an_offer_resumes_when_its_ack_says_so() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
        .commit()
        .skip();
    script.request(A, 4, "INVITE", None).expect(&["B1 INVITE"]);
    script
        .response(B1, 2, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .expect(&["reply 4 200 +sdp"]);
    script
        .acked(A, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect(&["* call.unhold"]);
    script.commit().expect(&["-- commit", "B1 ACK +sdp"]);
}

#[test]
fn a_refused_hold_is_passed_back_and_is_no_event() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .skip();
    script.response(B1, 1, 491, None).expect(&["reply 2 491"]);
    script
        .request(A, 4, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .skip();
    script
        .event(offhook_sip_core::Event::Failed {
            leg: B1,
            tx: offhook_sip_core::TxId::outgoing(2),
            status: 491,
        })
        .expect(&["reply 4 491"]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn rfc3261_12_2_1_2_a_side_that_forgot_the_dialog_ends_the_call() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .skip();
    script.response(B1, 1, 481, None).commit();
    script.expect(&[
        "reply 2 481",
        "* call.hangup Normal Temporary Failure",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}

#[test]
fn bye_while_a_reinvite_waits_answers_it_487() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendonly")))
        .skip();
    script.request(B1, 4, "BYE", None).commit();
    script.expect(&[
        "reply 2 487",
        "* call.hangup Normal Clearing",
        "-- commit",
        "reply 4 200",
        "A BYE",
    ]);
}

#[test]
fn info_passes_and_refer_never_falls_through() {
    let mut script = connected();
    script.request(A, 2, "INFO", None).expect(&["B1 INFO"]);
    script.response(B1, 1, 200, None).expect(&["reply 2 200"]);
    script.request(A, 4, "REFER", None).expect(&["reply 4 400"]);
    script
        .request(A, 6, "OPTIONS", None)
        .expect(&["reply 6 200"]);
}

#[test]
fn a_delayed_offer_is_answered_by_the_callers_ack() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit();
    script.expect(&["* call.connected", "-- commit", "A 200 +sdp"]);
    script
        .acked(A, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .expect(&["B1 ACK +sdp"]);
}

fn relayed() -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[2]);
    script
        .ports(2)
        .invite("2002", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    script
}

#[test]
fn rfc3261_14_1_a_refused_reinvite_leaves_the_media_as_it_was() {
    let mut script = relayed();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4444, "sendrecv")))
        .expect(&["B1 INVITE +sdp"]);
    script.response(B1, 1, 491, None).expect(&["reply 2 491"]);
    script
        .request(A, 4, "INVITE", Some(&sdp("192.0.2.1", 4446, "sendrecv")))
        .skip();
    script.response(B1, 2, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")));
    let update = script
        .lines
        .iter()
        .filter(|line| line.starts_with("media"))
        .cloned()
        .collect::<Vec<_>>();
    assert!(
        matches!(update.as_slice(), [one] if one.contains("Update") && one.contains("192.0.2.1:4446")),
        "{update:?}"
    );
}

#[test]
fn who_holds_by_direction_is_sent_nothing_from_the_answer_until_it_takes_back() {
    for direction in ["sendonly", "inactive"] {
        let mut script = relayed();
        let told = |script: &Script, receives: &str| {
            let mut updates = script.lines.iter().filter(|line| line.contains("Update"));
            updates.any(|line| line.contains("side: A") && line.contains(receives))
        };
        script.request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4000, direction)));
        assert!(!told(&script, "receives"), "not before the answer");
        script
            .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
            .commit();
        assert!(told(&script, "receives: false"), "{:?}", script.lines);
        script.acked(A, None).skip();
        script
            .request(A, 4, "INVITE", Some(&sdp("192.0.2.1", 4000, "sendrecv")))
            .response(B1, 2, 200, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
            .commit();
        assert!(told(&script, "receives: true"), "{:?}", script.lines);
    }
}

#[test]
fn an_accepted_answer_that_cannot_be_relayed_ends_the_call() {
    let mut script = relayed();
    script
        .request(A, 2, "INVITE", Some(&sdp("192.0.2.1", 4444, "sendrecv")))
        .skip();
    script
        .response(
            B1,
            1,
            200,
            Some("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\n"),
        )
        .commit();
    let lines: Vec<_> = script
        .lines
        .iter()
        .filter(|line| !line.starts_with("media"))
        .cloned()
        .collect();
    assert_eq!(
        lines,
        [
            "B1 ACK",
            "reply 2 488",
            "* call.hangup Incompatible Destination",
            "-- commit",
            "A BYE",
            "B1 BYE"
        ]
    );
}

#[test]
fn an_answer_that_still_has_the_null_address_does_not_resume() {
    let mut script = connected();
    script
        .request(A, 2, "INVITE", Some(&sdp("0.0.0.0", 4000, "sendrecv")))
        .response(B1, 1, 200, Some(&sdp("192.0.2.2", 5000, "recvonly")))
        .commit()
        .skip();
    script
        .request(B1, 4, "INVITE", Some(&sdp("192.0.2.2", 5002, "sendrecv")))
        .response(A, 2, 200, Some(&sdp("0.0.0.0", 4000, "sendrecv")));
    script.expect(&["A INVITE +sdp", "A ACK", "reply 4 200 +sdp"]);
}

#[test]
fn an_ack_without_the_answer_that_it_owes_ends_the_call() {
    let mut script = Script::new().registered(&[2]);
    script.invite("2002", None).commit().skip();
    script
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .skip();
    script.acked(A, None).commit();
    script.expect(&[
        "B1 ACK",
        "* call.hangup Incompatible Destination",
        "-- commit",
        "A BYE",
        "B1 BYE",
    ]);
}
