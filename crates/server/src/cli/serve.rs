//! `offhook serve`: runs a node until it is told to stop.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::pin::pin;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::out;
use crate::config::Config;
use crate::node;

/// Starts a node, says so on standard output, has it read its certificate again on each SIGHUP, and stops it on SIGTERM
/// or SIGINT.
pub(super) fn run(config: Config) -> anyhow::Result<()> {
    log_to_stderr("info");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(async {
        // Signals are caught before anything is opened, so that a stop during the start is a clean one too.
        let mut stop = pin!(stop_signal()?);
        let mut hang_up = signal(SignalKind::hangup()).context("catching SIGHUP")?;
        let admin = config.bootstrap.admin_email.clone();
        let running = node::start(config).await?;
        if let Some(password) = running.admin_password() {
            out::line(format_args!(
                "first start: log in as {admin} with the password {password}"
            ))?;
            match running.sign_in_link(&admin) {
                Ok(link) => out::line(format_args!("or open {link} (once, within an hour)"))?,
                Err(error) => tracing::warn!(%error, "no link to sign in by"),
            }
        }
        out::line("offhook ready")?;
        notify("READY=1").unwrap_or_else(
            |error| tracing::warn!(%error, "cannot tell systemd that we are ready"),
        );
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(()) = hang_up.recv() => running.reload().await,
            }
        }
        notify("STOPPING=1")
            .unwrap_or_else(|error| tracing::warn!(%error, "cannot tell systemd that we stop"));
        running.shutdown().await
    })
}

/// Completes when the process is asked to stop.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("catching SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("catching SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Log lines go to standard error: `OFFHOOK_LOG` filters them (`info`, `offhook=debug` …),
/// `OFFHOOK_LOG_FORMAT=json` makes each line a JSON object.
pub(crate) fn log_to_stderr(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("OFFHOOK_LOG");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    if std::env::var_os("OFFHOOK_LOG_FORMAT").is_some_and(|format| format == "json") {
        builder.json().init();
    } else {
        builder
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .init();
    }
}

/// Tells the service manager how we are (`sd_notify(3)`); without one this does nothing.
fn notify(state: &str) -> io::Result<()> {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    notify_at(path.as_encoded_bytes(), state)
}

fn notify_at(path: &[u8], state: &str) -> io::Result<()> {
    let address = match path.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::path::Path::new(&*String::from_utf8_lossy(path)))?,
    };
    UnixDatagram::unbound()?
        .send_to_addr(state.as_bytes(), &address)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_manager_is_told() {
        let name = format!("@offhook-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name.as_bytes()[1..]).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        notify_at(name.as_bytes(), "READY=1").unwrap();
        let mut octets = [0; 64];
        let len = manager.recv(&mut octets).unwrap();
        assert_eq!(&octets[..len], b"READY=1");
    }
}
