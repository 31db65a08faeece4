// SPDX-License-Identifier: GPL-2.0-only
//! A policy for SELinux that allows everything and has three types, for checks of labels. It is in the oldest binary
//! form that the kernel still accepts (`policydb_read()` in security/selinux/ss/policydb.c), which has neither levels
//! nor booleans. A flag in its head allows everything that the policy does not mention.

use std::path::Path;

use crate::bench::Bench;
use crate::sys;

/// The label of unlabelled processes and files.
pub const BASE: &str = "u:object_r:base_t\0";

/// The types; a context is `u:object_r:TYPE`.
const TYPES: [&str; 3] = ["base_t", "shown_t", "below_t"];

/// Classes of objects that can get another label; the kernel requires `process`.
const FILES: [&str; 7] = [
    "file",
    "dir",
    "lnk_file",
    "chr_file",
    "blk_file",
    "sock_file",
    "fifo_file",
];

/// File systems, and whether their labels are stored in `security.selinux` (1) or computed when a file is made (2).
const FILE_SYSTEMS: [(&str, u32); 6] = [
    ("ext4", 1),
    ("xfs", 1),
    ("btrfs", 1),
    ("overlay", 1),
    ("union", 1),
    ("tmpfs", 2),
];

/// The attribute of a label.
pub const LABEL: &str = "security.selinux";

/// Loads the policy, until the machine ends; skipped if the machine was booted with another security module.
pub fn enforce(b: &Bench) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    let modules = b.target("securityfs")?;
    let mounted = sys::mount("securityfs", &modules, "securityfs", 0, b"");
    b.works("mounting securityfs", mounted)?;
    let list = std::fs::read_to_string(modules.join("lsm")).map_err(io)?;
    if !list.split(',').any(|name| name == "selinux") {
        return Err(b.skip(format!(
            "SELinux is not among the security modules ({list}); make test-security boots a machine with it"
        )));
    }
    let control = b.target("selinuxfs")?;
    let mounted = sys::mount("selinuxfs", &control, "selinuxfs", 0, b"");
    b.works("mounting selinuxfs", mounted)?;
    std::fs::write(control.join("load"), policy())
        .map_err(|error| format!("the policy: {error}"))?;
    std::fs::write(control.join("enforce"), "1").map_err(io)
}

/// The label of a file, without its NUL.
pub fn label(b: &Bench, path: &Path) -> Result<String, String> {
    let what = format!("the label of {}", path.display());
    let value = b.works(&what, sys::getxattr(path, LABEL))?;
    Ok(String::from_utf8_lossy(&value)
        .trim_end_matches('\0')
        .to_owned())
}

/// The words of a policy are 32 bits, little endian.
fn policy() -> Vec<u8> {
    /// Magic number, version, the flag to allow what is not mentioned, numbers of tables.
    const HEAD: (u32, u32, u32) = (0xf97c_ff8c, 15, 4);
    let mut p = Writer(Vec::new());
    p.words(&[HEAD.0, 8]).text("SE Linux");
    p.words(&[HEAD.1, HEAD.2, 5, 6]);
    // Sets of permissions that classes share.
    p.words(&[0, 0]);
    // Classes: name, shared set, number; permissions, as many; constraints.
    let classes = 1 + FILES.len() as u32;
    p.words(&[classes, classes, 7, 0, 1, 2, 2, 0])
        .text("process");
    for (number, name) in [(1, "transition"), (2, "dyntransition")] {
        p.words(&[name.len() as u32, number]).text(name);
    }
    for (name, number) in FILES.iter().zip(2..) {
        p.words(&[name.len() as u32, 0, number, 0, 0, 0]).text(name);
    }
    // Roles, with those they dominate, and their types.
    p.words(&[2, 2]);
    for (number, name) in [(1, "object_r"), (2, "r")] {
        p.words(&[name.len() as u32, number]).text(name);
        p.set(1 << (number - 1)).set((1 << TYPES.len()) - 1);
    }
    p.words(&[TYPES.len() as u32, TYPES.len() as u32]);
    for (name, number) in TYPES.iter().zip(1..) {
        p.words(&[name.len() as u32, number, 1]).text(name);
    }
    // A user, who has both roles.
    p.words(&[1, 1, 1, 1]).text("u").set(0b11);
    // A rule: of base_t for base_t of class 1 both permissions are allowed.
    p.words(&[1, 5, 1, 1, 1, 1, 0b11]);
    // Transitions of roles, allowed changes of roles.
    p.words(&[0, 0]);
    // Contexts are user, role, type. The initial ones of the kernel.
    p.words(&[27]);
    for number in 1..=27 {
        p.words(&[number, 1, 2, 1]);
    }
    // Unlabelled file systems, ports, interfaces, nodes.
    p.words(&[0, 0, 0, 0]);
    p.words(&[FILE_SYSTEMS.len() as u32]);
    for (name, behaviour) in FILE_SYSTEMS {
        p.words(&[behaviour, name.len() as u32]).text(name);
        p.words(&[1, 1, 1]);
    }
    // Labels by path.
    p.words(&[0]);
    p.0
}

struct Writer(Vec<u8>);

impl Writer {
    fn words(&mut self, words: &[u32]) -> &mut Self {
        self.0
            .extend(words.iter().flat_map(|word| word.to_le_bytes()));
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend(text.bytes());
        self
    }

    /// A set of numbers below 64: bits of a unit, highest number, units, number of the first bit, bits.
    fn set(&mut self, bits: u64) -> &mut Self {
        self.words(&[64, 64, 1, 0]);
        self.0.extend(bits.to_le_bytes());
        self
    }
}
