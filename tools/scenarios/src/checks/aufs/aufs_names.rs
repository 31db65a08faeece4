// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::mount;
use crate::scenario::Check;
use crate::sys;
use crate::union::restore;
use crate::walk;

pub const CHECK: Check = Check {
    about: "with whiteout=aufs names that begin with .wh. cannot be made, and those in the upper layer are as good as whiteouts",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs reads no such whiteouts".into());
    }
    let l = b.layout(2)?;
    b.file(&l.lowers[1].join("deleted"), "below")?;
    b.file(&l.lowers[0].join(".wh.deleted"), "")?;
    b.file(&l.lowers[1].join("kept"), "below")?;
    // Made by somebody in the upper layer.
    b.file(&b.dir(&l.upper.join("full"))?.join(".wh.x"), "")?;
    b.dir(&l.upper.join("full/.wh.d"))?;
    b.file(&l.upper.join(".wh.kept"), "")?;
    b.file(&b.dir(&l.upper.join("deep/.wh.d"))?.join("inside"), "")?;
    let union = b.union(&l).option("whiteout", "aufs");
    union.mount(&l.target)?;
    let at = |name: &str| l.target.join(name);
    let options = mount::mounted_at(&l.target).map(|mount| mount.super_options);
    b.must(
        &format!("the option is shown: {options:?}"),
        options.is_some_and(|options| options.contains("whiteout=aufs")),
    )?;
    b.holds(&at("kept"), "below")?;
    for dir in [".", "dir"] {
        let name = at(dir).join(".wh.new");
        let made = [
            (
                "open",
                sys::open(&name, libc::O_WRONLY | libc::O_CREAT, 0o644).map(drop),
            ),
            ("mkdir", sys::mkdir(&name, 0o755)),
            ("mknod", sys::mknod(&name, libc::S_IFIFO | 0o644, 0)),
            ("symlink", sys::symlink("x", &name)),
            ("link", sys::link(at("file"), &name, 0)),
            ("rename", sys::rename(at("file"), &name, 0)),
            ("rename of a directory", sys::rename(at("full"), &name, 0)),
        ];
        for (call, result) in made {
            b.fails(&format!("{call} in {dir}"), result, libc::EPERM)?;
        }
        b.fails("stat", sys::stat(&name, 0), libc::ENOENT)?;
        b.fails("unlink", sys::unlink(&name), libc::ENOENT)?;
        b.fails("rmdir", sys::rmdir(&name), libc::ENOENT)?;
    }
    let copied =
        sys::stat(l.upper.join("file"), 0).is_ok() || sys::stat(l.upper.join("dir"), 0).is_ok();
    b.must("what was refused has copied nothing", !copied)?;
    let file = b.works(
        "open",
        sys::open(&l.target, libc::O_TMPFILE | libc::O_RDWR, 0o600),
    )?;
    let from = format!("/proc/self/fd/{file}");
    let linked = sys::link(&from, at(".wh.tmp"), libc::AT_SYMLINK_FOLLOW);
    b.fails("link of a file without a name", linked, libc::EPERM)?;
    b.works("close", sys::close(file))?;

    let dir = b.works("open", sys::open(&l.target, libc::O_RDONLY, 0))?;
    for name in ["deleted", ".wh.deleted", ".wh.kept"] {
        b.fails("restore", restore(dir, name), libc::ENOENT)?;
    }
    b.works("unlink", sys::unlink(at("kept")))?;
    b.works("restore", restore(dir, "kept"))?;
    b.holds(&at("kept"), "below")?;
    b.works("close", sys::close(dir))?;

    for name in ["full", "deep"] {
        let names = walk::list(&at(name))?;
        b.must(&format!("{name} is empty"), names.is_empty())?;
    }
    b.works("rmdir", sys::rmdir(at("full")))?;
    b.must("it is gone", sys::stat(l.upper.join("full"), 0).is_err())?;
    // What is in a directory is not removed unseen.
    b.fails("rmdir", sys::rmdir(at("deep")), libc::ENOTEMPTY)?;
    b.must("it is there", l.upper.join("deep/.wh.d/inside").exists())?;

    let remount = |options: &[u8]| sys::mount("", &l.target, "union", libc::MS_REMOUNT, options);
    b.fails("another form", remount(b"whiteout=overlay"), libc::EINVAL)?;
    b.works("the same", remount(b"whiteout=aufs"))?;
    b.umount(&l.target)?;
    for value in ["", "maybe", "Aufs"] {
        let union = b.union(&l).option("whiteout", value);
        let failure = b.refused(&union, &l.target, &[libc::EINVAL])?;
        let text = failure.to_string();
        b.must(
            &format!("the reason: {text}"),
            text.contains("must be overlay or aufs"),
        )?;
    }
    // One union below another: what the inner one hides is no business of the outer one.
    b.new_union()
        .lowers(&l.lowers)
        .option("whiteout", "aufs")
        .mount(&l.target)?;
    let outer = b.target("outer")?;
    b.new_union().lower(&l.target).mount(&outer)?;
    b.fails("deleted", sys::stat(outer.join("deleted"), 0), libc::ENOENT)?;
    b.fails(
        ".wh.deleted",
        sys::stat(outer.join(".wh.deleted"), 0),
        libc::ENOENT,
    )?;
    b.holds(&outer.join("kept"), "below")?;
    b.umount(&outer)?;
    b.umount(&l.target)?;
    b.union(&l).option("whiteout", "overlay").mount(&l.target)?;
    b.holds(&l.target.join(".wh.deleted"), "")?;
    b.holds(&l.target.join("deleted"), "below")?;
    b.umount(&l.target)
}
