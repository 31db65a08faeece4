// SPDX-License-Identifier: GPL-2.0-only
//! The directories of one run: where its layers are, and how the union of them is mounted.

use std::path::{Path, PathBuf};

use crate::aufs;
use crate::execute::{Disks, make_dir};
use crate::layers::Layers;
use crate::make;
use crate::mount::{Api, Union};
use crate::mountinfo;
use crate::shape::{Fs, Shape, Turn, Twist};
use crate::sys;
use crate::tree::{Entry, Spread};
use crate::union;
use crate::userns;

/// Where the tree of a shape with a bind mount is in its union.
const BELOW: &str = "sub";

/// What the owners on the layers are in a shape with an id-mapped mount, for users as for groups: root is root, and the
/// others of the first 4000 have changed places. So all can be named, and what a user makes is his.
const MAP: &str = "0 0 1\n1 2001 2000\n2001 1 2000\n4001 4001 4294963294\n";

/// What the error of [`Site::mount`] begins with where a file system cannot be mounted id-mapped.
pub const UNMAPPED: &str = "an id-mapped mount";

/// The maximum number of actions between steps; some scenarios have thousands of steps.
const MAX_TURNS: usize = 100;

/// The layers of one run.
#[derive(Clone)]
pub struct Site {
    shape: Shape,
    /// An empty directory that everything is mounted below.
    base: PathBuf,
    /// Holds the upper layers, their work directories, and the oracle's tree.
    pub upper_fs: PathBuf,
    /// The lower layers that hold the tree, the topmost first.
    trees: Vec<PathBuf>,
    /// The lower layers of the union.
    lowers: Vec<PathBuf>,
    /// How many upper layers have become lower layers.
    turns: usize,
    /// How many steps could have been followed by an action.
    turns_asked: usize,
    /// The effective capabilities of a process that may mount.
    capabilities: String,
    /// Where the union is mounted.
    whole: PathBuf,
    /// Where its tree is visible.
    pub target: PathBuf,
}

impl Site {
    /// Makes the directories for a tree that is spread in `spread`, without filling them.
    pub fn prepare(
        disks: &Disks,
        base: &Path,
        scenario: &str,
        shape: &Shape,
        spread: &Spread,
    ) -> Result<Self, String> {
        let upper_fs = match shape.upper {
            Fs::Tmpfs => tmpfs(base, "upper_fs")?,
            other => {
                let upper_fs = disk(disks, other)?.join(scenario);
                make_dir(&upper_fs)?;
                upper_fs
            }
        };
        let target = base.join("union");
        make_dir(&target)?;
        let whole = match shape.twist {
            Twist::Bind | Twist::Mapped => base.join("whole"),
            _ => target.clone(),
        };
        make_dir(&whole)?;
        let mut site = Self {
            shape: *shape,
            base: base.to_owned(),
            upper_fs,
            trees: Vec::new(),
            lowers: Vec::new(),
            turns: 0,
            turns_asked: 0,
            capabilities: capabilities(),
            whole,
            target,
        };
        for number in 0..spread.lowers.len() {
            let root = site.lower(disks, scenario, spread.lowers.len(), number)?;
            site.trees.push(site.seen_in(&root));
            site.lowers.push(root);
        }
        Ok(site)
    }

    /// The directory of one lower layer.
    fn lower(
        &self,
        disks: &Disks,
        scenario: &str,
        count: usize,
        number: usize,
    ) -> Result<PathBuf, String> {
        let fs = self.shape.lower(number);
        // A tree that names its layers may have more of them than the shape.
        let name = format!("l{number}");
        let root = match fs {
            image if image.is_image() => {
                let layer = self.shape.in_image(count, scenario, number);
                return Ok(disk(disks, image)?.join(layer));
            }
            // Hundreds of file systems would only test mount(2).
            Fs::Tmpfs if count > 10 && number > 0 => self.base.join("l0"),
            Fs::Tmpfs => tmpfs(&self.base, &name)?,
            other => {
                let below = disk(disks, other)?.join(scenario);
                make_dir(&below)?;
                below
            }
        };
        let layer = root.join(format!("layer{number}"));
        make_dir(&layer)?;
        Ok(layer)
    }

    /// Where the tree is in a layer.
    fn seen_in(&self, root: &Path) -> PathBuf {
        match self.shape.twist {
            Twist::Bind => root.join(BELOW),
            _ => root.to_owned(),
        }
    }

    fn upper_root(&self) -> PathBuf {
        self.upper_fs.join(format!("upper{}", self.turns))
    }

    fn work(&self) -> PathBuf {
        self.upper_fs.join(format!("work{}", self.turns))
    }

    /// Fills the layers; with a nested union, mounts that.
    pub fn fill(&mut self, spread: &Spread, fstype: &str) -> Result<(), String> {
        let by_name;
        let spread = match self.shape.twist {
            Twist::Aufs if fstype != "overlay" => {
                by_name = aufs::spread(spread);
                &by_name
            }
            _ => spread,
        };
        for (number, entries) in spread.lowers.iter().enumerate() {
            if !self.shape.lower(number).is_image() {
                let tree = &self.trees[number];
                make_dir(tree)?;
                self.make(tree, entries)?;
            }
        }
        let (root, work) = (self.upper_root(), self.work());
        make_dir(&root)?;
        make_dir(&work)?;
        let tree = self.seen_in(&root);
        if !spread.upper.is_empty() {
            make_dir(&tree)?;
        }
        self.make(&tree, &spread.upper)?;
        match self.shape.twist {
            // overlayfs wants two lower layers where there is no upper layer.
            Twist::ReadOnly => self.lowers.insert(0, root),
            Twist::Nested(inner) => {
                let inner = if inner == "union" { fstype } else { inner };
                let target = self.base.join("inner");
                make_dir(&target)?;
                Union::new(inner)
                    .lowers(&self.lowers)
                    .mount(&target)
                    .map_err(|error| format!("the union below: {error}"))?;
                self.lowers = vec![target];
            }
            _ => {}
        }
        Ok(())
    }

    /// Makes entries of a layer, so that the union shows the owners that are asked for.
    fn make(&self, tree: &Path, entries: &[Entry]) -> Result<(), String> {
        if self.shape.twist != Twist::Mapped || entries.is_empty() {
            return make::make(tree, entries);
        }
        map(tree, tree)?;
        make::make(tree, entries)?;
        sys::umount(tree, 0).map_err(|error| format!("umount {}: {error}", tree.display()))
    }

    /// Whether inode numbers of the union stay with the objects when caches are dropped. Those of directories of an
    /// overlayfs whose layers are on several file systems do not.
    pub fn numbers_last(&self) -> bool {
        self.shape.twist != Twist::Nested("overlay")
    }

    /// The lower layers that the run has changed, as far as that can be seen.
    pub fn lower_trees(&self) -> &[PathBuf] {
        &self.trees
    }

    /// Makes the layers of the unmounted union of type `fstype` readable for overlayfs: without files copied up in
    /// parts, and over an overlayfs without files whose data are below. Two such files may have one number on that
    /// overlayfs, each on a device of its own, and the overlayfs above shows both numbers on the same device.
    pub fn for_overlay(&self, fstype: &str) -> Result<(), String> {
        if union::is_guarded(&self.work()) || self.shape.twist == Twist::Nested("overlay") {
            self.settle(fstype)?;
        }
        if self.shape.twist == Twist::Aufs {
            for tree in &self.trees {
                aufs::to_overlay(tree)?;
            }
        }
        Ok(())
    }

    /// Settles all files of the unmounted union.
    fn settle(&self, fstype: &str) -> Result<(), String> {
        self.mount(fstype)?;
        union::settle_all(&self.whole).map_err(|error| format!("settle: {error}"))?;
        self.umount()
            .map_err(|error| format!("umount, settled: {error}"))
    }

    /// Mounts the union.
    pub fn mount(&self, fstype: &str) -> Result<(), String> {
        let overlay = fstype == "overlay";
        let api = if overlay {
            Api::Strings
        } else {
            self.shape.api
        };
        let union = match overlay {
            true => Union::overlayfs(),
            false => Union::new(fstype),
        };
        let mut union = union.api(api).lowers(&self.lowers);
        if self.shape.twist != Twist::ReadOnly {
            union = union.upper(self.upper_root(), self.work());
        }
        if self.shape.twist == Twist::Aufs && !overlay {
            union = union.option("whiteout", "aufs");
        }
        if self.shape.copies_whole() && !overlay {
            union = union.option("partial", "off");
        }
        union.mount(&self.whole)?;
        if self.shape.twist == Twist::Bind {
            let sub = self.whole.join(BELOW);
            sys::mount(&sub.to_string_lossy(), &self.target, "", libc::MS_BIND, b"")
                .map_err(|error| format!("the bind mount of {}: {error}", sub.display()))?;
        }
        if self.shape.twist == Twist::Mapped {
            return map(&self.whole, &self.target).inspect_err(|_| {
                let _ = sys::umount(&self.whole, 0);
            });
        }
        Ok(())
    }

    /// Unmounts it.
    pub fn umount(&self) -> sys::Result<()> {
        sys::umount(&self.target, 0)?;
        if self.whole != self.target {
            sys::umount(&self.whole, 0)?;
        }
        Ok(())
    }

    /// Takes the action of the shape between two steps, if that is possible.
    pub fn turn(&mut self, turn: Turn, fstype: &str) -> Result<(), String> {
        self.turns_asked += 1;
        if self.turns_asked > MAX_TURNS {
            return Ok(());
        }
        if turn == Turn::DropCaches {
            // Users are refused, which is no failure.
            let _ = std::fs::write("/proc/sys/vm/drop_caches", "3");
            return Ok(());
        }
        let identity = |path: &Path| sys::stat(path, 0).map(|stat| (stat.st_dev, stat.st_ino));
        let here = identity(Path::new("."));
        if here.is_err() || here != identity(&self.target) {
            return Ok(());
        }
        // Another mount of it would keep the layers in use.
        let mounts = mountinfo::read().unwrap_or_default();
        let device = mountinfo::listed_at(&self.target).map(|mount| mount.device);
        let same = mounts
            .iter()
            .filter(|mount| Some(&mount.device) == device.as_ref());
        if same.count() != 1 || capabilities() != self.capabilities {
            return Ok(());
        }
        let go = |path: &Path| {
            sys::chdir(path).map_err(|error| format!("chdir {}: {error}", path.display()))
        };
        go(Path::new("/"))?;
        // A step has a file open, or runs as a user without the right.
        if self.umount().is_err() {
            return go(&self.target);
        }
        if turn == Turn::Rotate {
            self.before_rotation(fstype)?;
            self.rotate()?;
        }
        self.mount(fstype)?;
        go(&self.target)
    }

    /// Makes the upper layer of the unmounted union of type `fstype` fit to be a lower layer, where no file is partial.
    pub fn before_rotation(&self, fstype: &str) -> Result<(), String> {
        match union::is_guarded(&self.work()) {
            true => self.settle(fstype),
            false => Ok(()),
        }
    }

    /// Makes that layer the topmost lower one, below a new upper layer.
    pub fn rotate(&mut self) -> Result<(), String> {
        self.lowers.insert(0, self.upper_root());
        self.turns += 1;
        make_dir(&self.upper_root())?;
        make_dir(&self.work())?;
        copy_root(&self.lowers[0], &self.upper_root())
    }

    /// The layers as the union has them, the upper layer first, each at the root of the tree.
    pub fn stack(&self) -> Vec<PathBuf> {
        let upper_fs = self.upper_root();
        let layers = std::iter::once(&upper_fs).chain(&self.lowers);
        layers.map(|root| self.seen_in(root)).collect()
    }

    /// Takes over turns of another process.
    pub fn turned(&mut self, turns: usize) {
        while self.turns < turns {
            self.lowers.insert(0, self.upper_root());
            self.turns += 1;
        }
    }

    /// How many upper layers have become lower layers.
    pub fn turns(&self) -> usize {
        self.turns
    }

    /// The layers for an assertion, if the shape leaves them where a scenario expects them.
    pub fn layers(&self, fstype: &str) -> Layers {
        Layers {
            upper: self.seen_in(&self.upper_root()),
            work: self.work(),
            lowers: self.trees.clone(),
            shape: self.shape,
            given: Vec::new(),
            fstype: fstype.to_owned(),
        }
    }
}

/// Mounts the directory `source` on `target` with its owners changed as a shape with an id-mapped mount has them.
pub fn map(source: &Path, target: &Path) -> Result<(), String> {
    let namespace = userns::open(MAP, MAP).map_err(|error| format!("a user namespace: {error}"))?;
    let mounted = sys::mount_id_mapped(source, target, namespace);
    let _ = sys::close(namespace);
    mounted.map_err(|error| format!("{UNMAPPED} of {}: {error}", source.display()))
}

/// The effective capabilities of this process, as /proc shows them.
fn capabilities() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("CapEff:"));
    line.unwrap_or_default().to_owned()
}

/// The root of a union has the attributes of the upper layer: a new upper layer must have those of the old one.
fn copy_root(from: &Path, to: &Path) -> Result<(), String> {
    let copy = || -> sys::Result<()> {
        let stat = sys::stat(from, 0)?;
        sys::lchown(to, stat.st_uid, stat.st_gid)?;
        sys::chmod(to, stat.st_mode & 0o7777)?;
        for name in sys::listxattr(from)? {
            if !name.starts_with("trusted.overlay.") {
                sys::setxattr(to, &name, &sys::getxattr(from, &name)?, 0)?;
            }
        }
        let time = (stat.st_mtime, stat.st_mtime_nsec);
        sys::utimens(to, time, time, 0)
    };
    copy().map_err(|error| format!("making a new upper layer like {}: {error}", from.display()))
}

fn disk(disks: &Disks, fs: Fs) -> Result<&Path, String> {
    disks
        .get(&fs)
        .map(PathBuf::as_path)
        .ok_or_else(|| format!("no {} disk is mounted for this shape", fs.name()))
}

/// Mounts a new tmpfs below `base`.
pub fn tmpfs(base: &Path, name: &str) -> Result<PathBuf, String> {
    let path = base.join(name);
    make_dir(&path)?;
    sys::mount("tmpfs", &path, "tmpfs", 0, b"mode=755")
        .map_err(|error| format!("mounting a tmpfs: {error}"))?;
    Ok(path)
}
