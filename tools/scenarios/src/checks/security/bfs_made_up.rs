// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a bfs with directories and types that no bfs has is refused as the upper layer, and gives clean errors below it",
    run,
    ..Check::DEFAULT
};

const BLOCK: usize = 512;
const DIR: u32 = 2;
const FILE: u32 = 1;
/// What the type of an inode may not be.
const NEITHER: u32 = 7;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let place = b.target("bfs")?;
    let file = b.works("memfd", sys::memfd("bfs"))?;
    b.works("write", sys::write(file, &image(), Some(0)))?;
    let (device, path) = b.works("loop device", sys::loop_device(file))?;
    sys::close(file)?;
    let mounted = sys::mount(&path.to_string_lossy(), &place, "bfs", 0, b"");
    if mounted.is_err_and(|error| error.0 == libc::ENODEV) {
        return Err("skip: this kernel has no bfs".into());
    }
    b.works("mounting bfs", mounted)?;
    sys::close(device)?;

    let top = b
        .new_union()
        .lowers(&l.lowers)
        .upper(place.join("upper"), place.join("work"));
    let refusals = [libc::EINVAL, libc::EPERM, libc::EOPNOTSUPP, libc::EROFS];
    b.refused(&top, &l.target, &refusals)?;
    let names = walk::list(&place.join("work"))?;
    b.must("the work directory is as it was", names.len() == 1)?;

    let union = b.new_union().lower(&place).upper(&l.upper, &l.work);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    b.holds(&at("upper/f"), "text")?;
    b.fails("stat of neither", sys::stat(at("neither"), 0), libc::EIO)?;
    let listed = b.works("listing", walk::list(&l.target))?;
    // What must be looked at for its type, and cannot be, is listed without one, and stays an error.
    b.must(&format!("three names: {listed:?}"), listed.len() == 3)?;
    b.fails(
        "stat of neither, listed",
        sys::stat(at("neither"), 0),
        libc::EIO,
    )?;
    let inside = sys::stat(at("neither/f"), 0);
    b.fails("stat below neither", inside, libc::EIO)?;
    b.works("mkdir", sys::mkdir(at("work/new"), 0o755))?;
    b.works("copy-up", sys::chmod(at("upper/f"), 0o600))?;
    b.works("rename", sys::rename(at("upper/f"), at("work/g"), 0))?;
    b.works("unlink", sys::unlink(at("work/f")))?;
    let unlinked = sys::unlink(at("neither"));
    b.fails("unlink of neither", unlinked, libc::EIO)?;
    b.umount(&l.target)?;
    b.umount(&place)
}

/// The directories `upper` and `work`, each with the file `f`, and `neither`. A true bfs has one directory.
fn image() -> Vec<u8> {
    const BLOCKS: usize = 20;
    const MAGIC: u32 = 0x1bad_face;
    let mut image = vec![0; BLOCKS * BLOCK];
    // Where the data begin and end, and that no move of blocks was under way.
    let end = (BLOCKS * BLOCK - 1) as u32;
    words(&mut image, 0, &[MAGIC, 1024, end]);
    words(&mut image, 12, &[u32::MAX; 4]);
    inode(&mut image, 2, DIR, 3 * 16);
    entries(&mut image, 2, &[(3, "upper"), (4, "work"), (6, "neither")]);
    for dir in [3, 4] {
        inode(&mut image, dir, DIR, 16);
        entries(&mut image, dir as usize, &[(5, "f")]);
    }
    inode(&mut image, 5, FILE, 4);
    image[5 * BLOCK..][..4].copy_from_slice(b"text");
    inode(&mut image, 6, NEITHER, 16);
    entries(&mut image, 6, &[(5, "f")]);
    image
}

fn words(image: &mut [u8], at: usize, words: &[u32]) {
    for (to, word) in image[at..].chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
}

/// An inode whose data are in the block of its number; the inodes begin in block 1 with number 2.
fn inode(image: &mut [u8], number: u32, kind: u32, size: u32) {
    let end = number * BLOCK as u32 + size - 1;
    let at = BLOCK + 64 * (number as usize - 2);
    let [owner, group, links] = [0, 0, 1];
    let fields = [
        number, number, number, end, kind, 0o755, owner, group, links,
    ];
    words(image, at, &fields);
}

fn entries(image: &mut [u8], block: usize, names: &[(u16, &str)]) {
    for (entry, (number, name)) in image[block * BLOCK..].chunks_exact_mut(16).zip(names) {
        entry[..2].copy_from_slice(&number.to_le_bytes());
        entry[2..2 + name.len()].copy_from_slice(name.as_bytes());
    }
}
