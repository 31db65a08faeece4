// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::shape::Api;
use crate::sys;

pub const CHECK: Check = Check {
    about: "a layer that is no directory is refused, by each interface; a symbolic link to one is followed",
    run,
    ..Check::DEFAULT
};

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let odd = b.dir(&l.upper.with_file_name("odd"))?;
    b.file(&odd.join("file"), "x")?;
    b.works(
        "mkfifo",
        sys::mknod(odd.join("fifo"), libc::S_IFIFO | 0o600, 0),
    )?;
    b.works(
        "socket",
        sys::mknod(odd.join("socket"), libc::S_IFSOCK | 0o600, 0),
    )?;
    b.works(
        "whiteout",
        sys::mknod(odd.join("whiteout"), libc::S_IFCHR, 0),
    )?;
    b.works("symlink", sys::symlink("file", odd.join("to file")))?;
    b.works("symlink", sys::symlink("none", odd.join("dangling")))?;
    b.works("symlink", sys::symlink("loop", odd.join("loop")))?;
    let kinds: &[(&str, i32)] = &[
        ("file", libc::ENOTDIR),
        ("fifo", libc::ENOTDIR),
        ("socket", libc::ENOTDIR),
        ("whiteout", libc::ENOTDIR),
        ("to file", libc::ENOTDIR),
        ("dangling", libc::ENOENT),
        ("loop", libc::ELOOP),
        ("none", libc::ENOENT),
        ("file/under", libc::ENOTDIR),
    ];
    for api in [Api::Mount, Api::Strings, Api::Fds] {
        for (name, errno) in kinds {
            let path = odd.join(name);
            // For overlayfs's mount(2), what is no directory is a wrong option.
            let errnos = if b.is_union() {
                vec![*errno]
            } else {
                vec![*errno, libc::EINVAL]
            };
            let new = || b.new_union().api(api);
            b.refused(
                &new().lower(&path).upper(&l.upper, &l.work),
                &l.target,
                &errnos,
            )?;
            b.refused(&new().lowers(&l.lowers).lower(&path), &l.target, &errnos)?;
            b.refused(
                &new().lowers(&l.lowers).upper(&path, &l.work),
                &l.target,
                &errnos,
            )?;
            b.refused(
                &new().lowers(&l.lowers).upper(&l.upper, &path),
                &l.target,
                &errnos,
            )?;
        }
        // Removed, but held by a descriptor or a current directory.
        let gone = b.dir(&odd.join("gone"))?;
        b.works("chdir", sys::chdir(&gone))?;
        b.works("rmdir", sys::rmdir(&gone))?;
        let union = b.new_union().api(api).lower(".").upper(&l.upper, &l.work);
        if union.mount(&l.target).is_ok() {
            // An empty layer does no harm.
            b.file(&l.target.join("new"), "new")?;
            b.umount(&l.target)?;
        }
        let union = b.new_union().api(api).lowers(&l.lowers).upper(".", &l.work);
        if union.mount(&l.target).is_ok() {
            b.holds(&l.target.join("file"), "below")?;
            let result = sys::mkdir(l.target.join("new"), 0o755);
            b.fails(
                "mkdir in an upper layer that was removed",
                result,
                libc::ENOENT,
            )?;
            let result = sys::chmod(l.target.join("file"), 0o600);
            b.fails(
                "a copy into an upper layer that was removed",
                result,
                libc::ENOENT,
            )?;
            b.umount(&l.target)?;
        }
        let union = b
            .new_union()
            .api(api)
            .lowers(&l.lowers)
            .upper(&l.upper, ".");
        b.must(
            "a work directory that was removed is refused",
            union.mount(&l.target).is_err(),
        )?;
        b.works("chdir", sys::chdir("/"))?;
    }
    for (name, to) in [
        ("lower", &l.lowers[0]),
        ("upper", &l.upper),
        ("work", &l.work),
    ] {
        b.works(
            "symlink",
            sys::symlink(to.to_string_lossy().as_ref(), odd.join(name)),
        )?;
    }
    b.new_union()
        .lower(odd.join("lower"))
        .upper(odd.join("upper"), odd.join("work"))
        .mount(&l.target)?;
    b.file(&l.target.join("file"), "changed")?;
    b.holds(&l.upper.join("file"), "changed")?;
    b.umount(&l.target)
}
