// SPDX-License-Identifier: GPL-2.0-only
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bench::Bench;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "files are copied up and get a second name elsewhere while their directory is listed and changed: none is \
            listed with another number than it has",
    run,
    ..Check::DEFAULT
};

const FILES: usize = 600;

/// The names that are listed with another number than they have.
fn wrong(dir: &Path, numbers: &HashMap<Vec<u8>, u64>) -> Vec<String> {
    let listed = walk::list(dir).expect("reading a directory");
    let wrong = listed.iter().filter(|entry| {
        numbers
            .get(&entry.name)
            .is_some_and(|number| *number != entry.ino)
    });
    wrong
        .map(|entry| String::from_utf8_lossy(&entry.name).into_owned())
        .collect()
}

fn run(b: &mut Bench) -> Result<(), String> {
    if !b.is_union() {
        return Err("skip: overlayfs keeps numbers only on request".into());
    }
    let l = b.layout(1)?;
    b.describe(&l, 0, |b| {
        b.dir("elsewhere");
        for number in 0..FILES {
            b.file(&format!("d/{number}"), "below");
        }
    })?;
    let lowers = b.lower_trees(&l)?;
    let union = b.union(&l);
    union.mount(&l.target)?;
    let (dir, elsewhere) = (l.target.join("d"), l.target.join("elsewhere"));
    let mut numbers = HashMap::new();
    for number in 0..FILES {
        let name = number.to_string();
        let stat = b.works("stat", sys::stat(dir.join(&name), 0))?;
        numbers.insert(name.into_bytes(), stat.st_ino);
    }
    let over = AtomicBool::new(false);
    let go_on = || !over.load(Ordering::Relaxed);
    let (meanwhile, afterwards) = std::thread::scope(|scope| {
        let lister = scope.spawn(|| {
            let mut found = Vec::new();
            while go_on() {
                found.extend(wrong(&dir, &numbers));
            }
            found
        });
        scope.spawn(|| {
            let name = dir.join("new");
            while go_on() {
                sys::mknod(&name, libc::S_IFIFO | 0o600, 0).expect("mknod");
                sys::unlink(&name).expect("unlink");
            }
        });
        let mut found = Vec::new();
        for number in 0..FILES {
            let name = dir.join(number.to_string());
            sys::chmod(&name, 0o600).expect("chmod");
            sys::link(&name, elsewhere.join(number.to_string()), 0).expect("link");
            found.extend(wrong(&dir, &numbers));
        }
        over.store(true, Ordering::Relaxed);
        (lister.join().expect("the lister ends"), found)
    });
    for (when, wrong) in [("while", meanwhile), ("after", afterwards)] {
        b.must(
            &format!(
                "the number that a file has is listed {when} it is linked: {} do not, {:?}",
                wrong.len(),
                wrong.first()
            ),
            wrong.is_empty(),
        )?;
    }
    b.sound(&union, &l, &lowers).map(drop)
}
