// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::image::{self, Health};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "what a directory holds, whether it is empty and which names do not exist is answered \
        without the lower layers, also when they are dead and after a mount",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs asks its layers each time".into());
    }
    let disk = b.mapped(&image::EXT4)?;
    let below = b.target("device")?;
    disk.mount(&below, 0, "")?;
    let top = b.tmpfs("top")?;
    let mut l = b.layout_on(&top, 1)?;
    l.lowers.push(b.dir(&below.join("layer"))?);
    // Directories of many blocks, so that a lookup has to read the one of its name.
    for dir in ["full", "hidden"] {
        let below = b.dir(&l.lowers[1].join(dir))?;
        let source = below.join("source");
        b.file(&source, "x")?;
        for number in 0..1000 {
            let name = below.join(format!("a-name-that-takes-its-room-{number:050}"));
            b.works("link", sys::link(&source, name, 0))?;
        }
        b.dir(&l.lowers[0].join(dir))?;
        b.file(&l.lowers[0].join(dir).join("above"), "")?;
    }
    b.umount(&below)?;
    disk.mount(&below, libc::MS_RDONLY, "")?;

    let union = b.union(&l);
    union.mount(&l.target)?;
    let full = walk::list(&l.target.join("full"))?;
    for entry in walk::list(&l.target.join("hidden"))? {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        b.works("unlink", sys::unlink(l.target.join("hidden").join(name)))?;
    }
    b.umount(&l.target)?;

    union.mount(&l.target)?;
    for dir in ["full", "hidden"] {
        b.works("open", walk::list(&l.target.join(dir)).map(drop))?;
    }
    disk.set(Health::Dead)?;
    // The page cache, which has the blocks, and nothing of what is known of directories.
    b.file(Path::new("/proc/sys/vm/drop_caches"), "1")?;
    let asked = sys::stat(l.lowers[1].join("full/missing"), 0).map(drop);
    b.fails("stat of a missing name in the layer", asked, libc::EIO)?;

    for round in 0..3 {
        let again = walk::list(&l.target.join("full"))?;
        b.must(&format!("round {round}: the same list"), again == full)?;
        for number in 0..500 {
            let missing = l.target.join(format!("full/missing{round}-{number}"));
            b.fails("stat", sys::stat(missing, 0), libc::ENOENT)?;
        }
    }
    b.works("create", sys::mkdir(l.target.join("full/new"), 0o755))?;
    b.works("rmdir", sys::rmdir(l.target.join("hidden")))?;
    disk.set(Health::Good)?;
    b.umount(&l.target)?;
    b.umount(&below)?;
    b.mapped_done(disk)
}
