// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a file that got a name in the upper layer directly has a name left when one is removed or \
        replaced, and can be linked",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    for (first, second, way) in [("a", "b", "unlink"), ("c", "d", "rename")] {
        b.file(&at(first), "text")?;
        b.works(
            "link behind the mount",
            sys::link(l.upper.join(first), l.upper.join(second), 0),
        )?;
        b.works("stat", sys::stat(at(second), 0))?;
        if way == "unlink" {
            b.works("unlink", sys::unlink(at(first)))?;
        } else {
            b.file(&at("new"), "new")?;
            b.works("rename", sys::rename(at("new"), at(first), 0))?;
        }
        let open = b.works("open", sys::open(at(second), libc::O_RDONLY, 0))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        b.must(&format!("{way}: one name, not {count}"), count == 1)?;
        let third = at(&format!("{second}-again"));
        b.works(way, sys::link(at(second), &third, 0))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        b.must(&format!("{way}: two names, not {count}"), count == 2)?;
        b.works("unlink", sys::unlink(at(second)))?;
        b.works("unlink", sys::unlink(&third))?;
        let count = b.works("fstat", sys::fstat(open))?.st_nlink;
        b.must(&format!("{way}: no name, not {count}"), count == 0)?;
        b.works("close", sys::close(open))?;
    }
    b.umount(&l.target)
}
