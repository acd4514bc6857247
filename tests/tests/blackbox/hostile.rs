//! Octets that are no SIP: they are answered or ignored, and everything else goes on.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use offhook_tests::{Site, Transport, free_port};

use crate::{ANSWERED, assert_flow};

fn options(branch: &str, transport: &str) -> String {
    format!(
        "OPTIONS sip:offhook SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:9;rport;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:x@127.0.0.1>;tag=1\r\nTo: <sip:offhook>\r\nCall-ID: {branch}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Asks for OPTIONS until its answer is seen among the answers to whatever was sent before.
fn is_alive(socket: &UdpSocket, branch: &str) {
    socket
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    socket.send(options(branch, "UDP").as_bytes()).unwrap();
    let mut buffer = [0; 65_535];
    loop {
        let length = socket.recv(&mut buffer).expect("an answer to OPTIONS");
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if answer.contains(&format!("Call-ID: {branch}")) {
            assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
            return;
        }
    }
}

fn bad_messages() -> Vec<Vec<u8>> {
    let good = options("bad", "UDP");
    let mut bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\0".to_vec(),
        b"\r\n\r\n".to_vec(),
        vec![0xff; 60_000],
        b"INVITE sip:2002@x SIP/2.0\r\n\r\n".to_vec(),
        b"INVITE".to_vec(),
        b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        b"SIP/2.0 99999999999999999999 OK\r\nVia: x\r\n\r\n".to_vec(),
        good.replace("Content-Length: 0", "Content-Length: 99999")
            .into_bytes(),
        good.replace("Content-Length: 0", "Content-Length: -1")
            .into_bytes(),
        good.replace(
            "Content-Length: 0",
            "Content-Length: 99999999999999999999999",
        )
        .into_bytes(),
        good.replace("CSeq: 1", "CSeq: 4294967296").into_bytes(),
        good.replace("Via: SIP/2.0/UDP 127.0.0.1:9", "Via: ")
            .into_bytes(),
        good.replace("Via:", "X:").into_bytes(),
        good.replace("OPTIONS sip", "OPTIONS \0sip").into_bytes(),
        good.replace("tag=1", &"tag=".repeat(3_000)).into_bytes(),
        good.replace("From: <sip:x@127.0.0.1>", "From: \"\\")
            .into_bytes(),
        format!(
            "OPTIONS sip:offhook SIP/2.0\r\n{}\r\n",
            "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n".repeat(1_500)
        )
        .into_bytes(),
    ];
    for method in [
        "INVITE",
        "REGISTER",
        "BYE",
        "CANCEL",
        "ACK",
        "UPDATE",
        "NONSENSE",
        "SUBSCRIBE",
    ] {
        bad.push(good.replace("OPTIONS", method).into_bytes());
    }
    for end in (0..good.len()).step_by(7) {
        bad.push(good.as_bytes()[..end].to_vec());
    }
    bad
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_each_bad_datagram_it_answers_and_a_call_goes_through() {
    let site = Site::start().await;
    let [alice, bob] = site.users(["2001", "2002"]).await;
    let port = free_port();
    site.register(&bob, port).await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(site.offhook.sip(Transport::Udp)).unwrap();
    for (n, bad) in bad_messages().into_iter().enumerate() {
        socket.send(&bad).unwrap();
        is_alive(&socket, &format!("alive{n}"));
    }

    let phone = site.sipp("uas_answered").port(port).listen().await;
    site.caller("uac_answered", &alice, "2002").run().await;
    phone.finish().await;
    let call = site.the_call(&alice, "2002").await;
    assert_flow(&call, &ANSWERED);
    assert!(
        !site.offhook.output().contains("panicked"),
        "{}",
        site.offhook.output()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_no_sip_is_closed_and_others_stay_in_step() {
    let site = Site::start().await;
    let server = site.offhook.sip(Transport::Tcp);
    let mut good = TcpStream::connect(server).unwrap();
    good.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    for (n, bad) in bad_messages()
        .into_iter()
        .filter(|bad| bad.len() > 40)
        .enumerate()
    {
        let mut stream = TcpStream::connect(server).unwrap();
        // It may be closed before all is written.
        stream.write_all(&bad).ok();

        let branch = format!("stream{n}");
        let message = options(&branch, "TCP");
        for part in message.as_bytes().chunks(11) {
            good.write_all(part).unwrap();
        }
        let mut answer = Vec::new();
        let mut buffer = [0; 4_096];
        while !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
            let length = good
                .read(&mut buffer)
                .expect("an answer on the good stream");
            assert_ne!(length, 0, "the good stream stays open");
            answer.extend_from_slice(&buffer[..length]);
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with("SIP/2.0 200 ") && answer.contains(&branch),
            "{answer}"
        );
    }
    assert!(
        !site.offhook.output().contains("panicked"),
        "{}",
        site.offhook.output()
    );
}
