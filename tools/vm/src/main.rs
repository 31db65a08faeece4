// SPDX-License-Identifier: GPL-2.0-only
//! Boots virtual machines to test the union file system, or to run commands on it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use union_scenarios::catalogue::{Part, Set};
use union_scenarios::instrument::{self, Series};
use union_vm::paths::Places;
use union_vm::qemu::Processors;
use union_vm::{boot, cut, run, signals, test};

#[derive(Parser)]
#[command(name = "union-vm", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the scenarios and checks in a virtual machine.
    Test {
        /// Run only the cases whose name (SHAPE/SCENARIO, check/NAME) matches.
        #[arg(long, value_name = "REGEX")]
        filter: Option<String>,
        /// Run every scenario in every shape, not only in a few of them.
        #[arg(long)]
        all: bool,
        /// Run the cases of --filter in a few shapes, as without it, not in every shape.
        #[arg(long, conflicts_with = "all")]
        spread: bool,
        /// Run every scenario in one shape only.
        #[arg(long, conflicts_with_all = ["all", "spread"])]
        one: bool,
        /// Run the Nth of M parts of the cases only.
        #[arg(long, value_name = "N/M", default_value_t = Part::WHOLE)]
        part: Part,
        /// How many machines share the work; the default is one for each processor.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Write the results to a file, for programs.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// More words for the kernel's command line.
        #[arg(long, value_name = "WORDS", default_value = "")]
        words: String,
        #[command(flatten)]
        machine: MachineArgs,
    },
    /// Run an instrument: cases made from numbers, reported like the scenarios.
    Instrument {
        /// Its name; union-vm list names them.
        name: String,
        /// The first seed.
        #[arg(long, value_name = "S")]
        seed: Option<u64>,
        /// How many seeds.
        #[arg(long, value_name = "N")]
        count: Option<usize>,
        /// How much to do for each seed, in the instrument's own measure.
        #[arg(long, value_name = "N")]
        size: Option<usize>,
        /// Run only the cases whose name (INSTRUMENT/NAME) matches.
        #[arg(long, value_name = "REGEX")]
        filter: Option<String>,
        /// Run the Nth of M parts of the cases only.
        #[arg(long, value_name = "N/M", default_value_t = Part::WHOLE)]
        part: Part,
        /// How many machines share the work; the default is one for each processor.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Write the results to a file, for programs.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        #[command(flatten)]
        machine: MachineArgs,
    },
    /// Kill machines that work on a union, and look at what is left of it.
    Cut {
        /// The seed of the first workload.
        #[arg(long, value_name = "S", default_value_t = 0)]
        seed: u64,
        /// How many seeds; each has a workload on ext4 and one on xfs.
        #[arg(long, value_name = "N", default_value_t = 2)]
        count: usize,
        /// Only the cuts whose name (cut/TYPE-SEED) matches.
        #[arg(long, value_name = "REGEX")]
        filter: Option<String>,
        #[command(flatten)]
        machine: MachineArgs,
    },
    /// Boot an installed Debian from a union, by its own initial ram disk.
    Boot {
        /// Which cases; each set has a script that makes what it boots.
        #[arg(long, value_name = "NAME", default_value = "boot")]
        set: String,
        /// Run only the cases whose name (SET/NAME) matches.
        #[arg(long, value_name = "REGEX")]
        filter: Option<String>,
        /// Only one of several parts of about equal length.
        #[arg(long, value_name = "N/M", default_value_t = Part::WHOLE)]
        part: Part,
        /// What scripts/test-SET has made.
        #[arg(long, value_name = "DIR", default_value = "out/boot")]
        folder: PathBuf,
        /// How many machines at a time; the default is one for each processor.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Kernel release in the cache; the default is the one scripts/setup chose.
        #[arg(long, value_name = "ABI")]
        kernel: Option<String>,
        /// Give up on a boot after so many seconds.
        #[arg(long, value_name = "S", default_value_t = 400)]
        timeout: u64,
        /// Show the console, and every case.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Run a command on a Debian root that is a union; gives its output and exit status.
    Run {
        /// Directory of this machine to be seen at /mnt/share, where the command starts.
        #[arg(long, value_name = "DIR")]
        share: Option<PathBuf>,
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
        machine: MachineArgs,
        /// The command, for /bin/sh -c.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// An interactive shell on a Debian root that is a union.
    Shell {
        /// Directory of this machine to be seen at /mnt/share, where the shell starts.
        #[arg(long, value_name = "DIR")]
        share: Option<PathBuf>,
        #[command(flatten)]
        machine: MachineArgs,
    },
    /// List the cases.
    List,
}

#[derive(Args)]
struct MachineArgs {
    /// Kernel release in the cache; the default is the one scripts/setup chose.
    #[arg(long, value_name = "ABI")]
    kernel: Option<String>,
    /// Type of file system: overlay puts the kernel's overlayfs in the place of the union.
    #[arg(long, value_name = "TYPE", default_value = "union")]
    fstype: String,
    /// Give up after so many seconds.
    #[arg(long, value_name = "S", default_value_t = 3600)]
    timeout: u64,
    /// The guest program, if not out/bin/union-guest.
    #[arg(long, value_name = "FILE")]
    guest: Option<PathBuf>,
    /// Show the console, and every case.
    #[arg(short, long)]
    verbose: bool,
}

impl MachineArgs {
    fn test_request(
        self,
        set: Set,
        part: Part,
        filter: Option<String>,
        jobs: Option<usize>,
        json: Option<PathBuf>,
    ) -> test::Request {
        test::Request {
            set,
            part,
            filter,
            jobs,
            json,
            kernel: self.kernel,
            fstype: self.fstype,
            verbose: self.verbose,
            timeout: Duration::from_secs(self.timeout),
            guest: self.guest,
            words: String::new(),
        }
    }

    fn run_request(self, share: Option<PathBuf>) -> run::Request {
        run::Request {
            kernel: self.kernel,
            fstype: self.fstype,
            share,
            guest: self.guest,
            timeout: Duration::from_secs(self.timeout),
            verbose: self.verbose,
            ..run::Request::default()
        }
    }
}

fn main() -> ExitCode {
    signals::install();
    match start(Cli::parse()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("union-vm: {error:#}");
            // Different from what a test run or a command answers.
            ExitCode::from(125)
        }
    }
}

fn start(cli: Cli) -> Result<u8> {
    match cli.command {
        Command::Test {
            filter,
            all,
            spread,
            one,
            part,
            jobs,
            json,
            words,
            machine,
        } => {
            // Who names cases wants those.
            let set = if one {
                Set::One
            } else if all || (filter.is_some() && !spread) {
                Set::All
            } else {
                Set::Spread
            };
            let mut request = machine.test_request(set, part, filter, jobs, json);
            request.words = words;
            Ok(u8::from(!test::run(&Places::find()?, &request)?))
        }
        Command::Instrument {
            name,
            seed,
            count,
            size,
            filter,
            part,
            jobs,
            json,
            machine,
        } => {
            let instrument = instrument::find(&name).with_context(|| {
                format!("there is no instrument {name:?}; union-vm list names them")
            })?;
            let usual = instrument.usual;
            let series = Series {
                seed: seed.unwrap_or(usual.seed),
                count: count.unwrap_or(usual.count),
                size: size.unwrap_or(usual.size),
            };
            let set = Set::Instrument(instrument, series);
            let request = machine.test_request(set, part, filter, jobs, json);
            Ok(u8::from(!test::run(&Places::find()?, &request)?))
        }
        Command::Cut {
            seed,
            count,
            filter,
            machine,
        } => {
            let request = cut::Request {
                seed,
                count,
                filter,
                kernel: machine.kernel,
                fstype: machine.fstype,
                verbose: machine.verbose,
                timeout: Duration::from_secs(machine.timeout),
                guest: machine.guest,
            };
            Ok(u8::from(!cut::run(&Places::find()?, &request)?))
        }
        Command::Boot {
            set,
            filter,
            part,
            folder,
            jobs,
            kernel,
            timeout,
            verbose,
        } => {
            let request = boot::Request {
                set: boot::cases::find(&set)?,
                filter,
                part,
                kernel,
                folder,
                jobs,
                verbose,
                timeout: Duration::from_secs(timeout),
            };
            Ok(u8::from(!boot::run(&Places::find()?, &request)?))
        }
        Command::Run {
            share,
            image,
            scratch,
            memory,
            cpus,
            icount,
            modules,
            machine,
            command,
        } => {
            let request = run::Request {
                image,
                scratch,
                memory,
                processors: if icount {
                    Processors::Counted
                } else {
                    Processors::Many(cpus)
                },
                modules,
                ..machine.run_request(share)
            };
            let mut out = std::io::stdout();
            let status = run::run(&Places::find()?, &request, &command.join(" "), |data| {
                Ok(out.write_all(data)?)
            })?;
            out.flush()?;
            Ok(status)
        }
        Command::Shell { share, mut machine } => {
            // Nobody watches the time of a shell.
            machine.timeout = u64::MAX / 4;
            let request = run::Request {
                log: "shell".into(),
                ..machine.run_request(share)
            };
            run::shell(&Places::find()?, &request).map(|()| 0)
        }
        Command::List => {
            list();
            Ok(0)
        }
    }
}

fn list() {
    use union_scenarios::{cases, checks, shape};
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
