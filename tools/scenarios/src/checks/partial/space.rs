// SPDX-License-Identifier: GPL-2.0-only
//! Files that come to the upper layer in parts, where there is no room for them.

use std::path::Path;

use crate::bench::Bench;
use crate::changes::with;
use crate::errno::Errno;
use crate::image::{self, Image};
use crate::parts::{self, Parts};
use crate::shape::Fs;
use crate::space::Ballast;
use crate::sys::{self, Map, QuotaOf};
use crate::union;

/// One call on one file, which is named after it.
struct Action {
    name: &'static str,
    /// Whether a piece of the file was written before.
    is_partial: bool,
    /// Whether it brings all of the file: what has come stays when there is no more room.
    completes: bool,
    /// Whether it is a write that may end in the middle.
    is_long: bool,
    call: fn(&Path) -> sys::Result<()>,
    /// What it changes.
    effect: fn(&mut Vec<u8>),
}

/// Where the piece is that was written before.
const BEFORE: (usize, usize) = (280_001, 100);

const ACTIONS: &[Action] = &[
    Action {
        name: "first",
        is_partial: false,
        completes: false,
        is_long: false,
        call: |path| parts::pwrite(path, 50_001, &parts::new(2, 50_001, 100)),
        effect: |data| parts::put(data, 50_001, &parts::new(2, 50_001, 100)),
    },
    Action {
        name: "across",
        is_partial: true,
        completes: false,
        is_long: true,
        call: |path| parts::pwrite(path, 100_001, &parts::new(3, 100_001, 30_000)),
        effect: |data| parts::put(data, 100_001, &parts::new(3, 100_001, 30_000)),
    },
    Action {
        name: "later",
        is_partial: true,
        completes: false,
        is_long: false,
        call: |path| parts::pwrite(path, 70_001, &parts::new(4, 70_001, 10)),
        effect: |data| parts::put(data, 70_001, &parts::new(4, 70_001, 10)),
    },
    Action {
        name: "synced",
        is_partial: true,
        completes: false,
        is_long: false,
        call: |path| {
            with(path, libc::O_WRONLY | libc::O_DSYNC, |fd| {
                parts::whole(fd, 130_001, &parts::new(5, 130_001, 10))
            })
        },
        effect: |data| parts::put(data, 130_001, &parts::new(5, 130_001, 10)),
    },
    Action {
        name: "cut",
        is_partial: false,
        completes: false,
        is_long: false,
        call: |path| sys::truncate(path, 150_001),
        effect: |data| data.truncate(150_001),
    },
    Action {
        name: "longer",
        is_partial: true,
        completes: false,
        is_long: false,
        call: |path| sys::truncate(path, parts::SIZE as i64 + 100_000),
        effect: |data| data.resize(parts::SIZE + 100_000, 0),
    },
    Action {
        name: "mapped",
        is_partial: true,
        completes: true,
        is_long: false,
        call: |path| {
            with(path, libc::O_RDWR, |fd| {
                let both = libc::PROT_READ | libc::PROT_WRITE;
                let mut map = Map::new(fd, parts::SIZE, both, libc::MAP_SHARED)?;
                map.store(200_001, &parts::new(6, 0, 3));
                Ok(())
            })
        },
        effect: |data| parts::put(data, 200_001, &parts::new(6, 0, 3)),
    },
    Action {
        name: "read",
        is_partial: true,
        completes: true,
        is_long: false,
        call: |path| {
            with(path, libc::O_RDONLY, |fd| {
                Map::new(fd, parts::SIZE, libc::PROT_READ, libc::MAP_PRIVATE).map(drop)
            })
        },
        effect: |_| {},
    },
    Action {
        name: "allocated",
        is_partial: true,
        completes: true,
        is_long: false,
        call: |path| {
            with(path, libc::O_RDWR, |fd| {
                sys::fallocate(fd, 0, 0, parts::SIZE as i64)
            })
        },
        effect: |_| {},
    },
    Action {
        name: "settled",
        is_partial: true,
        completes: true,
        is_long: false,
        call: |path| with(path, libc::O_RDONLY, union::settle),
        effect: |_| {},
    },
];

/// All files: those of the actions, and one for which there is never room meanwhile.
fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|action| action.name).collect()
}

/// Tries every action on layers that get room step by step: each fails with `errno` and changes nothing, or is done.
/// When the upper layer is full again, what was written can be synced and is there after the next mount. `room` gets
/// how many steps there are free, `None` for all that is needed.
fn squeeze(
    b: &Bench,
    parts: &mut Parts,
    errno: i32,
    steps: &[u64],
    mut room: impl FnMut(Option<u64>) -> Result<(), String>,
) -> Result<(), String> {
    for action in ACTIONS.iter().filter(|action| action.is_partial) {
        parts.write(action.name, 1, BEFORE.0, BEFORE.1)?;
    }
    b.syncfs(&parts.layout.target)?;
    let mut left: Vec<&Action> = ACTIONS.iter().collect();
    let mut failures = 0;
    let before = |action: &Action| {
        let missing = parts::missing(&parts.path(action.name));
        let missing = b.works("how much is missing", missing)?;
        Ok((parts::taken(&parts.upper(action.name)), missing))
    };
    let mut before: Vec<(i64, u64)> = ACTIONS.iter().map(before).collect::<Result<_, String>>()?;
    for step in steps.iter().map(|step| Some(*step)).chain([None]) {
        room(step)?;
        let mut next = Vec::new();
        for action in left {
            let (name, when) = (action.name, format!("with room {step:?}"));
            match (action.call)(&parts.path(name)) {
                Ok(()) => (action.effect)(parts.shows.get_mut(name).ok_or("a file")?),
                Err(Errno(number)) if number == errno && step.is_some() => {
                    failures += 1;
                    next.push(action);
                    let index = ACTIONS.iter().position(|other| other.name == name);
                    let before = &mut before[index.ok_or("an action")?];
                    let now = parts::taken(&parts.upper(name));
                    // The beginning of a write counts, and so does what came in the background.
                    let missing =
                        b.works("how much is missing", parts::missing(&parts.path(name)))?;
                    if action.is_long && is_begun(parts, action)? || missing < before.1 {
                        *before = (now, missing);
                    }
                    // The attributes may need a block of their own.
                    must!(
                        action.completes || now <= before.0 + ATTRIBUTES,
                        "{when} {name} takes nothing: {now} bytes, before {}",
                        before.0
                    )?;
                }
                Err(error) => return Err(format!("{when} {name}: {error}")),
            }
            parts.is_right(&when, name)?;
        }
        left = next;
    }
    must!(
        failures >= ACTIONS.len(),
        "there was too little room for most, {failures} times"
    )?;
    // Something that the disk does not know is left of each file that is still partial.
    for (number, name) in names().into_iter().enumerate() {
        parts.write(name, 7, 3 + 4096 * number, 10)?;
    }
    room(Some(0))?;
    for name in names() {
        let synced = with(&parts.path(name), libc::O_RDWR, sys::fsync);
        b.works(&format!("fsync of {name} on a full disk"), synced)?;
    }
    for (number, name) in names().into_iter().enumerate() {
        room(None)?;
        parts.write(name, 8, 150_000 - 4096 * number, 10)?;
    }
    room(Some(0))?;
    b.syncfs(&parts.layout.target)?;
    room(None)?;
    for (number, name) in names().into_iter().enumerate() {
        parts.write(name, 9, 149_000 - 4096 * number, 10)?;
    }
    room(Some(0))?;
    parts.again("full")?;
    room(None)?;
    for name in names() {
        parts.write(name, 10, 9, 5000)?;
    }
    parts.sound()
}

/// Whether the beginning of a write was written, as to any file; that is expected then.
fn is_begun(parts: &mut Parts, action: &Action) -> Result<bool, String> {
    let found = std::fs::read(parts.path(action.name)).map_err(|error| error.to_string())?;
    let old = parts.shows.get_mut(action.name).ok_or("a file")?;
    let mut new = old.clone();
    (action.effect)(&mut new);
    let end = (0..new.len())
        .rev()
        .find(|at| found.get(*at) != old.get(*at));
    let Some(end) = end else {
        return Ok(false);
    };
    old[..=end].copy_from_slice(&new[..=end]);
    Ok(true)
}

/// Bytes of a block for attributes.
const ATTRIBUTES: i64 = 4096;

/// On a full disk with this file system.
fn full(b: &Bench, image: &Image) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.looped(image)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &names())?;
    let mut ballast = Ballast::new(&upper_fs)?;
    let steps = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256];
    squeeze(b, &mut parts, libc::ENOSPC, &steps, |kib| {
        match kib {
            Some(0) => ballast.fill(),
            Some(kib) => b.works("making room", ballast.shrink(1024 * kib as i64))?,
            None => b.works("making room", ballast.shrink(i64::MAX))?,
        }
        Ok(())
    })
}

/// On a full ext4 with small blocks each call on a partial file is done, or fails and leaves no trace.
pub fn partial_space_ext4(b: &mut Bench) -> Result<(), String> {
    full(b, &image::EXT4)
}

/// The same on ext4 with blocks of a page.
pub fn partial_space_ext4_4k(b: &mut Bench) -> Result<(), String> {
    full(b, &image::CRASH_EXT4)
}

/// The same on xfs.
pub fn partial_space_xfs(b: &mut Bench) -> Result<(), String> {
    full(b, &image::XFS)
}

/// The same on a tmpfs, page by page.
pub fn partial_space_tmpfs(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let upper_fs = b.tmpfs("upper_fs")?;
    let mut parts = Parts::mounted(b, b.layout_on(&upper_fs, 1)?, &names())?;
    let steps: Vec<u64> = (0..12).chain([20, 40, 60, 74]).collect();
    squeeze(b, &mut parts, libc::ENOSPC, &steps, |pages| {
        let stat = b.works("statfs", sys::statfs(&upper_fs))?;
        let size = match pages {
            Some(pages) => (stat.f_blocks - stat.f_bfree + pages) * sys::page_size() as u64,
            None => 100 << 20,
        };
        let options = format!("size={size}");
        let resized = sys::mount("", &upper_fs, "", libc::MS_REMOUNT, options.as_bytes());
        b.works("changing the size of the tmpfs", resized)
    })
}

/// The same within the quota of the owner.
pub fn partial_space_quota(b: &mut Bench) -> Result<(), String> {
    const WHO: u32 = 1000;
    b.union_only("overlayfs copies whole files")?;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "usrquota")?;
    let mut parts = Parts::new(b, b.layout_on(&upper_fs, 1)?, &names())?;
    for name in names() {
        b.works("chown", sys::lchown(parts.lower(name), WHO, WHO))?;
    }
    parts.mount()?;
    let fd = b.works("open", sys::open(&upper_fs, libc::O_RDONLY, 0))?;
    let steps = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256];
    squeeze(b, &mut parts, libc::EDQUOT, &steps, |kib| {
        let usage = b.works("Q_GETQUOTA", sys::quota_used(fd, QuotaOf::User, WHO))?;
        let limit = kib.map_or(0, |kib| ((usage.bytes >> 10) + kib).max(1));
        let set = sys::set_quota(fd, QuotaOf::User, WHO, limit, 0);
        b.works("Q_SETQUOTA", set)
    })?;
    Ok(sys::close(fd)?)
}

/// User attributes that leave no room for the map of a file: that is elsewhere, or the file is completed when they are
/// set. As long as the map is there, it can be written down.
pub fn partial_space_attributes(b: &mut Bench) -> Result<(), String> {
    b.union_only("overlayfs copies whole files")?;
    let disk = b.looped(&image::EXT4)?;
    let upper_fs = b.target("upper_fs")?;
    disk.mount(&upper_fs, 0, "")?;
    // The lower files have as much as the upper layer takes, on a file system that takes more.
    let below = b.disk(Fs::Xfs)?.join("partial_space_attributes");
    b.dir(&below)?;
    let mut layout = b.layout_on(&upper_fs, 0)?;
    layout.lowers.push(below.clone());
    let lengths: Vec<usize> = (500..1000).step_by(20).collect();
    let names: Vec<String> = lengths.iter().map(|length| format!("f{length}")).collect();
    let slices: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .chain(["filled", "covered", "beside", "nearly"])
        .collect();
    let mut parts = Parts::new(b, layout, &slices)?;
    for (name, length) in names.iter().zip(&lengths) {
        let set = sys::setxattr(parts.lower(name), "user.a", &vec![b'a'; *length], 0);
        b.works("setxattr", set)?;
    }
    parts.mount()?;
    let (mut inside, mut elsewhere) = (0, 0);
    for (name, length) in names.iter().zip(&lengths) {
        match parts::pwrite(&parts.path(name), 50_001, b"written") {
            Ok(()) => parts.expect(name, 50_001, b"written"),
            // All attributes of a file have to be copied.
            Err(Errno(libc::ENOSPC)) => {
                must!(!parts.upper(name).exists(), "{name}: nothing is copied")?;
                continue;
            }
            Err(error) => return Err(format!("{name}: {error}")),
        }
        let map = sys::getxattr(parts.upper(name), parts::PART);
        match map.is_ok_and(|map| map.len() > parts::WITHOUT_MAP) {
            true => inside += 1,
            false => elsewhere += 1,
        }
        let kept = sys::getxattr(parts.path(name), "user.a");
        must!(
            kept.is_ok_and(|value| value.len() == *length),
            "{name} keeps its attribute"
        )?;
        parts.is_right("written", name)?;
    }
    must!(
        inside > 0 && elsewhere > 0,
        "some files have room for a map ({inside}), some have not ({elsewhere})"
    )?;
    // What a user sets comes first: the file gives up its map, and is completed. Of one nothing is missing already.
    parts.write("filled", 1, 50_001, 7)?;
    parts.write("covered", 1, 0, parts::SIZE)?;
    let mut counts = Vec::new();
    for name in ["filled", "covered"] {
        must!(parts::is_partial(&parts.upper(name)), "{name} is partial")?;
        let full = |number: usize| {
            let set = sys::setxattr(parts.path(name), &format!("user.{number}"), b"", 0);
            set == Err(Errno(libc::ENOSPC))
        };
        let count = (0..2000).find(|number| full(*number));
        counts.push(count.ok_or("attributes that fill a block")?);
        must!(!parts::is_partial(&parts.upper(name)), "{name} is whole")?;
        b.works("fsync", with(&parts.path(name), libc::O_RDWR, sys::fsync))?;
    }
    must!(
        counts[0] == counts[1] && counts[0] > 10,
        "both have room for as many: {counts:?}"
    )?;
    // While the map is there, it can be written down, whatever else there is.
    parts.write("beside", 1, 50_001, 7)?;
    let free = |length: usize| {
        let set = sys::setxattr(parts.path("beside"), "user.b", &vec![b'b'; length], 0);
        set.is_ok() && parts::is_partial(&parts.upper("beside"))
    };
    let most = (0..1000)
        .step_by(4)
        .take_while(|length| free(*length))
        .last();
    must!(most.is_some(), "an attribute beside the map")?;
    parts.write("beside", 2, 150_001, 7)?;
    b.works(
        "fsync",
        with(&parts.path("beside"), libc::O_RDWR, sys::fsync),
    )?;
    parts.write("nearly", 1, 50_001, 7)?;
    let most = vec![b'b'; most.unwrap_or(0)];
    b.works(
        "setxattr",
        sys::setxattr(parts.path("nearly"), "user.b", &most, 0),
    )?;
    for (number, at) in [150_001, 200_001, 250_001].into_iter().enumerate() {
        parts.write("nearly", 2, at, 7)?;
        b.works(
            "fsync",
            with(&parts.path("nearly"), libc::O_RDWR, sys::fsync),
        )?;
        let there = b.works("the map", parts::granules(&parts.upper("nearly")))?;
        must!(
            there == number as u32 + 2,
            "{} granules are written down, not {there}",
            number + 2
        )?;
    }
    parts.are_right("filled")?;
    parts.sound()?;
    std::fs::remove_dir_all(&below).map_err(|error| error.to_string())
}
