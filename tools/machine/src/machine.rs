// SPDX-License-Identifier: GPL-2.0-only
//! A running machine, as a stream of events.
//!
//! This file starts QEMU and reports its output. [`crate::verdict`] interprets it, [`crate::ui`]
//! displays it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::disks::Disk;
use crate::firmware;
use crate::paths::{Kernel, Places};
use crate::qemu::{self, Network, Processors};
use crate::signals;

/// What a machine does.
#[derive(Debug)]
pub enum Event {
    /// A line on its console.
    Console(String),
    /// An unfinished line there: it may be a prompt.
    Prompt(String),
    /// A line of its report.
    Verdict(String),
    /// Bytes a command wrote to its standard output.
    Stdout(Vec<u8>),
    /// Bytes a command wrote to its standard error.
    Stderr(Vec<u8>),
    /// It was silent for too long, or ran too long; it is being stopped.
    Stopped(String),
    /// It has ended; all of its output came before.
    Gone,
}

/// What to start.
pub struct Plan<'a> {
    /// The kernel to boot.
    pub kernel: &'a Kernel,
    /// The firmware that starts it, in a folder (see [`crate::firmware`]), if it is to be started by one.
    pub firmware: Option<PathBuf>,
    /// Its first root.
    pub initramfs: Vec<u8>,
    /// Words of the kernel command line besides the usual ones.
    pub words: Vec<String>,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// Its networks.
    pub networks: Vec<Network>,
    /// A directory of the host that the guest sees.
    pub share: Option<PathBuf>,
    /// Whether the ports for the output of a command are wanted.
    pub output: bool,
    /// Memory, as QEMU takes it.
    pub memory: String,
    /// Its processors.
    pub processors: Processors,
    /// Where the console is logged.
    pub log: PathBuf,
    /// When to give up.
    pub timeout: Duration,
    /// Maximum silence of the machine.
    pub silence: Duration,
}

/// A machine that runs; dropping it stops it.
pub struct Machine {
    child: Child,
    events: Receiver<Event>,
    deadline: Instant,
    silence: Duration,
    stopped: bool,
    /// Where its console is written to.
    input: Input,
    /// Where answers to its report are written to.
    answers: Input,
    /// Holds the sockets and the initramfs.
    _directory: tempfile::TempDir,
}

/// Words of the command line of every test machine: any failure of the kernel must end it, and a kernel with KUnit runs
/// the tests of the module.
const KERNEL_WORDS: &str = "loglevel=4 panic=-1 oops=panic panic_on_warn=1 \
     softlockup_panic=1 sysctl.kernel.hung_task_panic=1 sysctl.kernel.hung_task_timeout_secs=40 \
     kunit.enable=1 kunit.autorun=1 mitigations=off rdinit=/init";

impl<'a> Plan<'a> {
    /// A machine with a kernel and a first root, and nothing else; its console goes to the log of this name.
    pub fn new(
        places: &Places,
        kernel: &'a Kernel,
        initramfs: Vec<u8>,
        log: &str,
        timeout: Duration,
    ) -> Result<Self> {
        Ok(Self {
            kernel,
            firmware: None,
            initramfs,
            words: Vec::new(),
            disks: Vec::new(),
            networks: Vec::new(),
            share: None,
            output: false,
            memory: "1G".into(),
            processors: Processors::default(),
            log: places.log_dir()?.join(log),
            timeout,
            silence: timeout,
        })
    }
}

impl Machine {
    /// Boots a machine.
    pub fn start(places: &Places, plan: Plan) -> Result<Self> {
        let directory = scratch_directory()?;
        let (sender, events) = mpsc::channel();
        let mut args = common(&plan, directory.path())?;
        let console = directory.path().join("console");
        let (input, answers) = (Input::default(), Input::default());
        let stream = Stream::Console(plan.log.clone(), input.clone());
        listen(&console, sender.clone(), stream)?;
        args.extend(qemu::console_socket(&console));
        args.extend(qemu::port_bus());
        let mut ports = vec![("union.verdict", Stream::Verdict(answers.clone()))];
        if plan.output {
            ports.push(("union.stdout", Stream::Stdout));
            ports.push(("union.stderr", Stream::Stderr));
        }
        for (name, stream) in ports {
            let socket = directory.path().join(name);
            listen(&socket, sender.clone(), stream)?;
            args.extend(qemu::port(name, &socket));
        }
        drop(sender);
        let messages = File::create(plan.log.with_extension("qemu"))
            .with_context(|| format!("making {}", plan.log.with_extension("qemu").display()))?;
        let child = command(places, &plan, args)
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages)
            .spawn()
            .context("starting scripts/enter")?;
        Ok(Self {
            child,
            events,
            deadline: Instant::now() + plan.timeout,
            silence: plan.silence,
            stopped: false,
            input,
            answers,
            _directory: directory,
        })
    }

    /// Waits for the next event.
    pub fn event(&mut self) -> Event {
        let silent_since = Instant::now();
        loop {
            match self.events.recv_timeout(Duration::from_millis(200)) {
                Ok(event) => return event,
                // Every stream has ended: QEMU is gone, or is about to be.
                Err(RecvTimeoutError::Disconnected) => {
                    self.stop();
                    return Event::Gone;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let exited = matches!(self.child.try_wait(), Ok(Some(_)));
            if exited {
                // A stream without a connection from QEMU would never end.
                return match self.events.recv_timeout(Duration::from_millis(500)) {
                    Ok(event) => event,
                    Err(_) => Event::Gone,
                };
            }
            if self.stopped {
                continue;
            }
            let why = if Instant::now() > self.deadline {
                "it ran longer than the time limit"
            } else if silent_since.elapsed() > self.silence {
                "it printed nothing for too long"
            } else {
                continue;
            };
            self.stop();
            return Event::Stopped(why.to_owned());
        }
    }

    /// Types a line on its console.
    pub fn tell(&self, line: &str) -> Result<()> {
        self.input.write(line).context("writing to the console")
    }

    /// Answers a line of its report.
    pub fn answer(&self, line: &str) -> Result<()> {
        self.answers.write(line).context("answering a report")
    }

    /// From now on this short silence is the limit.
    pub fn hurry(&mut self, silence: Duration) {
        self.silence = self.silence.min(silence);
    }

    /// Kills it, like a power cut; its output can still be read.
    pub fn kill(&mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        self.stopped = true;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Boots a machine whose console is this terminal and waits for its end.
pub fn on_terminal(places: &Places, plan: Plan) -> Result<()> {
    let directory = scratch_directory()?;
    let mut args = common(&plan, directory.path())?;
    args.extend(qemu::console_stdio());
    let status = command(places, &plan, args)
        .status()
        .context("starting scripts/enter")?;
    anyhow::ensure!(status.success(), "QEMU ended with {status}");
    Ok(())
}

/// A directory for sockets, whose paths must be short, and the initramfs; the build root sees /tmp, too.
fn scratch_directory() -> Result<tempfile::TempDir> {
    let directory = tempfile::Builder::new()
        .prefix("union-vm.")
        .tempdir_in("/tmp")
        .context("making a directory for the machine in /tmp")?;
    signals::remove_at_end(directory.path());
    Ok(directory)
}

fn common(plan: &Plan, directory: &Path) -> Result<Vec<OsString>> {
    let initramfs = directory.join("initramfs");
    std::fs::write(&initramfs, &plan.initramfs).context("writing the initramfs")?;
    // The last of several words of a name counts.
    let architecture = plan.kernel.architecture;
    let words = format!(
        "console={} {} {KERNEL_WORDS} {} {} {}",
        architecture.console(),
        architecture.words(),
        plan.processors.kernel_words(),
        plan.kernel.needs.words,
        plan.words.join(" ")
    );
    let mut args = qemu::machine(architecture, plan.processors, &plan.memory);
    let image = &plan.kernel.image;
    args.extend(match &plan.firmware {
        Some(folder) => firmware::start(folder, image, &initramfs, &words, directory)?,
        None => qemu::kernel(image, &initramfs, &words),
    });
    args.extend(qemu::random());
    for disk in &plan.disks {
        args.extend(qemu::disk(disk));
    }
    for (number, network) in plan.networks.iter().enumerate() {
        args.extend(qemu::network(number, network));
    }
    if let Some(share) = &plan.share {
        args.extend(qemu::share(share));
    }
    Ok(args)
}

fn command(places: &Places, plan: &Plan, args: Vec<OsString>) -> Command {
    let mut command = Command::new(places.repo.join("scripts/enter"));
    command.arg(plan.kernel.architecture.qemu()).args(args);
    if let Some(share) = &plan.share {
        let mut bind = share.clone().into_os_string();
        if let Some(more) = std::env::var_os("UNION_BIND") {
            bind.push(":");
            bind.push(more);
        }
        command.env("UNION_BIND", bind);
    }
    // SAFETY: prctl(2) may be called between fork and exec.
    unsafe {
        // A machine must not outlive the program that watches it.
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
    command
}

/// Data for a machine, which may not listen yet.
#[derive(Clone, Default)]
struct Input(Arc<Mutex<Option<UnixStream>>>);

impl Input {
    fn connect(&self, stream: &UnixStream) {
        *self.0.lock().expect("no thread panics") = stream.try_clone().ok();
    }

    fn write(&self, line: &str) -> Result<()> {
        let input = self.0.lock().expect("no thread panics");
        let mut stream = input.as_ref().context("the machine does not listen yet")?;
        Ok(writeln!(stream, "{line}")?)
    }
}

enum Stream {
    Console(PathBuf, Input),
    Verdict(Input),
    Stdout,
    Stderr,
}

/// Waits for QEMU on a socket and turns its output into events.
fn listen(socket: &Path, sender: Sender<Event>, stream: Stream) -> Result<()> {
    let listener =
        UnixListener::bind(socket).with_context(|| format!("binding {}", socket.display()))?;
    std::thread::spawn(move || {
        let Ok((connection, _)) = listener.accept() else {
            return;
        };
        // Errors end the stream; the report is then incomplete.
        let _ = match stream {
            Stream::Console(log, input) => {
                input.connect(&connection);
                console(connection, &log, &sender)
            }
            Stream::Verdict(answers) => {
                answers.connect(&connection);
                lines(connection, |line| sender.send(Event::Verdict(line)).is_ok())
            }
            Stream::Stdout => bytes(connection, |data| sender.send(Event::Stdout(data)).is_ok()),
            Stream::Stderr => bytes(connection, |data| sender.send(Event::Stderr(data)).is_ok()),
        };
    });
    Ok(())
}

fn console(from: UnixStream, log: &Path, sender: &Sender<Event>) -> std::io::Result<()> {
    let mut log = File::create(log)?;
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        let read = reader.fill_buf()?;
        if read.is_empty() && line.is_empty() {
            return Ok(());
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(read.len(), |end| end + 1);
        line.extend_from_slice(&read[..count]);
        let whole = end.is_some() || count == 0;
        let waits = reader.buffer().len() == count && line.ends_with(b": ");
        reader.consume(count);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        if whole {
            let _ = writeln!(log, "{text}");
            line.clear();
        } else if !waits {
            continue;
        }
        let event = match whole {
            true => Event::Console(text),
            false => Event::Prompt(text),
        };
        if sender.send(event).is_err() {
            return Ok(());
        }
    }
}

fn lines(from: UnixStream, mut take: impl FnMut(String) -> bool) -> std::io::Result<()> {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        if !take(text.trim_end_matches(['\r', '\n']).to_owned()) {
            break;
        }
        line.clear();
    }
    Ok(())
}

fn bytes(mut from: UnixStream, mut take: impl FnMut(Vec<u8>) -> bool) -> std::io::Result<()> {
    let mut buffer = vec![0; 65536];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 || !take(buffer[..count].to_vec()) {
            return Ok(());
        }
    }
}
