//! Click-to-call.

use offhook_base::UserId;
use offhook_sip_core::LegId;

use super::{B1, Script, sdp};
use crate::ApiCommand;

/// The leg to the destination.
const D: LegId = LegId(5);

fn click(to: &str) -> ApiCommand {
    ApiCommand::Originate {
        user: UserId(100_001),
        to: to.into(),
        caller_id: None,
    }
}

#[test]
fn the_originator_is_rung_then_the_destination_and_both_are_joined() {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 4]);
    script.ports(4).api(9, click("2003")).commit().expect(&[
        "* call.initial",
        "-- commit",
        "B1 INVITE +sdp",
        "api 9 Ok(Call(CallId(1)))",
    ]);
    script.provisional(B1, 180, None).commit().skip();
    script
        .answered(B1, Some(&sdp("192.0.2.1", 4000, "sendrecv")))
        .commit();
    let lines: Vec<_> = script
        .lines
        .drain(..)
        .filter(|line| !line.starts_with("media"))
        .collect();
    assert_eq!(
        lines,
        [
            "* call.accepted",
            "* call.initial",
            "-- commit",
            "B1 ACK",
            "B2 INVITE +sdp",
        ]
    );
    script
        .provisional(D, 180, None)
        .answered(D, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    script.request(D, 8, "BYE", None).commit();
    assert_eq!(
        script.told(),
        [
            "1 1 call.initial ENDPOINT 2001>2003",
            "2 1 call.ringing ENDPOINT 2001>2003",
            "3 1 call.accepted ENDPOINT 2001>2003",
            "4 2 call.initial 2001>2003",
            "5 2 call.ringing 2001>2003",
            "6 2 call.connected 2001>2003",
            "7 1 call.connected ENDPOINT 2001>2003",
            "8 2 call.hangup 2001>2003 Normal Clearing",
            "9 1 call.hangup ENDPOINT 2001>2003 Normal Clearing final",
        ]
    );
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn without_a_registered_phone_nothing_starts() {
    let mut script = Script::new().registered(&[4]);
    script.api(9, click("2003")).expect(&["api 9 Err(NoPhone)"]);
}
