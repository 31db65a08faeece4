// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::errno::Errno;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "private attributes of any length are read as what they are or refused with EIO, in every layer and on every type",
    run,
    ..Check::DEFAULT
};

const ATTRIBUTES: &[&str] = &[
    "opaque",
    "redirect",
    "origin",
    "impure",
    "nlink",
    "metacopy",
    "protattr",
    "whiteout",
    "union.ino",
    "union.",
    "overlay.opaque",
];

/// What lies around every length a decoder may look for, and around the sizes of its buffers.
const LENGTHS: &[usize] = &[0, 1, 2, 7, 8, 9, 10, 17, 21, 33, 64, 65, 256, 1000];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    for layer in [&l.upper, &l.lowers[0], &l.lowers[1]] {
        let name = layer
            .file_name()
            .ok_or("a name")?
            .to_string_lossy()
            .into_owned();
        for attribute in ATTRIBUTES {
            let dir = b.dir(&layer.join(format!("{name}.{attribute}")))?;
            for (number, length) in LENGTHS.iter().enumerate() {
                // Text, a number, the head of a handle of overlayfs, bytes without any meaning.
                let fill = [b'y', b'0', 0xfb, 0xff][number % 4];
                let value = vec![fill; *length];
                let file = dir.join(format!("f{length}"));
                b.file(&file, "text")?;
                let sub = b.dir(&dir.join(format!("d{length}")))?;
                b.file(&sub.join("inside"), "inside")?;
                for path in [file, sub] {
                    let attribute = format!("trusted.overlay.{attribute}");
                    b.works("setxattr", sys::setxattr(&path, &attribute, &value, 0))?;
                }
            }
        }
    }
    b.union(&l).mount(&l.target)?;
    let fine = |what: &str, result: Result<Vec<u8>, Errno>| match result {
        Ok(data) => b.must(
            &format!("{what}: its own text"),
            data == b"text" || data == b"inside",
        ),
        Err(error) => b.must(
            &format!("{what}: EIO, ENOENT or ENAMETOOLONG, not {error}"),
            [libc::EIO, libc::ENOENT, libc::ENAMETOOLONG].contains(&error.0),
        ),
    };
    let read = |path: &std::path::Path| {
        let fd = sys::open(path, libc::O_RDONLY, 0)?;
        let data = sys::read(fd, 100, None);
        sys::close(fd)?;
        data
    };
    let mut changed = 0;
    for dir in walk::list(&l.target)? {
        let dir = l
            .target
            .join(String::from_utf8_lossy(&dir.name).into_owned());
        let Ok(_) = walk::list(&dir) else { continue };
        for length in LENGTHS {
            let (file, sub) = (
                dir.join(format!("f{length}")),
                dir.join(format!("d{length}")),
            );
            fine(&file.to_string_lossy(), read(&file))?;
            fine(&sub.to_string_lossy(), read(&sub.join("inside")))?;
            changed += usize::from(sys::chmod(&file, 0o600).is_ok());
            let _ = sys::mkdir(sub.join("new"), 0o755);
            let _ = sys::rename(&sub, dir.join("renamed"), 0);
            let _ = sys::link(&file, dir.join("linked"), 0);
            let _ = sys::unlink(dir.join("linked"));
            let _ = walk::list(&dir.join("renamed"));
        }
    }
    b.must(
        &format!("many can be changed all the same, not {changed}"),
        changed > 200,
    )?;
    b.umount(&l.target)?;
    b.union(&l).mount(&l.target)?;
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)
}
