// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "a union mounted in a user namespace lets nobody at what its mounter could not reach",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    l.file(b, "secret", 0o600, (0, 0))?;
    l.dir(b, "private", 0o700, (0, 0))?;
    l.file(b, "private/f", 0o666, (0, 0))?;
    // Its group has less than others, and the mounter is of the group.
    l.file(b, "not_group", 0o604, (0, 1000))?;
    l.file(b, "all", 0o644, (0, 0))?;
    let try_all = |who: &str, first: bool| -> Result<(), String> {
        let at = |name: &str| l.target.join(name);
        let read = |name: &str| sys::open(at(name), libc::O_RDONLY, 0).and_then(sys::close);
        for name in ["secret", "private/f", "not_group", "private"] {
            b.fails(&format!("{who} reading {name}"), read(name), libc::EACCES)?;
        }
        b.works("reading all", read("all"))?;
        b.fails(
            &format!("{who}: stat"),
            sys::stat(at("private/f"), 0),
            libc::EACCES,
        )?;
        b.fails(
            &format!("{who}: truncate"),
            sys::truncate(at("all"), 0),
            libc::EACCES,
        )?;
        let made = sys::mkdir(at("new"), 0o755);
        if first {
            b.works("mkdir in his own", made)
        } else {
            b.fails("mkdir in another's", made, libc::EEXIST)
        }
    };
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        try_all("the mounter", true)?;
        userns_user(|| try_all("another", false))?;
        b.umount(&l.target)
    })?;
    l.upper_is(b, &["new"])
}

/// Does something as the second user of the namespace, who is one of the others to all files.
fn userns_user(work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    sys::become_user(1, 1, &[])?;
    let result = work();
    sys::become_root()?;
    result
}
