//! The command line: what can be asked of the binary, and its exit status.

mod call;
pub(crate) mod client;
pub(crate) mod out;
pub(crate) mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use offhook_base::Secret;

use crate::{config, demo};
use client::Client;

/// A configuration that is not valid (`EX_USAGE` of sysexits.h).
const EXIT_CONFIGURATION: u8 = 64;

/// A self-hosted PBX whose call events reach your application.
#[derive(Debug, Parser)]
#[command(name = "offhook", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the PBX.
    Serve(ConfigFile),
    /// Run the PBX on loopback with simulated phones that place real calls, and a receiver for their events.
    Demo(demo::Options),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the calls of a running server.
    Call {
        #[command(subcommand)]
        command: CallCommand,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Args, Debug)]
struct ConfigFile {
    /// TOML file; without it every key has its default. OFFHOOK__SECTION__KEY overrides single keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// List every fault of the configuration.
    Check(ConfigFile),
    /// Print the configuration that is in force.
    Print(ConfigFile),
}

#[derive(Debug, Subcommand)]
enum CallCommand {
    /// List the live calls.
    List,
    /// Show one call, live or ended.
    Show {
        /// The `call_id` of its events.
        id: u64,
        /// Show its SIP messages and webhooks as a ladder.
        #[arg(long)]
        ladder: bool,
    },
}

#[derive(Args, Debug)]
struct Server {
    /// Address of the server.
    #[arg(
        long,
        env = "OFFHOOK_URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    url: String,
    /// API token of a user of it.
    #[arg(long, env = "OFFHOOK_TOKEN", hide_env_values = true, value_parser = secret, global = true)]
    token: Option<Secret<String>>,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form that clap wants of a parser"
)]
fn secret(text: &str) -> Result<Secret<String>, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(file) => with_config(&file, serve::run),
        Command::Demo(options) => demo::run(options).map(|()| ExitCode::SUCCESS),
        Command::Config(ConfigCommand::Check(file)) => with_config(&file, |_| {
            out::line("the configuration is valid").context("standard output")
        }),
        Command::Config(ConfigCommand::Print(file)) => with_config(&file, |config| {
            out::line(config::print(&config)).context("standard output")
        }),
        Command::Call { command, server } => ask(&command, server).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| failure(&error))
}

/// Loads the configuration and goes on with it, or tells all its faults.
fn with_config(
    file: &ConfigFile,
    then: impl FnOnce(config::Config) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    match config::load(file.config.as_deref(), config::read_environment()) {
        Ok(config) => then(config).map(|()| ExitCode::SUCCESS),
        Err(faults) => {
            out::error(faults);
            Ok(ExitCode::from(EXIT_CONFIGURATION))
        }
    }
}

fn ask(command: &CallCommand, server: Server) -> anyhow::Result<()> {
    let client = Client::new(&server.url, server.token)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            CallCommand::List => call::list(&client).await,
            CallCommand::Show { id, ladder } => call::show(&client, *id, *ladder).await,
        }
    })
}

/// Prints an error with its causes, once.
fn failure(error: &anyhow::Error) -> ExitCode {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(closed) {
        // `offhook call list | head`: the reader has what it wanted.
        return ExitCode::SUCCESS;
    }
    out::error(format_args!("offhook: {error:#}"));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_contracts_command_lines_are_understood() {
        for line in [
            "offhook serve",
            "offhook serve --config offhook.toml",
            "offhook demo",
            "offhook demo --receiver-fails 3",
            "offhook config check --config offhook.toml",
            "offhook config print",
            "offhook call list --url http://127.0.0.1:8080 --token abc",
            "offhook call --url http://127.0.0.1:8080 show 42 --ladder",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let parsed =
            Cli::try_parse_from(["offhook", "call", "list", "--token", "hunter2"]).unwrap();
        assert!(!format!("{parsed:?}").contains("hunter2"));
    }
}
