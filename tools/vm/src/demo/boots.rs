// SPDX-License-Identifier: GPL-2.0-only
//! The four boots, and their expected results.

use super::report::Kind;

/// One boot of one machine.
pub struct Boot {
    /// The title of its chapter.
    pub title: &'static str,
    /// The name of its files.
    pub name: &'static str,
    /// The script in the guest.
    pub script: &'static str,
    /// Its upper layer.
    pub changes: Changes,
    /// The steps that the script must report.
    pub steps: &'static [&'static str],
    /// The expected contents of the upper layer, if it is reported.
    pub in_upper: &'static [(Kind, &'static str)],
}

/// An upper layer.
#[derive(Clone, Copy)]
pub enum Changes {
    /// The disk of machine A.
    DiskA,
    /// The disk of machine B.
    DiskB,
    /// A tmpfs.
    Memory,
}

impl Changes {
    /// The name of its disk, if it has one.
    pub fn disk(self) -> Option<&'static str> {
        match self {
            Self::DiskA => Some("changes-a.ext4"),
            Self::DiskB => Some("changes-b.ext4"),
            Self::Memory => None,
        }
    }
}

/// Boot 1.
pub const FIRST: Boot = Boot {
    title: "Boot 1, machine A: change the system",
    name: "boot-1",
    script: "first",
    changes: Changes::DiskA,
    steps: &[
        "root_is_union",
        "system_is_running",
        "package_installed",
        "user_added",
        "lower_file_edited",
        "lower_file_deleted",
        "directory_replaced",
        "databases_made",
        "a_is_alone",
    ],
    in_upper: &[
        (Kind::Whiteout, "/etc/issue.net"),
        (Kind::Opaque, "/etc/skel"),
        (Kind::Copied, "/etc/bash.bashrc"),
        (Kind::Copied, "/etc/login.defs"),
        (Kind::New, "/usr/bin/hello"),
        (Kind::New, "/home/alice/.bashrc"),
    ],
};

/// The second machine, at the same time as boot 1.
pub const OTHER: Boot = Boot {
    title: "Machine B, at the same time, from the same image",
    name: "machine-b",
    script: "other",
    changes: Changes::DiskB,
    steps: &["root_is_union", "system_is_running", "b_is_alone"],
    in_upper: &[],
};

/// Boot 2.
pub const AGAIN: Boot = Boot {
    title: "Boot 2, machine A, same disk: everything is still there",
    name: "boot-2",
    script: "again",
    changes: Changes::DiskA,
    steps: &[
        "root_is_union",
        "system_is_running",
        "package_kept",
        "user_kept",
        "edit_kept",
        "deletion_kept",
        "replacement_kept",
        "databases_kept",
    ],
    in_upper: &[],
};

/// Boot 3.
pub const FRESH: Boot = Boot {
    title: "Boot 3, same image, an empty tmpfs as the upper layer: pristine",
    name: "boot-3",
    script: "fresh",
    changes: Changes::Memory,
    steps: &[
        "root_is_union",
        "system_is_running",
        "nothing_installed",
        "no_user",
        "files_pristine",
    ],
    in_upper: &[],
};
