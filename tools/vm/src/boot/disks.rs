// SPDX-License-Identifier: GPL-2.0-only
//! The disks of an installed system: making those for its changes, and checking them afterwards.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use union_machine::disks::{copy, run, scratch};
use union_machine::paths::Places;

use super::cases::Changes;

/// The passphrase of the disk of `Changes::Luks`.
pub const PASSPHRASE: &str = "correct horse";

/// The origin of a disk for changes.
enum Source {
    /// There is no such disk.
    Nothing,
    /// A file that the script of the boots has made.
    Prepared(&'static str),
    /// Zeros.
    Zeros,
    /// A shell script, after [`PRELUDE`], that makes a file system in `$image`.
    Script(&'static str),
}

/// Precedes each script. `$d` is an empty directory, for the contents of the file system.
const PRELUDE: &str = "set -e; passphrase=$0; image=$1; d=$(mktemp -d); trap 'rm -r $d' EXIT; \
     ext4() { mkfs.ext4 -q -F -d $d \"$@\"; }; ";

fn source(changes: Changes) -> Source {
    match changes {
        Changes::Absent => Source::Nothing,
        Changes::Partition => Source::Prepared("partition.img"),
        Changes::Packages => Source::Prepared("packages.ext4"),
        Changes::Image => Source::Prepared("b.squashfs"),
        Changes::Empty => Source::Zeros,
        Changes::Ext4 => Source::Script(
            "mkfs.ext4 -q -F -L changes -U 5ca1ab1e-0000-4000-8000-000000000001 $image",
        ),
        Changes::Btrfs => Source::Script("mkfs.btrfs -q -f $image"),
        Changes::Xfs => Source::Script("mkfs.xfs -q -f $image"),
        Changes::Swap => Source::Script("mkswap -q $image"),
        Changes::Damaged => Source::Script(
            "mkfs.ext4 -q -F $image; debugfs -w -R 'clri <2>' $image; \
             debugfs -w -R 'ssv state 2' $image",
        ),
        Changes::Layer => {
            Source::Script("chmod 755 $d; mkdir $d/upper $d/work; ext4 -L changes $image")
        }
        Changes::Persistence => {
            Source::Script("echo '/ union' >$d/persistence.conf; ext4 -L persistence $image")
        }
        Changes::Directories => Source::Script(
            "printf '%s union\\n' /var/lib /srv >$d/persistence.conf; ext4 -L persistence $image",
        ),
        // Few iterations, because security does not matter here.
        Changes::Luks => Source::Script(
            "echo '/ union' >$d/persistence.conf; truncate -s 100M $image.raw; \
             ext4 -L persistence $image.raw; \
             qemu-img convert -f raw -O luks --object secret,id=key,data=\"$passphrase\" \
             -o key-secret=key,iter-time=20 $image.raw $image; rm $image.raw",
        ),
        Changes::File => Source::Script(
            "mkdir $d/inner; echo '/ union' >$d/inner/persistence.conf; \
             truncate -s 100M $d/persistence; mkfs.ext4 -q -F -d $d/inner $d/persistence; \
             rm -r $d/inner; ext4 $image",
        ),
        Changes::Volatile => {
            Source::Script("mkdir -p $d/upper $d/work/work/incompat/volatile; ext4 $image")
        }
        Changes::Overlayroot => Source::Script(
            "chmod 755 $d; mkdir -p $d/overlay/var/lib $d/overlay-workdir/_; \
             echo mark >$d/overlay/var/lib/union-test; ext4 -L changes $image",
        ),
    }
}

/// Makes the disk for the changes of a boot in the file `path`; false if there is none. `folder` has the files that the
/// script of the boots has made.
pub fn make_changes(places: &Places, changes: Changes, folder: &Path, path: &Path) -> Result<bool> {
    match source(changes) {
        Source::Nothing => return Ok(false),
        Source::Prepared(file) => copy(&folder.join(file), path)?,
        Source::Zeros => fs::File::create(path)?.set_len(64 << 20)?,
        Source::Script(script) => {
            let name = format!("boot-{changes:?}").to_lowercase();
            let script = format!("{PRELUDE}{script}");
            let image = scratch(places, &name, &["sh", "-c", &script, PASSPHRASE], 400)?;
            copy(&image, path)?;
        }
    }
    Ok(true)
}

/// Evidence that the file systems of such a disk were not unmounted, or are damaged.
pub fn unclean_changes(places: &Places, changes: Changes, disk: &Path) -> Result<Vec<String>> {
    let mut wrong = match changes.is_ext4() {
        true => unclean(places, disk)?,
        false => Vec::new(),
    };
    // Extracts the file system inside of it.
    let script = match changes {
        Changes::File => "debugfs -R \"dump persistence $2\" $1",
        Changes::Luks => {
            "qemu-img convert --object secret,id=key,data=\"$0\" -O raw \
             --image-opts driver=luks,key-secret=key,file.filename=$1 $2"
        }
        _ => return Ok(wrong),
    };
    let inner = disk.with_extension("inner");
    run(places, &["sh", "-c", script, PASSPHRASE], &[disk, &inner])?;
    let inside = unclean(places, &inner)?;
    wrong.extend(inside.into_iter().map(|line| format!("inside: {line}")));
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
    let script = "debugfs -R 'ls -p /boot' $1 | sed -n 's,.*/vmlinuz-\\([^/]*\\)/.*,\\1,p' | sort -V | tail -n 1";
    match output(places, script, image)?.trim() {
        "" => bail!("{} has no kernel in /boot", image.display()),
        abi => Ok(abi.to_owned()),
    }
}

/// Evidence that an ext4 image was not unmounted, or is damaged.
fn unclean(places: &Places, image: &Path) -> Result<Vec<String>> {
    let script = "dumpe2fs -h $1 2>&1; e2fsck -fn $1 2>&1 || echo damaged";
    let text = output(places, script, image)?;
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

/// The output of a shell script in the build root; `$1` is an image.
fn output(places: &Places, script: &str, image: &Path) -> Result<String> {
    let output = Command::new(places.repo.join("scripts/enter"))
        .args(["sh", "-c", script, "sh"])
        .arg(image)
        .output()
        .with_context(|| format!("running {script:?} in the build root"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
