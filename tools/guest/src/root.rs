// SPDX-License-Identifier: GPL-2.0-only
//! A Debian root that is a union: the image below, memory for the upper layer.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use rustix::io::Errno;
use rustix::mount::MountFlags;
use rustix::process::{Pid, WaitOptions};
use union_support::disk;
use union_support::mount::{Union, mount, tmpfs};

use crate::boot::{self, CommandLine};
use crate::{modules, port};

/// The command to run, put into the initramfs by the host.
const COMMAND: &str = "/command";
/// Where the shared directory is mounted.
const SHARE: &str = "/mnt/share";

/// Runs the command, passes its output on and reports its exit status.
pub fn run_command(line: &CommandLine) -> Result<()> {
    let command = fs::read_to_string(COMMAND).with_context(|| format!("reading {COMMAND}"))?;
    let mut verdict = port::open(port::VERDICT)?;
    let stdout = port::open(port::STDOUT)?;
    let stderr = port::open(port::STDERR)?;
    enter_root(line)?;
    let mut child = program("/bin/sh", line)
        .arg("-c")
        .arg(&command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting /bin/sh")?;
    let copies = [
        child.stdout.take().map(|pipe| copy(pipe, stdout)),
        child.stderr.take().map(|pipe| copy(pipe, stderr)),
    ];
    let status = wait(&child).context("waiting for the command")?;
    // Maximum wait for a process that still holds the pipes, such as a daemon.
    for thread in copies.into_iter().flatten() {
        for _ in 0..50 {
            if thread.is_finished() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    writeln!(verdict, "exit {}", code(status)).context("reporting the exit status")
}

/// A shell on the console.
pub fn shell(line: &CommandLine) -> Result<()> {
    enter_root(line)?;
    // /dev/console cannot be the terminal of a session.
    let name =
        fs::read_to_string("/sys/class/tty/console/active").context("asking for the console")?;
    let path = Path::new("/dev").join(name.trim());
    let console = File::options()
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    let bash = Path::new("/bin/bash").exists();
    let mut command = program(if bash { "/bin/bash" } else { "/bin/sh" }, line);
    command
        .arg("-l")
        .stdin(console.try_clone()?)
        .stdout(console.try_clone()?)
        .stderr(console);
    // SAFETY: setsid and ioctl may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            libc::ioctl(0, libc::TIOCSCTTY, 0);
            Ok(())
        });
    }
    println!("This root is a union of a read-only image and memory; leave with exit.");
    let shell = command.spawn().context("starting the shell")?;
    wait(&shell).context("waiting for the shell")?;
    Ok(())
}

/// Waits for a child, and reaps orphans, which are children of the first process.
fn wait(child: &Child) -> io::Result<ExitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended == Pid::from_child(child) => {
                return Ok(ExitStatus::from_raw(status.as_raw()));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn program(path: &str, line: &CommandLine) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("HOME", "/root")
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", line.get("term").unwrap_or("dumb"))
        .current_dir(if line.get("share").is_some() {
            SHARE
        } else {
            "/"
        });
    command
}

/// Mounts the union, moves it to `/` and goes there.
fn enter_root(line: &CommandLine) -> Result<()> {
    for directory in ["/lower", "/newroot"] {
        fs::create_dir_all(directory)?;
    }
    if line.fstype() == "union" {
        modules::load_union()?;
    }
    let device = disk::by_serial("root")?;
    mount(device, "/lower", "erofs", MountFlags::RDONLY, "")?;
    tmpfs("/changes", "mode=755")?;
    fs::create_dir_all("/changes/upper")?;
    fs::create_dir_all("/changes/work")?;
    let root = Path::new("/newroot");
    Union::new(line.fstype())
        .lower("/lower")
        .upper("/changes/upper", "/changes/work")
        .mount(root)?;
    boot::mount_kernel_file_systems_below(root)?;
    for name in line.get("scratch").into_iter().flat_map(|s| s.split(',')) {
        let target = root.join("disks").join(name);
        fs::create_dir_all(&target)?;
        let device = disk::by_serial(name)?;
        mount(device, &target, name, MountFlags::empty(), "")?;
    }
    if line.get("share").is_some() {
        let target = root.join(SHARE.trim_start_matches('/'));
        fs::create_dir_all(&target)?;
        let options = "trans=virtio,version=9p2000.L,msize=524288,cache=mmap";
        mount("share", &target, "9p", MountFlags::empty(), options)?;
    }
    std::env::set_current_dir(root)?;
    rustix::mount::mount_move(".", "/").context("moving the root")?;
    std::os::unix::fs::chroot(".").context("chroot")?;
    std::env::set_current_dir("/")?;
    // Test suites expect a loopback interface; its absence is not an error here.
    let _ = Command::new("/sbin/ip")
        .args(["link", "set", "lo", "up"])
        .status();
    Ok(())
}

fn copy(mut from: impl Read + Send + 'static, mut to: File) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        // Not io::copy: it splices from a pipe to a file, and a virtio-serial port fails that.
        let mut buffer = vec![0; 65536];
        while let Ok(count) = from.read(&mut buffer) {
            if count == 0 {
                break;
            }
            if let Err(error) = to.write_all(&buffer[..count]) {
                eprintln!("union-guest: passing on the output of the command: {error}");
                break;
            }
        }
    })
}

fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}
