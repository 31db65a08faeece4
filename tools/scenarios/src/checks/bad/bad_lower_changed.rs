// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::Bench;
use crate::scenario::Check;
use crate::sound;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "lower layers that change behind the union give old or new or errors, and copies of one whole file",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 24;

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(2)?;
    let dir = b.dir(&l.lowers[1].join("d/sub"))?;
    for number in 0..FILES {
        b.file(
            &dir.join(number.to_string()),
            &format!("{number:02}").repeat(3000),
        )?;
        b.file(&dir.join(format!("spare{number}")), "spare")?;
    }
    let union = b.union(&l);
    union.mount(&l.target)?;
    let seen = walk::walk(&l.target)?;
    b.must("the files", seen.len() > FILES)?;
    let through = l.target.join("d/sub");
    let listing = b.works("open", sys::open(&through, libc::O_RDONLY, 0))?;
    for number in 0..FILES {
        let name = number.to_string();
        let (behind, path) = (dir.join(&name), through.join(&name));
        let open = b.works("open", sys::open(&path, libc::O_RDWR, 0))?;
        match number % 6 {
            0 => b.works("unlink behind", sys::unlink(&behind))?,
            1 => b.works("truncate behind", sys::truncate(&behind, 1))?,
            2 => b.file(&behind, &"new".repeat(5000))?,
            3 => {
                b.works("unlink behind", sys::unlink(&behind))?;
                b.works("mkdir behind", sys::mkdir(&behind, 0o755))?;
            }
            4 => b.works(
                "rename behind",
                sys::rename(&behind, dir.join("renamed"), 0),
            )?,
            _ => b.works(
                "rename over behind",
                sys::rename(dir.join(format!("spare{number}")), &behind, 0),
            )?,
        }
        match number / 6 {
            0 => drop(sys::write(open, b"W", Some(100))),
            1 => drop(sys::chmod(&path, 0o600)),
            2 => drop(sys::rename(&path, l.target.join(format!("to{number}")), 0)),
            _ => drop(sys::unlink(&path)),
        }
        let _ = sys::read(open, 100, Some(0));
        sys::close(open)?;
        if let Ok(data) = std::fs::read(&path) {
            // Of one file, with the byte that was written.
            let odd = data.iter().filter(|byte| **byte == b'W').count();
            b.must(
                &format!("file {number}: at most one byte is ours, not {odd}"),
                odd <= 1,
            )?;
        }
    }
    let _ = sys::getdents(listing, 4096);
    sys::close(listing)?;
    // Directories come, go and change places.
    b.works(
        "rename behind",
        sys::rename(l.lowers[1].join("d"), l.lowers[1].join("e"), 0),
    )?;
    b.dir(&l.lowers[1].join("d"))?;
    for name in ["d", "d/sub", "d/sub/0", "e", "e/sub"] {
        let path = l.target.join(name);
        let _ = walk::list(&path);
        let _ = sys::mkdir(path.join("new"), 0o755);
        let _ = sys::rmdir(&path);
        let _ = sys::rename(&path, l.target.join("moved"), 0);
    }
    b.holds(&l.target.join("file"), "below")?;
    b.umount(&l.target)?;
    union.mount(&l.target)?;
    // Whiteouts may hide nothing now; overlayfs would list them.
    sound::consistent(&l.target)?;
    b.umount(&l.target)?;
    b.work_empty(&l)
}
