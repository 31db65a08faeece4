// SPDX-License-Identifier: GPL-2.0-only
use crate::bench::{Bench, Layout};
use crate::changes;
use crate::scenario::Check;
use crate::sys;
use crate::walk;

pub const CHECK: Check = Check {
    about: "without its work directory a union makes what needs none, fails at the rest, and loses nothing",
    run,
    ..Check::DEFAULT
};

/// What happens to the work directory.
type Loss = (&'static str, fn(&Layout) -> sys::Result<()>);

const LOSSES: &[Loss] = &[
    ("removed", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))
    }),
    ("replaced by another directory", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))?;
        sys::mkdir(l.work.join("work"), 0)
    }),
    ("replaced by a file", |l| {
        remove(l)?;
        sys::rmdir(l.work.join("work"))?;
        sys::mknod(l.work.join("work"), libc::S_IFREG | 0o600, 0)
    }),
    ("moved away", |l| {
        sys::rename(l.work.join("work"), l.work.join("moved"), 0)
    }),
    ("moved into the upper layer", |l| {
        sys::rename(l.work.join("work"), l.upper.join("moved"), 0)
    }),
    ("emptied", remove),
    ("filled with names of the kind that is used there", |l| {
        // The next ones; the last one used is that of the whiteout.
        let names = walk::list(&l.work.join("work"))?;
        let last = names.iter().filter_map(|entry| {
            let digits = std::str::from_utf8(entry.name.strip_prefix(b"#")?).ok()?;
            u32::from_str_radix(digits, 16).ok()
        });
        let first = last.max().unwrap_or(0) + 1;
        (first..first + 500)
            .try_for_each(|number| sys::mkdir(l.work.join(format!("work/#{number:08x}")), 0o700))
    }),
];

fn remove(l: &Layout) -> sys::Result<()> {
    for entry in walk::list(&l.work.join("work"))? {
        sys::unlink(
            l.work
                .join("work")
                .join(String::from_utf8_lossy(&entry.name).as_ref()),
        )?;
    }
    Ok(())
}

fn run(b: &mut Bench) -> Result<(), String> {
    for (number, (what, lose)) in LOSSES.iter().enumerate() {
        let top = b.tmpfs(&format!("top{number}"))?;
        let below = b.tmpfs(&format!("below{number}"))?;
        let l = Layout {
            lowers: vec![b.dir(&below.join("layer"))?],
            upper: b.dir(&top.join("upper"))?,
            work: b.dir(&top.join("work"))?,
            target: b.target("target")?,
        };
        b.describe(&l, 0, |b| changes::lower(b, 0))?;
        let lowers = b.lower_trees(&l)?;
        let union = b.union(&l);
        union.mount(&l.target)?;
        b.works("preparing", changes::prepare(&l.target, 0))?;
        b.works(what, lose(&l))?;
        let mut tree = walk::walk(&l.target)?;
        for change in changes::CHANGES {
            let result = (change.call)(&l.target);
            let after = walk::walk(&l.target)?;
            if let Err(error) = result {
                let when = format!("{what}, {}: {error}", change.name);
                b.same(&when, &tree, &after)?;
            }
            tree = after;
        }
        b.umount(&l.target)?;
        // Made good, it is a union as before.
        let _ = sys::unlink(l.work.join("work"));
        let _ = std::fs::remove_dir_all(l.work.join("work"));
        if sys::stat(l.upper.join("moved"), 0).is_ok() {
            std::fs::remove_dir_all(l.upper.join("moved")).map_err(|error| error.to_string())?;
        }
        union.mount(&l.target)?;
        let mut after = walk::walk(&l.target)?;
        for tree in [&mut tree, &mut after] {
            // The upper layer's root is where the work directory was moved to.
            tree.retain(|path, _| path != "." && !path.starts_with("moved"));
        }
        b.same(&format!("{what}, mounted again"), &tree, &after)?;
        b.sound(&union, &l, &lowers)?;
        b.umount(&top)?;
        b.umount(&below)?;
    }
    Ok(())
}
