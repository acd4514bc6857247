//! The command line as a shell sees it: what is printed where, and the exit status.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot start the binary has nothing better to do"
)]

use std::net::TcpListener;
use std::process::{Command, Output};

fn offhook(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook"));
    // What the shell of a developer has set must not matter.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OFFHOOK")) {
        command.env_remove(name);
    }
    command.args(arguments).output().expect("the binary starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn three_mistakes_are_told_together_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offhook.toml");
    let data = folder.path().join("data");
    let text = format!(
        "[node]\ndata_dir = {:?}\nnumber = 5000\n[sip]\nudp = [\"localhost:5060\"]\n[htpp]\nlisten = \"127.0.0.1:0\"\n",
        data.display().to_string()
    );
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    for arguments in [["config", "check"], ["config", "print"], ["serve", ""]] {
        let mut arguments = arguments.to_vec();
        arguments.retain(|argument| !argument.is_empty());
        arguments.extend(["--config", &file]);
        let output = offhook(&arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert_eq!(stdout(&output), "");
        let told = stderr(&output);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        for (line, start) in
            lines
                .iter()
                .zip([":3: node.number: ", ":5: sip.udp[0]: ", ":6: htpp: "])
        {
            assert!(line.starts_with(&format!("{file}{start}")), "{line}");
        }
    }
    assert!(!data.exists());
}

#[test]
fn the_configuration_in_force_is_printed_and_can_be_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("printed.toml");
    let printed = offhook(&["config", "print"]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(stdout(&printed).contains("\n[http]\nlisten = \"127.0.0.1:8080\"\n"));
    std::fs::write(&file, &printed.stdout).unwrap();
    let file = file.display().to_string();
    let again = offhook(&["config", "print", "--config", &file]);
    assert_eq!(again.stdout, printed.stdout);
    let checked = offhook(&["config", "check", "--config", &file]);
    assert_eq!(
        (checked.status.code(), stdout(&checked).as_str()),
        (Some(0), "the configuration is valid\n")
    );
}

#[test]
fn a_server_that_is_not_there_is_told_in_words() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let output = offhook(&["call", "list", "--url", &url, "--token", "x"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        format!(
            "offhook: cannot reach {url}: connection refused; is `offhook serve` running there?\n"
        )
    );
}

#[test]
fn an_address_that_is_none_is_told_in_words() {
    let output = offhook(&["call", "show", "1", "--url", "pbx"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("offhook: --url: \"pbx\" is not an address"),
        "{}",
        stderr(&output)
    );
}
