// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a FAT file system, which has neither attributes nor devices nor cases of letters, is refused as any layer",
    run,
    ..Check::DEFAULT
};

const SECTORS: u16 = 2048;

/// An empty FAT12 file system of 1 MiB.
fn fat() -> Vec<u8> {
    let mut image = vec![0; usize::from(SECTORS) * 512];
    image[..3].copy_from_slice(&[0xeb, 0x3c, 0x90]);
    image[3..11].copy_from_slice(b"mkfs.fat");
    // Bytes in a sector, sectors in a cluster, reserved ones, two tables, entries of the root, sectors, medium, ...
    image[11..13].copy_from_slice(&512u16.to_le_bytes());
    image[13] = 1;
    image[14] = 1;
    image[16] = 2;
    image[17..19].copy_from_slice(&224u16.to_le_bytes());
    image[19..21].copy_from_slice(&SECTORS.to_le_bytes());
    image[21] = 0xf8;
    image[22] = 7;
    image[24] = 32;
    image[26] = 2;
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    for table in [1, 8] {
        image[table * 512..table * 512 + 3].copy_from_slice(&[0xf8, 0xff, 0xff]);
    }
    image
}

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs makes do with less".into());
    }
    let l = b.layout(1)?;
    let file = b.works("memfd", sys::memfd("fat"))?;
    b.works("write", sys::write(file, &fat(), None))?;
    let (device, node) = b.works("a loop device", sys::loop_device(file))?;
    let place = b.target("fat")?;
    b.works(
        "mount",
        sys::mount(
            &node.to_string_lossy(),
            &place,
            "vfat",
            0,
            b"iocharset=ascii",
        ),
    )?;
    b.works("close", sys::close(device))?;
    b.works("close", sys::close(file))?;
    for name in ["lower", "upper", "work"] {
        b.dir(&place.join(name))?;
    }
    b.file(&place.join("lower/file"), "fat")?;
    let failure = b.refused(
        &b.new_union().lower(place.join("lower")),
        &l.target,
        &[libc::EINVAL],
    )?;
    b.must(
        &format!("it says why: {failure}"),
        failure
            .log
            .iter()
            .any(|line| line.contains("not supported as a layer")),
    )?;
    let union = b
        .new_union()
        .lowers(&l.lowers)
        .upper(place.join("upper"), place.join("work"));
    b.refused(&union, &l.target, &[libc::EINVAL])?;
    b.holds(&place.join("lower/file"), "fat")?;
    b.umount(&place)
}
