// SPDX-License-Identifier: GPL-2.0-only
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::image;
use crate::make;
use crate::numbers::{self, FILES, VERSIONS};
use crate::scenario::Check;
use crate::shape::Fs;
use crate::{sys, tree};

pub const CHECK: Check = Check {
    about: "when the lower layer is exchanged for another version of itself, no two objects have one number, whatever \
        was changed, moved, linked and deleted before; with the old version back numbers are what they were",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    for fs in numbers::FILE_SYSTEMS {
        let layers = VERSIONS.map(|version| {
            let image = b.copy_disk(&numbers::serial(fs, version))?;
            let made = sys::loop_device(image);
            sys::close(image)?;
            let (device, path) = made?;
            let target = b.target(&format!("layer-{version}"))?;
            let path = path.to_string_lossy();
            sys::mount(&path, &target, fs.name(), libc::MS_RDONLY, b"")?;
            sys::close(device)?;
            Ok::<_, String>(target)
        });
        let [first, second] = layers;
        judge(b, fs.name(), [first?, second?])?;
    }
    // One file system twice: with one UUID, and generations that are random.
    let mut layers = Vec::new();
    let mut disks = Vec::new();
    for version in VERSIONS {
        let disk = b.looped(&image::UNCHECKED)?;
        let target = b.target(&format!("layer-{version}"))?;
        disk.mount(&target, 0, "")?;
        fill(&target, version)?;
        layers.push(target);
        disks.push(disk);
    }
    let layers = layers.try_into().map_err(|_| "two layers")?;
    judge(b, "ext4", layers)?;
    // Another file system each time.
    let layers = VERSIONS.map(|version| {
        let target = b.tmpfs(&format!("layer-{version}"))?;
        fill(&target, version)?;
        Ok::<_, String>(target)
    });
    let [first, second] = layers;
    judge(b, "tmpfs", [first?, second?])?;
    // Upper and lower on one file system.
    let below = b.dir(&b.disk(Fs::Ext4)?.join("numbers_exchanged"))?;
    let layers = VERSIONS.map(|version| {
        let target = b.dir(&below.join(version))?;
        fill(&target, version)?;
        Ok::<_, String>(target)
    });
    let [first, second] = layers;
    let layers = [first?, second?];
    let l = layout(b, &below)?;
    exchange(b, "one file system", &l, &layers)?;
    std::fs::remove_dir_all(&below).map_err(|error| error.to_string())
}

fn fill(target: &Path, version: &str) -> Result<(), String> {
    let spread = tree::spread(&numbers::tree(version), 1);
    make::make(target, &spread.lowers[0])
}

fn layout(b: &Bench, top: &Path) -> Result<Layout, String> {
    Ok(Layout {
        lowers: Vec::new(),
        upper: b.dir(&top.join("upper"))?,
        work: b.dir(&top.join("work"))?,
        target: b.target("target")?,
    })
}

fn judge(b: &Bench, what: &str, layers: [PathBuf; 2]) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let l = layout(b, &top)?;
    exchange(b, what, &l, &layers)?;
    b.umount(&top)?;
    for layer in layers {
        b.umount(&layer)?;
    }
    Ok(())
}

fn exchange(b: &Bench, what: &str, l: &Layout, layers: &[PathBuf; 2]) -> Result<(), String> {
    let what = |e: String| format!("{what}: {e}");
    let path = |name: &str, number: usize| l.target.join(format!("{name}{number}"));
    let union = |layer: &Path| b.new_union().lower(layer).upper(&l.upper, &l.work);
    union(&layers[0]).mount(&l.target)?;
    let before = numbers::of(&l.target).map_err(what)?;
    for number in 0..FILES {
        b.works("chmod", sys::chmod(path("conf", number), 0o600))?;
        b.works("chmod", sys::chmod(path("dir", number), 0o700))?;
        match number % 4 {
            0 => b.works(
                "rename",
                sys::rename(path("conf", number), path("moved", number), 0),
            )?,
            1 => b.works(
                "link",
                sys::link(path("conf", number), path("dir0/link", number), 0),
            )?,
            2 => b.works("unlink", sys::unlink(path("conf", number)))?,
            _ => {}
        }
        b.file(&path("new", number), "new")?;
    }
    for number in 0..FILES {
        let now = b.works("stat", sys::stat(path("dir", number), 0))?.st_ino;
        let was = before.get(&format!("dir{number}"));
        b.must(
            &format!("dir{number}: {was:?}, not {now}"),
            was == Some(&now),
        )?;
    }
    let changed = numbers::of(&l.target).map_err(what)?;
    let cold = numbers::of_cold(&l.target).map_err(what)?;
    b.must("the same asked for anew", changed == cold)?;
    b.umount(&l.target)?;

    union(&layers[1]).mount(&l.target)?;
    let second = numbers::of(&l.target).map_err(what)?;
    let cold = numbers::of_cold(&l.target).map_err(what)?;
    b.must(
        "the same in the second version, asked for anew",
        second == cold,
    )?;
    b.works("chmod", sys::chmod(path("dir", 1).join("f"), 0o600))?;
    numbers::of(&l.target).map_err(what)?;
    b.umount(&l.target)?;
    // Not to be there when the first version is back.
    b.works("unlink", sys::unlink(l.upper.join("dir1/f")))?;

    union(&layers[0]).mount(&l.target)?;
    let again = numbers::of(&l.target).map_err(what)?;
    for (name, number) in &changed {
        let now = again.get(name);
        b.must(
            &format!("{name}: {number:#x}, not {now:x?}"),
            now == Some(number),
        )?;
    }
    b.umount(&l.target)
}
