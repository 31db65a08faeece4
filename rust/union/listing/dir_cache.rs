// SPDX-License-Identifier: GPL-2.0-only

//! The cached contents of a directory: its fallthru set, and the view together with the upper
//! layer.
//!
//! Both are made when they are first needed ([`crate::union::listing::scan`]): set and view by the
//! first readdir; the set alone when failed lookups in the layers have cost more than reading them
//! would. They are kept until memory is short ([`crate::union::cache::reclaim`]), or until a
//! lower directory turns out to have changed. Changing a mounted lower layer is not allowed; if it
//! happens, it is eventually noticed.
//!
//! A lower directory whose file system revalidates names (NFS, FUSE) may change by itself, and only
//! that file system knows when: a directory of mergerfs keeps its times when a branch gets a name,
//! and so does a change within one tick of the server's clock. A set with such a directory is
//! therefore used only to continue a listing ([`may_change`]). Each lookup asks the layers, each
//! listing reads them, and both see what the layer itself would show.
//!
//! The set never changes. The view is changed together with the upper directory ([`ViewChange`]),
//! with the directory locked exclusively. Readers hold the directory's lock at least shared, so no
//! [`Listing`] exists during a change.

use crate::{
    logic::{
        fallthru::{self, Fallthrus},
        hash,
        mode::Kind,
        resolve::Hint,
        view::{Listed, View, ViewEntry, Width},
    },
    union::{
        cache::{
            cached::{CachedDir, Source, Trust},
            slot::DirSlot,
        },
        layers::{node::Node, union::Union},
        listing::{record, scan},
        OwnInode,
    },
    vfs::types::Name,
};
use kernel::{
    prelude::*,
    sync::{atomic::Relaxed, Arc},
};

/// Whether a lower directory may change by itself (see the head of the file).
fn may_change(union: &Union, node: &Node) -> bool {
    union.revalidates
        && node
            .lowers()
            .iter()
            .any(|lower| lower.dentry.wants_revalidate())
}

/// The current state of the lower directories of a directory.
fn source(node: &Node) -> Source {
    Source {
        cookie: change_cookie(node),
        trust: Trust::Full,
    }
}

/// Whether they are certainly unchanged.
fn holds(source: Source, union: &Union, node: &Node) -> bool {
    source.trust == Trust::Full && !may_change(union, node) && source.cookie == change_cookie(node)
}

/// Change cookie: differs when a lower directory has changed.
fn change_cookie(node: &Node) -> u64 {
    node.lowers().iter().fold(0, |cookie, lower| {
        let Some(inode) = lower.dentry.inode() else {
            return cookie;
        };
        let times = inode.times();
        let size = u64::from_ne_bytes(inode.size().to_ne_bytes());
        let times = [times.mtime.0, times.mtime.1, times.ctime.0, times.ctime.1];
        times
            .iter()
            .fold(hash::combine(cookie, size), |cookie, time| {
                hash::combine(cookie, u64::from_ne_bytes(time.to_ne_bytes()))
            })
    })
}

/// What a directory shows. The directory is locked, shared at least.
pub struct Listing {
    set: Arc<Fallthrus>,
    view: Arc<View>,
    /// The version of the view, or an older one.
    version: u32,
}

impl Listing {
    /// The names from a position on.
    pub fn list(&self, from: u64, width: Width) -> impl Iterator<Item = (u64, Listed<'_>)> {
        self.view.list(&self.set, from, width)
    }

    /// Whether there are no names.
    pub fn is_empty(&self) -> bool {
        self.view.is_empty(&self.set)
    }

    /// Whether the view of the directory has not been dropped since ([`forget_view`]).
    pub fn is_current(&self, node: &Node) -> bool {
        node.cache.version() == self.version
    }

    /// The names of the whiteouts in the upper directory.
    pub fn whiteouts(&self) -> impl Iterator<Item = &[u8]> {
        self.view.whiteouts()
    }
}

/// When a cached listing may be used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// If the lower layers are unchanged.
    Checked,
    /// Always: to continue a listing.
    Any,
}

/// What a directory shows: cached, or read now. The directory is locked, shared at least.
///
/// # Errors
///
/// Those of the layers; `ENOMEM`; `EINTR` by a fatal signal.
pub fn listing(inode: &OwnInode, freshness: Freshness) -> Result<Listing> {
    let (union, node) = (inode.sb().data(), inode.data());
    let dir = &node.cache;
    let known = || {
        // Before the view: if it is dropped meanwhile the version is too old, not too new.
        let version = dir.version();
        dir.entry()?.with(|known| {
            let view = known.view.clone()?;
            let set = known.set.clone();
            Some((Listing { set, view, version }, known.source))
        })?
    };
    match known() {
        Some((_, source)) if freshness == Freshness::Checked && !holds(source, union, node) => {
            forget(node)
        }
        Some((listing, _)) => return Ok(listing),
        None => {}
    }
    // Readers of one directory wait for one of them to do the work.
    let _lock = node.lock.lock()?;
    if let Some((listing, _)) = known() {
        return Ok(listing);
    }
    let version = dir.version();
    union.with_creds(|| {
        let (set, mut source) = set(union, node)?;
        let (view, trust) = scan::upper(union, node, &set)?;
        let view = Arc::new(view, GFP_KERNEL_ACCOUNT)?;
        if trust == Trust::Doubtful {
            source.trust = trust;
        }
        let known = CachedDir {
            set: set.clone(),
            view: Some(view.clone()),
            source,
        };
        // It is correct without being cached.
        let _ = dir.keep(&union.registry, known, version);
        Ok(Listing { set, view, version })
    })
}

/// The fallthru set of a directory, cached or read now.
///
/// # Errors
///
/// Those of the layers; `ENOMEM`; `EINTR` by a fatal signal.
pub fn fallthrus(inode: &OwnInode) -> Result<Arc<Fallthrus>> {
    let (union, node) = (inode.sb().data(), inode.data());
    if may_change(union, node) {
        forget(node);
    }
    let _lock = node.lock.lock()?;
    union.with_creds(|| Ok(set(union, node)?.0))
}

/// The set, cached or read now, and its source. Under the node's lock and with the mounter's
/// credentials.
fn set(union: &Union, node: &Node) -> Result<(Arc<Fallthrus>, Source)> {
    let known = |known: &CachedDir| (known.set.clone(), known.source);
    if let Some(known) = node.cache.entry().and_then(|entry| entry.with(known)) {
        return Ok(known);
    }
    // Before it is read, so that later changes are noticed.
    let mut source = source(node);
    let target = match may_change(union, node) {
        true => None,
        false => record::target(union, node),
    };
    let recorded = target
        .as_ref()
        .and_then(|target| record::load(union, node, target));
    if let Some(set) = recorded {
        return Ok((Arc::new(set, GFP_KERNEL_ACCOUNT)?, source));
    }
    let (set, trust) = scan::lowers(union, node)?;
    let set = Arc::new(set, GFP_KERNEL_ACCOUNT)?;
    source.trust = trust;
    union.registry.merged.fetch_add(1, Relaxed);
    if let (Some(target), Trust::Full) = (&target, trust) {
        record::save(node, target, &set);
    }
    Ok((set, source))
}

/// Where a name of a directory can be. The directory is locked, shared at least.
pub fn hint(union: &Union, node: &Node, name: Name<'_>) -> Hint<Arc<Fallthrus>> {
    if !union.config.fallthru || may_change(union, node) {
        return Hint::Unknown;
    }
    let hint = node.cache.entry().and_then(|entry| {
        entry.with(|known| Hint::of(&known.set, known.view.as_deref(), name.as_bytes()))
    });
    hint.unwrap_or(Hint::Unknown)
}

/// Whether the lower layers contribute a name, if that is known.
pub fn contributes(union: &Union, node: &Node, name: Name<'_>) -> Option<bool> {
    if !union.config.fallthru || may_change(union, node) {
        return None;
    }
    node.cache
        .entry()?
        .with(|known| known.set.find(name.as_bytes()).is_some())
}

/// Whether the upper layer holds a whiteout under a name that the union does not show, if that is known.
pub fn is_whiteout(union: &Union, node: &Node, name: Name<'_>) -> Option<bool> {
    if !union.config.fallthru {
        return None;
    }
    node.cache
        .entry()?
        .with(|known| match known.view.as_ref()?.entry(name.as_bytes()) {
            Some(ViewEntry::Whiteout) => Some(true),
            Some(ViewEntry::Object { .. }) => None,
            None => Some(false),
        })?
}

/// Drops everything: a lower layer has changed.
pub fn forget(node: &Node) {
    node.cache.clear();
}

/// Drops the view: an object in the upper layer shows another inode number than before. The
/// directory need not be locked.
pub fn forget_view(node: &Node) {
    node.cache.clear_view();
}

/// Counts lookups in lower layers that have found nothing, and reads the set once that is cheaper
/// than more of them. The directory is locked, shared at least. With the mounter's credentials.
pub fn note_failed_lookups(union: &Union, node: &Node, lookups: u32) {
    if !union.config.fallthru || may_change(union, node) {
        return;
    }
    let dir = &node.cache;
    let failed = dir.add_failed_lookups(lookups);
    let lowers = node.lowers();
    let parts = lowers.len() as u64;
    if u64::from(failed) < fallthru::least_read_cost(parts) {
        return;
    }
    let size = |lower: &crate::union::layers::lower::LowerPath| {
        lower.dentry.inode().map_or(0, |i| i.size())
    };
    let bytes = lowers.iter().fold(0u64, |sum, lower| {
        sum.saturating_add(u64::try_from(size(lower)).unwrap_or(0))
    });
    if u64::from(failed) < fallthru::read_cost(parts, bytes) {
        return;
    }
    dir.forget_failed_lookups();
    let read = || -> Result {
        let _lock = node.lock.lock()?;
        if dir
            .entry()
            .is_some_and(|entry| entry.with(|_| ()).is_some())
        {
            return Ok(());
        }
        let (set, source) = set(union, node)?;
        let known = CachedDir {
            set,
            view: None,
            source,
        };
        dir.keep(&union.registry, known, dir.version())
    };
    // Lookup continues without it.
    let _ = read();
}

/// A change of the upper directory of a directory that is locked exclusively: the view follows it,
/// or is dropped if the change is not completed.
#[must_use]
pub struct ViewChange<'a> {
    dir: &'a DirSlot,
    /// The set, and the view that follows.
    known: Option<(Arc<Fallthrus>, Arc<View>)>,
    /// The version the view is of.
    version: u32,
}

impl<'a> ViewChange<'a> {
    /// Begins a change: until it is complete, only the set is cached.
    pub fn begin(inode: &'a OwnInode) -> Self {
        let dir = &inode.data().cache;
        let version = dir.version();
        let known = dir.entry().and_then(|entry| {
            entry.change(|known| {
                let view = known.view.take()?;
                Some((known.set.clone(), view))
            })?
        });
        Self {
            dir,
            known,
            version,
        }
    }

    /// The upper layer holds an object under this name now.
    pub fn object(&mut self, name: Name<'_>, inode: &OwnInode) {
        let dt = Kind::from_mode(inode.mode()).map_or(0, Kind::to_dt);
        let ino = inode.ino();
        self.put(name, ViewEntry::Object { ino, dt });
    }

    /// The upper layer holds a whiteout there now.
    pub fn whiteout(&mut self, name: Name<'_>) {
        self.put(name, ViewEntry::Whiteout);
    }

    fn put(&mut self, name: Name<'_>, entry: ViewEntry) {
        self.edit(|set, view| Ok(view.put(set, name.as_bytes(), entry)?));
    }

    /// The upper layer holds nothing there any more.
    pub fn nothing(&mut self, name: Name<'_>) {
        self.edit(|set, view| {
            view.remove(set, name.as_bytes());
            Ok(())
        });
    }

    fn edit(&mut self, edit: impl FnOnce(&Fallthrus, &mut View) -> Result) {
        let Some((set, view)) = self.known.take() else {
            return;
        };
        // It is not shared: see the head of the file.
        let Some(mut view) = Arc::into_unique_or_drop(view) else {
            return;
        };
        if edit(&set, &mut view).is_ok() {
            self.known = Some((set, view.into()));
        }
    }

    /// The change is made, and the view has followed it.
    pub fn end(self) {
        let (Some((set, view)), Some(entry)) = (self.known, self.dir.entry()) else {
            return;
        };
        entry.change(|known| {
            // The set was dropped under memory pressure, or replaced. The view may also be wrong:
            // an object of a directory that is not locked may have got another number.
            let is_current = self.dir.version() == self.version;
            if is_current && Arc::ptr_eq(&known.set, &set) {
                known.view = Some(view);
            }
        });
    }
}
