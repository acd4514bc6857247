//! Transfer of calls with outsiders, who pay for nothing and are called back by nobody.

use offhook_base::{DdiId, TrunkId, UserId};
use offhook_sip_core::{Event, LegId, Origin};

use super::super::{A, B1, Script, message, peer, sdp};
use super::{C, wish};
use crate::directory::{Ddi, DdiTarget, DirectoryChange, Trunk};
use crate::{ApiCommand, TransferParty};

const NUMBER: &str = "442079460001";

/// An outsider talks to 2002, whose number was dialled.
fn connected() -> Script {
    let mut script =
        Script::with(|config| config.relay = Some([192, 0, 2, 254].into())).registered(&[1, 2, 4]);
    script.ports(4);
    let trunk = DirectoryChange::Trunk(Trunk {
        id: TrunkId(1),
        name: "Carrier".into(),
        host: "carrier.example".into(),
        addresses: vec![([203, 0, 113, 9], 5060).into()],
        from_domain: String::new(),
        prefix: String::new(),
        strip: 0,
        caller_id: String::new(),
        priority: 1,
        max_calls: None,
        active: true,
    });
    let ddi = DirectoryChange::Ddi(Ddi {
        id: DdiId(1),
        e164: NUMBER.into(),
        trunk: None,
        target: DdiTarget::User(UserId(100_002)),
    });
    for change in [trunk, ddi] {
        script.pbx.handle_directory(script.now, change);
    }
    let request = message(
        &format!("INVITE sip:+{NUMBER}@pbx.example SIP/2.0"),
        "1 INVITE",
        &["P-Asserted-Identity: <sip:+34600000001@carrier.example>"],
        Some(&sdp("203.0.113.9", 4000, "sendrecv")),
    );
    script.event(Event::Invite {
        leg: A,
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(9),
        request,
    });
    script
        .commit()
        .answered(B1, Some(&sdp("192.0.2.2", 5000, "sendrecv")))
        .commit()
        .acked(A, None)
        .skip();
    assert_eq!(script.pbx.len(), 1);
    script
}

#[test]
fn a_refer_of_a_trunk_is_refused() {
    let mut script = connected();
    script
        .refer(A, 4, "<sip:2003@pbx.example>")
        .expect_sip(&["reply 4 403"]);
    assert_eq!(script.pbx.len(), 1);
}

#[test]
fn a_user_moves_the_outsider_and_so_does_a_client() {
    for party in [None, Some(TransferParty::Src)] {
        let mut script = connected();
        script.api(9, wish("2003", party)).commit();
        assert!(
            script.told()[2].contains("34600000001>2003"),
            "{:?}",
            script.told()
        );
    }
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .answered(C, Some(&sdp("192.0.2.4", 6000, "sendrecv")))
        .commit();
    assert_eq!(script.last("event_name"), "call.connected");
    assert_eq!(script.last("src_id"), "0");
}

#[test]
fn the_user_who_was_reached_by_a_number_of_ours_is_rung_again_and_no_trunk_is_called() {
    let mut script = connected();
    script
        .refer(B1, 4, "<sip:2003@pbx.example>")
        .commit()
        .request(B1, 6, "BYE", None)
        .skip();
    script.refused(C, 486).commit();
    script.expect_sip(&[
        "* call.initial",
        "* call.missed User Busy",
        "-- commit",
        "B3 INVITE +sdp",
    ]);
    let again = &script.bodies[4];
    assert_eq!(again["dst"], NUMBER);
    assert_eq!(again["dst_id"], "100002");
    assert_eq!(again["destination"], "in");
}

#[test]
fn an_outsider_who_hung_up_is_not_called_back() {
    let mut script = connected();
    script
        .api(9, wish("2003", Some(TransferParty::Dst)))
        .commit()
        .request(A, 6, "BYE", None)
        .skip();
    script.refused(C, 486).commit();
    script.expect_sip(&["* call.missed User Busy", "-- commit", "B1 BYE"]);
    assert_eq!(script.last("final"), "true");
    assert_eq!(script.pbx.len(), 0);
}

#[test]
fn a_ringing_call_of_an_outsider_that_is_deflected_outwards_is_paid_for_by_the_called_user() {
    let mut script = connected();
    script.request(A, 2, "BYE", None).commit();
    let request = message(
        &format!("INVITE sip:+{NUMBER}@pbx.example SIP/2.0"),
        "1 INVITE",
        &["P-Asserted-Identity: <sip:+34600000001@carrier.example>"],
        Some(&sdp("203.0.113.9", 4000, "sendrecv")),
    );
    script.ports(4).event(Event::Invite {
        leg: LegId(2),
        from: Origin::Trunk(TrunkId(1)),
        peer: peer(9),
        request,
    });
    script.commit().skip();
    let command = ApiCommand::Transfer {
        call: offhook_base::CallId(2),
        dst: "+34911111111".into(),
        party: None,
    };
    script.api(9, command).commit();
    let told = script.told();
    assert!(told[4].contains("34600000001>34911111111"), "{told:?}");
    let shown = script.commands.iter().rev().find_map(|command| {
        if let offhook_sip_core::Command::Invite { invite, .. } = command {
            Some(String::from_utf8_lossy(&invite.from).into_owned())
        } else {
            None
        }
    });
    let shown = shown.unwrap_or_default();
    assert!(shown.contains(NUMBER), "the number of 2002: {shown}");
}
