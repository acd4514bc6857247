//! `offhook demo`: the real server on loopback, simulated phones that place real calls by SIP and RTP, and an
//! HTTPS receiver that checks and shows every event. Nothing has to be installed, set up or opened for it.
//!
//! Users, phones and the webhook are made through the public REST API, as an integrator would.

mod audio;
mod phones;
mod receiver;
mod recording;
mod scenes;
mod screen;
mod site;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::cli::client::Client;
use crate::cli::serve::{log_to_stderr, stop_signal};
use crate::config::{Config, PortRange};
use crate::node;
use receiver::Receiver;
use screen::Viewer;
use site::{ADMIN, Page, Site};

/// How the demo plays.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// The receiver answers 500 to so many events before it accepts one, so that retries can be watched.
    #[arg(long, value_name = "N", default_value_t = 0)]
    receiver_fails: u32,
    /// Play every scene once, see that all came as it should, and stop.
    #[arg(long)]
    once: bool,
}

/// Where HTTP may listen: the first of these that is free.
const HTTP_PORTS: std::ops::Range<u16> = 8080..8180;
/// How long the last events may take to arrive once the last scene is over.
const LAST_EVENTS: Duration = Duration::from_secs(30);

/// Plays until stopped, or once.
pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    log_to_stderr("warn");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(play(options))
}

async fn play(options: Options) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let folder = TempDir::with_prefix("offhook-demo-").context("making a folder for the data")?;
    let (screen, mut viewer) = screen::channel();
    let receiver = Receiver::start(folder.path(), options.receiver_fails, screen.clone()).await?;
    let running = node::start(configure(folder.path(), &receiver)?).await?;
    let password = running
        .admin_password()
        .context("a new node has no admin password")?;
    let sip = running
        .sip_udp_addr()
        .context("the node has no UDP listener")?;
    let line = phones::Line::to_the_world().await;
    let site = Site::build(running.http_addr(), password, &receiver, line.address())
        .await
        .context("setting the demo up by REST")?;
    let page = Page {
        link: running.sign_in_link(ADMIN)?,
        password,
    };
    screen.say(site.welcome(sip, &receiver, &page)).await;

    let cast = phones::Cast::start(&site, line, sip, &screen).await?;
    let mut scenes = tokio::spawn(scenes::play(cast, options.once, screen));
    let outcome = tokio::select! {
        shown = viewer.show() => shown,
        () = stop => Ok(()),
        outcome = &mut scenes => finish(outcome, &site.client, &receiver, &mut viewer).await,
    };
    scenes.abort();
    // Calls that are up end with their events; the receiver is there to take them.
    let stopped = running.shutdown().await;
    viewer.show_rest()?;
    outcome.and(stopped)
}

/// Once all scenes were played: waits for their last events, and judges.
async fn finish(
    outcome: Result<anyhow::Result<()>, tokio::task::JoinError>,
    client: &Client,
    receiver: &Receiver,
    viewer: &mut Viewer,
) -> anyhow::Result<()> {
    outcome.context("a scene broke off")??;
    let drained = tokio::time::timeout(LAST_EVENTS, nothing_pending(client));
    tokio::select! {
        shown = viewer.show() => shown?,
        drained = drained => drained.context("events are still waiting to be delivered")??,
    }
    viewer.show_rest()?;
    let seen = receiver.seen();
    if seen.forged > 0 {
        bail!("{} requests were not signed as they must be", seen.forged);
    }
    crate::cli::out::line(format_args!(
        "\nAll scenes played: {} events arrived, every signature right.",
        seen.accepted
    ))?;
    Ok(())
}

/// Completes when no delivery waits any more.
async fn nothing_pending(client: &Client) -> anyhow::Result<()> {
    let filter = r#"[{"property":"state","operator":"eq","value":"pending"}]"#;
    let path = format!(
        "/deliveries?limit=1&filter={}",
        crate::cli::client::query_escape(filter)
    );
    loop {
        if client
            .get(&path)
            .await?
            .get("total")
            .and_then(serde_json::Value::as_u64)
            == Some(0)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Loopback only, any free ports, and the receiver's own certificate authority.
fn configure(folder: &Path, receiver: &Receiver) -> anyhow::Result<Config> {
    let mut config = Config::default();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.node.name = "demo".to_owned();
    config.node.data_dir = folder.join("data");
    config.sip.udp = vec![any];
    config.sip.tcp = vec![any];
    config.media.rtp_ports = PortRange::ANY;
    config.http.listen = free_http_address()?;
    config.webhooks.allow_networks = vec![std::net::IpAddr::from(Ipv4Addr::LOCALHOST).into()];
    config.webhooks.extra_roots = vec![receiver.authority().to_owned()];
    Ok(config)
}

/// The listener is closed again at once: another program could take the port before the node does, which then says so.
fn free_http_address() -> anyhow::Result<SocketAddr> {
    HTTP_PORTS
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .find(|address| TcpListener::bind(address).is_ok())
        .with_context(|| {
            format!(
                "no port from {} to {} is free for HTTP",
                HTTP_PORTS.start,
                HTTP_PORTS.end - 1
            )
        })
}
