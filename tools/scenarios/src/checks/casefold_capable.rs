// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::image;
use crate::mount::Union;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "a file system that could ignore the case of letters, and does in none of its directories, is as good as any",
    run,
    ..Check::DEFAULT
};

const FS_CASEFOLD_FL: u32 = 0x4000_0000;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let ext4 = b.target("ext4")?;
    b.looped(&image::CASEFOLD)?.mount(&ext4, 0, "")?;
    let tmpfs = b.target("tmpfs")?;
    b.works(
        "a tmpfs that can",
        sys::mount("tmpfs", &tmpfs, "tmpfs", 0, b"casefold"),
    )?;
    for below in [&ext4, &tmpfs] {
        let dir = b.dir(&below.join("lower/Dir"))?;
        b.file(&dir.join("Name"), "upper case")?;
        b.file(&dir.join("name"), "lower case")?;
        b.file(&below.join("lower/gone"), "gone")?;
        let (upper, work) = (b.dir(&below.join("upper"))?, b.dir(&below.join("work"))?);
        // All on it; an upper layer on it; its root as the lower layer.
        let lower = below.join("lower");
        let whole = b.new_union().lower(below).upper(&l.upper, &l.work);
        for union in [
            b.new_union().lower(&lower).upper(&upper, &work),
            b.new_union()
                .lower(&lower)
                .lowers(&l.lowers)
                .upper(&upper, &work),
        ] {
            use_it(b, &union, &l.target)?;
            for dir in [&upper, &work] {
                std::fs::remove_dir_all(dir).map_err(|error| error.to_string())?;
                b.dir(dir)?;
            }
        }
        whole.mount(&l.target)?;
        b.holds(&l.target.join("lower/Dir/Name"), "upper case")?;
        b.holds(&l.target.join("lower/Dir/name"), "lower case")?;
        b.fails("stat", sys::stat(l.target.join("LOWER"), 0), libc::ENOENT)?;
        b.umount(&l.target)?;
    }
    Ok(())
}

fn use_it(b: &Bench, union: &Union, target: &Path) -> Result<(), String> {
    union.mount(target)?;
    let at = |name: &str| target.join(name);
    b.holds(&at("Dir/Name"), "upper case")?;
    b.holds(&at("Dir/name"), "lower case")?;
    b.fails("stat", sys::stat(at("DIR/name"), 0), libc::ENOENT)?;
    b.file(&at("Dir/NAME"), "made")?;
    b.file(&at("Dir/name"), "changed")?;
    b.works("unlink", sys::unlink(at("gone")))?;
    b.file(&at("Gone"), "another")?;
    b.works("mkdir", sys::mkdir(at("New"), 0o755))?;
    b.works("mkdir", sys::mkdir(at("new"), 0o755))?;
    b.works("rename", sys::rename(at("new"), at("NEW"), 0))?;
    b.works("rmdir", sys::rmdir(at("New")))?;
    b.fails("stat", sys::stat(at("gone"), 0), libc::ENOENT)?;
    if b.is_union() {
        for dir in ["Dir", "NEW"] {
            let fd = b.works("open", sys::open(at(dir), libc::O_RDONLY, 0))?;
            b.fails(
                "chattr +F",
                sys::set_flags(fd, FS_CASEFOLD_FL),
                libc::EOPNOTSUPP,
            )?;
            b.works("close", sys::close(fd))?;
        }
    }
    let names = |dir: &str| -> Result<Vec<String>, String> {
        let listed = walk::list(&at(dir)).map_err(|error| error.to_string())?;
        Ok(listed
            .iter()
            .map(|entry| entry.name.escape_ascii().to_string())
            .collect())
    };
    let mut found = names("Dir")?;
    found.sort();
    b.must(
        &format!("three names: {found:?}"),
        found == ["NAME", "Name", "name"],
    )?;
    b.umount(target)?;
    union.mount(target)?;
    b.holds(&at("Dir/Name"), "upper case")?;
    b.holds(&at("Dir/name"), "changed")?;
    b.holds(&at("Dir/NAME"), "made")?;
    b.fails("stat", sys::stat(at("gone"), 0), libc::ENOENT)?;
    b.umount(target)
}
