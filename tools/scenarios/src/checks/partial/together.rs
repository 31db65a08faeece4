// SPDX-License-Identifier: GPL-2.0-only
//! What several processes do with one partial file, or with one union, at the same time.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::bench::{Bench, Layout};
use crate::changes::with;
use crate::image;
use crate::parts::{self, pwrite};
use crate::process::{self, End};
use crate::sys;

fn text(error: std::io::Error) -> String {
    error.to_string()
}

/// Makes a lower file that is one hole, mounts the union, and has some bytes of it written.
fn hole(b: &Bench, l: &Layout, bytes: u64) -> Result<std::path::PathBuf, String> {
    let lower = File::create(l.lowers[0].join("hole")).map_err(text)?;
    lower.set_len(bytes).map_err(text)?;
    b.union(l).option("partial", "on").mount(&l.target)?;
    let path = l.target.join("hole");
    b.works("write", pwrite(&path, 0, b"new"))?;
    must!(
        parts::is_partial(&l.upper.join("hole")),
        "the file is partial"
    )?;
    Ok(path)
}

/// Several processes write to a file whose map is in a sidecar, and sync it: who finds the sidecar in use by another
/// one of them gets no error.
pub fn partial_sidecar_together(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs has no such files")?;
    const LARGE: u64 = 3 << 30;
    const WRITERS: u64 = 3;
    const ROUNDS: u64 = 50;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let l = b.layout_on(&upper_fs, 1)?;
    let path = hole(b, &l, LARGE)?;
    let place = |writer, round| writer * (LARGE / WRITERS) + round * 131_072 + 5;
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let work = || {
            let written = with(&path, libc::O_WRONLY, |fd| {
                for round in 0..ROUNDS {
                    sys::write(fd, b"written", Some(place(writer, round) as i64))?;
                    sys::fsync(fd)?;
                }
                Ok(())
            });
            written.expect("writing and syncing");
        };
        writers.push(process::background(work)?);
    }
    let ends = writers.into_iter().map(process::wait);
    let ends = ends.collect::<Result<Vec<_>, _>>()?;
    must!(
        ends.iter().all(|end| *end == End::Done),
        "all can write and sync: {ends:?}"
    )?;
    b.umount(&l.target)?;
    b.within(&b.union(&l).option("partial", "on"), &l.target, |_| {
        let file = File::open(&path).map_err(text)?;
        let mut found = [0; 9];
        for (writer, round) in (0..WRITERS).flat_map(|w| (0..ROUNDS).map(move |r| (w, r))) {
            let at = place(writer, round) - 1;
            file.read_exact_at(&mut found, at).map_err(text)?;
            must!(&found == b"\0written\0", "at {at}: {found:?}")?;
        }
        Ok(())
    })
}
