// SPDX-License-Identifier: GPL-2.0-only
use std::path::Path;

use crate::bench::Bench;
use crate::process::{self, End};
use crate::scenario::Check;
use crate::sys;
use crate::watch::Listener;

pub const CHECK: Check = Check {
    about: "who watches a lower file may forbid that it is read, to be copied up as well; then nothing is copied",
    run,
    ..Check::DEFAULT
};

const NAMES: [&str; 6] = ["chmod", "cut", "rename", "write", "sendfile", "limit"];

fn run(b: &mut Bench) -> Result<(), String> {
    let l = b.layout(1)?;
    let below = |name: &str| l.lowers[0].join(name);
    for name in NAMES {
        b.file(&below(name), &"x".repeat(300_000))?;
    }
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let files = NAMES.map(below);
    let files: Vec<&Path> = files.iter().map(|path| path.as_path()).collect();
    let listener = Listener::new(
        b,
        libc::FAN_CLASS_CONTENT,
        libc::FAN_ACCESS_PERM,
        &files,
        || libc::FAN_DENY,
    )?;
    let at = |name: &str| l.target.join(name);
    for (name, result) in NAMES.map(|name| (name, change(name, &at(name)))) {
        // overlayfs copies in this process alone.
        if name != "limit" || b.is_union() {
            b.fails(name, result, libc::EPERM)?;
        }
    }
    for name in NAMES {
        let copied = sys::stat(l.upper.join(name), 0).is_ok();
        b.must(&format!("{name}: nothing is copied"), !copied)?;
    }
    b.work_idle(&l)?;
    // What is not read needs no permission.
    b.works("truncate", sys::truncate(at("cut"), 0))?;
    drop(listener);
    for name in NAMES {
        if name != "limit" || b.is_union() {
            b.works(name, change(name, &at(name)))?;
        }
    }
    b.sound(&union, &l, &lowers).map(drop)
}

/// A change of each kind that has the file copied.
fn change(name: &str, path: &Path) -> sys::Result<()> {
    match name {
        "cut" => sys::truncate(path, 1000),
        "rename" => {
            let away = path.with_file_name("away");
            sys::rename(path, &away, 0)?;
            sys::rename(&away, path, 0)
        }
        "write" | "sendfile" => {
            let fd = sys::open(path, libc::O_WRONLY, 0)?;
            let result = if name == "write" {
                sys::write(fd, b"y", None).map(drop)
            } else {
                let from = sys::open("/proc/self/exe", libc::O_RDONLY, 0)?;
                let sent = sys::sendfile(fd, from, 100).map(drop);
                sys::close(from)?;
                sent
            };
            sys::close(fd)?;
            result
        }
        "limit" => {
            let end = process::child(|| {
                sys::limit_file_size(1000).expect("setrlimit");
                if let Err(error) = sys::chmod(path, 0o600) {
                    std::process::exit(error.0);
                }
            })?;
            match end {
                End::Status(error) => Err(crate::errno::Errno(error)),
                _ => Ok(()),
            }
        }
        _ => sys::chmod(path, 0o600),
    }
}
