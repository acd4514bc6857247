//! The shell against real HTTPS receivers on loopback, well-behaved and otherwise.

mod bench;
mod receiver;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use offhook_base::{DeliveryId, JournalPos, Secret, WebhookId};
use offhook_delivery::{
    AddressPolicy, DisabledReason, EndpointChange, EndpointState, FailReason, Order, SigningKey,
    Verdict, Waiting, sign,
};

use super::{Delivery, DeliveryConfig, TestResult};
use bench::{Rows, Said, config, endpoint, probe, start, stop, waiting};
use receiver::{Authority, Certificate, Receiver, Reply};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn an_event_arrives_signed_with_every_header_and_the_same_octets() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    let sent = waiting(1, 1, 7, 3);
    delivery.handle().waiting(vec![sent.clone()]);

    let attempt = ears.attempt().await;
    assert_eq!(
        (attempt.delivery, attempt.n, attempt.status, attempt.error),
        (DeliveryId(1), 1, Some(200), None)
    );
    assert_eq!(&attempt.response_body[..], b"seen");
    assert_eq!(ears.verdict().await.verdict, Verdict::Delivered);
    let [received] = &receiver.received()[..] else {
        panic!("one request")
    };
    assert_eq!(received.line, "POST /hook?a=1 HTTP/1.1");
    assert_eq!(received.body, &*sent.event.body);
    let timestamp = i64::try_from(received.number("webhook-timestamp")).unwrap();
    let key = SigningKey::parse(&Secret::new(bench::SECRET.to_owned())).unwrap();
    let signature = sign(&[key], &sent.event.id, timestamp, &received.body);
    for (name, value) in [
        ("host", receiver.addr.to_string().as_str()),
        ("content-type", "application/json"),
        ("user-agent", "Offhook/9.9.9"),
        ("webhook-id", &sent.event.id),
        ("webhook-signature", &signature),
        ("offhook-event", "call.connected"),
        ("offhook-webhook", "1"),
        ("offhook-attempt", "1"),
        ("offhook-prev-seq", "2"),
        ("x-team", "support"),
    ] {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    stop(delivery).await;
}

#[tokio::test]
async fn a_connection_is_used_again_and_again() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    delivery
        .handle()
        .waiting((1..=100).map(|n| waiting(n, 1, 7, n)).collect());
    for n in 1..=100 {
        assert_eq!(ears.verdict().await.delivery, DeliveryId(n));
    }
    assert_eq!(receiver.connections(), 1);
    stop(delivery).await;
}

#[tokio::test]
async fn a_connection_that_died_while_idle_costs_no_attempt() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::AnswerThenClose).await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    delivery
        .handle()
        .waiting((1..=20).map(|n| waiting(n, 1, 7, n)).collect());
    for n in 1..=20 {
        let attempt = ears.attempt().await;
        assert_eq!(
            (attempt.delivery, attempt.n, attempt.status),
            (DeliveryId(n), 1, Some(200)),
            "{:?}",
            attempt.error
        );
    }
    stop(delivery).await;
}

/// One test request to a receiver of that kind; how it went and how long it took.
async fn ask(certificate: Certificate, reply: Reply, timeout: Duration) -> (TestResult, Duration) {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, certificate, move |_| reply.clone()).await;
    let (delivery, _ears) = start(config(Vec::new(), authority.root()), Rows::of([]));
    let started = Instant::now();
    let result = delivery
        .handle()
        .test(probe(&receiver.url(), timeout))
        .await;
    let took = started.elapsed();
    stop(delivery).await;
    (result, took)
}

fn code(result: &TestResult) -> Option<&'static str> {
    result.error.as_ref().map(|error| error.code)
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_named() {
    for (certificate, expected) in [
        (Certificate::Good, None),
        (Certificate::Expired, Some("tls_expired")),
        (Certificate::ForAnotherName, Some("tls_name_mismatch")),
        (Certificate::SelfSigned, Some("tls_unknown_issuer")),
    ] {
        let (result, _) = ask(certificate, Reply::status(200), 3 * SECOND).await;
        assert_eq!(
            code(&result),
            expected,
            "{certificate:?}: {:?}",
            result.error
        );
    }
}

#[tokio::test]
async fn a_test_gives_the_whole_exchange_without_credentials() {
    let (result, _) = ask(
        Certificate::Good,
        Reply::Answer(418, vec![("X-Pot", "short".to_owned())], b"no".to_vec()),
        SECOND,
    )
    .await;
    assert_eq!((code(&result), result.status), (Some("status"), Some(418)));
    assert_eq!(&result.response_body[..], b"no");
    let has = |headers: &[(String, String)], name: &str, value: &str| {
        headers
            .iter()
            .any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
    };
    assert!(has(&result.response_headers, "x-pot", "short"));
    assert!(has(
        &result.request_headers,
        "offhook-event",
        "webhook.test"
    ));
    assert!(has(&result.request_headers, "authorization", "…"));
    assert!(!format!("{result:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_receiver_that_misbehaves_is_given_up_in_time_and_named() {
    let long_head = [
        b"HTTP/1.1 200 OK\r\nX: ".as_slice(),
        &[b'a'; 200_000],
        b"\r\n\r\n",
    ]
    .concat();
    for (reply, expected) in [
        (Reply::Hang, Some("timeout")),
        (Reply::HeaderDrip, Some("timeout")),
        (Reply::Close, Some("closed")),
        (
            Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            Some("protocol"),
        ),
        (Reply::Raw(long_head), Some("protocol")),
        (Reply::status(500), Some("status")),
        (Reply::status(410), Some("status")),
        (Reply::Endless, None),
        (Reply::Drip, None),
    ] {
        let name = format!("{reply:?}").chars().take(60).collect::<String>();
        let (result, took) = ask(Certificate::Good, reply, SECOND).await;
        assert_eq!(code(&result), expected, "{name}: {:?}", result.error);
        assert!(took <= 2 * SECOND + SECOND / 2, "{name} took {took:?}");
        assert!(result.response_body.len() <= 16 * 1024, "{name}");
    }
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_never_followed() {
    let authority = Authority::new();
    let canary = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let (result, _) = ask(
            Certificate::Good,
            Reply::Answer(status, vec![("Location", canary.url())], Vec::new()),
            SECOND,
        )
        .await;
        assert_eq!(
            (code(&result), result.status),
            (Some("redirect"), Some(status))
        );
        assert!(result.error.unwrap().words.contains(&canary.url()));
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn an_address_that_cannot_or_must_not_be_reached_is_named() {
    let authority = Authority::new();
    let canary = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let port = canary.addr.port();

    let (open, _ears) = start(config(Vec::new(), authority.root()), Rows::of([]));
    let refused = open
        .handle()
        .test(probe(&format!("https://127.0.0.1:{free}/"), SECOND))
        .await;
    assert_eq!(code(&refused), Some("refused"), "{:?}", refused.error);
    let by_name = open
        .handle()
        .test(probe(&format!("https://localhost:{port}/"), SECOND))
        .await;
    assert_eq!(
        (code(&by_name), by_name.status),
        (None, Some(200)),
        "{:?}",
        by_name.error
    );
    let unknown = open
        .handle()
        .test(probe("https://no-such-name.invalid/", 3 * SECOND))
        .await;
    assert!(
        matches!(code(&unknown), Some("dns" | "timeout")),
        "{:?}",
        unknown.error
    );
    for url in ["http://127.0.0.1/", "https://127.0.0.1/#x", "nonsense"] {
        assert_eq!(
            code(&open.handle().test(probe(url, SECOND)).await),
            Some("url"),
            "{url}"
        );
    }
    stop(open).await;

    let reached = canary.connections();
    let strict = DeliveryConfig {
        policy: AddressPolicy::default(),
        ..config(Vec::new(), authority.root())
    };
    let (strict, _ears) = start(strict, Rows::of([]));
    for host in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "169.254.169.254",
    ] {
        let result = strict
            .handle()
            .test(probe(&format!("https://{host}:{port}/"), SECOND))
            .await;
        assert_eq!(
            code(&result),
            Some("address_forbidden"),
            "{host}: {:?}",
            result.error
        );
    }
    assert_eq!(canary.connections(), reached, "no connection was made");
    stop(strict).await;
}

#[tokio::test]
async fn order_is_kept_through_failures() {
    let authority = Authority::new();
    // The second event of each call is refused once.
    let receiver = Receiver::start(&authority, Certificate::Good, |request| {
        let body = String::from_utf8_lossy(&request.body);
        let refuse = body.contains(r#""seq":2"#) && request.number("offhook-attempt") == 1;
        Reply::status(if refuse { 500 } else { 200 })
    })
    .await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    let (calls, seqs) = (30, 4);
    for seq in 1..=seqs {
        let batch = (1..=calls).map(|call| waiting((seq - 1) * calls + call, 1, call, seq));
        delivery.handle().waiting(batch.collect());
    }
    let mut delivered: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    while delivered.values().map(Vec::len).sum::<usize>() < usize::try_from(calls * seqs).unwrap() {
        let verdict = ears.verdict().await;
        if verdict.verdict == Verdict::Delivered {
            let seqs = delivered.entry(verdict.event.root.0).or_default();
            seqs.push(verdict.event.seq.unwrap());
        } else {
            assert!(
                matches!(verdict.verdict, Verdict::RetryAt(_)),
                "{verdict:?}"
            );
        }
    }
    assert!(
        delivered.values().all(|seqs| seqs == &[1, 2, 3, 4]),
        "{delivered:?}"
    );
    stop(delivery).await;
}

#[tokio::test]
async fn retry_after_is_kept_and_a_410_disables() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |request| {
        if String::from_utf8_lossy(&request.body).contains(r#""seq":1"#) {
            Reply::Answer(503, vec![("Retry-After", "3600".to_owned())], Vec::new())
        } else {
            Reply::status(410)
        }
    })
    .await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    delivery.handle().waiting(vec![waiting(1, 1, 7, 1)]);
    let retry = ears.verdict().await;
    let Verdict::RetryAt(due) = retry.verdict else {
        panic!("{retry:?}")
    };
    let wait = due.unix_seconds() - retry.at.unix_seconds();
    assert!((3_599..=3_601).contains(&wait), "{wait}");

    delivery.handle().waiting(vec![waiting(2, 1, 8, 2)]);
    let (mut verdicts, mut disabled) = (BTreeMap::new(), false);
    while verdicts.len() < 2 || !disabled {
        match ears.next().await {
            Said::Health(WebhookId(1), health) => {
                disabled |= health.state == EndpointState::Disabled(DisabledReason::Gone)
            }
            Said::Health(..) | Said::Attempt(_) => {}
            Said::Verdict(verdict) => {
                verdicts.insert(verdict.delivery.0, verdict.verdict);
            }
        }
    }
    assert_eq!(
        verdicts,
        BTreeMap::from([(1, Verdict::Held), (2, Verdict::Failed(FailReason::Gone))])
    );
    stop(delivery).await;
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let authority = Authority::new();
    let dead = Receiver::start(&authority, Certificate::Good, |_| Reply::Hang).await;
    let healthy = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let endpoints = vec![endpoint(1, &dead.url()), endpoint(2, &healthy.url())];
    let (delivery, mut ears) = start(config(endpoints, authority.root()), Rows::of([]));
    let batch = (1..=200).flat_map(|n| [waiting(2 * n - 1, 1, n, 1), waiting(2 * n, 2, n, 1)]);
    let started = Instant::now();
    delivery.handle().waiting(batch.collect());
    let mut delivered = 0;
    while delivered < 200 {
        delivered += usize::from(ears.verdict().await.verdict == Verdict::Delivered);
    }
    assert!(
        started.elapsed() < 2 * SECOND,
        "before the first request to the dead one has timed out: {:?}",
        started.elapsed()
    );
    stop(delivery).await;
}

#[tokio::test]
async fn a_restart_sends_what_the_journal_holds_and_what_did_not_fit() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let rows = (1..=5_000).map(|n| waiting(n, 1, n % 50 + 1, n));
    let deleted = waiting(5_001, 9, 7, 1);
    let resent = Waiting {
        replayed: true,
        ..waiting(4_999, 1, 3_000, 1)
    };
    let rows = Rows::of(
        rows.filter(|row| row.delivery.0 != 4_999)
            .chain([deleted, resent]),
    );
    let mut config = config(vec![endpoint(1, &receiver.url())], authority.root());
    (config.journal_end, config.deleted) = (DeliveryId(5_001), vec![WebhookId(9)]);
    let (delivery, mut ears) = start(config, rows);
    let mut verdicts = BTreeMap::new();
    while verdicts.len() < 5_001 {
        let verdict = ears.verdict().await;
        assert_eq!(verdicts.insert(verdict.delivery.0, verdict.verdict), None);
    }
    assert_eq!(
        verdicts.remove(&5_001),
        Some(Verdict::Failed(FailReason::WebhookDeleted))
    );
    assert!(
        verdicts
            .values()
            .all(|verdict| *verdict == Verdict::Delivered)
    );
    let received = receiver.received();
    let replayed: Vec<_> = received
        .iter()
        .filter(|request| request.header("offhook-replayed").is_some())
        .collect();
    assert_eq!(replayed.len(), 1);
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for request in received
        .iter()
        .filter(|request| request.header("offhook-replayed").is_none())
    {
        let seq = request.number("offhook-prev-seq") + 1;
        let before = last.insert(seq % 50, seq);
        assert!(before < Some(seq), "order in each lane");
    }
    stop(delivery).await;
}

#[tokio::test]
async fn while_verdicts_cannot_be_written_down_nothing_more_is_sent() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let (delivery, mut ears) = start(
        config(vec![endpoint(1, &receiver.url())], authority.root()),
        Rows::of([]),
    );
    ears.full.store(true, Ordering::SeqCst);
    delivery
        .handle()
        .waiting(vec![waiting(1, 1, 7, 1), waiting(2, 1, 7, 2)]);
    assert_eq!(ears.attempt().await.delivery, DeliveryId(1));
    // An exchange outside of the lanes shows that the shell went on meanwhile.
    let test = delivery.handle().test(probe(&receiver.url(), SECOND)).await;
    assert_eq!(test.status, Some(200));
    let ids: Vec<_> = receiver
        .received()
        .iter()
        .map(|request| request.header("offhook-event").unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["call.connected", "webhook.test"]);
    ears.full.store(false, Ordering::SeqCst);
    for delivery in [1, 2] {
        assert_eq!(ears.verdict().await.delivery, DeliveryId(delivery));
    }
    stop(delivery).await;
}

#[tokio::test]
async fn changes_are_known_before_the_events_that_follow_them() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::status(200)).await;
    let (delivery, mut ears) = start(config(Vec::new(), authority.root()), Rows::of([]));
    let handle = delivery.handle();
    for id in 1..=20 {
        handle.endpoint(EndpointChange::Upsert(Box::new(endpoint(
            id,
            &receiver.url(),
        ))));
        handle.waiting(vec![waiting(id.into(), id, 7, 1)]);
    }
    for _ in 1..=20 {
        assert_eq!(ears.verdict().await.verdict, Verdict::Delivered);
    }
    handle.endpoint(EndpointChange::Remove(WebhookId(3)));
    handle.waiting(vec![waiting(21, 3, 8, 1)]);
    assert_eq!(
        ears.verdict().await.verdict,
        Verdict::Failed(FailReason::WebhookDeleted)
    );
    let last = Waiting {
        after_projection: Some(JournalPos(9)),
        ..waiting(22, 4, 8, 1)
    };
    handle.waiting(vec![last, waiting(23, 5, 8, 1)]);
    assert_eq!(ears.verdict().await.delivery, DeliveryId(23));
    handle.projected(JournalPos(9));
    assert_eq!(
        ears.verdict().await.delivery,
        DeliveryId(22),
        "a last event waits for its CDR"
    );
    stop(delivery).await;
}

#[tokio::test]
async fn it_stops_in_time_with_requests_under_way() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Certificate::Good, |_| Reply::Hang).await;
    let mut slow = endpoint(1, &receiver.url());
    (slow.timeout, slow.order) = (30 * SECOND, Order::None);
    let (delivery, _ears) = start(config(vec![slow], authority.root()), Rows::of([]));
    delivery
        .handle()
        .waiting((1..=10).map(|n| waiting(n, 1, n, 1)).collect());
    let probing = delivery.handle();
    let pending =
        tokio::spawn(async move { probing.test(probe(&receiver.url(), 8 * SECOND)).await });
    let started = Instant::now();
    stop(delivery).await;
    assert!(started.elapsed() < 6 * SECOND, "{:?}", started.elapsed());
    assert_eq!(code(&pending.await.unwrap()), Some("stopping"));
}

#[test]
fn a_shell_that_never_got_a_sink_stops_all_the_same() {
    let authority = Authority::new();
    let delivery = Delivery::start(config(Vec::new(), authority.root()), Rows::of([])).unwrap();
    let started = Instant::now();
    delivery.shutdown();
    assert!(started.elapsed() < 5 * SECOND);
}
