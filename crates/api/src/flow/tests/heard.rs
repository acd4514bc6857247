//! How well both sides of a call were heard, in its ladder.

use offhook_base::{CdrRecord, Disposition, Heard, Party, Quality, TerminatedBy};

use super::*;

fn heard(packets: u64, lost: u64) -> Heard {
    Heard {
        packets,
        lost,
        jitter_us: 2_149,
        mos_x100: 438,
    }
}

fn party(number: &str) -> Party {
    Party {
        number: number.to_owned(),
        ..Party::default()
    }
}

fn cdr(call: u64, src: &str, dst: &str, quality: Option<Quality>) -> CdrRecord {
    CdrRecord {
        live_id: CallId(call),
        root_live_id: CallId(7),
        parent_live_id: None,
        user_id: None,
        other_user_id: None,
        sip_endpoint_id: None,
        started_at: at(0),
        clid: String::new(),
        src: party(src),
        dst: party(dst),
        duration: 75,
        billsec: 73,
        disposition: Disposition::Connected,
        destination: "in".to_owned(),
        context: "LOCAL_USER".to_owned(),
        t_cause: String::new(),
        info: String::new(),
        terminated_by: TerminatedBy::Callee,
        cause_q850: 16,
        cause_name: String::new(),
        cause_sip: 200,
        quality,
    }
}

fn media(flow: &Flow) -> Vec<&FlowRow> {
    let rows = flow.rows.iter();
    rows.filter(|row| row.kind == RowKind::Media).collect()
}

#[test]
fn each_direction_has_a_row_where_the_call_ended() {
    let mut script = answered();
    let quality = Quality {
        src: heard(3_640, 12),
        dst: heard(3_600, 0),
    };
    script.0.cdrs = vec![cdr(7, "2001", "2002", Some(quality))];
    let flow = script.flow();
    let rows = media(&flow);
    let places: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.at,
                row.from.as_str(),
                row.to.as_str(),
                row.leg.as_deref(),
            )
        })
        .collect();
    let ended = at(75_000);
    assert_eq!(
        places,
        [
            (ended, "h1", "pbx", Some("A")),
            (ended, "h2", "pbx", Some("B1"))
        ]
    );
    let json = serde_json::to_value(rows[0]).unwrap();
    assert_eq!(json["kind"], "media");
    assert_eq!(
        json["quality"],
        serde_json::json!({"packets": 3_640, "lost": 12, "jitter_ms": 2.1, "mos": 4.38})
    );
    let text = flow.text(100);
    assert!(text.contains("~~~~ MOS 4.4 ~~~~>|"), "{text}");
    assert!(
        text.contains("|<~~~~ MOS 4.4 ~~~~~|")
            && text.contains("RTP: 3640 packets · 12 lost · jitter 2.1 ms"),
        "{text}"
    );
    assert!(flow.svg("7").unwrap().contains("MOS 4.4"));
}

#[test]
fn who_sent_nothing_and_a_call_without_figures_have_no_row() {
    let mut script = answered();
    script.0.cdrs = vec![cdr(7, "2001", "2002", None)];
    assert_eq!(media(&script.flow()), Vec::<&FlowRow>::new());
    let silent = Quality {
        src: heard(50, 0),
        dst: Heard::default(),
    };
    script.0.cdrs = vec![cdr(7, "2001", "2002", Some(silent))];
    assert_eq!(media(&script.flow()).len(), 1);
}

#[test]
fn whom_a_transfer_moved_into_a_call_is_known_by_its_number() {
    let mut script = answered();
    let quality = Quality {
        src: heard(100, 0),
        dst: heard(90, 0),
    };
    // 2002 went on in call 8, to a voicemail that has no phone.
    script.0.cdrs = vec![cdr(8, "2002", "VM 2003", Some(quality))];
    let flow = script.flow();
    let rows = media(&flow);
    let [row] = rows.as_slice() else {
        panic!("{rows:#?}")
    };
    assert_eq!((row.from.as_str(), row.call_id), ("h2", CallId(8)));
    assert_eq!(row.at, at(75_000), "as the CDR has it");
    assert!(flow.text(100).contains("call 8 · RTP: 100 packets"));
}
