//! The ladder as files: a packet trace that tshark reads, a picture, JSON.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use offhook_tests::{Site, Transport, eventually, tshark};
use serde_json::Value;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_udp_and_ipv4() {
    exported(V4, Transport::Udp, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_tcp_and_ipv4() {
    exported(V4, Transport::Tcp, &long_sdp()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_udp_and_ipv6() {
    exported(V6, Transport::Udp, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_tcp_and_ipv6() {
    exported(V6, Transport::Tcp, &long_sdp()).await;
}

/// Lines that make an INVITE longer than a TCP segment.
fn long_sdp() -> String {
    "\n      a=x-filler:0123456789012345678901234567890123456789012345678901234567890123456789"
        .repeat(30)
}

/// Lets a caller over `transport` reach a phone over UDP, and checks every export of the call.
async fn exported(ip: IpAddr, transport: Transport, sdp: &str) {
    let site = Site::start_on(ip, "always", "").await;
    site.webhook("missed", &["call.missed"]).await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    let media = format!("m=audio [media_port] RTP/AVP 0\n      a=rtpmap:0 PCMU/8000{sdp}");
    site.sipp_over(transport, "uac_answered")
        .account(&alice)
        .value("to", "2002")
        .value("media", &media)
        .run()
        .await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;

    let flow = ladder(&site, call.root).await;
    let columns = flow["columns"].as_array().unwrap().iter();
    let aliases: Vec<&str> = columns
        .map(|column| column["alias"].as_str().unwrap())
        .collect();
    assert_eq!(aliases, ["2001", "Offhook", "2002", "calls", "missed"]);
    let rows = flow["rows"].as_array().unwrap();
    let sip: Vec<&Value> = rows.iter().filter(|row| row["kind"] == "sip").collect();
    let transports: BTreeSet<&str> = sip
        .iter()
        .map(|row| row["transport"].as_str().unwrap())
        .collect();
    assert_eq!(transports, BTreeSet::from([transport.name(), "UDP"]));
    let unsent = rows.iter().filter(|row| row["sent"] == false);
    assert!(
        unsent.clone().all(|row| row["to"] == "w2") && unsent.count() == 4,
        "{rows:#?}"
    );

    let path = format!("/calls/{}/flow", call.root);
    let trace = site.rest.get(&format!("{path}.pcap")).await;
    assert_trace(&trace.expect_octets(200), &flow, &sip, ip).await;
    let picture = site.rest.get(&format!("{path}.svg")).await;
    assert_picture(&picture.expect_octets(200), rows);
}

/// The ladder once all of it is stored, captures and attempts; in both of its places.
async fn ladder(site: &Site, root: u64) -> Value {
    eventually("a whole ladder", Duration::from_secs(20), async || {
        let flow = site.rest.get(&format!("/calls/{root}/flow")).await;
        let same = site.rest.get(&format!("/calls/{root}/flow.json")).await;
        let flow = flow.expect(200);
        let rows = flow["rows"].as_array().unwrap();
        let count = |wanted: fn(&Value) -> bool| rows.iter().filter(|row| wanted(row)).count();
        let answers = count(|row| row["kind"] == "webhook" && row["ms"].is_u64());
        let ends = count(|row| row["status"] == 200 && is_bye(row));
        (answers == 4 && ends >= 2 && same.expect(200) == flow).then_some(flow)
    })
    .await
}

fn is_bye(row: &Value) -> bool {
    row["cseq"]
        .as_str()
        .is_some_and(|cseq| cseq.ends_with(" BYE"))
}

/// tshark reads the messages of the ladder, in their order, and finds nothing to complain of.
async fn assert_trace(trace: &[u8], flow: &Value, sip: &[&Value], ip: IpAddr) {
    let ports = ports(flow);
    let source = if ip == V4 { "ip.src" } else { "ipv6.src" };
    let fields = [
        "sip.Method",
        "sip.Status-Code",
        "sip.Call-ID",
        source,
        "_ws.malformed",
        "ip.checksum.status",
        "udp.checksum.status",
        "tcp.checksum.status",
        "tcp.analysis.flags",
        "frame.time_epoch",
    ];
    let packets = tshark(trace, &ports, &fields).await;
    assert_sound(&packets, ip);
    let segmented = sip
        .iter()
        .any(|row| row["transport"] == "TCP" && row["raw"].as_str().unwrap().len() > 1_440);
    assert_eq!(packets.len() > sip.len(), segmented, "{packets:#?}");

    let read: Vec<[&str; 3]> = packets
        .iter()
        .filter(|packet| !packet[2].is_empty())
        .map(|packet| [&*packet[0], &*packet[1], &*packet[2]])
        .collect();
    let statuses: Vec<String> = sip
        .iter()
        .map(|row| {
            row["status"]
                .as_u64()
                .map_or_else(String::new, |status| status.to_string())
        })
        .collect();
    let shown: Vec<[&str; 3]> = sip
        .iter()
        .zip(&statuses)
        .map(|(row, status)| [method(row), status, header(row, "Call-ID: ")])
        .collect();
    assert_eq!(read, shown);
    let first = sip[0]["at"].as_str().unwrap();
    assert!(
        packets[0][9].contains(&first[20..26]),
        "{first} to the microsecond: {}",
        packets[0][9]
    );
}

/// No packet is malformed, has a wrong checksum, or stands oddly in its connection.
fn assert_sound(packets: &[Vec<String>], ip: IpAddr) {
    for packet in packets {
        assert_eq!(packet[3], ip.to_string(), "{packet:?}");
        assert_eq!(packet[4], "", "malformed: {packet:?}");
        let statuses = [&packet[5], &packet[6], &packet[7]];
        // 1 is good, nothing is no such header.
        assert!(
            statuses
                .iter()
                .all(|status| ["", "1"].contains(&status.as_str())),
            "a wrong checksum: {packet:?}"
        );
        assert_eq!(packet[8], "", "an oddity of TCP: {packet:?}");
    }
}

/// Every port of a column that is a host.
fn ports(flow: &Value) -> Vec<u16> {
    let columns = flow["columns"].as_array().unwrap().iter();
    columns
        .filter(|column| column["kind"] == "host")
        .flat_map(|column| column["address"].as_str().unwrap().split(", "))
        .map(|address| address.parse::<SocketAddr>().unwrap().port())
        .collect()
}

fn method(row: &Value) -> &str {
    if row["status"].is_u64() {
        return "";
    }
    row["label"].as_str().unwrap().split(' ').next().unwrap()
}

fn header<'a>(row: &'a Value, name: &str) -> &'a str {
    let lines = row["raw"].as_str().unwrap().lines();
    lines
        .into_iter()
        .find_map(|line| line.strip_prefix(name))
        .unwrap()
}

/// The picture is XML, and has an arrow with a title of each row that is no retransmission.
fn assert_picture(picture: &[u8], rows: &[Value]) {
    let text = std::str::from_utf8(picture).unwrap();
    let document = roxmltree::Document::parse(text).unwrap();
    let titles = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
        .filter(|node| node.text().is_some_and(|text| text.starts_with("Row ")));
    let shown = rows.iter().filter(|row| row["retransmission_of"].is_null());
    assert_eq!(titles.count(), shown.count(), "{rows:#?}");
}
