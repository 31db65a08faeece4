// SPDX-License-Identifier: GPL-2.0-only
//! `mount.union`: mounts the `union` file system.
//!
//! It is called in three ways:
//!
//! - by mount(8), as the helper of the file system type `union`;
//! - by podman and buildah, as their `mount_program`;
//! - by hand, for instance in an initramfs.
//!
//! The layers go to the kernel one by one through fsconfig(2), so neither their number nor the length of their paths
//! is limited, and a failure is reported with the option that caused it and the kernel's own explanation.

mod additions;
mod cli;
pub mod escape;
pub mod failure;
mod fs_context;
mod hints;
mod idmap;
mod kernel_module;
mod mount;
pub mod mountinfo;
mod options;
mod podman;
mod remount;
mod seeds;
mod upper;

use std::process::ExitCode;

use cli::{Command, Request};
use failure::{Failure, Result, Status};
use options::Options;

/// The program.
pub fn main() -> ExitCode {
    // A panic has printed its own message by the time it arrives here.
    let result = std::panic::catch_unwind(run).unwrap_or_else(|_| {
        Err(Failure::new(
            Status::Internal,
            "this is a defect of mount.union; please report it",
        ))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<()> {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == idmap::HOLD)
    {
        return idmap::hold();
    }
    match cli::parse(std::env::args_os())? {
        Command::Help => print!("{}", cli::HELP),
        Command::Version => print!("mount.union {}", include_str!("../../../rust/version")),
        Command::Mount(request) => execute(&request)?,
    }
    Ok(())
}

fn execute(request: &Request) -> Result<()> {
    if let Some(namespace) = &request.namespace {
        mount::enter_namespace(namespace)?;
    }
    if remount::is_wanted(&request.options) {
        let arguments = remount::escaped(&request.dir, &request.options)?;
        remount::remount(request, &Options::parse(&arguments, request.form())?)
    } else {
        mount::mount(request, &Options::parse(&request.options, request.form())?)
    }
}
