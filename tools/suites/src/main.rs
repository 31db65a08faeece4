// SPDX-License-Identifier: GPL-2.0-only
//! Runs programs that test file systems on a plain file system and on a union over the same type, and compares. The
//! program runs twice: on the host it starts virtual machines and judges ([`host`]); inside a machine, as `union-suites
//! guest`, it makes the layers and runs the suites ([`guest`]). They communicate by [`report`].

mod bench;
mod compare;
mod guest;
mod host;
mod known;
mod layers;

mod report;
mod suites;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use union_machine::{events, options};

#[derive(Parser)]
#[command(name = "union-suites", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run suites in virtual machines and compare; the last line is "N passed, N failed".
    Run(host::Request),
    /// Run suites in this machine and report (union-suites run does that).
    Guest(GuestArgs),
    /// List the suites, and what of them is left out.
    List,
}

#[derive(Args)]
struct GuestArgs {
    /// Type of the upper layer, and of the plain file system.
    #[arg(long)]
    upper: String,
    /// Type of the union.
    #[arg(long)]
    fstype: String,
    /// Where to keep what the suites print.
    #[arg(long)]
    logs: PathBuf,
    /// The suites.
    #[arg(required = true)]
    suites: Vec<String>,
}

fn main() -> ExitCode {
    events::exit("union-suites", start(options::parse()))
}

fn start(cli: Cli) -> Result<bool> {
    match cli.command {
        Command::Run(request) => host::run(&request),
        Command::Guest(args) => {
            let suites = suites::chosen(&args.suites)?;
            guest::run(&args.upper, &args.fstype, &args.logs, &suites)?;
            Ok(true)
        }
        Command::List => {
            for suite in suites::ALL {
                println!("{:12} {}", suite.name, suite.about);
                for (name, why) in suite.left_out {
                    println!("{:12}   without {name}: {why}", "");
                }
            }
            Ok(true)
        }
    }
}
