// SPDX-License-Identifier: GPL-2.0-only
//! `union`: shows the state of mounted unions, restores deleted names, and completes the upper layer.

mod directory;
mod fallthrus;
mod layers;
mod regular;
mod restore;
mod settle;
mod stats;
mod status;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Look into mounted unions, bring deleted names back, and complete the upper layer
#[derive(Parser)]
#[command(name = "union", version = include_str!("../../../rust/version").trim_end(), after_help = "union(8) says more.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring back what was deleted from a lower layer
    ///
    /// Removes the whiteout that hides the name, so that it shows what the lower layers hold. What was deleted from the
    /// upper layer is gone.
    Restore {
        /// What to bring back: a name that is not there, in a directory of a union
        #[arg(required = true)]
        path: Vec<PathBuf>,
        /// Print the results for programs
        #[arg(long)]
        json: bool,
    },
    /// Print what the lower layers contribute to a directory
    ///
    /// Each name with its type, inode number, and the lower layers that have something there, of which the first one
    /// shows. What the upper layer adds, replaces or hides does not count. Needs CAP_SYS_ADMIN where the union was mounted.
    Fallthrus {
        /// A directory of a union
        dir: PathBuf,
        /// Print the set for programs
        #[arg(long)]
        json: bool,
    },
    /// Copy the data that changed files still have in a lower layer to the upper layer
    ///
    /// A change of attributes or of the name copies no data, and a write to a large file only what it covers. overlayfs
    /// refuses such a file, or the whole upper layer until all of the union is settled, and programs that read the upper
    /// directory see holes. Files that did not change are left alone. A directory stands for everything below it on the
    /// same mount. Needs the right to write to the files, or CAP_SYS_ADMIN where the union was mounted.
    Settle {
        /// A file or directory of a union
        #[arg(required = true)]
        path: Vec<PathBuf>,
        /// Take the lower files that are there for those of which files were copied up in parts
        ///
        /// Such a file is refused if its lower file is another one now: the layer was exchanged, or unpacked anew. This
        /// says that the data are the same. If they are not, old and new data are mixed. Needs CAP_SYS_ADMIN where the
        /// union was mounted.
        #[arg(long)]
        accept_lower: bool,
        /// Print the results for programs
        #[arg(long)]
        json: bool,
    },
    /// Print how many files have their data in the upper layer, and how many bytes were not copied
    ///
    /// A directory stands for everything below it on the same mount.
    Status {
        /// A file or directory of a union
        #[arg(required = true)]
        path: Vec<PathBuf>,
        /// Print the names of the files that the upper layer has without all of their data, and no figures
        #[arg(long)]
        list: bool,
        /// Print the results for programs
        #[arg(long)]
        json: bool,
    },
    /// Print what mounted unions know of their directories
    Stats {
        /// A directory or file of one union; the default is all that are mounted
        path: Option<PathBuf>,
        /// Print the figures for programs
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Restore { path, json } => restore::restore(&path, json),
        Command::Fallthrus { dir, json } => fallthrus::print(&dir, json).map(|()| true),
        Command::Settle {
            path,
            accept_lower,
            json,
        } => settle::settle(&path, accept_lower, json),
        Command::Status { path, list, json } => status::print(&path, list, json),
        Command::Stats { path, json } => stats::print(path.as_deref(), json).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("union: {error:#}");
            ExitCode::FAILURE
        }
    }
}
