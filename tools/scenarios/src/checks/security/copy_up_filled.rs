// SPDX-License-Identifier: GPL-2.0-only
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::bench::{Bench, Layout};
use crate::mount;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::shape::Fs;
use crate::sys;
use crate::watch::Listener;

pub const CHECK: Check = Check {
    about: "a lower file that is filled when it is needed, by whoever watches, is copied up with its data",
    run,
    ..Check::DEFAULT
};

const SIZE: usize = 400_000;

fn run(b: &mut Bench) -> Result<(), String> {
    let memory = b.tmpfs("top")?;
    for fs in [Fs::Ext4, Fs::Xfs, Fs::Btrfs] {
        let disk = b.dir(&b.disk(fs)?.join("copy_up_filled"))?;
        // To another file system, and to the same one, which may share blocks.
        for top in [&memory, &disk] {
            for limited in [false, true] {
                let l = Layout {
                    lowers: vec![b.dir(&disk.join("lower"))?],
                    upper: b.dir(&top.join("upper"))?,
                    work: b.dir(&top.join("work"))?,
                    target: b.target("target")?,
                };
                let name = format!("{} to {}", fs.name(), top.display());
                filled(b, &l, limited).map_err(|error| format!("{name}: {error}"))?;
                for path in [&l.lowers[0], &l.upper, &l.work] {
                    std::fs::remove_dir_all(path).map_err(|error| error.to_string())?;
                }
            }
        }
        // The disk is shared with other cases.
        std::fs::remove_dir_all(&disk).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn filled(b: &Bench, l: &Layout, limited: bool) -> Result<(), String> {
    let io = |error: std::io::Error| error.to_string();
    let path = l.lowers[0].join("placeholder");
    let file = std::fs::File::create(&path).map_err(io)?;
    file.set_len(SIZE as u64).map_err(io)?;
    b.union(l).mount(&l.target)?;
    let data: Vec<u8> = (0..SIZE).map(|at| (at / 1000) as u8 | 1).collect();
    let (mut fetched, stored) = (false, &data);
    let listener = Listener::new(
        b,
        libc::FAN_CLASS_PRE_CONTENT,
        sys::FAN_PRE_ACCESS,
        &[&path],
        || {
            if !fetched {
                file.write_all_at(stored, 0).expect("room for it");
                fetched = true;
            }
            libc::FAN_ALLOW
        },
    )?;
    let result = copied(b, l, limited, &data);
    let _ = mount::unmount_below(&l.target);
    drop(listener);
    result
}

fn copied(b: &Bench, l: &Layout, limited: bool, data: &[u8]) -> Result<(), String> {
    let target = l.target.join("placeholder");
    if limited && b.is_union() {
        let end = process::child(|| {
            sys::limit_file_size(1000).expect("setrlimit");
            sys::chmod(&target, 0o600).expect("chmod");
        })?;
        b.must(&format!("chmod, not {end:?}"), end == End::Done)?;
    } else {
        b.works("chmod", sys::chmod(&target, 0o600))?;
    }
    same_data(b, &l.upper.join("placeholder"), data)?;
    same_data(b, &target, data)
}

fn same_data(b: &Bench, path: &Path, data: &[u8]) -> Result<(), String> {
    let found = std::fs::read(path).map_err(|error| error.to_string())?;
    let wrong = found.iter().zip(data).filter(|(is, ought)| is != ought);
    b.must(
        &format!(
            "{} has all of its data, {} bytes of {} are wrong",
            path.display(),
            wrong.count(),
            found.len()
        ),
        found == data,
    )
}
