// SPDX-License-Identifier: GPL-2.0-only
use crate::acl;
use crate::bench::{Bench, Layout};
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a default ACL and a set-group-id bit of the work directory, or of one above the upper layer, do not get into copies",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let lower = &l.lowers[0];
    b.file(&lower.join("dir/inside"), "inside")?;
    b.works(
        "fifo",
        sys::mknod(lower.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    b.works("chmod", sys::chmod(lower.join("dir"), 0o700))?;
    for name in ["over", "over_dir"] {
        b.file(&lower.join(name), "to be replaced")?;
    }
    b.union(&l).mount(&l.target)?;
    let before = walk::walk(&l.target)?;
    b.umount(&l.target)?;
    infect(b, &l)?;
    b.union(&l).mount(&l.target)?;
    for name in ["file", "dir/inside", "fifo"] {
        let path = l.target.join(name);
        let mode = b.works("stat", sys::stat(&path, 0))?.st_mode & 0o7777;
        b.works("chmod to the same", sys::chmod(&path, mode))?;
    }
    b.same("after copy-up", &before, &walk::walk(&l.target)?)?;
    // What is made over a whiteout is made in the work directory, too.
    sys::umask(0o027);
    for name in ["over", "over_dir"] {
        b.works("unlink", sys::unlink(l.target.join(name)))?;
    }
    let fd = sys::open(l.target.join("over"), libc::O_CREAT | libc::O_WRONLY, 0o666);
    b.works("create", fd.and_then(sys::close))?;
    b.works("mkdir", sys::mkdir(l.target.join("over_dir"), 0o777))?;
    for (name, mode) in [("over", 0o640), ("over_dir", 0o750)] {
        let path = l.target.join(name);
        let stat = b.works("stat", sys::stat(&path, 0))?;
        b.must(
            &format!(
                "{name}: {mode:o} of root, not {:o} {}",
                stat.st_mode, stat.st_gid
            ),
            stat.st_mode & 0o7777 == mode && stat.st_gid == 0,
        )?;
        let names = b.works("listxattr", sys::listxattr(&path))?;
        b.must(&format!("{name} has no ACL: {names:?}"), names.is_empty())?;
    }
    b.umount(&l.target)
}

/// Gives every directory of the union's own, and the one above, what new objects there would inherit.
fn infect(b: &Bench, l: &Layout) -> Result<(), String> {
    let above = l.upper.parent().ok_or("a parent")?;
    for path in [above, &l.work, &l.work.join("work")] {
        let list = acl::encode("u:7,user:1000:7,g:7,m:7,o:7");
        b.works("default ACL", sys::setxattr(path, acl::DEFAULT, &list, 0))?;
        b.works("chown", sys::lchown(path, 0, 50))?;
        b.works("chmod g+s", sys::chmod(path, 0o2777))?;
    }
    Ok(())
}
