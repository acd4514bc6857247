//! The `offhook` binary: shells, configuration, command line, composition root.

mod certificate;
mod cli;
mod config;
mod delivery;
mod demo;
mod dns;
mod media;
mod node;
mod recorder;

fn main() -> std::process::ExitCode {
    cli::run()
}
