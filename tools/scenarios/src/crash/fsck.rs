// SPDX-License-Identifier: GPL-2.0-only
//! The results of the checkers of ext4, xfs and btrfs for the upper layer's file system, which no union may damage.

use std::path::Path;
use std::process::Command;

const E2FSCK: &str = "/usr/sbin/e2fsck";
const XFS_REPAIR: &str = "/usr/sbin/xfs_repair";
const BTRFS: &str = "/usr/bin/btrfs";

/// The programs, as they are called in the build root.
pub const PROGRAMS: &[&str] = &[E2FSCK, XFS_REPAIR, BTRFS, super::database::PROGRAMS[0]];

/// Checks an unmounted device that was mounted since the power cut; returns its faults.
pub fn check(fstype: &str, device: &Path) -> Vec<String> {
    let (program, options): (_, &[&str]) = match fstype {
        "ext4" => (E2FSCK, &["-f", "-n"]),
        // It refuses file systems of one allocation group.
        "xfs" => (XFS_REPAIR, &["-n", "-o", "force_geometry"]),
        "btrfs" => (BTRFS, &["check", "--readonly"]),
        _ => return vec![format!("no program checks {fstype}")],
    };
    let output = match Command::new(program).args(options).arg(device).output() {
        Ok(output) if output.status.success() => return Vec::new(),
        Ok(output) => output,
        Err(error) => return vec![format!("running {program}: {error}")],
    };
    let text = [output.stdout, output.stderr].concat();
    let mut lines = vec![format!("{program} ends with {}:", output.status)];
    lines.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
    lines
}
