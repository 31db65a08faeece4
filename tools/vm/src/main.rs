// SPDX-License-Identifier: GPL-2.0-only
//! Boots virtual machines to test the union file system, or to run commands on it.

mod boot;
mod cut;
mod demo;
mod lower_image;
mod programs;
mod test;
mod test_disks;
mod ui;
mod verdict;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use union_machine::options::{self, Guest};
use union_machine::paths::Places;
use union_machine::qemu::Processors;
use union_machine::{run, signals};

#[derive(Parser)]
#[command(name = "union-vm", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the scenarios and checks in a virtual machine.
    Test(test::Scenarios),
    /// Run an instrument: cases made from numbers, reported like the scenarios.
    Instrument(test::Instrument),
    /// Kill machines that work on a union, and look at what is left of it.
    Cut(cut::Request),
    /// Boot an installed Debian from a union, by its own initial ram disk.
    Boot(boot::Request),
    /// Boot a Debian root on a union, and show that it works.
    Demo(demo::Request),
    /// Run a command on a Debian root that is a union; gives its output and exit status.
    Run(RunArgs),
    /// An interactive shell on a Debian root that is a union.
    Shell(Shared),
    /// List the cases.
    List,
}

/// A machine with a Debian root.
#[derive(Args)]
struct Shared {
    /// Directory of this machine to be seen at /mnt/share, where the command or shell starts.
    #[arg(long, value_name = "DIR", env = "SHARE")]
    share: Option<PathBuf>,
    #[command(flatten)]
    guest: Guest,
}

impl Shared {
    fn request(self) -> run::Request {
        run::Request {
            timeout: self.guest.common.limit(run::TIMEOUT),
            kernel: self.guest.common.kernel,
            verbose: self.guest.common.verbose,
            fstype: self.guest.fstype,
            guest: self.guest.guest,
            share: self.share,
            ..run::Request::default()
        }
    }
}

#[derive(Args)]
struct RunArgs {
    /// The Debian image below the root, by its name in the cache.
    #[arg(long, value_name = "NAME", default_value = "root")]
    image: String,
    /// File systems of which an empty disk is wanted, at /disks/NAME.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    scratch: Vec<String>,
    /// Memory of the machine.
    #[arg(long, value_name = "SIZE", default_value = run::MEMORY)]
    memory: String,
    /// Number of processors.
    #[arg(long, value_name = "N", default_value_t = 2)]
    cpus: u32,
    /// One processor whose clock counts instructions: times that do not depend on this machine.
    #[arg(long, conflicts_with = "cpus")]
    icount: bool,
    /// A further module of the kernel, with parameters: 'brd rd_nr=2'; may be repeated.
    #[arg(long = "module", value_name = "MODULE")]
    modules: Vec<String>,
    #[command(flatten)]
    shared: Shared,
    /// The command, for /bin/sh -c.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    match start(options::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("union-vm: {error:#}");
            // Different from the statuses of a test run or a command.
            ExitCode::from(125)
        }
    }
}

fn start(cli: Cli) -> Result<u8> {
    signals::install()?;
    let places = Places::find()?;
    let all_is_well = match cli.command {
        Command::Test(request) => test::scenarios(&places, request)?,
        Command::Instrument(request) => test::instrument(&places, request)?,
        Command::Cut(request) => cut::run(&places, &request)?,
        Command::Boot(request) => boot::run(&places, &request)?,
        Command::Demo(request) => demo::run(&places, &request)?,
        Command::Run(args) => return run(&places, args),
        Command::Shell(shared) => {
            let request = run::Request {
                log: "shell".into(),
                ..shared.request()
            };
            run::shell(&places, &request)?;
            true
        }
        Command::List => {
            list();
            true
        }
    };
    Ok(u8::from(!all_is_well))
}

fn run(places: &Places, args: RunArgs) -> Result<u8> {
    let request = run::Request {
        image: args.image,
        scratch: args.scratch,
        memory: args.memory,
        processors: match args.icount {
            true => Processors::Counted,
            false => Processors::Many(args.cpus),
        },
        modules: args.modules,
        ..args.shared.request()
    };
    let mut out = std::io::stdout();
    let status = run::run(places, &request, &args.command.join(" "), |data| {
        Ok(out.write_all(data)?)
    })?;
    out.flush()?;
    Ok(status)
}

fn list() {
    use union_scenarios::{cases, checks, instrument, shape};
    for scenario in cases::ALL {
        println!("{:28} {}", scenario.name, scenario.about);
    }
    for check in checks::ALL {
        println!("check/{:22} {}", check.name, check.about);
    }
    let shapes: Vec<_> = shape::SHAPES.iter().map(|shape| shape.name).collect();
    println!("shapes: {}", shapes.join(", "));
    for instrument in instrument::ALL {
        println!("instrument {:18} {}", instrument.name, instrument.about);
    }
}
