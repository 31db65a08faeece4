// SPDX-License-Identifier: GPL-2.0-only
//! What any first process has to do: kernel file systems, the command line, switching off.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use union_scenarios::sys;

/// A mount every mode needs.
struct KernelMount {
    target: &'static str,
    fstype: &'static str,
    flags: u64,
    data: &'static str,
}

const KERNEL_MOUNTS: &[KernelMount] = &[
    KernelMount {
        target: "/proc",
        fstype: "proc",
        flags: libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
        data: "",
    },
    KernelMount {
        target: "/sys",
        fstype: "sysfs",
        flags: libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
        data: "",
    },
    KernelMount {
        target: "/dev",
        fstype: "devtmpfs",
        flags: libc::MS_NOSUID,
        data: "mode=755",
    },
    KernelMount {
        target: "/dev/pts",
        fstype: "devpts",
        flags: libc::MS_NOSUID | libc::MS_NOEXEC,
        data: "mode=620,ptmxmode=666",
    },
    KernelMount {
        target: "/tmp",
        fstype: "tmpfs",
        flags: libc::MS_NOSUID | libc::MS_NODEV,
        data: "mode=1777",
    },
    KernelMount {
        target: "/run",
        fstype: "tmpfs",
        flags: libc::MS_NOSUID | libc::MS_NODEV,
        data: "mode=755",
    },
];

/// Mounts the table of kernel file systems.
pub fn mount_kernel_file_systems() -> Result<()> {
    mount_kernel_file_systems_below(Path::new("/"))
}

/// The same below another root.
pub fn mount_kernel_file_systems_below(root: &Path) -> Result<()> {
    for mount in KERNEL_MOUNTS {
        let target = root.join(mount.target.trim_start_matches('/'));
        fs::create_dir_all(&target).with_context(|| format!("mkdir {}", target.display()))?;
        sys::mount(
            mount.fstype,
            &target,
            mount.fstype,
            mount.flags,
            mount.data.as_bytes(),
        )
        .map_err(|error| anyhow::anyhow!("mounting {}: {error}", target.display()))?;
    }
    Ok(())
}

/// The words `union.KEY=VALUE` of the kernel command line.
pub struct CommandLine(Vec<(String, String)>);

impl CommandLine {
    /// Reads it from /proc.
    pub fn read() -> Result<Self> {
        Ok(Self::parse(&fs::read_to_string("/proc/cmdline")?))
    }

    fn parse(text: &str) -> Self {
        let words = text.split_whitespace().filter_map(|word| {
            let (key, value) = word
                .trim_matches('"')
                .strip_prefix("union.")?
                .split_once('=')?;
            Some((key.to_owned(), value.trim_matches('"').to_owned()))
        });
        Self(words.collect())
    }

    /// The last value given for a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.iter().rev();
        values
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The type under test.
    pub fn fstype(&self) -> &str {
        self.get("fstype").unwrap_or("union")
    }
}

/// The virtio disk with this serial number.
pub fn disk(serial: &str) -> Result<PathBuf> {
    let mut seen = Vec::new();
    for entry in fs::read_dir("/sys/block").context("listing /sys/block")? {
        let entry = entry?;
        let Ok(found) = fs::read_to_string(entry.path().join("serial")) else {
            continue;
        };
        if found.trim_end() == serial {
            return Ok(Path::new("/dev").join(entry.file_name()));
        }
        seen.push(found.trim_end().to_owned());
    }
    anyhow::bail!("no virtio disk has the serial number {serial:?}; there are {seen:?}")
}

/// Switches the machine off.
pub fn power_off() -> ! {
    // SAFETY: no pointers; as PID 1 there is nobody left to ask.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_POWER_OFF);
    }
    // Not reached on a machine with ACPI; PID 1 must not return.
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_programs_are_left_alone() {
        let line = CommandLine::parse("console=ttyS0 union.mode=test union.filter=^a.b=c$ ro\n");
        assert_eq!(line.get("mode"), Some("test"));
        assert_eq!(line.get("filter"), Some("^a.b=c$"));
        assert_eq!(line.get("console"), None);
        assert_eq!(line.fstype(), "union");
    }
}
