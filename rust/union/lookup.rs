// SPDX-License-Identifier: GPL-2.0-only

//! Lookup: drives [`crate::logic::lookup`] down the union stack of a directory.
//!
//! Nothing is written. Private attributes are read once for an object of the top layer, and for
//! lower objects only where something may lie beneath.

use super::{
    fs::{Union, UnionFs},
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
    let mut walk = Walk::new(union, name);
    walk.lowers(dir)?;
    Ok(!matches!(walk.resolver.outcome(), Outcome::Absent(_)))
}

/// What `name` in `dir` is made of. `None`: there is nothing, or it is hidden.
fn resolve(union: &Union, dir: &Node, name: Name<'_>) -> Result<Option<Parts>> {
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
    walk.lowers(dir)?;
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

    /// Asks the lower layers, as far as needed.
    fn lowers(&mut self, dir: &Node) -> Result {
        let union = self.union;
        let bottom = u32::try_from(union.lowers.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(1);
        let ask = |layer: u32| {
            if layer == bottom {
                Ask::Bottom
            } else {
                Ask::All
            }
        };
        let mut from = 0;
        for lower in dir.lowers() {
            if !self.more {
                return Ok(());
            }
            let name = match &self.at {
                At::Parent(None) => self.name,
                At::Parent(Some(other)) => Name::new(other)?,
                At::Roots(_) => break,
            };
            let mnt = union.lower_mnt(lower.layer)?;
            let dir = Dir {
                mnt,
                dentry: &lower.dentry,
                xwhiteouts: lower.xwhiteouts,
            };
            let found = layer::probe(union, dir, name, ask(lower.layer))?;
            self.take_lower(lower.layer, found)?;
            from = lower.layer.saturating_add(1);
        }
        for layer in from..=bottom {
            if !self.more {
                break;
            }
            let At::Roots(path) = &self.at else { break };
            let found = follow(union, layer, path, ask(layer))?;
            self.take_lower(layer, found)?;
        }
        Ok(())
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
