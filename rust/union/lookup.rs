// SPDX-License-Identifier: GPL-2.0-only

//! Lookup: drives [`crate::logic::lookup`] down the union stack of a directory.
//!
//! Nothing is written. Private attributes are read once for an object of the top layer, and for
//! lower objects only where something may lie beneath.

use super::{
    fs::{Union, UnionFs},
    known::{self, Hint},
    layer::{self, Ask, Dir, Found},
    node::{self, LowerPath, LowerStack, Node, Parts},
    DEntry, Inode,
};
use crate::{
    logic::{
        codec::XattrSpace,
        entry::Entry,
        lookup::{Outcome, Resolver},
        value::{self, Protattr, Redirect},
    },
    vfs::{dentry::LookupDentry, errno::ENAMETOOLONG, types::Name},
};
use kernel::{prelude::*, sync::aref::ARef};

/// `->lookup()`.
pub fn lookup(
    dir: &Inode,
    dentry: LookupDentry<'_, UnionFs>,
    _flags: u32,
) -> Result<Option<ARef<DEntry>>> {
    let sb = dir.sb();
    let union = sb.data();
    let name = dentry.name();
    if name.as_bytes().len() as i64 > union.namelen {
        return Err(ENAMETOOLONG);
    }
    let inode = {
        let _creds = union.creds();
        match resolve(union, dir.data(), name)? {
            Some(parts) => Some(node::get(sb, parts)?),
            None => None,
        }
    };
    dentry.d_splice_alias(inode)
}

/// Whether the lower layers would show something under `name` if the top held nothing there.
pub fn lower_positive(union: &Union, dir: &Node, name: Name<'_>) -> Result<bool> {
    if dir.lowers().is_empty() {
        return Ok(false);
    }
    if let Some(contributes) = known::contributes(union, dir, name) {
        return Ok(contributes);
    }
    let mut walk = Walk::new(union, name);
    walk.lowers(dir, &Hint::Unknown)?;
    Ok(!matches!(walk.resolver.outcome(), Outcome::Absent(_)))
}

/// What `name` in `dir` is made of. `None`: there is nothing, or it is hidden.
fn resolve(union: &Union, dir: &Node, name: Name<'_>) -> Result<Option<Parts>> {
    let hint = known::hint(union, dir, name);
    if let Hint::Nowhere = hint {
        return Ok(None);
    }
    let mut walk = Walk::new(union, name);
    if let Some(upper) = dir.upper() {
        let mnt = union.upper_mnt()?;
        if let Some(found) = layer::probe(
            union,
            Dir {
                mnt,
                dentry: upper,
                xwhiteouts: false,
            },
            name,
            Ask::All,
        )? {
            walk.take_upper(found)?;
        }
    }
    walk.lowers(dir, &hint)?;
    if walk.wasted > 0 {
        known::wasted(union, dir, walk.wasted);
    }
    match walk.resolver.outcome() {
        Outcome::Absent(_) => Ok(None),
        Outcome::Leaf(_) | Outcome::Directory => Ok(Some(Parts {
            upper: walk.upper,
            lower: LowerStack::from_vec(walk.stack)?,
            ino: walk.ino,
            impure: walk.impure,
            protection: walk.protection,
        })),
    }
}

/// Where the next lower layers are to be asked.
enum At {
    /// Under this name, or else the one looked up, in the parent's lower directories.
    Parent(Option<KVVec<u8>>),
    /// Under this path, from the root of each layer.
    Roots(KVVec<u8>),
}

struct Walk<'a> {
    union: &'a Union,
    name: Name<'a>,
    resolver: Resolver,
    more: bool,
    at: At,
    /// The lower layer to be asked next.
    next: u32,
    /// Lower layers that were asked and had nothing.
    wasted: u32,
    upper: Option<ARef<crate::vfs::dentry::Dentry>>,
    stack: KVec<LowerPath>,
    ino: Option<u64>,
    impure: bool,
    protection: Protattr,
}

impl<'a> Walk<'a> {
    fn new(union: &'a Union, name: Name<'a>) -> Self {
        Self {
            union,
            name,
            resolver: Resolver::new(),
            more: true,
            at: At::Parent(None),
            next: 0,
            wasted: 0,
            upper: None,
            stack: KVec::new(),
            ino: None,
            impure: false,
            protection: Protattr::default(),
        }
    }

    fn take_upper(&mut self, found: Found) -> Result {
        let step = self.resolver.feed(found.entry);
        self.more = step.more();
        if step.taken() {
            self.ino = found.marks.ino;
            self.impure = found.marks.impure;
            self.protection = found.marks.protection;
            self.redirect(found.marks.redirect)?;
            self.upper = Some(found.dentry);
        }
        Ok(())
    }

    fn take_lower(&mut self, layer: u32, found: Option<Found>) -> Result {
        let Some(found) = found else {
            self.more = self.resolver.feed(Entry::Absent).more();
            return Ok(());
        };
        let step = self.resolver.feed(found.entry);
        self.more = step.more();
        if step.taken() {
            if self.upper.is_none() && self.stack.is_empty() {
                // The layer was the top of another union.
                self.protection = found.marks.protection;
            }
            self.redirect(found.marks.redirect)?;
            self.stack.push(
                LowerPath {
                    layer,
                    xwhiteouts: found.marks.xwhiteouts,
                    dentry: found.dentry,
                },
                GFP_KERNEL,
            )?;
        }
        Ok(())
    }

    fn redirect(&mut self, redirect: Option<KVVec<u8>>) -> Result {
        let Some(to) = redirect else { return Ok(()) };
        if self.union.config.xattr_space == XattrSpace::User {
            // Whoever owns the directory can have written it, and would reach what its new place
            // does not let him reach.
            return Ok(());
        }
        self.at = match value::redirect(&to).map_err(|_| EIO)? {
            Redirect::Absolute(_) => At::Roots(to),
            Redirect::Relative(_) => match core::mem::replace(&mut self.at, At::Parent(None)) {
                At::Parent(_) => At::Parent(Some(to)),
                // The last component of the path changes.
                At::Roots(path) => At::Roots(sibling(&path, &to)?),
            },
        };
        Ok(())
    }

    /// Asks the lower layers that may have the name, as far as needed.
    fn lowers(&mut self, dir: &Node, hint: &Hint) -> Result {
        let lowers = dir.lowers();
        let mut asked = 0;
        // What is known is known of this name: a redirect leads to another one.
        match (&self.at, hint) {
            (At::Parent(None), Hint::Nowhere | Hint::Top) => return Ok(()),
            (At::Parent(None), Hint::Lower(set, index)) => {
                for layer in set.layers(*index) {
                    if !self.more {
                        return Ok(());
                    }
                    let at = lowers.partition_point(|lower| lower.layer < layer);
                    let Some(lower) = lowers.get(at).filter(|lower| lower.layer == layer) else {
                        continue;
                    };
                    let found = self.lower(lower)?;
                    if !found && asked == 0 {
                        // The layers are not what they were, which is not allowed. At least
                        // nothing is missed that is there.
                        known::forget(dir);
                        break;
                    }
                    asked = at.saturating_add(1);
                    if !matches!(self.at, At::Parent(None)) {
                        break;
                    }
                }
                if asked > 0 && matches!(self.at, At::Parent(None)) {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.all_lowers(lowers, asked)
    }

    /// Asks all lower layers but those of the first `asked` lower directories, as far as needed.
    fn all_lowers(&mut self, lowers: &[LowerPath], asked: usize) -> Result {
        for lower in lowers.get(asked..).unwrap_or_default() {
            if !self.more || matches!(self.at, At::Roots(_)) {
                break;
            }
            self.lower(lower)?;
        }
        if let At::Roots(_) = self.at {
            return self.roots();
        }
        Ok(())
    }

    /// Asks one lower layer, in the parent's directory there. Returns whether it has something.
    fn lower(&mut self, lower: &LowerPath) -> Result<bool> {
        let name = match &self.at {
            At::Parent(Some(other)) => Name::new(other)?,
            _ => self.name,
        };
        let dir = Dir {
            mnt: self.union.lower_mnt(lower.layer)?,
            dentry: &lower.dentry,
            xwhiteouts: lower.xwhiteouts,
        };
        let found = layer::probe(self.union, dir, name, self.ask(lower.layer))?;
        let is_there = found.is_some();
        self.wasted = self.wasted.saturating_add(u32::from(!is_there));
        self.next = lower.layer.saturating_add(1);
        self.take_lower(lower.layer, found)?;
        Ok(is_there)
    }

    /// Asks the layers not asked yet, under a path from their roots.
    fn roots(&mut self) -> Result {
        while self.more && (self.next as usize) < self.union.lowers.len() {
            let At::Roots(path) = &self.at else { break };
            let layer = self.next;
            let found = follow(self.union, layer, path, self.ask(layer))?;
            self.next = layer.saturating_add(1);
            self.take_lower(layer, found)?;
        }
        Ok(())
    }

    fn ask(&self, layer: u32) -> Ask {
        match layer as usize + 1 == self.union.lowers.len() {
            true => Ask::Bottom,
            false => Ask::All,
        }
    }
}

/// Follows an absolute path within one lower layer. What is hidden on the way is not there.
fn follow(union: &Union, layer: u32, path: &[u8], ask: Ask) -> Result<Option<Found>> {
    let mnt = union.lower_mnt(layer)?;
    let mut dir: ARef<crate::vfs::dentry::Dentry> = mnt.root().into();
    let mut xwhiteouts = false;
    let mut components = path
        .split(|&b| b == b'/')
        .filter(|c| !c.is_empty())
        .peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        let name = Name::new(component)?;
        let ask = if last { ask } else { Ask::All };
        let Some(found) = layer::probe(
            union,
            Dir {
                mnt,
                dentry: &dir,
                xwhiteouts,
            },
            name,
            ask,
        )?
        else {
            return Ok(None);
        };
        if last {
            return Ok(Some(found));
        }
        match found.entry {
            Entry::Directory { .. } => {
                xwhiteouts = found.marks.xwhiteouts;
                dir = found.dentry;
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// `path` with its last component replaced.
fn sibling(path: &[u8], name: &[u8]) -> Result<KVVec<u8>> {
    let keep = path
        .iter()
        .rposition(|&b| b == b'/')
        .map_or(0, |at| at.saturating_add(1));
    let mut to = KVVec::new();
    to.extend_from_slice(path.get(..keep).unwrap_or(&[]), GFP_KERNEL)?;
    to.extend_from_slice(name, GFP_KERNEL)?;
    Ok(to)
}
