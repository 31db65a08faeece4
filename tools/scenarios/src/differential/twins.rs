// SPDX-License-Identifier: GPL-2.0-only
//! Two trees that must stay the same: a plain one and a union, and the comparison after each operation.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::numbers::Numbers;
use super::op::{ACTORS, Op, Step};
use super::peers::{Answer, Peer};
use super::perform::{Side, succeeded};
use crate::diff;
use crate::errno::Errno;
use crate::site::Site;
use crate::sys;
use crate::union;
use crate::walk::{self, Tree};

/// A difference of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// How many operations had been done; the last one showed it.
    pub after: usize,
    /// Whether it showed only at the end, when the layers and other mounts of them were compared.
    pub late: bool,
    /// The differences, in lines for a reader.
    pub lines: Vec<String>,
}

/// Counts of operations without a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Operations that succeeded.
    pub succeeded: usize,
    /// Operations that failed, in the same way on both sides.
    pub failed: usize,
    /// How often the union was mounted again.
    pub remounts: usize,
    /// Files of which a part was in a lower layer when the trees were compared.
    pub partial: usize,
}

/// The two trees; without a site both are plain.
pub struct Twins<'a> {
    plain: Side,
    union: Side,
    site: Option<(Site, &'a str)>,
    /// The lower layers, which must not change.
    lowers: Vec<(PathBuf, Tree)>,
    numbers: Numbers,
    tally: Tally,
}

impl<'a> Twins<'a> {
    /// Two equal trees; the union is mounted.
    pub fn new(plain: &Path, union: &Path, site: Option<(Site, &'a str)>) -> Result<Self, String> {
        let layers = site.iter().flat_map(|(site, _)| site.lower_trees());
        let lowers = layers
            .map(|path| Ok((path.clone(), layer(path)?)))
            .collect::<Result<_, String>>()?;
        Ok(Self {
            plain: Side::new(plain, plain)?,
            union: Side::new(union, plain)?,
            site,
            lowers,
            numbers: Numbers::default(),
            tally: Tally::default(),
        })
    }

    /// Does all the steps, and compares everything at the end.
    pub fn run(mut self, steps: &[Step]) -> Result<Tally, Parting> {
        // Often enough to find the operation at fault; in a long sequence seldom enough to save time.
        let every = (steps.len() / 8).clamp(1, 250);
        let every = if steps.len() <= 24 { 1 } else { every };
        let mut peers = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let parting = |lines| Parting {
                after: index + 1,
                late: false,
                lines,
            };
            match step.op {
                Op::DropCaches => drop_caches(),
                Op::Remount | Op::Rotate => {
                    peers.clear();
                    self.remount(step.op == Op::Rotate).map_err(parting)?;
                }
                _ => {
                    let answer = match step.actor {
                        0 => self.both(step),
                        actor => {
                            if peers.is_empty() {
                                peers = self.peers(steps).map_err(parting)?;
                            }
                            peers[actor - 1].turn(index)
                        }
                    };
                    match answer.map_err(parting)? {
                        true => self.tally.succeeded += 1,
                        false => self.tally.failed += 1,
                    }
                }
            }
            if (index + 1) % every == 0 {
                self.compare(&format!("after step {}", index + 1))
                    .map_err(parting)?;
            }
        }
        drop(peers);
        let parting = |late| {
            move |lines| Parting {
                after: steps.len(),
                late,
                lines,
            }
        };
        self.compare("after the last step")
            .map_err(parting(false))?;
        self.finish().map_err(parting(true))?;
        Ok(self.tally)
    }

    /// The processes that take turns with this one.
    fn peers(&self, steps: &[Step]) -> Result<Vec<Peer>, Vec<String>> {
        (1..ACTORS)
            .map(|_| {
                let mut twins = None;
                let act = |index: usize| -> Answer {
                    if twins.is_none() {
                        twins = Some(self.for_peer().map_err(|error| vec![error])?);
                    }
                    twins.as_mut().expect("just made").both(&steps[index])
                };
                Peer::start(act).map_err(|error| vec![format!("fork: {error}")])
            })
            .collect()
    }

    /// The same trees, with nothing open.
    fn for_peer(&self) -> Result<Self, String> {
        Ok(Self {
            plain: Side::new(self.plain.root(), self.plain.root())?,
            union: Side::new(self.union.root(), self.plain.root())?,
            site: self.site.clone(),
            lowers: Vec::new(),
            numbers: Numbers::default(),
            tally: Tally::default(),
        })
    }

    /// Does a step on both sides.
    fn both(&mut self, step: &Step) -> Answer {
        let found = self.union.perform_and_look(step);
        let expected = self.plain.perform_and_look(step);
        if expected == found {
            return Ok(succeeded(&found));
        }
        let (expected, found) = (text(&expected), text(&found));
        let mut lines = vec![format!("call:  {step}")];
        for index in 0..expected.len().max(found.len()) {
            let line = |lines: &[String]| {
                lines
                    .get(index)
                    .cloned()
                    .unwrap_or_else(|| "(nothing)".into())
            };
            let (expected, found) = (line(&expected), line(&found));
            if expected != found {
                lines.push(format!("plain: {expected}"));
                lines.push(format!("union: {found}"));
            }
        }
        Err(lines)
    }

    /// Compares the whole trees.
    fn compare(&mut self, when: &str) -> Result<(), Vec<String>> {
        let walk =
            |side: &Side| walk::walk(side.root()).map_err(|error| vec![format!("{when}: {error}")]);
        let (plain, union) = (walk(&self.plain)?, walk(&self.union)?);
        self.tally.partial += self.count_partial(&union);
        let mut wrong = diff::trees(&plain, &union, when, &[], &mut HashMap::new()).wrong;
        let lasting = self.site.iter().all(|(site, _)| site.numbers_last());
        if wrong.is_empty() && lasting {
            wrong = self
                .numbers
                .compare(self.plain.root(), self.union.root(), plain.keys());
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// How many files of the union are partial ones at this moment.
    fn count_partial(&self, tree: &Tree) -> usize {
        let files = tree.iter().filter(|(_, line)| line.starts_with("file"));
        let is_partial = |path: &String| {
            let file = File::open(self.union.root().join(path));
            let place = file.map(|file| union::data(file.as_raw_fd()));
            // Overlayfs and plain file systems have no such call.
            matches!(place, Ok(Ok((union::Place::Both, _))))
        };
        files.filter(|(path, _)| is_partial(path)).count()
    }

    /// Closes everything and mounts the union again, with its upper layer as a lower layer if requested.
    fn remount(&mut self, rotate: bool) -> Result<(), Vec<String>> {
        if rotate {
            self.part_links()?;
            // Attributes recorded with a copy count in the upper layer alone.
            self.numbers.forget();
        }
        self.leave();
        let union = self.union.root().to_owned();
        if let Some((site, fstype)) = &mut self.site {
            unmount(site)?;
            if rotate {
                site.before_rotation(fstype).map_err(|error| vec![error])?;
                let upper = site.stack().swap_remove(0);
                let tree = layer(&upper).map_err(|error| vec![error])?;
                self.lowers.push((upper, tree));
                site.rotate().map_err(|error| vec![error])?;
            }
            site.mount(fstype)
                .map_err(|error| vec![format!("mounting {}: {error}", union.display())])?;
        }
        self.tally.remounts += 1;
        let enter = |side: &mut Side| side.enter_anew().map_err(|error| vec![error]);
        enter(&mut self.plain)?;
        enter(&mut self.union)
    }

    fn leave(&mut self) {
        self.plain.leave();
        self.union.leave();
        sys::chdir("/").expect("there is a root directory");
    }

    /// Leaves each file one name: the names of a lower file become separate files at copy-up, as union.rst says.
    fn part_links(&mut self) -> Result<(), Vec<String>> {
        let others = second_names(self.plain.root()).map_err(|error| vec![error])?;
        for path in others {
            let op = Op::Unlink { path };
            self.both(&Step {
                actor: 0,
                user: 0,
                op,
            })?;
        }
        Ok(())
    }

    /// The last comparison: of the trees, also mounted again and in overlayfs, and of the layers.
    fn finish(&mut self) -> Result<(), Vec<String>> {
        self.leave();
        let Some((site, fstype)) = self.site.clone() else {
            return Ok(());
        };
        unmount(&site)?;
        let mounted = |twins: &mut Self, fstype: &str, when: &str| {
            site.mount(fstype)
                .map_err(|error| vec![format!("{when}: {error}")])?;
            twins.compare(when)?;
            unmount(&site)
        };
        mounted(self, fstype, "mounted again")?;
        // Before overlayfs can tidy up.
        site.layers(fstype)
            .work_empty()
            .map_err(|error| vec![error])?;
        for (path, before) in &self.lowers {
            let after = layer(path).map_err(|error| vec![error])?;
            let when = format!("lower layer {}, before and after", path.display());
            let wrong = diff::trees(before, &after, &when, &[], &mut HashMap::new()).wrong;
            if !wrong.is_empty() {
                return Err(wrong);
            }
        }
        if fstype == "overlay" {
            return Ok(());
        }
        site.for_overlay(fstype).map_err(|error| vec![error])?;
        // Its numbers are different.
        self.numbers.forget();
        mounted(self, "overlay", "as overlayfs")
    }
}

/// The part of a layer in the tree: perhaps nothing, of one that begins below its root.
fn layer(path: &Path) -> Result<Tree, String> {
    match sys::stat(path, libc::AT_SYMLINK_NOFOLLOW) {
        Err(Errno(libc::ENOENT)) => Ok(Tree::new()),
        _ => walk::walk(path),
    }
}

fn unmount(site: &Site) -> Result<(), Vec<String>> {
    site.umount()
        .map_err(|error| vec![format!("nothing is open, and yet umount: {error}")])
}

fn drop_caches() {
    // Users are refused, which is no failure.
    let _ = std::fs::write("/proc/sys/vm/drop_caches", "3");
}

/// All names of files with several, except the first.
pub fn second_names(root: &Path) -> Result<Vec<String>, String> {
    let second = |(path, line): (&String, &String)| {
        let (_, first) = line.split_once(" same-as=")?;
        let first = first.split(' ').next()?;
        (first != path).then(|| path.clone())
    };
    Ok(walk::walk(root)?.iter().filter_map(second).collect())
}

fn text(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(str::to_owned)
        .collect()
}
