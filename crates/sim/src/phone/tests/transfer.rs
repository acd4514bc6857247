use std::time::Duration;

use super::judge::{Answers, Judge, request};
use crate::phone::{
    AfterRefer, CallRef, Number, PhoneEvent, Rule, Script, Side, TransferNews, TransferOrder,
};

const CALL: CallRef = CallRef(0);
const SECOND: Duration = Duration::from_secs(1);

fn order(then: AfterRefer) -> TransferOrder {
    TransferOrder {
        then,
        ..TransferOrder::to(Number::new("2003").unwrap())
    }
}

fn notify(cseq: u32, tag: &str, state: &str, fragment: &str) -> String {
    let head = request("NOTIFY", &format!("n{cseq}"), cseq, tag);
    format!(
        "{head}\nEvent: refer\nSubscription-State: {state}\nContent-Type: message/sipfrag\n\n{fragment}"
    )
}

/// What [`Judge::say`] does, but the body stays as it is.
fn say(judge: &mut Judge, text: &str) -> Vec<String> {
    let text = text.replace('\n', "\r\n");
    let from = judge.phone.config().server;
    judge
        .phone
        .handle_datagram(judge.now, from, text.as_bytes());
    judge.heard()
}

const TRYING: &str = "SIP/2.0 100 Trying\n";
const OK: &str = "SIP/2.0 200 OK\n";
const ACTIVE: &str = "active;expires=60";
const OVER: &str = "terminated;reason=noresource";

/// A call that is up, and the phone's REFER in it: the judge, the phone's tag, what answers the REFER.
fn referred(then: AfterRefer) -> (Judge, String, Answers, String) {
    let mut judge = Judge::new();
    let tag = judge.is_called(Script::NOTHING);
    judge.phone.transfer(judge.now, CALL, order(then));
    let refer = judge.heard().remove(0);
    let answers = Answers::to(&refer);
    (judge, tag, answers, refer)
}

fn news(judge: &mut Judge, text: &str) -> Vec<TransferNews> {
    let text = text.replace('\n', "\r\n");
    let from = judge.phone.config().server;
    judge
        .phone
        .handle_datagram(judge.now, from, text.as_bytes());
    judge
        .events()
        .into_iter()
        .filter_map(|event| {
            let PhoneEvent::Transfer { news, .. } = event else {
                return None;
            };
            Some(news)
        })
        .collect()
}

#[test]
fn rfc3515_2_1_a_refer_names_the_target_and_who_asks() {
    let (_, _, _, refer) = referred(AfterRefer::Wait);
    assert!(refer.starts_with("REFER sip:1001@192.0.2.1:5060 SIP/2.0\r\n"));
    for line in [
        "Refer-To: <sip:2003@192.0.2.1:5060>",
        "Referred-By: <sip:bob@pbx.test>",
        "CSeq: 1 REFER",
        "Contact: <sip:bob@192.0.2.2:5060>",
    ] {
        assert!(refer.contains(&format!("\r\n{line}\r\n")), "{refer}");
    }
}

#[test]
fn a_transfer_that_succeeds_is_hung_up_after_the_last_notify_was_answered() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    assert!(judge.say(&answers.in_dialog("202 Accepted")).is_empty());
    assert!(say(&mut judge, &notify(2, &tag, ACTIVE, TRYING))[0].starts_with("SIP/2.0 200"));
    assert!(say(&mut judge, &notify(3, &tag, OVER, OK)).is_empty());
    let heard = judge.wait(SECOND);
    assert!(heard[0].starts_with("SIP/2.0 200"), "{heard:?}");
    assert!(heard[1].starts_with("BYE "), "{heard:?}");
    assert_eq!(judge.rules(), []);
}

#[test]
fn a_transfer_that_fails_gives_the_call_back() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    assert_eq!(
        news(&mut judge, &(answers.in_dialog("202 Accepted") + "\n\n")),
        [TransferNews::Accepted]
    );
    assert_eq!(
        news(&mut judge, &notify(2, &tag, ACTIVE, TRYING)),
        [TransferNews::Progress(100)]
    );
    say(
        &mut judge,
        &notify(3, &tag, OVER, "SIP/2.0 486 Busy Here\n"),
    );
    judge.wait(SECOND);
    assert_eq!(judge.phone.calls(), [CALL]);
    let again = order(AfterRefer::Wait);
    judge.phone.transfer(judge.now, CALL, again);
    assert!(judge.heard()[0].starts_with("REFER "), "it may ask again");
    assert_eq!(judge.rules(), []);
}

#[test]
fn a_transfer_that_is_refused_leaves_the_call_up() {
    let (mut judge, _, answers, _) = referred(AfterRefer::Wait);
    assert_eq!(
        news(&mut judge, &(answers.in_dialog("603 Decline") + "\n\n")),
        [TransferNews::Refused(603)]
    );
    assert_eq!(judge.phone.calls(), [CALL]);
    assert_eq!(judge.rules(), []);
}

#[test]
fn rfc3515_4_1_a_refer_is_authenticated_when_it_is_asked_for() {
    let (mut judge, _, answers, _) = referred(AfterRefer::Wait);
    let challenge = "WWW-Authenticate: Digest realm=\"offhook\", nonce=\"n\", qop=\"auth\"\n";
    let heard = judge.say(&(answers.in_dialog("401 Unauthorized") + challenge));
    assert!(heard[0].starts_with("REFER "));
    assert!(heard[0].contains("\r\nAuthorization: Digest username=\"bob\""));
    assert!(heard[0].contains("\r\nRefer-To: "));
}

#[test]
fn who_asks_may_hang_up_right_after_the_202() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::HangUpWhenAccepted);
    let heard = judge.say(&answers.in_dialog("202 Accepted"));
    assert!(heard[0].starts_with("BYE "), "{heard:?}");
    // RFC 5057, section 4: the subscription is not over yet.
    assert!(say(&mut judge, &notify(2, &tag, ACTIVE, TRYING))[0].starts_with("SIP/2.0 200"));
    judge.say(&Answers::to(&heard[0]).in_dialog("200 OK"));
    judge.wait(SECOND * 60);
    assert!(say(&mut judge, &notify(3, &tag, OVER, OK))[0].starts_with("SIP/2.0 481"));
    judge.wait(SECOND * 200);
    assert_eq!(judge.rules(), []);
    assert_eq!(judge.phone.next_timeout(), None);
}

#[test]
fn who_asks_may_hang_up_at_the_first_notify() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::HangUpWhenNotified);
    assert!(judge.say(&answers.in_dialog("202 Accepted")).is_empty());
    let heard = say(&mut judge, &notify(2, &tag, ACTIVE, TRYING));
    assert!(heard.iter().any(|line| line.starts_with("BYE ")));
    assert!(heard.iter().any(|line| line.starts_with("SIP/2.0 200")));
    assert_eq!(judge.rules(), []);
}

#[test]
fn rfc6665_4_1_2_4_a_notify_may_overtake_the_202() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    say(&mut judge, &notify(2, &tag, ACTIVE, TRYING));
    judge.say(&answers.in_dialog("202 Accepted"));
    assert_eq!(judge.rules(), []);
}

#[test]
fn a_notify_of_a_transfer_that_was_refused() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    say(&mut judge, &notify(2, &tag, ACTIVE, TRYING));
    judge.say(&answers.in_dialog("403 Forbidden"));
    assert_eq!(judge.rules(), [Rule::NotifyUnexpected]);
}

#[test]
fn a_notify_that_nobody_asked_for() {
    let mut judge = Judge::new();
    let tag = judge.is_called(Script::NOTHING);
    say(&mut judge, &notify(2, &tag, ACTIVE, TRYING));
    assert_eq!(judge.rules(), [Rule::NotifyUnexpected]);
    let stray = say(&mut judge, &notify(3, "", ACTIVE, TRYING));
    assert!(stray[0].starts_with("SIP/2.0 481"));
    assert_eq!(judge.rules().len(), 2);
}

#[test]
fn rfc3515_2_4_4_a_second_result() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    judge.say(&answers.in_dialog("202 Accepted"));
    say(
        &mut judge,
        &notify(2, &tag, OVER, "SIP/2.0 486 Busy Here\n"),
    );
    judge.wait(SECOND);
    say(&mut judge, &notify(3, &tag, OVER, OK));
    assert_eq!(judge.rules(), [Rule::NotifyUnexpected]);
}

#[test]
fn rfc3420_a_fragment_that_is_none_or_has_no_end() {
    for (state, fragment) in [
        (ACTIVE, "SIP/2.0 100 Trying"),
        (ACTIVE, "100 Trying\n"),
        (ACTIVE, "SIP/2.0 200 OK\n"),
        (OVER, TRYING),
    ] {
        let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
        judge.say(&answers.in_dialog("202 Accepted"));
        say(&mut judge, &notify(2, &tag, state, fragment));
        assert_eq!(judge.rules(), [Rule::NotifyMalformed], "{fragment:?}");
    }
}

#[test]
fn a_result_that_never_comes() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    judge.say(&answers.in_dialog("202 Accepted"));
    say(&mut judge, &notify(2, &tag, ACTIVE, TRYING));
    judge.wait(SECOND * 120);
    assert_eq!(judge.rules(), []);
    judge.wait(SECOND * 20);
    assert_eq!(judge.rules(), [Rule::NotifyMissing]);
}

#[test]
fn a_bye_before_the_last_notify_was_answered() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    judge.say(&answers.in_dialog("202 Accepted"));
    say(&mut judge, &notify(2, &tag, OVER, OK));
    let heard = judge.say(&request("BYE", "bye", 3, &tag));
    assert!(
        heard.len() == 2 && heard.iter().all(|line| line.starts_with("SIP/2.0 200")),
        "{heard:?}"
    );
    assert_eq!(judge.rules(), [Rule::ByeBeforeResult]);
    assert!(judge.phone.calls().is_empty());
}

#[test]
fn a_bye_without_a_result() {
    let (mut judge, tag, answers, _) = referred(AfterRefer::Wait);
    judge.say(&answers.in_dialog("202 Accepted"));
    judge.say(&request("BYE", "bye", 2, &tag));
    assert_eq!(judge.rules(), [Rule::ByeBeforeResult]);
}

#[test]
fn a_2xx_to_a_refer_is_202() {
    let (mut judge, _, answers, _) = referred(AfterRefer::Wait);
    judge.say(&answers.in_dialog("200 OK"));
    assert_eq!(judge.rules(), [Rule::ReferAnswer]);
}

#[test]
fn a_refer_that_is_passed_on() {
    let mut judge = Judge::new();
    let tag = judge.is_called(Script::NOTHING);
    assert!(judge.say(&request("REFER", "r", 2, &tag))[0].starts_with("SIP/2.0 405"));
    assert_eq!(judge.rules(), [Rule::ReferPassedOn]);
}

#[test]
fn a_script_holds_and_then_transfers() {
    let mut judge = Judge::new();
    let script = Script {
        hold_after: Some(SECOND),
        transfer: Some(TransferOrder {
            after: SECOND * 2,
            ..order(AfterRefer::Wait)
        }),
        ..Script::NOTHING
    };
    judge.is_called(script);
    let reinvite = judge.wait(SECOND).remove(0);
    assert!(reinvite.contains("a=sendonly"));
    judge.say(&(answered(&reinvite)));
    let heard = judge.wait(SECOND);
    assert!(heard[0].starts_with("REFER "), "{heard:?}");
}

fn answered(reinvite: &str) -> String {
    Answers::to(reinvite)
        .in_dialog("200 OK")
        .trim_end()
        .to_owned()
        + super::judge::DESCRIPTION
}

#[test]
fn nobody_answers_the_refer() {
    let (mut judge, _, _, _) = referred(AfterRefer::Wait);
    let heard = judge.wait(SECOND * 33);
    assert!(heard.iter().any(|line| line.starts_with("BYE ")));
    assert_eq!(judge.rules(), [Rule::NoAnswer]);
    judge.say(&Answers::to(heard.last().unwrap()).in_dialog("200 OK"));
    let by = judge.phone.calls();
    assert!(by.is_empty(), "ended by {:?}", Side::Us);
}
