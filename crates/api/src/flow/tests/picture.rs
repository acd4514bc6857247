//! The ladder as SVG.

use roxmltree::Document;

use super::*;

fn svg(flow: &Flow) -> String {
    flow.svg("Call 7").unwrap()
}

/// All texts of a picture, those of tooltips too.
fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document.descendants().filter(roxmltree::Node::is_text);
    texts.map(|node| node.text().unwrap().to_owned()).collect()
}

/// A picture is one file: no script, no handler, no reference, none of the marks that browsers obey.
fn assert_harmless(svg: &str) {
    let document = Document::parse(svg).unwrap();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let name = node.tag_name().name();
        assert!(
            [
                "svg", "g", "title", "desc", "text", "path", "rect", "circle"
            ]
            .contains(&name),
            "{name}"
        );
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(
                !name.starts_with("on") && !["href", "style", "src"].contains(&name),
                "{name}"
            );
            assert!(!attribute.value().contains("url("), "{name}");
        }
    }
    let obeyed = |c: char| c.is_control() || "\u{202e}\u{2066}\u{200f}\u{feff}".contains(c);
    assert!(!svg.contains(obeyed));
}

#[test]
fn a_picture_shows_columns_arrows_gaps_and_what_caused_what() {
    let mut script = answered();
    script.webhook(3, "crm", &["call.state_change"]);
    script.webhook(4, "billing", &["call.missed"]);
    let svg = svg(&script.flow());
    assert_harmless(&svg);
    let document = Document::parse(&svg).unwrap();
    let texts = texts(&document);
    for expected in [
        "Call 7",
        "2001",
        "127.0.0.1:5062",
        "hooks.example:443",
        "leg B1",
        "INVITE (SDP)",
        "CSeq 2 INVITE · audio 127.0.0.1:4000 PCMU sendonly",
        "10:00:09.100",
        "POST call.hold",
        "call.initial not sent",
        "it does not subscribe to call.initial · by row 1",
        "7 s later",
        "2026-11-22 UTC",
        "Row 1, 10:00:00.000, leg A: INVITE (SDP) from 2001 to Offhook (CSeq 1 INVITE · audio 127.0.0.1:4000 PCMU)",
    ] {
        assert!(
            texts.iter().any(|text| text == expected),
            "{expected}: {texts:#?}"
        );
    }
    let root = document.root_element();
    let mut elements = root.children().filter(roxmltree::Node::is_element);
    assert_eq!(elements.next().unwrap().tag_name().name(), "title");
    assert_eq!(elements.next().unwrap().tag_name().name(), "desc");
}

#[test]
fn retransmissions_are_told_once_and_no_answer_breaks_the_head() {
    let mut script = Script::default();
    script.line(0, "A", true, "INVITE", "1 INVITE", "");
    script.line(500, "A", true, "INVITE", "1 INVITE", "");
    let initial = script.event(600, 1, EventName::CallInitial);
    let attempts = [(602, 10_000, Err("no answer within 10 s"))];
    script.delivery(1, initial, DeliveryState::Pending, &attempts);
    let svg = svg(&script.flow());
    let texts = texts(&Document::parse(&svg).unwrap());
    assert!(
        texts.iter().any(|text| text == "2 times · CSeq 1 INVITE"),
        "{texts:#?}"
    );
    assert_eq!(texts.iter().filter(|text| *text == "INVITE").count(), 1);
    assert!(texts.iter().any(|text| text == "no answer within 10 s"));
    assert!(svg.contains("stroke-width=\"2.4\""), "a cross");
}

#[test]
fn what_peers_choose_is_only_words() {
    let mut script = Script::default();
    let long = "w".repeat(10_240);
    for hostile in [
        "<script>alert(1)</script>",
        "\"><image href=\"http://x/\" onload=\"y()\"/>",
        "]]><!--&lt;\u{1}\u{202e}\u{fffe}\u{0}",
        long.as_str(),
    ] {
        let message = format!(
            "{hostile} sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: \"{hostile}\" <sip:{hostile}@x>;tag=a\r\n\
             To: <sip:2002@x>\r\nCall-ID: {hostile}\r\nCSeq: 1 {hostile}\r\nReason: {hostile}\r\nContent-Length: 0\r\n\r\n"
        );
        script.sip(0, "A", true, message.into_bytes());
        script.line(
            1,
            "A",
            true,
            "INVITE",
            "1 INVITE",
            &format!("Reason: {hostile}"),
        );
    }
    for message in &mut script.0.messages {
        message.leg.push_str("<b>");
    }
    script.webhook(3, "<script>", &["call.missed"]).host = "\u{202e}&amp;".to_owned();
    script.event(2, 1, EventName::CallRinging);
    let svg = script.flow().svg("<title>").unwrap();
    assert_harmless(&svg);
    let longest = texts(&Document::parse(&svg).unwrap())
        .iter()
        .map(String::len)
        .max();
    assert!(longest < Some(1_200), "{longest:?}");
}

#[test]
fn a_picture_has_an_end() {
    let mut script = Script::default();
    for n in 0..5_100 {
        script.line(n, "A", true, "OPTIONS", &format!("{n} OPTIONS"), "");
    }
    let svg = svg(&script.flow());
    let texts = texts(&Document::parse(&svg).unwrap());
    assert!(
        texts
            .iter()
            .any(|text| text == "100 further rows are not drawn")
    );
}

#[test]
fn nothing_at_all_is_an_empty_picture() {
    assert_harmless(&svg(&Flow::default()));
}
