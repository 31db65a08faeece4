// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::fuse::{self, Manner, Tree};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "cgroup2 and a FUSE file system, where mkdir has a mind of its own, are refused as the upper layer",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let refusals = [
        libc::EINVAL,
        libc::EPERM,
        libc::EOPNOTSUPP,
        libc::EROFS,
        libc::ENOSYS,
    ];
    let groups = b.target("groups")?;
    b.works("cgroup2", sys::mount("cgroup2", &groups, "cgroup2", 0, b""))?;
    let (upper, work) = (b.dir(&groups.join("upper"))?, b.dir(&groups.join("work"))?);
    let union = b.new_union().lowers(&l.lowers).upper(&upper, &work);
    b.refused(&union, &l.target, &refusals)?;
    let dirs = walk::list(&work)?;
    let dirs: Vec<_> = dirs.iter().filter(|e| e.kind == libc::DT_DIR).collect();
    b.must(&format!("no group was made: {dirs:?}"), dirs.is_empty())?;
    for path in [&upper, &work] {
        b.works("rmdir", sys::rmdir(path))?;
    }
    let mut tree = Tree::default();
    for name in ["upper", "work"] {
        tree.add(0, name, libc::S_IFDIR | 0o755);
    }
    for (number, manner) in [Manner::Honest, Manner::Lying(1), Manner::Lying(2)]
        .into_iter()
        .enumerate()
    {
        let place = b.target(&format!("fuse{number}"))?;
        fuse::mount(b, &place, 0, &tree, manner)?;
        let union = b
            .new_union()
            .lowers(&l.lowers)
            .upper(place.join("upper"), place.join("work"));
        b.must(
            "a file system that may change by itself is refused",
            union.mount(&l.target).is_err(),
        )?;
        b.umount(&place)?;
    }
    Ok(())
}
