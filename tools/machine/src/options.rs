// SPDX-License-Identifier: GPL-2.0-only
//! The common options of the programs. Options that are not on the command line are taken from the environment, where
//! make has its variables (`make help`). An empty variable is ignored: make exports also those that nobody has set.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{FalseyValueParser, Resettable};
use clap::{Args, Command, Parser};

/// Of every machine.
#[derive(Args, Clone)]
pub struct Common {
    /// Kernel release in the cache; the default is the one scripts/setup chose.
    #[arg(long, value_name = "ABI", env = "KERNEL")]
    pub kernel: Option<String>,
    /// Give up on a machine after so many seconds.
    #[arg(long, value_name = "S", env = "TIMEOUT")]
    pub timeout: Option<u64>,
    /// Show the console, and every case.
    #[arg(short, long, env = "V", value_parser = FalseyValueParser::new())]
    pub verbose: bool,
}

impl Common {
    /// The time limit, with a default in seconds.
    pub fn limit(&self, usual: u64) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(usual))
    }
}

/// Of a machine that our guest program runs in.
#[derive(Args, Clone)]
pub struct Guest {
    /// Type of file system: overlay puts the kernel's overlayfs in the place of the union.
    #[arg(long, value_name = "TYPE", env = "FSTYPE", default_value = "union")]
    pub fstype: String,
    /// The guest program, if not out/bin/union-guest.
    #[arg(long, value_name = "FILE")]
    pub guest: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Parses the command line.
pub fn parse<Options: Parser>() -> Options {
    let matches = without_empty(Options::command()).get_matches();
    Options::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Leaves out the variables that are set to nothing.
fn without_empty(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let variable = arg.get_env().and_then(std::env::var_os);
        match variable.is_some_and(|value| value.is_empty()) {
            true => arg.env(Resettable::Reset),
            false => arg,
        }
    });
    command.mut_subcommands(without_empty)
}
