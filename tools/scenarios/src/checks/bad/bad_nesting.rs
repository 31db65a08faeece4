// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "of the ways to put layers into each other one is allowed, and there nobody gets at the upper layer from below",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let top = b.tmpfs("top")?;
    let target = b.target("target")?;
    for name in [
        "lower/in/upper",
        "lower/in/work",
        "upper/in/work",
        "work/in/upper",
        "work/in/lower",
        "upper/in/lower",
    ] {
        b.dir(&top.join(name))?;
    }
    b.file(&top.join("lower/file"), "below")?;
    let union = |lower: &str, upper: &str, work: &str| {
        b.new_union()
            .lower(top.join(lower))
            .upper(top.join(upper), top.join(work))
    };
    let (wrong, twice) = ([libc::EINVAL], [libc::ELOOP, libc::EINVAL]);
    for (lower, upper, work, errnos) in [
        ("lower", "upper", "upper", &wrong[..]),
        ("lower", "upper", "upper/in/work", &wrong),
        ("lower", "work/in/upper", "work", &wrong),
        ("lower", "upper", ".", &wrong),
        ("upper", "upper", "work", &twice),
        ("work", "upper", "work", &twice),
        ("upper/in/lower", "upper", "work", &twice),
        ("work/in/lower", "upper", "work", &twice),
        ("lower", "lower", "work", &twice),
    ] {
        let union = union(lower, upper, work);
        // Overlayfs is less strict here and there.
        if b.is_union() {
            b.refused(&union, &target, errnos)
                .map_err(|error| format!("{lower}, {upper}, {work}: {error}"))?;
        } else if union.mount(&target).is_ok() {
            b.umount(&target)?;
        }
    }
    // The upper layer inside a lower layer.
    union("lower", "lower/in/upper", "lower/in/work").mount(&target)?;
    b.file(&target.join("file"), "above")?;
    b.holds(&top.join("lower/in/upper/file"), "above")?;
    if b.is_union() {
        for name in ["in/upper", "in/work"] {
            let path = target.join(name);
            b.fails(name, sys::stat(&path, 0), libc::ELOOP)?;
            b.fails(name, sys::rmdir(&path), libc::ELOOP)?;
            b.fails(name, sys::rename(&path, target.join("x"), 0), libc::ELOOP)?;
            b.fails(name, sys::mkdir(path.join("x"), 0o755), libc::ELOOP)?;
        }
    }
    let _ = walk::walk(&target);
    b.works("mkdir", sys::mkdir(target.join("in/new"), 0o755))?;
    b.umount(&target)?;
    b.must(
        "it is in the upper layer",
        sys::stat(top.join("lower/in/upper/in/new"), 0).is_ok(),
    )
}
