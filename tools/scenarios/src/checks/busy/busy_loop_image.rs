// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "an image that lies in a lower layer is mounted through the union and written to, and the copy has it all",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let copy = b.copy(&image::EXT4)?;
    std::fs::copy(format!("/proc/self/fd/{copy}"), l.lowers[1].join("image"))
        .map_err(|error| format!("copying the image: {error}"))?;
    b.works("close", sys::close(copy))?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let inside = b.target("inside")?;
    for (round, text) in ["first", "second"].into_iter().enumerate() {
        let path = l.target.join("image");
        let file = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        let (device, node) = b.works("a loop device", sys::loop_device(file))?;
        b.works("close", sys::close(file))?;
        let node = node.to_string_lossy().into_owned();
        b.works("mount", sys::mount(&node, &inside, "ext4", 0, b""))?;
        b.works("close", sys::close(device))?;
        if round > 0 {
            b.holds(&inside.join("file"), "first")?;
        }
        b.file(&inside.join("file"), text)?;
        b.fails(
            "umount of the union",
            sys::umount(&l.target, 0),
            libc::EBUSY,
        )?;
        b.umount(&inside)?;
        // The loop device lets go of the file a moment later.
        let free = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            sys::umount(&l.target, 0).is_ok()
        });
        b.must("the union can be unmounted", free)?;
        b.must(
            "the image was copied up",
            sys::stat(l.upper.join("image"), 0).is_ok(),
        )?;
        union.mount(&l.target)?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}
