// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::mount::{self, Union};
use crate::scenario::Check;
use crate::sys;

pub const CHECK: Check = Check {
    about: "with redirect_dir=nofollow a directory with a redirect is refused where something may lie beneath, as by overlayfs",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(3)?;
    let mark = |layer: &std::path::Path, name: &str, to: &str| -> Result<(), String> {
        let dir = b.dir(&layer.join(name))?;
        Ok(sys::setxattr(
            &dir,
            "trusted.overlay.redirect",
            to.as_bytes(),
            0,
        )?)
    };
    mark(&l.upper, "absolute", "/secret")?;
    mark(&l.upper, "relative", "secret")?;
    mark(&l.upper, "opaque", "secret")?;
    sys::setxattr(l.upper.join("opaque"), "trusted.overlay.opaque", b"y", 0)?;
    mark(&l.lowers[0], "lower", "/secret")?;
    mark(&l.lowers[0], "deep", "nowhere")?;
    mark(&l.lowers[2], "bottom", "/secret")?;
    mark(&l.upper, "below/inner", "/secret")?;
    b.dir(&l.lowers[1].join("below"))?;
    mark(&l.upper, "alone/inner", "/secret")?;
    b.file(&b.dir(&l.lowers[2].join("secret"))?.join("f"), "secret")?;
    for fstype in ["overlay", b.fstype] {
        let union = Union::new(fstype)
            .lowers(&l.lowers)
            .upper(&l.upper, &l.work)
            .option("redirect_dir", "nofollow");
        union.mount(&l.target)?;
        let at = |name: &str| l.target.join(name);
        for name in ["absolute", "relative", "lower", "deep", "below/inner"] {
            let what = format!("{fstype}: {name}");
            b.fails(&what, sys::stat(at(name), 0), libc::EPERM)?;
            b.fails(&what, sys::rmdir(at(name)), libc::EPERM)?;
            b.fails(&what, sys::mkdir(at(name), 0o755), libc::EPERM)?;
        }
        for name in ["opaque", "bottom", "alone/inner"] {
            let what = format!("{fstype}: {name}");
            b.works(&what, sys::stat(at(name), 0))?;
            b.fails(&what, sys::stat(at(name).join("f"), 0), libc::ENOENT)?;
        }
        b.holds(&at("secret/f"), "secret")?;
        if fstype != "overlay" {
            // overlayfs shows what is not the kernel's default, which may be this.
            let shown = mount::mounted_at(&l.target).map(|mount| mount.super_options);
            b.must(
                &format!("{fstype} shows the option: {shown:?}"),
                shown.is_some_and(|options| options.contains("redirect_dir=nofollow")),
            )?;
        }
        if fstype == "union" {
            // What hides one is not kept from going.
            b.file(&l.upper.join("lower"), "file")?;
        }
        b.umount(&l.target)?;
    }
    if !b.is_union() {
        return Ok(());
    }
    b.new_union()
        .lowers(&l.lowers)
        .upper(&l.upper, &l.work)
        .option("redirect_dir", "nofollow")
        .mount(&l.target)?;
    b.works("unlink", sys::unlink(l.target.join("lower")))?;
    b.fails("gone", sys::stat(l.target.join("lower"), 0), libc::ENOENT)?;
    let change = sys::mount("", &l.target, "union", libc::MS_REMOUNT, b"redirect_dir=on");
    b.fails("remount", change, libc::EINVAL)?;
    let same = sys::mount(
        "",
        &l.target,
        "union",
        libc::MS_REMOUNT,
        b"redirect_dir=nofollow",
    );
    b.works("remount", same)?;
    b.umount(&l.target)
}
