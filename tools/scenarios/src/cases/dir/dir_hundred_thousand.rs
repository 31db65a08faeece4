// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

/// Of each of these so many more names are made (fewer on a slow kernel): ext4 and btrfs do not let a file have all.
const FILES: usize = 4;
const LINKS: usize = 25_000;

pub const SCENARIO: Scenario = Scenario {
    about: "a directory of a hundred thousand names in the upper layer and some below is listed \
        completely, once and again",
    setup: |b| {
        for number in 0..40 {
            b.lower(number % 2).file(&format!("d/below{number}"), "x");
        }
        b.upper().whiteout("d/below7");
        for file in 0..FILES {
            b.file(&format!("d/top{file}"), "x");
        }
    },
    steps: |r| {
        let fd = r.open("d", O_RDONLY | O_DIRECTORY);
        let links = many(LINKS);
        let all = || (0..FILES).flat_map(|file| (0..links).map(move |link| (file, link)));
        let made = all().filter(|(file, link)| {
            sys::link(format!("d/top{file}"), format!("d/{file}-{link:05}"), 0).is_ok()
        });
        r.note(format_args!("{} made", made.count()));
        count(r, fd);
        // Some go while the listing is half read; the others are all listed.
        r.lseek(fd, 0, SEEK_SET);
        let mut seen = pieces_until(fd, FILES * links / 2);
        for link in (0..links).step_by(100) {
            sys::unlink(format!("d/0-{link:05}")).expect("unlink");
        }
        seen.extend(pieces(fd, 32_768));
        let mut names = shown(&seen);
        names.retain(|name| !(name.starts_with("0-") && name.ends_with("00")));
        let listed = names.len();
        names.dedup();
        r.note(format_args!("{listed} that stay, {} names", names.len()));
        count(r, fd);
        let left = all().filter(|(file, link)| sys::unlink(format!("d/{file}-{link:05}")).is_ok());
        r.note(format_args!("{} removed", left.count()));
        r.ls("d");
        r.lstat("d/top0");
    },
    layers: Some(|l| {
        l.absent("d/0-00001")?;
        l.absent("d/below0")
    }),
    ..Scenario::DEFAULT
};

/// At least so many entries, or all.
fn pieces_until(fd: Fd, enough: usize) -> Vec<sys::Dirent> {
    let mut seen = Vec::new();
    while seen.len() < enough {
        let some = piece(fd, 32_768);
        if some.is_empty() {
            break;
        }
        seen.extend(some);
    }
    seen
}

fn count(r: &mut Run, fd: Fd) {
    r.lseek(fd, 0, SEEK_SET);
    let mut names = shown(&pieces(fd, 32_768));
    let listed = names.len();
    names.dedup();
    r.note(format_args!("{listed} entries, {} names", names.len()));
}
