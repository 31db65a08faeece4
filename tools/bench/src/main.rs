// SPDX-License-Identifier: GPL-2.0-only
//! Measures a union against the file system of its upper layer, overlayfs, fuse-overlayfs and mergerfs. The program
//! runs twice: on the host it starts virtual machines, collects their results and shows them ([`host`]); inside a
//! machine, as `union-bench guest`, it makes the layers and measures ([`guest`]). They communicate by [`report`].

mod chart;
mod compare;
mod counters;
mod guest;
mod host;
mod plan;
mod report;
mod results;
mod rows;
mod site;
mod stage;
mod subject;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use union_machine::{events, options};

#[derive(Parser)]
#[command(name = "union-bench", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure in virtual machines; print a table, write the results and a chart.
    Run(host::Request),
    /// Measure in this machine and report (union-bench run does that).
    Guest(guest::Request),
    /// List the rows.
    List,
}

/// How time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In instructions, one a nanosecond, of one processor that is emulated; layers are in memory.
    Icount,
    /// By the clock on the wall, on several processors; layers are on a virtual disk.
    Wall,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Icount => "icount",
            Self::Wall => "wall",
        }
    }
}

fn main() -> ExitCode {
    events::exit("union-bench", start(options::parse()))
}

fn start(cli: Cli) -> Result<bool> {
    match cli.command {
        Command::Run(request) => host::run(&request),
        Command::Guest(request) => guest::run(&request).map(|()| true),
        Command::List => {
            for row in rows::ALL {
                println!("{:20} {}", row.name, row.about);
                for (subject, why) in row.without {
                    println!("{:20}   without {}: {why}", "", subject.name());
                }
            }
            Ok(true)
        }
    }
}
