// SPDX-License-Identifier: GPL-2.0-only
//! Tasks of any first process: kernel file systems, the command line, switching off.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rustix::mount::MountFlags;
use union_support::mount::mount;

/// Flags: nothing can be executed or opened as a device.
const PLAIN: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);
const FILES: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
const DEVICES: MountFlags = MountFlags::NOSUID.union(MountFlags::NOEXEC);

/// The mounts every mode needs: where, type, flags, options.
const KERNEL_MOUNTS: &[(&str, &str, MountFlags, &str)] = &[
    ("/proc", "proc", PLAIN, ""),
    ("/sys", "sysfs", PLAIN, ""),
    ("/dev", "devtmpfs", MountFlags::NOSUID, "mode=755"),
    ("/dev/pts", "devpts", DEVICES, "mode=620,ptmxmode=666"),
    ("/tmp", "tmpfs", FILES, "mode=1777"),
    ("/run", "tmpfs", FILES, "mode=755"),
];

/// Mounts the table of kernel file systems.
pub fn mount_kernel_file_systems() -> Result<()> {
    mount_kernel_file_systems_below(Path::new("/"))
}

/// The same below another root.
pub fn mount_kernel_file_systems_below(root: &Path) -> Result<()> {
    for (target, fs_type, flags, options) in KERNEL_MOUNTS {
        let target = root.join(target.trim_start_matches('/'));
        fs::create_dir_all(&target).with_context(|| format!("mkdir {}", target.display()))?;
        mount(fs_type, &target, fs_type, *flags, options)?;
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

/// Switches the machine off.
pub fn power_off() -> ! {
    rustix::fs::sync();
    // PID 1 has no other process to ask.
    let _ = rustix::system::reboot(rustix::system::RebootCommand::PowerOff);
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
