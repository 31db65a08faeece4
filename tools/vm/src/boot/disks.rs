// SPDX-License-Identifier: GPL-2.0-only
//! The disks of an installed system: what is made for its changes, and what is on them afterwards.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use union_machine::disks::{copy, run, scratch};
use union_machine::paths::Places;

use super::cases::Top;

/// Makes a file system for the persistence of live-boot, with these lines in its persistence.conf.
const PERSISTENCE: &str = "d=$(mktemp -d) && printf \"$0\\n\" >$d/persistence.conf && \
     mkfs.ext4 -q -F -L persistence -d $d \"$1\" && rm -r $d";

/// Opens the disk of `Top::Luks`.
pub const PASSPHRASE: &str = "correct horse";

/// That disk; few iterations, because security does not matter here. The first argument is the
/// passphrase.
const LUKS: &str = "d=$(mktemp -d) && echo '/ union' >$d/persistence.conf && truncate -s 100M \"$1.raw\" && \
     mkfs.ext4 -q -F -L persistence -d $d \"$1.raw\" && rm -r $d && \
     qemu-img convert -f raw -O luks --object secret,id=key,data=\"$0\" -o key-secret=key,iter-time=20 \"$1.raw\" \"$1\" && \
     rm \"$1.raw\"";

/// The disk of `Top::File`.
const FILE: &str = "d=$(mktemp -d) && e=$(mktemp -d) && echo '/ union' >$d/persistence.conf && \
     truncate -s 100M $e/persistence && mkfs.ext4 -q -F -d $d $e/persistence && \
     mkfs.ext4 -q -F -d $e \"$0\" && rm -r $d $e";

/// The disk for the changes of a boot, in the file `path`; false if there is to be none.
pub fn boot_top(places: &Places, top: Top, folder: &Path, path: &Path) -> Result<bool> {
    if let Some(made) = top.file() {
        copy(&folder.join(made), path)?;
        return Ok(true);
    }
    let (name, mkfs): (_, &[&str]) = match top {
        Top::Absent | Top::Partition | Top::Packages | Top::Image => return Ok(false),
        Top::Empty => {
            fs::File::create(path)?.set_len(64 << 20)?;
            return Ok(true);
        }
        Top::Ext4 => (
            "boot-ext4",
            &[
                "mkfs.ext4",
                "-q",
                "-F",
                "-L",
                "changes",
                "-U",
                "5ca1ab1e-0000-4000-8000-000000000001",
            ],
        ),
        Top::Btrfs => ("boot-btrfs", &["mkfs.btrfs", "-q", "-f"]),
        Top::Damaged => (
            "boot-damaged",
            &[
                "sh",
                "-c",
                "mkfs.ext4 -q -F \"$0\" && debugfs -w -R 'clri <2>' \"$0\" && \
                 debugfs -w -R 'ssv state 2' \"$0\"",
            ],
        ),
        Top::Xfs => ("boot-xfs", &["mkfs.xfs", "-q", "-f"]),
        Top::Layer => (
            "boot-layer",
            &[
                "sh",
                "-c",
                "d=$(mktemp -d) && chmod 755 $d && mkdir $d/upper $d/work && \
                 mkfs.ext4 -q -F -L changes -d $d \"$0\" && rm -r $d",
            ],
        ),
        Top::Persistence => ("boot-persistence", &["sh", "-c", PERSISTENCE, "/ union"]),
        Top::Directories => (
            "boot-directories",
            &["sh", "-c", PERSISTENCE, "/var/lib union\\n/srv union"],
        ),
        Top::Luks => ("boot-luks", &["sh", "-c", LUKS, PASSPHRASE]),
        Top::File => ("boot-file", &["sh", "-c", FILE]),
        Top::Volatile => (
            "boot-marked",
            &[
                "sh",
                "-c",
                "d=$(mktemp -d) && mkdir -p $d/upper $d/work/work/incompat/volatile && \
                 mkfs.ext4 -q -F -d $d \"$0\" && rm -r $d",
            ],
        ),
        Top::Overlayroot => (
            "boot-overlayroot",
            &[
                "sh",
                "-c",
                "d=$(mktemp -d) && chmod 755 $d && mkdir -p $d/overlay/var/lib $d/overlay-workdir/_ && \
                 echo mark >$d/overlay/var/lib/union-test && mkfs.ext4 -q -F -L changes -d $d \"$0\" && rm -r $d",
            ],
        ),
        Top::Swap => ("boot-swap", &["mkswap", "-q"]),
    };
    copy(&scratch(places, name, mkfs, 400)?, path)?;
    Ok(true)
}

/// Evidence that the file systems of such a disk were not unmounted, or are damaged.
pub fn unclean_top(places: &Places, top: Top, disk: &Path) -> Result<Vec<String>> {
    let mut wrong = match top.is_ext4() {
        true => unclean(places, disk)?,
        false => Vec::new(),
    };
    // Its decrypted contents.
    let command: &[&str] = match top {
        Top::File => &["sh", "-c", "debugfs -R \"dump persistence $1\" \"$0\""],
        Top::Luks => &[
            "sh",
            "-c",
            "qemu-img convert --object secret,id=key,data=\"$0\" -O raw \
             --image-opts driver=luks,key-secret=key,file.filename=\"$1\" \"$2\"",
            PASSPHRASE,
        ],
        _ => return Ok(wrong),
    };
    let inner = disk.with_extension("inner");
    run(places, command, &[disk, &inner])?;
    wrong.extend(
        unclean(places, &inner)?
            .into_iter()
            .map(|line| format!("inside: {line}")),
    );
    fs::remove_file(&inner)?;
    Ok(wrong)
}

/// Takes a file out of an ext4 image.
pub fn take(places: &Places, image: &Path, file: &str, to: &Path) -> Result<()> {
    let _ = fs::remove_file(to);
    let what = format!("dump {file} {}", to.display());
    run(places, &["debugfs", "-R", &what], &[image])?;
    match fs::metadata(to) {
        Ok(data) if data.len() > 0 => Ok(()),
        _ => bail!("{} has no {file}", image.display()),
    }
}

/// The name of the newest kernel in /boot of an ext4 image.
pub fn newest_kernel(places: &Places, image: &Path) -> Result<String> {
    let output = Command::new(places.repo.join("scripts/enter"))
        .args([
            "sh",
            "-c",
            "debugfs -R 'ls -p /boot' \"$1\" | sed -n 's,.*/vmlinuz-\\([^/]*\\)/.*,\\1,p' | sort -V | tail -n 1",
            "sh",
        ])
        .arg(image)
        .output()
        .context("running debugfs in the build root")?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "" => bail!("{} has no kernel in /boot", image.display()),
        abi => Ok(abi.to_owned()),
    }
}

/// Evidence that an ext4 image was not unmounted, or is damaged.
fn unclean(places: &Places, image: &Path) -> Result<Vec<String>> {
    let output = Command::new(places.repo.join("scripts/enter"))
        .args([
            "sh",
            "-c",
            "dumpe2fs -h \"$1\" 2>&1; e2fsck -fn \"$1\" 2>&1 || echo damaged",
            "sh",
        ])
        .arg(image)
        .output()
        .context("running dumpe2fs in the build root")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let bad = |line: &&str| {
        (line.starts_with("Filesystem features:") && line.contains("needs_recovery"))
            || (line.starts_with("Filesystem state:") && !line.ends_with(" clean"))
            || *line == "damaged"
    };
    let mut wrong: Vec<_> = text.lines().filter(bad).map(str::to_owned).collect();
    if !text.contains("Filesystem state:") {
        wrong.push(format!("dumpe2fs says: {text}"));
    }
    Ok(wrong)
}
