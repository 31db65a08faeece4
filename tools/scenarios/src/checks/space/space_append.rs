// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::image;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "four processes append until the disk is full: what a write said it took is in the file, and deleting frees it all",
    run,
    ..Check::DEFAULT
};

const PIECE: usize = 40_000;

fn run(b: &mut Bench) -> Result<(), String> {
    let disk = b.looped(&image::EXT4)?;
    let ext4 = b.target("ext4")?;
    disk.mount(&ext4, 0, "")?;
    let tmpfs = b.target("tmpfs")?;
    b.works(
        "mount",
        sys::mount("tmpfs", &tmpfs, "tmpfs", 0, b"size=8m,mode=755"),
    )?;
    for top in [&ext4, &tmpfs] {
        append(b, top).map_err(|error| format!("{}: {error}", top.display()))?;
    }
    Ok(())
}

fn append(b: &Bench, top: &Path) -> Result<(), String> {
    let l = b.layout_on(top, 1)?;
    b.describe(&l, 0, |b| {
        for process in 0..4 {
            b.file(&format!("f{process}"), vec![b'.'; 10_000]);
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let counts = l.lowers[0].parent().ok_or("a parent")?.to_owned();
    let union = b.union(&l);
    union.mount(&l.target)?;
    let free = b.works("statfs", sys::statfs(top))?.f_bfree;
    b.crowd(4, |process| {
        let path = l.target.join(format!("f{process}"));
        let fd = sys::open(&path, libc::O_WRONLY | libc::O_APPEND, 0).expect("open");
        let mut taken = 0;
        loop {
            match sys::write(fd, &[b'0' + process as u8; PIECE], None) {
                Ok(count) => taken += count,
                Err(error) => {
                    assert_eq!(error.0, libc::ENOSPC);
                    break;
                }
            }
        }
        sys::close(fd).expect("close");
        std::fs::write(counts.join(format!("taken{process}")), taken.to_string()).expect("write");
    })?;
    for process in 0..4u8 {
        let text = std::fs::read_to_string(counts.join(format!("taken{process}")));
        let taken: usize = text
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or("a number")?;
        let path = l.target.join(format!("f{process}"));
        let data = std::fs::read(&path).map_err(|error| error.to_string())?;
        let right = data.len() == 10_000 + taken
            && data[..10_000].iter().all(|byte| *byte == b'.')
            && data[10_000..].iter().all(|byte| *byte == b'0' + process);
        b.must(
            &format!(
                "{}: {} bytes, {taken} of them new",
                path.display(),
                data.len()
            ),
            right,
        )?;
    }
    for process in 0..4 {
        b.works("unlink", sys::unlink(l.target.join(format!("f{process}"))))?;
    }
    let now = b.works("statfs", sys::statfs(top))?.f_bfree;
    b.must(
        &format!("free blocks: {free} before, {now} afterwards"),
        now + 8 >= free,
    )?;
    b.file(&l.target.join("new"), "there is room")?;
    b.sound(&union, &l, &lowers)?;
    std::fs::remove_dir_all(counts.join("0")).map_err(|error| error.to_string())?;
    b.umount(&counts)
}
