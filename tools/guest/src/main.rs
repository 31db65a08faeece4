// SPDX-License-Identifier: GPL-2.0-only
//! PID 1 of the virtual machines in which the union file system is tested. The kernel command line chooses a mode:
//! `union.mode=test` runs scenarios and reports in KTAP over a virtio-serial port, `union.mode=cut` works on a disk
//! until the machine is killed or checks it afterwards, `union.mode=run` runs one command on a Debian root that is a
//! union, `union.mode=shell` gives a shell there. The machine is always switched off afterwards; unreported results do
//! not count.

mod boot;
mod checkers;
mod cut;
mod health;
mod modules;
mod port;
mod root;
mod suite;

use anyhow::{Result, bail};

use boot::CommandLine;

fn main() {
    let result = start();
    if let Err(error) = &result {
        eprintln!("union-guest: {error:#}");
        if let Ok(mut port) = port::open(port::VERDICT) {
            use std::io::Write;
            let _ = writeln!(port, "Bail out! {error:#}");
        }
    }
    boot::power_off();
}

fn start() -> Result<()> {
    if std::process::id() != 1 {
        bail!("this program is the first process of a test machine; start it with union-vm");
    }
    boot::mount_kernel_file_systems()?;
    let line = CommandLine::read()?;
    modules::load_listed()?;
    match line.get("mode").unwrap_or("none") {
        "test" => suite::run(&line),
        "cut" => cut::run(&line),
        "run" => root::run_command(&line),
        "shell" => root::shell(&line),
        other => {
            bail!("union.mode={other} on the kernel command line: expected test, cut, run or shell")
        }
    }
}
