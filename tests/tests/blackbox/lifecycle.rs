//! Start, stop, and configurations that are wrong.

use std::net::UdpSocket;
use std::process::{Command, Output};

use offhook_tests::{Site, free_port};

fn offhook(arguments: &[&str], folder: &std::path::Path) -> Output {
    Command::new(offhook_tests::binary())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn serve(config: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("offhook.toml"), config).unwrap();
    let output = offhook(&["serve", "--config", "offhook.toml"], folder.path());
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn all_mistakes_of_a_configuration_are_told_together() {
    let config =
        "[node]\nnumber = 4096\n[sip]\nudp = [\"nowhere\"]\n[http]\nlissten = \"127.0.0.1:0\"\n";
    let (status, message) = serve(config);
    assert_eq!(status, Some(64), "{message}");
    for (line, key) in [
        ("2", "node.number"),
        ("4", "sip.udp"),
        ("6", "http.lissten"),
    ] {
        assert!(
            message.contains(key) && message.contains(line),
            "{key} in line {line}: {message}"
        );
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (status, message) = serve(&format!(
        "[sip]\nudp = [\"127.0.0.1:{port}\"]\ntcp = []\n[http]\nlisten = \"127.0.0.1:0\"\n[media]\nrtp_ports = \"0\"\n"
    ));
    assert_eq!(status, Some(1), "{message}");
    assert!(message.contains(&port.to_string()), "{message}");
}

#[test]
fn a_data_folder_that_cannot_be_made_is_named() {
    let (status, message) = serve(&format!(
        "[node]\ndata_dir = \"/proc/offhook\"\n[sip]\nudp = [\"127.0.0.1:{}\"]\ntcp = []\n[http]\nlisten = \"127.0.0.1:0\"\n",
        free_port()
    ));
    assert_eq!(status, Some(1), "{message}");
    assert!(message.contains("/proc/offhook"), "{message}");
}

#[test]
fn a_configuration_can_be_checked_without_starting() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.toml"), "[node]\nname = \"n7\"\n").unwrap();
    std::fs::write(folder.path().join("bad.toml"), "[node]\nnama = \"n7\"\n").unwrap();
    assert_eq!(
        offhook(&["config", "check", "--config", "good.toml"], folder.path())
            .status
            .code(),
        Some(0)
    );
    let bad = offhook(&["config", "check", "--config", "bad.toml"], folder.path());
    assert_eq!(bad.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("nama"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_ends_it_with_zero_and_it_starts_again_with_all_its_data() {
    let mut site = Site::start().await;
    let bob = site.user("2002").await;
    let status = site.offhook.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", site.offhook.output());
    site.offhook.start_again().await;
    let phone = site
        .rest
        .get(&format!("/phones/{}", bob.phone_id))
        .await
        .expect(200);
    assert_eq!(phone["data"]["username"], bob.username.as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_and_health_are_told_at_the_root() {
    let site = Site::start().await;
    for path in ["healthz", "readyz"] {
        let answer = site.rest.get_at_root(path).await;
        assert_eq!(answer, 200, "{path}");
    }
}
