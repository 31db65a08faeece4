// SPDX-License-Identifier: GPL-2.0-only
//! Disk images, made by the tools of the build root and kept in the cache by their contents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use union_scenarios::image::{IMAGES, Image};
use union_scenarios::numbers;
use union_scenarios::security::images;
use union_scenarios::shape::{self, Fs};
use union_scenarios::walk::hash;

use crate::boot::cases::Top;
use crate::lower_image;
use crate::paths::Places;

/// A disk of a machine.
pub struct Disk {
    /// Serial number, by which the guest finds it.
    pub serial: String,
    /// The image.
    pub image: PathBuf,
    /// What becomes of what the guest writes.
    pub writes: Writes,
}

/// What becomes of writes to a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// They are refused.
    Refused,
    /// They are forgotten at the end, so that machines can share the image.
    Forgotten,
    /// They go to the image.
    Kept,
}

/// The disks the shapes of the scenarios name, and those the checks take copies of.
pub fn for_shapes(places: &Places) -> Result<Vec<Disk>> {
    let mut disks = Vec::new();
    for fs in shape::file_systems() {
        let Some(serial) = fs.disk() else { continue };
        let image = match fs.mkfs() {
            Some((command, mib)) => scratch(places, fs.name(), command, mib)?,
            None => lowers(places, fs)?,
        };
        disks.push(Disk {
            serial: serial.to_owned(),
            image,
            writes: match fs.mkfs() {
                Some(_) => Writes::Forgotten,
                None => Writes::Refused,
            },
        });
    }
    for fs in images::FILE_SYSTEMS {
        if let Some(serial) = images::serial(fs) {
            disks.push(Disk {
                serial,
                image: archived(
                    places,
                    fs,
                    "whole",
                    lower_image::of_tree(&images::tree(fs))?,
                )?,
                writes: Writes::Refused,
            });
        }
    }
    for fs in numbers::FILE_SYSTEMS {
        for version in numbers::VERSIONS {
            let tree = lower_image::of_tree(&numbers::tree(version))?;
            disks.push(Disk {
                serial: numbers::serial(fs, version),
                image: archived(places, fs, "version", tree)?,
                writes: Writes::Refused,
            });
        }
    }
    for image in IMAGES {
        disks.push(Disk {
            serial: image.name.to_owned(),
            image: scratch(places, image.name, image.mkfs, image.mib)?,
            writes: Writes::Refused,
        });
    }
    Ok(disks)
}

/// A new disk with a file system, in the file `path`.
pub fn fresh(places: &Places, image: &Image, path: PathBuf) -> Result<Disk> {
    let made = scratch(places, image.name, image.mkfs, image.mib)?;
    fs::copy(&made, &path)
        .with_context(|| format!("copying {} to {}", made.display(), path.display()))?;
    Ok(Disk {
        serial: "cut".to_owned(),
        image: path,
        writes: Writes::Kept,
    })
}

/// A copy that takes only the space of what is in the image.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let output = Command::new("cp")
        .args(["--sparse=always", "--reflink=auto"])
        .args([from, to])
        .output()
        .context("running cp")?;
    if !output.status.success() {
        bail!(
            "copying {}: {}",
            from.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Makes a file system for the persistence of live-boot, with these lines in its persistence.conf.
const PERSISTENCE: &str = "d=$(mktemp -d) && printf \"$0\\n\" >$d/persistence.conf && \
     mkfs.ext4 -q -F -L persistence -d $d \"$1\" && rm -r $d";

/// Opens the disk of `Top::Luks`.
pub const PASSPHRASE: &str = "correct horse";

/// That disk; few iterations, for a person is not what is kept out here. The first argument is the passphrase.
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

/// What shows that the file systems of such a disk have not been unmounted, or are damaged.
pub fn unclean_top(places: &Places, top: Top, disk: &Path) -> Result<Vec<String>> {
    let mut wrong = match top.is_ext4() {
        true => unclean(places, disk)?,
        false => Vec::new(),
    };
    // What is in it, in the clear.
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

/// What shows that an ext4 image has not been unmounted, or is damaged.
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

/// The file system of this name, if there can be empty disks of it.
pub fn writable(name: &str) -> Result<Fs> {
    [Fs::Ext4, Fs::Xfs, Fs::Btrfs]
        .into_iter()
        .find(|fs| fs.name() == name)
        .with_context(|| format!("there are no scratch disks of {name:?}: ext4, xfs or btrfs"))
}

/// An empty disk that takes what programs write; only what they do write takes space.
pub fn large(places: &Places, fs: Fs) -> Result<Disk> {
    const MIB: u64 = 4096;
    let (command, _) = fs.mkfs().context("a file system that can be made")?;
    Ok(Disk {
        serial: fs.name().to_owned(),
        image: scratch(places, fs.name(), command, MIB)?,
        writes: Writes::Forgotten,
    })
}

/// An empty file system.
fn scratch(places: &Places, name: &str, command: &[&str], mib: u64) -> Result<PathBuf> {
    let key = hash(format!("{command:?} {mib}").as_bytes());
    let path = places
        .images()?
        .join(format!("scratch-{name}-{key:016x}.img"));
    if path.is_file() {
        return Ok(path);
    }
    let temporary = temporary(&path);
    let file =
        fs::File::create(&temporary).with_context(|| format!("making {}", temporary.display()))?;
    file.set_len(mib << 20).context("sizing a disk image")?;
    run(places, command, &[&temporary])?;
    fs::rename(&temporary, &path)?;
    Ok(path)
}

/// Raise when an image is made in another way from the same archive.
const IMAGE_FORMAT: u32 = 2;

/// The read-only image with the lower layers of every scenario.
fn lowers(places: &Places, fs: Fs) -> Result<PathBuf> {
    archived(places, fs, "lowers", lower_image::archive(fs)?)
}

/// The read-only image of an archive.
fn archived(places: &Places, fs: Fs, what: &str, archive: Vec<u8>) -> Result<PathBuf> {
    let name = format!(
        "{what}-{IMAGE_FORMAT}-{:016x}.{}",
        hash(&archive),
        fs.name()
    );
    let path = places.images()?.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let (tar, temporary) = (temporary(&path.with_extension("tar")), temporary(&path));
    fs::write(&tar, archive).with_context(|| format!("writing {}", tar.display()))?;
    match fs {
        Fs::Squashfs => {
            let command = [
                "sqfstar",
                "-quiet",
                "-no-progress",
                "-xattrs",
                "-comp",
                "zstd",
            ];
            run_from(places, &command, &[&temporary], Some(&tar))?;
        }
        Fs::Iso9660 => {
            let mut input = std::ffi::OsString::from("@");
            input.push(&tar);
            // Strict: with the modes and owners of the archive.
            let command = [
                "bsdtar",
                "--format=iso9660",
                "--options=rockridge=strict",
                "-cf",
            ];
            run(places, &command, &[&temporary, Path::new(&input)])?;
        }
        _ => {
            let command = ["mkfs.erofs", "--quiet", "--tar=f", "-Uclear"];
            run(places, &command, &[&temporary, &tar])?;
        }
    }
    fs::remove_file(&tar)?;
    fs::rename(&temporary, &path)?;
    forget_old(&places.images()?);
    Ok(path)
}

/// Removes all but the newest images of lower layers: every change of a scenario makes another one.
fn forget_old(images: &Path) {
    let mut found: Vec<_> = fs::read_dir(images)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("lowers-"))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort();
    // Several checkouts may share the cache, and be about to use theirs.
    let hour = std::time::Duration::from_secs(3600);
    for (modified, path) in found.iter().rev().skip(12) {
        if modified.elapsed().is_ok_and(|age| age > hour) {
            let _ = fs::remove_file(path);
        }
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn run(places: &Places, command: &[&str], paths: &[&Path]) -> Result<()> {
    run_from(places, command, paths, None)
}

/// Runs a tool of the build root, with a file as its standard input.
fn run_from(
    places: &Places,
    command: &[&str],
    paths: &[&Path],
    input: Option<&Path>,
) -> Result<()> {
    let mut process = Command::new(places.repo.join("scripts/enter"));
    process.args(command).args(paths);
    if let Some(input) = input {
        process
            .stdin(fs::File::open(input).with_context(|| format!("opening {}", input.display()))?);
    }
    let output = process
        .output()
        .with_context(|| format!("running {} in the build root", command[0]))?;
    if !output.status.success() {
        bail!(
            "{} failed ({}): {}{}",
            command[0],
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
