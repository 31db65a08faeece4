// SPDX-License-Identifier: GPL-2.0-only
use crate::prelude::*;

pub const SCENARIO: Scenario = Scenario {
    about: "statx answers any mask with all the basic fields, and refuses what it does not know",
    setup: |b| {
        every_kind(b, "low");
        b.upper();
        every_kind(b, "top");
    },
    steps: |r| {
        let nofollow = libc::AT_SYMLINK_NOFOLLOW;
        for path in KINDS
            .iter()
            .flat_map(|k| [format!("low/{k}"), format!("top/{k}")])
        {
            let whole = sys::stat(&path, nofollow).expect("it is there");
            for mask in [
                0,
                libc::STATX_INO,
                libc::STATX_SIZE | libc::STATX_MTIME,
                libc::STATX_BASIC_STATS,
                libc::STATX_ALL,
                0x7fff_ffff,
            ] {
                for sync in [0, libc::AT_STATX_DONT_SYNC, libc::AT_STATX_FORCE_SYNC] {
                    let Ok(stat) = sys::statx(sys::HERE, &path, nofollow | sync, mask) else {
                        r.note(format_args!("{path}: no statx"));
                        continue;
                    };
                    let device = libc::makedev(stat.stx_dev_major, stat.stx_dev_minor);
                    let asked = |bit: u32, same: bool| mask & bit == 0 || same;
                    // A read-only file system says that it keeps no access times.
                    let basic = libc::STATX_BASIC_STATS & !libc::STATX_ATIME;
                    let nanoseconds = stat.stx_mtime.tv_nsec;
                    let mut wrong = Vec::new();
                    for (field, right) in [
                        ("mask", mask & basic & !stat.stx_mask == 0),
                        ("type", u32::from(stat.stx_mode) == whole.st_mode),
                        ("number", stat.stx_ino == whole.st_ino),
                        ("device", device == whole.st_dev),
                        ("links", u64::from(stat.stx_nlink) == sys::links(&whole)),
                        ("size", stat.stx_size == whole.st_size as u64),
                        ("blocks", stat.stx_blocks == whole.st_blocks as u64),
                        (
                            "block size",
                            i64::from(stat.stx_blksize) == sys::block_size(&whole),
                        ),
                        (
                            "time",
                            asked(
                                libc::STATX_MTIME,
                                i64::from(nanoseconds) == whole.st_mtime_nsec,
                            ),
                        ),
                    ] {
                        if !right {
                            wrong.push(field);
                        }
                    }
                    r.note(format_args!(
                        "statx of {path}, {mask:#x}, {sync:#x}: wrong are {wrong:?}"
                    ));
                }
            }
        }
        for (path, flags, mask) in [
            ("low/file", 0x6000, libc::STATX_ALL),
            ("low/file", 0, libc::STATX__RESERVED as u32),
            ("low/file", 1 << 30, 0),
            ("", 0, 0),
            ("", libc::AT_EMPTY_PATH, 0),
            ("low/file", libc::AT_NO_AUTOMOUNT, 0),
            ("low/none", 0, 0),
            ("low/file/x", 0, 0),
        ] {
            let result = sys::statx(sys::HERE, path, flags, mask).map(drop);
            r.done(
                format_args!("statx({path:?}, {flags:#x}, {mask:#x})"),
                result,
            );
        }
    },
    layers: Some(|l| l.absent("low")),
    ..Scenario::DEFAULT
};
