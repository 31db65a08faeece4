// SPDX-License-Identifier: GPL-2.0-only
//! The architectures of machines; scripts/lib.sh has their build settings.

use std::path::{Path, PathBuf};

/// A processor, by Debian's name of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

impl Architecture {
    /// That of a kernel, which is in the name of its release.
    pub fn of_release(release: &str) -> Self {
        let is_arm64 = ["-arm64", "-arm64-16k"]
            .iter()
            .any(|ending| release.ends_with(ending));
        if is_arm64 { Self::Arm64 } else { Self::Amd64 }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Whether this machine has it.
    pub fn native(self) -> bool {
        match self {
            Self::Amd64 => cfg!(target_arch = "x86_64"),
            Self::Arm64 => cfg!(target_arch = "aarch64"),
        }
    }

    /// Where in a checkout programs that were built for it are.
    pub fn programs(self, repo: &Path) -> PathBuf {
        match self {
            Self::Amd64 => repo.join("out/bin"),
            Self::Arm64 => repo.join("out/bin-arm64"),
        }
    }

    /// The program of QEMU for it.
    pub fn qemu(self) -> &'static str {
        match self {
            Self::Amd64 => "qemu-system-x86_64",
            Self::Arm64 => "qemu-system-aarch64",
        }
    }

    /// The machine type, if there is no default.
    pub fn machine(self) -> &'static [&'static str] {
        match self {
            Self::Amd64 => &[],
            Self::Arm64 => &["-machine", "virt"],
        }
    }

    /// The processor that is emulated.
    ///
    /// x86-64: each byte of a `rep movsb` costs as much as another instruction; without `erms` and `fsrm` kernel and
    /// libraries copy words, which takes a quarter off the time of everything.  Kernels with KASAN do not boot on an
    /// emulated processor with five levels of page tables.
    ///
    /// AArch64: one that runs programs of 32 bits and has pages of 16 KiB too, and does not sign pointers, which is
    /// slow to emulate.
    pub fn emulated(self) -> &'static str {
        match self {
            Self::Amd64 => "max,la57=off,-erms,-fsrm",
            Self::Arm64 => "cortex-a76",
        }
    }

    /// The serial port that is the console.
    pub fn console(self) -> &'static str {
        match self {
            Self::Amd64 => "ttyS0",
            Self::Arm64 => "ttyAMA0",
        }
    }

    /// Words of the kernel command line that only its kernels know.
    pub fn words(self) -> &'static str {
        match self {
            Self::Amd64 => "no_timer_check",
            Self::Arm64 => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_names_it() {
        for (release, expected) in [
            ("7.3.4+deb13-amd64", Architecture::Amd64),
            ("7.3.4-union-debug", Architecture::Amd64),
            ("7.3.4+deb13-arm64", Architecture::Arm64),
            ("7.3.4+deb13-arm64-16k", Architecture::Arm64),
        ] {
            assert_eq!(Architecture::of_release(release), expected, "{release}");
        }
    }
}
