// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::elf;
use crate::process;
use crate::scenario::Check;
use crate::sys;
use crate::userns::{self, Layers};

pub const CHECK: Check = Check {
    about: "file capabilities set or copied up through a union mounted in a user namespace are good in that one alone",
    run,
    ..Check::DEFAULT
};

const CAPABILITY: &str = "security.capability";

/// cap_setuid=ep, version 2: good everywhere.
const EVERYWHERE: [u8; 20] = [
    1, 0, 0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The same in version 3: for user namespaces whose root this user is.
fn scoped(root: u32) -> Vec<u8> {
    let mut value = EVERYWHERE.to_vec();
    value[3] = 3;
    value.extend(root.to_le_bytes());
    value
}

fn run(b: &mut Bench) -> Result<(), String> {
    let l = Layers::new(b)?;
    let files = ["set", "copied", "his", "foreign", "roots"];
    for name in files {
        let path = l.lower.join(name);
        std::fs::write(&path, elf::becomes_user()).map_err(|error| error.to_string())?;
        let owner = if name == "roots" { 0 } else { 1000 };
        b.works("chown", sys::lchown(&path, owner, owner))?;
        b.works("chmod", sys::chmod(&path, 0o777))?;
    }
    for (name, value) in [
        ("copied", EVERYWHERE.to_vec()),
        ("his", scoped(1000)),
        ("foreign", scoped(2000)),
    ] {
        let path = l.lower.join(name);
        b.works("setcap", sys::setxattr(path, CAPABILITY, &value, 0))?;
    }
    userns::check("0 1000 2\n77 3000 1\n", "0 1000 2\n", || {
        l.union(b).mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        b.works(
            "setcap",
            sys::setxattr(at("set"), CAPABILITY, &EVERYWHERE, 0),
        )?;
        let roots = sys::setxattr(at("roots"), CAPABILITY, &EVERYWHERE, 0);
        b.fails("setcap of root's file", roots, libc::EPERM)?;
        b.works("copy-up of his", sys::chmod(at("his"), 0o755))?;
        // To refuse is as good as to leave the capability behind.
        for name in ["copied", "foreign"] {
            let _ = sys::chmod(at(name), 0o755);
        }
        b.umount(&l.target)
    })?;
    for name in files {
        let stored = sys::getxattr(l.upper.join(name), CAPABILITY);
        let fine = match &stored {
            Ok(value) => *value == scoped(1000),
            Err(_) => !["set", "his"].contains(&name),
        };
        b.must(&format!("{name} in the upper layer: {stored:?}"), fine)?;
        // Nor does it work outside.
        let path = l.upper.join(name).to_string_lossy().into_owned();
        let end = process::child(|| {
            sys::become_for_good(2000, 2000).expect("root may");
            process::exec(&path, &[&path]);
            std::process::exit(99);
        })?;
        b.must(
            &format!("{name} gives nobody anything: {end:?}"),
            end != process::End::Done,
        )?;
    }
    Ok(())
}
