// SPDX-License-Identifier: GPL-2.0-only
//! Health of the kernel after the tests: log, taint, memory of the module.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result};
use union_support::kernel_log;
use union_support::slab::{self, Slab};

/// One line of the kernel log.
pub struct Line {
    level: u8,
    text: String,
}

/// A reader of the kernel log that remembers where it was.
pub struct Log(File);

impl Log {
    /// Starts after the current end of the log.
    pub fn open() -> Result<Self> {
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open("/dev/kmsg")
            .context("opening /dev/kmsg")?;
        let mut log = Self(file);
        log.news();
        Ok(log)
    }

    /// What was written since the last time.
    pub fn news(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => lines.extend(parse(&String::from_utf8_lossy(&buffer[..count]))),
                // Overwritten before it was read; the next read continues with the rest.
                Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
                Err(_) => break,
            }
        }
        lines
    }
}

/// One record of /dev/kmsg: "priority,sequence,time,flags;text", then lines of properties.
fn parse(record: &str) -> Option<Line> {
    let (head, rest) = record.split_once(';')?;
    let priority: u32 = head.split(',').next()?.parse().ok()?;
    Some(Line {
        level: (priority & 7) as u8,
        text: rest.lines().next()?.to_owned(),
    })
}

/// Forbidden lines: kernel failures, races in the module, and errors of the module unless a case
/// provokes them.
pub fn trouble(lines: &[Line], errors_expected: bool) -> Vec<String> {
    let wrong = lines.iter().filter(|line| {
        let bad = kernel_log::is_failure(&line.text) && !line.text.contains(RACE);
        let error = line.level <= 3 && line.text.starts_with("union:");
        bad || (error && !errors_expected)
    });
    let wrong = wrong.map(|line| format!("kernel log: {}", line.text));
    wrong.chain(races(lines)).collect()
}

/// How a report of KCSAN begins.
const RACE: &str = "BUG: KCSAN:";

/// The reports of KCSAN in which one of both accesses is in code of the module.
///
/// The kernel has many other data races, most of them harmless.
fn races(lines: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, first) in lines.iter().enumerate() {
        if !first.text.contains(RACE) {
            continue;
        }
        let report: Vec<&str> = lines[number..]
            .iter()
            .map(|line| line.text.as_str())
            .take_while(|text| !text.starts_with("====="))
            .collect();
        // "write to 0x... of 8 bytes by task 7 on cpu 1:", then the stack, the access first.
        let accesses = report
            .windows(2)
            .filter(|pair| pair[0].contains(" bytes by "))
            .map(|pair| pair[1]);
        if accesses.into_iter().any(|frame| frame.contains("[union]")) {
            found.extend(report.iter().map(|text| format!("kernel log: {text}")));
        }
    }
    found
}

/// Reserves the console for a crashing kernel, which then prints everything.
///
/// Printing thousands of provoked errors on a serial line would take longer than the tests; the log
/// has them. Not for kernels with checkers, whose reports are also errors and precede the crash.
pub fn only_emergencies() -> Result<()> {
    const LEVEL: &str = "/proc/sys/kernel/printk";
    fs::write(LEVEL, "1").with_context(|| format!("writing {LEVEL}"))
}

/// The kernel's taint flags, but for the one that fanotify(7) sets when it is asked for permission events.
pub fn taint() -> Result<u64> {
    const TAINT_AUX: u64 = 1 << 16;
    let text = fs::read_to_string("/proc/sys/kernel/tainted")?;
    let flags: u64 = text.trim().parse()?;
    Ok(flags & !TAINT_AUX)
}

/// Slab caches of the module that have objects in use.
///
/// The kernel counts free objects of per-CPU stores as used, and frees some objects only after a
/// grace period: the caches are shrunk and checked again before an error is reported.
pub fn slabs_in_use() -> Result<Vec<Slab>> {
    let mut used = Vec::new();
    for _ in 0..20 {
        used = slabs()?;
        used.retain(|slab| slab.active > 0);
        if used.is_empty() {
            break;
        }
        used.iter().for_each(Slab::shrink);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Ok(used)
}

/// Slab caches of the module.
pub fn slabs() -> Result<Vec<Slab>> {
    let mut caches = slab::caches().context("reading /proc/slabinfo")?;
    caches.retain(|slab| slab.name.starts_with("union"));
    Ok(caches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_count_unless_expected() {
        let lines: Vec<Line> = [
            "3,1,2,-;union: bad option\n SUBSYSTEM=x\n",
            "6,2,3,-;union: hello",
        ]
        .into_iter()
        .filter_map(parse)
        .collect();
        assert_eq!(trouble(&lines, false), ["kernel log: union: bad option"]);
        assert!(trouble(&lines, true).is_empty());
    }

    #[test]
    fn only_races_of_the_module_count() {
        let report = |frame: &str| -> Vec<Line> {
            let texts = [
                "BUG: KCSAN: data-race in a / b",
                "",
                "write to 0x1 of 8 bytes by task 7 on cpu 1:",
                frame,
                " vfs_read+0x1/0x2",
                "=====",
                "after",
            ];
            let records = texts.map(|text| format!("3,1,2,-;{text}\n"));
            records.iter().filter_map(|record| parse(record)).collect()
        };
        assert!(trouble(&report(" ext4_read+0x1/0x2"), false).is_empty());
        let ours = trouble(&report(" read+0x1/0x2 [union]"), false);
        assert_eq!(ours.len(), 5, "{ours:?}");
    }

    #[test]
    fn a_warning_always_counts() {
        let lines: Vec<Line> = parse("4,1,2,-;WARNING: CPU: 0 PID: 1 at fs/x.c:1")
            .into_iter()
            .collect();
        assert_eq!(trouble(&lines, true).len(), 1);
    }
}
