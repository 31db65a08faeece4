// SPDX-License-Identifier: GPL-2.0-only
//! The directories a suite runs in: a plain one, and a union's layers on the same type of file system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use union_support::mount::{self, Union};
use union_support::walk;

use crate::report::Test;

/// Where both sides are mounted, so that programs use the same paths.
pub const DIR: &str = "/work";

/// The file system of the upper layer.
pub struct Ground {
    /// Its root.
    root: PathBuf,
    /// Where the lower layer is.
    lower: PathBuf,
}

impl Ground {
    /// Takes the scratch disk of this type, or memory.
    pub fn new(upper: &str) -> Result<Self> {
        fs::create_dir_all(DIR)?;
        let root = match upper {
            "tmpfs" => {
                let root = PathBuf::from("/disks/tmpfs");
                tmpfs(&root)?;
                root
            }
            other => Path::new("/disks").join(other),
        };
        if !root.is_dir() {
            bail!("there is no scratch disk {}", root.display());
        }
        // On xfs the layers share the file system, and blocks; elsewhere a copy-up goes to another file system.
        let below = match upper {
            "xfs" => root.clone(),
            _ => {
                let below = PathBuf::from("/disks/lower");
                tmpfs(&below)?;
                below
            }
        };
        Ok(Self {
            lower: below.join("lower"),
            root,
        })
    }

    /// Makes an empty plain directory and mounts it.
    pub fn plain(&self) -> Result<()> {
        let plain = self.root.join("plain");
        fresh(&plain)?;
        rustix::mount::mount_bind(&plain, DIR)
            .with_context(|| format!("bind mount of {}", plain.display()))
    }

    /// Unmounts the plain directory and removes it.
    pub fn plain_ends(&self) -> Result<()> {
        unmount()?;
        fs::remove_dir_all(self.root.join("plain")).context("removing the plain directory")
    }

    /// Makes empty layers; returns the lower one, to be filled.
    pub fn layers(&self) -> Result<&Path> {
        fresh(&self.lower)?;
        for name in ["upper", "work"] {
            fresh(&self.root.join(name))?;
        }
        Ok(&self.lower)
    }

    /// Mounts the union of the layers, or overlayfs, which must find the data of copies without them.
    pub fn union(&self, fstype: &str) -> Result<()> {
        let union = match fstype {
            "overlay" => Union::overlayfs(),
            _ => Union::new(fstype),
        };
        union
            .lower(&self.lower)
            .upper(self.root.join("upper"), self.root.join("work"))
            .mount(Path::new(DIR))?;
        Ok(())
    }

    /// Describes the lower layer.
    pub fn lower_tree(&self) -> Result<walk::Tree> {
        tree(&self.lower)
    }

    /// Unmounts the union; checks the layers, directly and through overlayfs.
    pub fn union_ends(&self, fstype: &str, lower_before: &walk::Tree) -> Result<Vec<Test>> {
        let seen = tree(Path::new(DIR));
        let mut tests = vec![
            Test::unless(
                "unmounts",
                unmount().err().map(|error| format!("{error:#}")),
            ),
            Test::unless(
                "lower layer is as it was",
                differences(lower_before, &self.lower_tree()?),
            ),
            Test::unless("work directory is empty", self.left_in_work()?),
        ];
        let again = |fstype: &str| -> Result<walk::Tree> {
            self.union(fstype)?;
            let tree = tree(Path::new(DIR));
            unmount()?;
            tree
        };
        let same = |name: &str, other: Result<walk::Tree>| match (&seen, other) {
            (Ok(seen), Ok(other)) => Test::unless(name, differences(seen, &other)),
            (Err(error), _) => Test::unless(name, Some(format!("{error:#}"))),
            (_, Err(error)) => Test::unless(name, Some(format!("{error:#}"))),
        };
        tests.push(same("another mount shows the same", again(fstype)));
        if fstype != "overlay" {
            tests.push(Test::unless(
                "can be settled",
                self.settle(fstype).err().map(|error| format!("{error:#}")),
            ));
            tests.push(same("overlayfs shows the same", again("overlay")));
        }
        for path in [
            &self.lower,
            &self.root.join("upper"),
            &self.root.join("work"),
        ] {
            fs::remove_dir_all(path).with_context(|| format!("removing {}", path.display()))?;
        }
        Ok(tests)
    }

    /// If files are partly in the upper layer, brings the rest there: overlayfs accepts the layer then.
    fn settle(&self, fstype: &str) -> Result<()> {
        if !self.root.join("work/work/incompat/union.partial").exists() {
            return Ok(());
        }
        // It is beside this program.
        let program = std::env::current_exe()?.with_file_name("union");
        self.union(fstype)?;
        let output = Command::new(&program).args(["settle", DIR]).output();
        unmount()?;
        let output = output.with_context(|| format!("running {}", program.display()))?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn left_in_work(&self) -> Result<Option<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join("work/work"))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        // Whiteouts are links of one that is kept; overlayfs uses another name for it.
        names.retain(|name| name != "incompat");
        Ok((!names.is_empty()).then(|| names.join(", ")))
    }
}

fn tmpfs(at: &Path) -> Result<()> {
    Ok(mount::tmpfs(at, "mode=755,size=2g,nr_inodes=1m")?)
}

/// Makes an empty directory, removing the leftovers of a failed suite.
fn fresh(path: &Path) -> Result<()> {
    let _ = fs::remove_dir_all(path);
    fs::create_dir(path).with_context(|| format!("mkdir {}", path.display()))
}

fn unmount() -> Result<()> {
    mount::unmount(DIR).context("umount")
}

fn tree(path: &Path) -> Result<walk::Tree> {
    walk::walk(path).map_err(anyhow::Error::msg)
}

/// The first few names at which two trees differ.
fn differences(one: &walk::Tree, other: &walk::Tree) -> Option<String> {
    let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let mut lines: Vec<_> = names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| {
            let show = |tree: &walk::Tree| tree.get(name).map_or("absent", |line| line).to_owned();
            format!("{name}: {} | {}", show(one), show(other))
        })
        .collect();
    if lines.len() > 5 {
        let more = lines.len() - 5;
        lines.truncate(5);
        lines.push(format!("and {more} more"));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
