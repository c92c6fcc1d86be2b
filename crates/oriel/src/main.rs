//! Oriel: a console in a browser for every virtual machine.

mod app;
mod cmd;
mod config;
mod demo_server;
mod doors;
mod linger;
mod listen;
mod openapi;
mod page;
mod screenshots;
mod telemetry;
mod tls;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cmd::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cmd::tell(&error);
            ExitCode::FAILURE
        }
    }
}
