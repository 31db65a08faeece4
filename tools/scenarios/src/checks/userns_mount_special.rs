// SPDX-License-Identifier: GPL-2.0-only

use crate::bench::Bench;
use crate::elf;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "a union mounted in a user namespace opens no devices and makes nobody a user it cannot name",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let null = l.lower.join("null");
    b.works(
        "mknod",
        sys::mknod(&null, libc::S_IFCHR | 0o666, sys::makedev(1, 3)),
    )?;
    b.works("chmod", sys::chmod(&null, 0o666))?;
    b.works("chown", sys::lchown(&null, 1000, 1000))?;
    for (name, uid) in [("roots", 0), ("seconds", 1001)] {
        std::fs::write(l.lower.join(name), elf::exits_with_user()).map_err(|e| e.to_string())?;
        b.works("chown", sys::lchown(l.lower.join(name), uid, 1000))?;
        b.works("chmod", sys::chmod(l.lower.join(name), 0o4755))?;
    }
    userns::check("0 1000 2\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.fails(
            "opening",
            sys::open(at("null"), libc::O_WRONLY, 0),
            libc::EACCES,
        )?;
        // It goes on as the user who ran it, who is 0 here: neither root nor the overflow user.
        for (name, status) in [("roots", End::Done), ("seconds", End::Status(1))] {
            let path = at(name).to_string_lossy().into_owned();
            let end = process::child(|| {
                process::exec(&path, &[&path]);
                std::process::exit(99);
            })?;
            b.must(
                &format!("{name} ends with {status:?}, not {end:?}"),
                end == status,
            )?;
        }
        b.umount(&l.target)
    })
}
