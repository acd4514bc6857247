//! tshark as a reader of packet traces.

use std::io::{ErrorKind, Write as _};

use tempfile::NamedTempFile;
use tokio::process::Command;

/// The fields named, of each packet of a trace; those of a field that a packet has several times are divided by commas.
/// The ports given are taken for SIP. Checksums are checked.
///
/// # Panics
/// When tshark is not installed or cannot read the file.
pub async fn tshark(trace: &[u8], sip_ports: &[u16], fields: &[&str]) -> Vec<Vec<String>> {
    let mut file = NamedTempFile::with_suffix(".pcap").unwrap();
    file.write_all(trace).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file.path());
    for port in sip_ports {
        command.args(["-d", &format!("udp.port=={port},sip")]);
        command.args(["-d", &format!("tcp.port=={port},sip")]);
    }
    for layer in ["ip", "tcp", "udp"] {
        command.args(["-o", &format!("{layer}.check_checksum:TRUE")]);
    }
    command.args(["-T", "fields", "-E", "separator=/t"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = match command.output().await {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("tshark is missing: install the package tshark")
        }
        Err(error) => panic!("tshark cannot be started: {error}"),
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}
