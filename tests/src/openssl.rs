//! OpenSSL as the far end of a TLS connection: it checks certificates, and speaks old versions when told to.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// Makes a handshake, with further options of `openssl s_client`, and gives whether it worked and what was said.
///
/// # Panics
/// When openssl is not installed or does not end.
pub async fn handshake(server: SocketAddr, root: &Path, options: &[&str]) -> (bool, String) {
    let mut command = client(server, root);
    // At the end of its input it closes the connection.
    command.args(options).stdin(Stdio::null());
    let output = timeout(PATIENCE, command.output()).await;
    let output: Output = output.expect("openssl ends").expect(MISSING);
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Sends a message once the server's certificate is believed, and gives what is answered, up to an empty line; nothing
/// when the connection ended before.
///
/// # Panics
/// When openssl is not installed or waits without end.
pub async fn talk_by_openssl(server: SocketAddr, root: &Path, message: &str) -> String {
    let mut command = client(server, root);
    command
        .arg("-quiet")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().expect(MISSING);
    let mut input = child.stdin.take().expect("it is piped");
    // It may have ended before it is given anything.
    input.write_all(message.as_bytes()).await.ok();
    let mut output = child.stdout.take().expect("it is piped");
    let mut answer = Vec::new();
    let answered = async {
        while !answer.ends_with(b"\r\n\r\n") && output.read_buf(&mut answer).await.unwrap() > 0 {}
    };
    timeout(PATIENCE, answered)
        .await
        .expect("an answer or an end");
    String::from_utf8_lossy(&answer).into_owned()
}

fn client(server: SocketAddr, root: &Path) -> Command {
    let mut command = Command::new("openssl");
    command
        .args(["s_client", "-connect", &server.to_string(), "-CAfile"])
        .arg(root)
        .args(["-verify_return_error", "-verify_ip"])
        .arg(server.ip().to_string());
    command
}

const MISSING: &str = "openssl starts: install the package openssl";

const PATIENCE: Duration = Duration::from_secs(20);
