// SPDX-License-Identifier: GPL-2.0-only
//! Properties of a union that must hold after any load, whatever the results of the calls.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::bench::{Bench, Layout};
use crate::copies::Copies;
use crate::diff;
use crate::make;
use crate::mount::Union;
use crate::process::{self, End};
use crate::sys;
use crate::tree::{self, Builder};
use crate::union;
use crate::walk::{self, Tree};

impl Bench<'_> {
    /// Makes a described tree in the lower layer `number`.
    pub fn describe(
        &self,
        layout: &Layout,
        number: usize,
        setup: impl FnOnce(&mut Builder),
    ) -> Result<(), String> {
        let mut builder = Builder::default();
        setup(&mut builder);
        let spread = tree::spread(&builder, 1);
        make::make(&layout.lowers[number], &spread.lowers[0])
    }

    /// The usual layers with the upper layer on the file system mounted at `upper_fs`.
    pub fn layout_on(&self, upper_fs: &Path, lowers: usize) -> Result<Layout, String> {
        let below = self.tmpfs("below")?;
        let lowers = (0..lowers).map(|number| self.dir(&below.join(number.to_string())));
        Ok(Layout {
            lowers: lowers.collect::<Result<_, _>>()?,
            upper: self.dir(&upper_fs.join("upper"))?,
            work: self.dir(&upper_fs.join("work"))?,
            target: self.target("target")?,
        })
    }

    /// The lower layers as they are, for [`Bench::sound`].
    pub fn lower_trees(&self, layout: &Layout) -> Result<Vec<Tree>, String> {
        layout
            .lowers
            .iter()
            .map(|lower| walk::walk(lower))
            .collect()
    }

    /// The union of the layers, mounted, and the lower ones as they are, for [`Bench::sound`].
    pub fn mounted(&self, layout: &Layout) -> Result<(Union, Vec<Tree>), String> {
        self.mounted_as(layout, Copies::Parts)
    }

    /// Two trees must be the same.
    pub fn same(&self, when: &str, before: &Tree, after: &Tree) -> Result<(), String> {
        let found = diff::trees(before, after, when, &[], &mut HashMap::new());
        if found.wrong.is_empty() {
            return Ok(());
        }
        let mut lines = found.wrong;
        lines.truncate(12);
        Err(lines.join("\n"))
    }

    /// Asserts all properties of the mounted union: every name is listed once and can be looked up, the tree is the
    /// same when mounted again and in overlayfs, no lower layer has changed and the work directory is empty. Returns
    /// the tree; the union is unmounted afterwards, and has no partial files any more.
    pub fn sound(&self, union: &Union, layout: &Layout, lowers: &[Tree]) -> Result<Tree, String> {
        consistent(&layout.target)?;
        let tree = walk::walk(&layout.target)?;
        self.umount(&layout.target)?;
        self.work_empty(layout)?;
        for (number, before) in lowers.iter().enumerate() {
            let after = walk::walk(&layout.lowers[number])?;
            self.same(&format!("lower layer {number}"), before, &after)?;
        }
        union.mount(&layout.target)?;
        consistent(&layout.target)?;
        self.same("mounted again", &tree, &walk::walk(&layout.target)?)?;
        if union::is_guarded(&layout.work) {
            self.settle_mounted(layout)?;
            self.same("settled", &tree, &walk::walk(&layout.target)?)?;
        }
        self.umount(&layout.target)?;
        if self.is_union() {
            Union::overlayfs()
                .lowers(&layout.lowers)
                .upper(&layout.upper, &layout.work)
                .mount(&layout.target)?;
            self.same("as overlayfs", &tree, &walk::walk(&layout.target)?)?;
            self.umount(&layout.target)?;
        }
        Ok(tree)
    }

    /// Removes from the upper layer the files without data of which no lower file has them any more: no call on them
    /// succeeds, in overlayfs as well. Any other file that does so is an error. The union is mounted, and unmounted
    /// afterwards. Returns how many there were.
    pub fn drop_lost(&self, layout: &Layout) -> Result<usize, String> {
        let mut lost = Vec::new();
        find_lost(&layout.target, Path::new(""), &mut lost)?;
        self.umount(&layout.target)?;
        for name in &lost {
            let path = layout.upper.join(name);
            self.marked(&path)?;
            self.works("removing what has no data", sys::unlink(path))?;
        }
        Ok(lost.len())
    }

    /// The work directory of an unmounted union is empty.
    pub fn work_empty(&self, layout: &Layout) -> Result<(), String> {
        self.work_holds(layout, |_| false)
    }

    /// The work directory of a mounted union is empty but for the whiteout that is linked to names.
    pub fn work_idle(&self, layout: &Layout) -> Result<(), String> {
        self.work_holds(layout, |line| line.contains("device=0:0"))
    }

    fn work_holds(&self, layout: &Layout, allowed: fn(&str) -> bool) -> Result<(), String> {
        let mut left = walk::walk(&layout.work.join("work"))?;
        // overlayfs, and the union, name features there that the next mount must not ignore.
        left.retain(|path, line| {
            let is_feature = path.split('/').next() == Some("incompat");
            path != "." && !is_feature && !allowed(line)
        });
        must!(left.is_empty(), "an empty work directory, not {left:?}")
    }

    /// Runs `work` in `count` processes at once, each with its number; all must end well.
    pub fn crowd(&self, count: usize, work: impl Fn(usize)) -> Result<(), String> {
        self.ended_well(self.crowd_behind(count, work)?)
    }

    /// The same in the background; the ids are for [`Bench::ended_well`].
    pub fn crowd_behind(&self, count: usize, work: impl Fn(usize)) -> Result<Vec<i32>, String> {
        let start = |number| Ok(process::background(|| work(number))?);
        (0..count).map(start).collect()
    }

    /// All these children must end well.
    pub fn ended_well(&self, children: Vec<i32>) -> Result<(), String> {
        // All are waited for, so that none keeps the union busy.
        let ends: Vec<_> = children
            .into_iter()
            .map(process::wait)
            .collect::<Result<_, _>>()?;
        must!(
            ends.iter().all(|end| *end == End::Done),
            "every process ends well: {ends:?}"
        )
    }
}

/// The names below `dir` of which stat(2) says EIO.
fn find_lost(root: &Path, dir: &Path, lost: &mut Vec<PathBuf>) -> Result<(), String> {
    let path = root.join(dir);
    let entries = walk::list(&path).map_err(|e| format!("listing {}: {e}", path.display()))?;
    for entry in &entries {
        let name = dir.join(OsStr::from_bytes(&entry.name));
        match sys::stat(root.join(&name), libc::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) if walk::kind(&stat) == libc::S_IFDIR => find_lost(root, &name, lost)?,
            Ok(_) => {}
            Err(error) if error.0 == libc::EIO => lost.push(name),
            Err(error) => return Err(format!("stat of {}: {error}", name.display())),
        }
    }
    Ok(())
}

/// Every name below `path` is listed once, can be looked up, and has the listed type and number.
pub fn consistent(path: &Path) -> Result<(), String> {
    let entries = walk::list(path).map_err(|e| format!("listing {}: {e}", path.display()))?;
    for (index, entry) in entries.iter().enumerate() {
        let child = path.join(OsStr::from_bytes(&entry.name));
        let show = child.display();
        if index > 0 && entries[index - 1].name == entry.name {
            return Err(format!("{show} is listed twice"));
        }
        let stat = sys::stat(&child, libc::AT_SYMLINK_NOFOLLOW)
            .map_err(|e| format!("{show} is listed, stat says {e}"))?;
        if u32::from(entry.kind) << 12 != walk::kind(&stat) {
            return Err(format!("{show} is listed with type {}", entry.kind));
        }
        if entry.ino != stat.st_ino {
            return Err(format!(
                "{show} is listed with number {}, has {}",
                entry.ino, stat.st_ino
            ));
        }
        if walk::kind(&stat) == libc::S_IFDIR {
            consistent(&child)?;
        }
    }
    Ok(())
}
