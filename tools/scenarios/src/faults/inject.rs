// SPDX-License-Identifier: GPL-2.0-only
//! Making one allocation, or one block request, fail.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::debugfs;
use crate::errno::Errno;
use crate::process::{self, End};
use crate::sys;

/// What fails.
pub enum Injector {
    /// The n-th time that the calling thread allocates memory, or copies from or to user space.
    Nth,
    /// A request for this disk, by its name in /sys/block: the first one after so many KiB of others.
    Request(String),
}

/// The result of a call with a fault.
pub struct Met {
    /// Its answer.
    pub answer: sys::Result<()>,
    /// Whether the fault happened: a call that ends before does not meet it.
    pub fault: bool,
}

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(120);
/// The file that chooses which fault of a thread happens.
const NTH: &str = "/proc/thread-self/fail-nth";

/// Lets faults happen in everything that can fail, without messages in the log.
pub fn set_up() -> Result<(), String> {
    if !Path::new(NTH).exists() || !debugfs::has("failslab") {
        return Err(
            "this kernel injects no faults; run it with KERNEL=debug (scripts/setup)".into(),
        );
    }
    // Allocations that may wait fail as well, also single pages.
    debugfs::write("failslab/ignore-gfp-wait", "N")?;
    debugfs::write("fail_page_alloc/ignore-gfp-wait", "N")?;
    debugfs::write("fail_page_alloc/ignore-gfp-highmem", "N")?;
    debugfs::write("fail_page_alloc/min-order", "0")?;
    for kind in [
        "failslab",
        "fail_page_alloc",
        "fail_make_request",
        "fail_usercopy",
    ] {
        if debugfs::has(kind) {
            debugfs::write(&format!("{kind}/probability"), "0")?;
            debugfs::write(&format!("{kind}/verbose"), "0")?;
        }
    }
    Ok(())
}

impl Injector {
    /// Runs a call with the `n`th fault, in a process of its own.
    pub fn run(&self, n: u64, call: impl FnOnce() -> sys::Result<()>) -> Result<Met, String> {
        match self {
            Self::Nth => nth(n, call),
            Self::Request(disk) => request(disk, n, call),
        }
    }
}

fn nth(n: u64, call: impl FnOnce() -> sys::Result<()>) -> Result<Met, String> {
    let said = in_child(|| {
        // Reserves memory for the call's own needs, so that it does not fail there.
        drop(std::hint::black_box(vec![1u8; 256 << 10]));
        let control = File::options().read(true).write(true).open(NTH)?;
        control.write_at(n.to_string().as_bytes(), 0)?;
        let answer = call();
        // The remaining count shows whether it happened. Reading it may meet the fault itself, and then nothing did
        // before.
        let mut left = [0; 16];
        let fault = match control.read_at(&mut left, 0) {
            Ok(length) => left[..length].trim_ascii() == b"0",
            Err(_) => false,
        };
        while control.write_at(b"0", 0).is_err() {}
        Ok((answer, fault))
    })?;
    Ok(said)
}

fn request(disk: &str, n: u64, call: impl FnOnce() -> sys::Result<()>) -> Result<Met, String> {
    let set = |name: &str, value: &str| debugfs::write(&format!("fail_make_request/{name}"), value);
    let device = PathBuf::from("/sys/block").join(disk).join("make-it-fail");
    let device = |value: &str| {
        fs::write(&device, value).map_err(|error| format!("{}: {error}", device.display()))
    };
    // Earlier writes do not belong to the call.
    sys::sync();
    set("space", &((n - 1) * 1024).to_string())?;
    set("times", "1")?;
    set("interval", "1")?;
    set("probability", "100")?;
    device("1")?;
    let met = in_child(|| Ok((call(), false)));
    device("0")?;
    set("probability", "0")?;
    let left = debugfs::read("fail_make_request/times")?;
    Ok(Met {
        fault: left.trim() == "0",
        ..met?
    })
}

/// Runs a call in a child, which returns the result and whether the fault happened.
fn in_child(
    work: impl FnOnce() -> std::io::Result<(sys::Result<()>, bool)>,
) -> Result<Met, String> {
    let result = process::run(LIMIT, |out| {
        let said = match work() {
            Ok((answer, fault)) => {
                format!(
                    "{} {}",
                    answer.map_or_else(|error| error.0, |()| 0),
                    u8::from(fault)
                )
            }
            Err(error) => format!("setting the fault up: {error}"),
        };
        let _ = out.write_all(said.as_bytes());
    });
    let (said, end) = result.map_err(|error| format!("starting a process: {error}"))?;
    let said = String::from_utf8_lossy(&said);
    let met = said.split_once(' ').and_then(|(answer, fault)| {
        let answer = match answer.parse().ok()? {
            0 => Ok(()),
            number => Err(Errno(number)),
        };
        Some(Met {
            answer,
            fault: fault == "1",
        })
    });
    match (met, end) {
        (Some(met), End::Done) => Ok(met),
        (_, end) => Err(format!("the process that made the call: {end:?} {said}")),
    }
}
