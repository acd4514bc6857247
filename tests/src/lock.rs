//! Somebody else who writes to a database of the node, as an open shell of sqlite does: until it is let go, nothing can
//! be stored there.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A database that is locked until this is released.
#[derive(Debug)]
pub struct Locked(Child);

impl Locked {
    /// Takes the write lock of a database.
    ///
    /// # Panics
    /// When sqlite is not installed, or does not get it.
    pub async fn take(database: &Path) -> Self {
        let mut command = Command::new("sqlite3");
        command.arg("-batch").arg(database);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let shell = command.kill_on_drop(true).spawn();
        let mut shell = shell.expect("sqlite3 starts: install the package sqlite3");
        let words = b".timeout 10000\nBEGIN IMMEDIATE;\nSELECT 'locked';\n";
        let input = shell.stdin.as_mut().expect("it is piped");
        input.write_all(words).await.unwrap();
        let output = shell.stdout.take().expect("it is piped");
        let mut line = String::new();
        let mut output = BufReader::new(output);
        let said = timeout(Duration::from_secs(20), output.read_line(&mut line)).await;
        said.expect("sqlite3 answers").unwrap();
        assert_eq!(line.trim(), "locked", "{}", database.display());
        Self(shell)
    }

    /// Lets others write again.
    ///
    /// # Panics
    /// When sqlite cannot be ended.
    pub async fn release(mut self) {
        self.0.kill().await.expect("sqlite3 can be ended");
    }
}
