// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};
use crate::walk;

pub const CHECK: Check = Check {
    about: "in directories of root nothing is made through a union mounted in a user namespace, in whatever layer they are",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let dirs = ["below", "merged", "top", "merged/deep"];
    for name in dirs.into_iter().filter(|name| *name != "top") {
        l.dir(b, name, 0o755, (0, 0))?;
    }
    l.file(b, "own", 0o644, (1000, 1000))?;
    for name in ["merged", "top"] {
        // Of root, who alone may write it.
        b.dir(&l.upper.join(name))?;
    }
    let before = walk::walk(&l.upper)?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        // The UUID, which root of the namespace could have stored, is left out.
        l.union(b).option("uuid", "null").mount(&l.target)?;
        let own = l.target.join("own");
        for dir in dirs {
            let new = l.target.join(dir).join("new");
            let open = |flags| sys::open(&new, flags, 0o644).and_then(sys::close);
            let made = [
                ("create", open(libc::O_CREAT | libc::O_WRONLY)),
                ("mkdir", sys::mkdir(&new, 0o755)),
                ("mkfifo", sys::mknod(&new, libc::S_IFIFO | 0o644, 0)),
                ("symlink", sys::symlink("own", &new)),
                ("link", sys::link(&own, &new, 0)),
                ("rename", sys::rename(&own, &new, 0)),
            ];
            for (what, result) in made {
                b.fails(&format!("{what} in {dir}"), result, libc::EACCES)?;
            }
        }
        b.umount(&l.target)
    })?;
    b.same("the upper layer", &before, &walk::walk(&l.upper)?)?;
    // The same at the root of a union whose upper layer belongs to root altogether.
    b.works("chown", sys::lchown(&l.upper, 0, 0))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        l.union(b).option("uuid", "null").mount(&l.target)?;
        let new = sys::mkdir(l.target.join("new"), 0o755);
        b.fails("mkdir at the root", new, libc::EACCES)?;
        let gone = sys::unlink(l.target.join("own"));
        b.fails("unlink at the root", gone, libc::EACCES)?;
        let copied = sys::chmod(l.target.join("own"), 0o600);
        b.must(&format!("no copy: {copied:?}"), copied.is_err())?;
        b.umount(&l.target)
    })?;
    b.works("chown", sys::lchown(&l.upper, 1000, 1000))?;
    b.same("the upper layer", &before, &walk::walk(&l.upper)?)?;
    // And a work directory nobody may write is of no use.
    let work = b.dir(&l.work.with_file_name("roots"))?;
    userns::check("0 1000 1\n", "0 1000 1\n", || {
        let union = b.new_union().lower(&l.lower).upper(&l.upper, &work);
        let refusals = [libc::EACCES, libc::EPERM];
        b.refused(&union.flag("userxattr"), &l.target, &refusals)
            .map(drop)
    })
}
