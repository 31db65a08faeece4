// SPDX-License-Identifier: GPL-2.0-only
//! UEFI with Secure Boot: the firmware starts shim, shim starts GRUB, and GRUB the kernel, each
//! only with a signature that its predecessor trusts. Without it QEMU loads the kernel directly.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::qemu;

/// The names of its parts, in a folder.
const CODE: &str = "code.fd";
const VARIABLES: &str = "vars.fd";

/// Where the firmware finds the program that it starts from a disk, shim the program that it starts, and Debian's GRUB
/// its settings.
const SHIM: (&str, &str) = ("shim.efi", "EFI/BOOT/BOOTX64.EFI");
const GRUB: (&str, &str) = ("grub.efi", "EFI/BOOT/grubx64.efi");
const SETTINGS: &str = "EFI/debian/grub.cfg";

/// The arguments of QEMU to start a kernel by the firmware in `folder`; its disk and variables are made in `directory`.
pub fn start(
    folder: &Path,
    kernel: &Path,
    initramfs: &Path,
    words: &str,
    directory: &Path,
) -> Result<Vec<OsString>> {
    let disk = directory.join("esp");
    let copy = |from: &Path, to: &str| -> Result<()> {
        let to = disk.join(to);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(from, &to).with_context(|| format!("copying {}", from.display()))?;
        Ok(())
    };
    for (from, to) in [SHIM, GRUB] {
        copy(&folder.join(from), to)?;
    }
    copy(kernel, "vmlinuz")?;
    copy(initramfs, "initrd")?;
    fs::create_dir_all(disk.join("EFI/debian"))?;
    fs::write(
        disk.join(SETTINGS),
        format!("serial\nterminal_output serial\nlinux /vmlinuz {words}\ninitrd /initrd\nboot\n"),
    )?;
    let variables = directory.join(VARIABLES);
    fs::copy(folder.join(VARIABLES), &variables).context("copying the firmware's variables")?;
    Ok(qemu::firmware(&folder.join(CODE), &variables, &disk))
}
