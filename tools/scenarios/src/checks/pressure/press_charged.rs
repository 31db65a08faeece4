// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::mount;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::shape::Fs;
use crate::sys;

pub const CHECK: Check = Check {
    about: "what is read and written to copy a file up is charged to the control group it is done for, and limited by it",
    run,
    ..Check::DEFAULT
};

const SIZE: usize = 48 << 20;
/// Half of the file; what is copied must be written out to make room for more.
const MAX: usize = 24 << 20;

fn run(b: &mut Bench) -> Result<(), String> {
    let groups = b.target("group")?;
    b.works(
        "mounting cgroup2",
        sys::mount("cgroup2", &groups, "cgroup2", 0, b""),
    )?;
    if std::fs::write(groups.join("cgroup.subtree_control"), "+memory +io").is_err() {
        return Err("skip: no controllers of memory and io for cgroup2".into());
    }
    let disk = b.dir(&b.disk(Fs::Ext4)?.join("press_charged"))?;
    let result = [false, true]
        .into_iter()
        .try_for_each(|limited| charged(b, &groups, &disk, limited));
    // The disk is shared with other cases.
    let _ = mount::unmount_below(&b.base().join("target"));
    std::fs::remove_dir_all(&disk).map_err(|error| error.to_string())?;
    result
}

fn charged(b: &Bench, groups: &Path, disk: &Path, limited: bool) -> Result<(), String> {
    if limited && !b.is_union() {
        // overlayfs heeds the limit, and copies nothing.
        return Ok(());
    }
    let io = |error: std::io::Error| error.to_string();
    let l = Layout {
        lowers: vec![b.dir(&disk.join("lower"))?],
        upper: b.dir(&disk.join("upper"))?,
        work: b.dir(&disk.join("work"))?,
        target: b.target("target")?,
    };
    let name = format!("limited-{limited}");
    std::fs::write(l.lowers[0].join(&name), vec![b'x'; SIZE]).map_err(io)?;
    sys::sync();
    std::fs::write("/proc/sys/vm/drop_caches", "3").map_err(io)?;
    b.union(&l).mount(&l.target)?;
    let group = b.dir(&groups.join(&name))?;
    std::fs::write(group.join("memory.max"), MAX.to_string()).map_err(io)?;
    let target = l.target.join(&name);
    let end = process::child(|| {
        std::fs::write(group.join("cgroup.procs"), "0").expect("root may move itself");
        if limited {
            sys::limit_file_size(1 << 20).expect("setrlimit");
        }
        sys::chmod(&target, 0o600).expect("chmod");
    })?;
    let peak: usize = number(&std::fs::read_to_string(group.join("memory.peak")).map_err(io)?);
    let stat = std::fs::read_to_string(group.join("io.stat")).map_err(io)?;
    let read: usize = stat.split("rbytes=").skip(1).map(number).sum();
    b.umount(&l.target)?;
    std::fs::remove_dir(&group).map_err(|error| format!("removing the cgroup: {error}"))?;
    b.must(&format!("chmod, not {end:?}"), end == End::Done)?;
    b.must(
        &format!("{name}: a peak of {peak} bytes of memory is most of what is allowed"),
        (MAX / 2..=MAX).contains(&peak),
    )?;
    b.must(
        &format!("{name}: {read} bytes read are the file"),
        read >= SIZE,
    )
}

/// The number a text begins with.
fn number(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().unwrap_or(0)
}
