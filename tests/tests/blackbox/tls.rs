//! SIP over TLS: phones with sound, who checks the certificate, who speaks no TLS, a new certificate while a call is up.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use offhook_tests::{
    Authority, Baresip, BaresipSetup, SDP, SecurePhone, Site, Sound, Transport, handshake, header,
    talk_by_openssl,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::sound::talk_at;
use crate::{ANSWERED, assert_flow};

/// How long a handshake may take, and time for a machine that has other work.
const HANDSHAKE: Duration = Duration::from_secs(10 + 10);

fn options(server: SocketAddr) -> String {
    format!(
        "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;rport;branch=z9hG4bKtls\r\nMax-Forwards: 70\r\n\
         From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:{server}>\r\nCall-ID: tls\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// A call between two phones over UDP goes through.
async fn a_call_goes_through(site: &Site) {
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let phone = site.phone_of(&bob, site.sipp("uas_answered")).await;
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
}

/// Two phones talk; the ladder of their call says what carried its messages.
async fn heard(alice_over: Transport, bob_over: Transport) {
    let authority = Authority::new();
    let site = Site::start_over_tls("always", &authority.sign()).await;
    let call = talk_at(&site, alice_over, bob_over).await;
    let path = format!("/calls/{}/flow", call.root);
    let flow = site.rest.get(&path).await.expect(200);
    let rows = flow["rows"].as_array().unwrap().iter();
    let carried: BTreeSet<&str> = rows.filter_map(|row| row["transport"].as_str()).collect();
    let expected = BTreeSet::from([alice_over.name(), bob_over.name()]);
    assert_eq!(carried, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_over_tls_calls_one_over_udp_and_both_hear_each_other() {
    heard(Transport::Tls, Transport::Udp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_over_tls_is_called_on_its_connection_by_one_over_udp() {
    heard(Transport::Udp, Transport::Tls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_trusts_our_authority_is_answered_and_who_trusts_another_goes_away() {
    let (ours, other) = (Authority::new(), Authority::new());
    let site = Site::start_over_tls("always", &ours.sign()).await;
    let server = site.offhook.sip(Transport::Tls);
    let answer = talk_by_openssl(server, &ours.root(), &options(server)).await;
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert!(
        header(&answer, "Via").starts_with("SIP/2.0/TLS "),
        "{answer}"
    );

    let answer = talk_by_openssl(server, &other.root(), &options(server)).await;
    assert_eq!(answer, "", "nothing is said to who is not believed");
    a_call_goes_through(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let authority = Authority::new();
    let site = Site::start_over_tls("always", &authority.sign()).await;
    let server = site.offhook.sip(Transport::Tls);
    for version in ["-tls1_2", "-tls1_3"] {
        let (works, said) = handshake(server, &authority.root(), &[version]).await;
        assert!(works, "{version}: {said}");
    }
    // Without this level OpenSSL itself would not begin.
    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let (works, said) = handshake(server, &authority.root(), &old).await;
    assert!(
        !works && said.contains("alert"),
        "it is we who refuse: {said}"
    );
    a_call_goes_through(&site).await;
}

/// Reads to the end of a connection, and gives how long it was open.
async fn until_closed(mut stream: TcpStream, since: Instant) -> Duration {
    let mut said = Vec::new();
    // A reset is an end, too.
    let end = timeout(HANDSHAKE * 2, stream.read_to_end(&mut said)).await;
    end.expect("the connection is closed").ok();
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_speaks_no_tls_or_says_nothing_is_closed_while_calls_go_on() {
    let site = Site::start_over_tls("always", &Authority::new().sign()).await;
    let server = site.offhook.sip(Transport::Tls);
    let mut plain = TcpStream::connect(server).await.unwrap();
    plain.write_all(options(server).as_bytes()).await.unwrap();
    let open = until_closed(plain, Instant::now()).await;
    assert!(open < Duration::from_secs(5), "at once, not after {open:?}");

    let since = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..50 {
        let stream = TcpStream::connect(server).await.unwrap();
        silent.push(tokio::spawn(until_closed(stream, since)));
    }
    a_call_goes_through(&site).await;
    for connection in silent {
        let open = connection.await.unwrap();
        assert!(open < HANDSHAKE, "open for {open:?}");
        assert!(
            open > Duration::from_secs(5),
            "a slow phone has time: {open:?}"
        );
    }
    assert!(!site.offhook.output().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_has_its_share_of_connections_and_no_more() {
    let site = Site::start_over_tls("always", &Authority::new().sign()).await;
    let server = site.offhook.sip(Transport::Tls);
    let mut open = Vec::new();
    for _ in 0..128 {
        open.push(TcpStream::connect(server).await.unwrap());
    }
    let before = Instant::now();
    let one_more = TcpStream::connect(server).await.unwrap();
    let closed = until_closed(one_more, before).await;
    assert!(
        closed < Duration::from_secs(5),
        "at once, not after {closed:?}"
    );
    // They count together, whatever they speak.
    let plain = TcpStream::connect(site.offhook.sip(Transport::Tcp)).await;
    let closed = until_closed(plain.unwrap(), Instant::now()).await;
    assert!(
        closed < Duration::from_secs(5),
        "at once, not after {closed:?}"
    );
    a_call_goes_through(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_shown_to_new_connections_and_a_call_stays_up() {
    let (old, new) = (Authority::new(), Authority::new());
    let certificate = old.sign();
    let mut site = Site::start_over_tls("always", &certificate).await;
    let server = site.offhook.sip(Transport::Tls);
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let setup = |hertz, auto_answer, transport| BaresipSetup {
        sound: Sound::Tone(hertz),
        auto_answer,
        transport,
        jitter_buffer: true,
    };
    let bobs = setup(1_000.0, true, Transport::Tls);
    let bobs_phone = Baresip::start(&bob, server, bobs).await;
    let alices = setup(440.0, false, Transport::Tls);
    let mut alices_phone = Baresip::start(&alice, server, alices).await;
    alices_phone.dial("2002").await;
    alices_phone.wait_for("CALL_ESTABLISHED").await;
    alices_phone.until_heard(&[1_000.0], 1.0).await;

    new.sign_into(&certificate);
    site.offhook.reload("as it is in its file").await;
    let (works, said) = handshake(server, &new.root(), &[]).await;
    assert!(works, "the new one is shown: {said}");
    let (works, _) = handshake(server, &old.root(), &[]).await;
    assert!(!works, "the old one is not");

    std::fs::write(&certificate.key, "no key").unwrap();
    site.offhook.reload("the one in use stays").await;
    let (works, said) = handshake(server, &new.root(), &[]).await;
    assert!(works, "the new one stays: {said}");

    let heard = bobs_phone.heard_tones(&[440.0]);
    bobs_phone.until_heard(&[440.0], heard + 1.0).await;
    alices_phone.hang_up().await;
    bobs_phone.wait_for("CALL_CLOSED").await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_with_sips_addresses_registers_is_called_and_calls() {
    let authority = Authority::new();
    let site = Site::start_over_tls("never", &authority.sign()).await;
    let server = site.offhook.sip(Transport::Tls);
    let ours = format!("<sips:{server}>");
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let mut phone = SecurePhone::connect(&bob, server, &authority.root()).await;
    let registered = phone.register().await;
    assert!(registered.starts_with("SIP/2.0 200 "), "{registered}");
    let contact = header(&registered, "Contact");
    assert!(contact.starts_with(&phone.contact()), "{registered}");
    site.until_registered(&bob, true).await;
    let path = format!("/phones/{}", bob.phone_id);
    let stored = site.rest.get(&path).await.expect(200);
    let registration = &stored["data"]["registrations"][0];
    assert_eq!(registration["transport"], "TLS", "{registration}");
    assert_eq!(
        registration["contact"],
        phone.contact().replace(['<', '>'], "")
    );

    let caller = site.caller("uac_answered", &alice, "2002").start();
    let invite = phone.receive().await;
    let target = phone.contact().replace(['<', '>'], "");
    assert!(invite.starts_with(&format!("INVITE {target} ")), "{invite}");
    let via = format!("SIP/2.0/TLS {server};");
    assert!(header(&invite, "Via").starts_with(&via), "{invite}");
    assert_eq!(header(&invite, "Contact"), ours, "{invite}");
    phone.answer(&invite, "180 Ringing", "").await;
    phone.answer(&invite, "200 OK", SDP).await;
    let ack = phone.receive().await;
    assert!(ack.starts_with("ACK "), "{ack}");
    let bye = phone.receive().await;
    assert!(bye.starts_with("BYE "), "{bye}");
    phone.answer(&bye, "200 OK", "").await;
    caller.finish().await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);

    let callee = site.phone_of(&alice, site.sipp("uas_answered")).await;
    let answers = phone.call("2001", SDP).await;
    let answer = answers.last().unwrap();
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    assert_eq!(header(answer, "Contact"), ours, "{answer}");
    phone.send_inside("ACK", answer).await;
    phone.send_inside("BYE", answer).await;
    let over = phone.receive().await;
    assert!(over.starts_with("SIP/2.0 200 "), "{over}");
    callee.finish().await;

    // Nobody can be reached whose connection is gone.
    drop(phone);
    site.until_registered(&bob, false).await;
    site.refused(&alice, "2002", "480").await;
}
