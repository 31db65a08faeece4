// SPDX-License-Identifier: GPL-2.0-only

//! Lookup: drives [`crate::logic::lookup`] down the union stack of a directory.
//!
//! Nothing is written. Private attributes are read once for an object of the top layer, and for
//! lower objects only where something may lie beneath.

use super::{
    fs::{Union, UnionFs},
    inum::{self, Numbers},
    known::{self, Hint},
    layer::{self, Ask, Dir, Found, Printable},
    node::{self, LowerPath, LowerStack, Node, Parts},
    DEntry, Inode,
};
use crate::{
    logic::{
        change::Below,
        codec::XattrSpace,
        entry::Entry,
        inum::Space,
        lookup::{Outcome, Resolver},
        options::Redirects,
        redirect::{self, Ask as At, Course, Refused, Way},
        value::{self, Protattr},
    },
    vfs::{
        dentry::{Dentry, LookupDentry},
        errno::ENAMETOOLONG,
        path::PathRef,
        printk::{pr_err_ratelimited, pr_warn_ratelimited},
        task_work,
        types::{Ino, Name},
    },
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
        let root = sb.root().inode().ok_or(EIO)?;
        match resolve(union, root.data(), dir.data(), name)? {
            Some(parts) => Some(node::get(sb, parts)?),
            None => None,
        }
    };
    dentry.d_splice_alias(inode)
}

/// Whether the lower layers would show something under `name` if the top held nothing there.
pub fn lower_positive(union: &Union, dir: &Node, name: Name<'_>) -> Result<bool> {
    if let Some(contributes) = known::contributes(union, dir, name) {
        return Ok(contributes);
    }
    Ok(lower_object(union, dir, name)?.is_some())
}

/// Whether something lies beneath `inode`, which the union shows under `name`, and would show if the
/// upper layer's object went away. With the mounter's credentials.
pub fn below(union: &Union, dir: &Inode, inode: &Inode, name: Name<'_>) -> Result<Below> {
    let something = match inode.data().upper() {
        // It is shown, and not from the upper layer.
        None => true,
        Some(_) => match lower_positive(union, dir.data(), name) {
            // What cannot be looked at is to stay hidden.
            Err(e) if e != ENOMEM => {
                task_work::go_on()?;
                true
            }
            known => known?,
        },
    };
    Ok(match something {
        true => Below::Something,
        false => Below::Nothing,
    })
}

/// What the lower layers would show under `name` if the top held nothing there: the topmost object and
/// the number of its layer. With the mounter's credentials.
pub fn lower_object(
    union: &Union,
    dir: &Node,
    name: Name<'_>,
) -> Result<Option<(u32, ARef<Dentry>)>> {
    // The first layer that has something decides.
    for lower in dir.lowers() {
        let found = layer::probe(union, Dir::lower(union, lower)?, name, Ask::All)?;
        if let Some(found) = found {
            let shows = found.entry != Entry::Whiteout;
            return Ok(shows.then_some((lower.layer, found.dentry)));
        }
    }
    Ok(None)
}

/// What `name` in `dir` is made of. `None`: there is nothing, or it is hidden.
fn resolve(union: &Union, root: &Node, dir: &Node, name: Name<'_>) -> Result<Option<Parts>> {
    if union.is_reserved(name) {
        return Ok(None);
    }
    let hint = known::hint(union, dir, name);
    if let Hint::Nowhere = hint {
        return Ok(None);
    }
    let mut walk = Walk::new(union, root, dir, name);
    if let Some(upper) = dir.upper() {
        let upper = Dir::upper(union, upper)?;
        if let Some(found) = layer::probe(union, upper, name, Ask::All)? {
            walk.take_upper(found)?;
        }
    }
    walk.lowers(&hint)?;
    if walk.wasted > 0 {
        known::wasted(union, dir, walk.wasted);
    }
    match walk.resolver.outcome() {
        Outcome::Absent(_) => Ok(None),
        Outcome::Leaf(_) | Outcome::Directory => Ok(Some(Parts {
            ino: walk.number()?,
            upper: walk.upper,
            lower: LowerStack::from_vec(walk.stack)?,
            place: dir.space(),
            space: walk.space,
            impure: walk.impure,
            protection: walk.protection,
        })),
    }
}

struct Walk<'a> {
    union: &'a Union,
    /// The root of the union: the layers, for redirects that name a path from there.
    root: &'a Node,
    dir: &'a Node,
    name: Name<'a>,
    resolver: Resolver,
    more: bool,
    course: Course,
    /// The lower layer to be asked next.
    next: u32,
    /// Lower layers that were asked and had nothing.
    wasted: u32,
    upper: Option<ARef<Dentry>>,
    stack: KVec<LowerPath>,
    copied: Option<value::Mark>,
    space: Space,
    impure: bool,
    protection: Protattr,
}

impl<'a> Walk<'a> {
    fn new(union: &'a Union, root: &'a Node, dir: &'a Node, name: Name<'a>) -> Self {
        Self {
            union,
            root,
            dir,
            name,
            resolver: Resolver::new(),
            more: true,
            course: Course::new(),
            next: 0,
            wasted: 0,
            upper: None,
            stack: KVec::new(),
            copied: None,
            space: dir.space(),
            impure: false,
            protection: Protattr::default(),
        }
    }

    fn take_upper(&mut self, found: Found) -> Result {
        let step = self.resolver.feed(found.entry);
        self.more = step.more();
        if step.taken() {
            self.copied = found.marks.copied;
            self.impure = found.marks.impure;
            self.protection = found.marks.protection;
            if found.marks.redirect.is_some() {
                let numbers = self.union.upper()?.numbers;
                self.leads_on(numbers, self.union.upper_path(&found.dentry)?)?;
            }
            self.upper = Some(found.dentry);
            self.turn(found.marks.redirect)?;
        }
        Ok(())
    }

    fn take_lower(&mut self, layer: u32, found: Option<Found>) -> Result {
        self.next = layer.saturating_add(1);
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
            if found.marks.redirect.is_some() {
                let numbers = self.union.lowers.get(layer as usize).ok_or(EIO)?.numbers;
                let mnt = self.union.lower_mnt(layer)?;
                self.leads_on(numbers, PathRef::new(mnt, &found.dentry))?;
            }
            self.stack.push(
                LowerPath {
                    layer,
                    xwhiteouts: found.marks.xwhiteouts,
                    dentry: found.dentry,
                },
                GFP_KERNEL,
            )?;
            self.turn(found.marks.redirect)?;
        }
        Ok(())
    }

    /// Notes that an object carries a redirect: numbers of what lies below it are made in a space of its own.
    fn leads_on(&mut self, numbers: Numbers, carrier: PathRef<'_>) -> Result {
        let carrier = numbers.ino(self.union.inums, carrier)?;
        self.space = self.space.redirected(carrier);
        Ok(())
    }

    /// The number of the object in the top, if it is that of a lower one.
    fn number(&self) -> Result<Option<Ino>> {
        let (Some(upper), Some(mark)) = (&self.upper, &self.copied) else {
            return Ok(None);
        };
        // What a redirect leads to lies under another name.
        let beneath = match self.course.ask() {
            At::Name => self.stack.as_slice(),
            _ => &[],
        };
        inum::of_copy(self.union, self.dir, self.name, upper, mark, beneath)
    }

    /// Takes in the redirect of an object that was taken, if it has one.
    ///
    /// # Errors
    ///
    /// `EPERM` with `redirect_dir=nofollow`, if something may lie beneath.
    fn turn(&mut self, redirect: Option<KVVec<u8>>) -> Result {
        let Some(to) = redirect.filter(|_| self.more) else {
            return Ok(());
        };
        match self.union.config.redirects {
            Redirects::Refuse => {
                let bottom = self.dir.lowers().last();
                if bottom.is_none_or(|lower| lower.layer < self.next) {
                    return Ok(());
                }
                pr_warn_ratelimited!(
                    "\"{}\": its redirect to \"{}\" is not followed (redirect_dir=nofollow)\n",
                    Printable(self.name.as_bytes()),
                    Printable(&to)
                );
                Err(EPERM)
            }
            Redirects::Follow if self.union.config.xattr_space == XattrSpace::User => Ok(()),
            Redirects::Follow => {
                let to = value::redirect(&to).map_err(|_| EIO)?;
                self.course.turn(to).map_err(|r| self.astray(r))
            }
        }
    }

    /// The errno of a redirect that cannot be followed.
    fn astray(&self, refused: Refused) -> Error {
        match refused {
            Refused::NoMemory => ENOMEM,
            Refused::TooLong => {
                pr_err_ratelimited!(
                    "\"{}\": redirects lead to a path of more than {} bytes\n",
                    Printable(self.name.as_bytes()),
                    redirect::LONGEST
                );
                EIO
            }
        }
    }

    /// Asks the lower layers that may have the name, as far as needed.
    fn lowers(&mut self, hint: &Hint) -> Result {
        let lowers = self.dir.lowers();
        let mut asked = 0;
        // What is known is known of this name: a redirect leads to another one.
        match (self.course.ask(), hint) {
            (At::Name, Hint::Nowhere | Hint::Top) => return Ok(()),
            (At::Name, Hint::Lower(set, index)) => {
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
                        known::forget(self.dir);
                        break;
                    }
                    asked = at.saturating_add(1);
                    if self.course.ask() != At::Name {
                        break;
                    }
                }
                if asked > 0 && self.course.ask() == At::Name {
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
            if !self.more || self.course.ask() == At::Path {
                break;
            }
            self.lower(lower)?;
        }
        if self.course.ask() == At::Path {
            return self.roots();
        }
        Ok(())
    }

    /// Asks one lower layer, in the parent's directory there. Returns whether it has something.
    fn lower(&mut self, lower: &LowerPath) -> Result<bool> {
        let name = match self.course.ask() {
            At::Other(other) => Name::new(other)?,
            At::Name | At::Path => self.name,
        };
        let dir = Dir::lower(self.union, lower)?;
        let found = layer::probe(self.union, dir, name, self.ask(lower.layer))?;
        let is_there = found.is_some();
        self.wasted = self.wasted.saturating_add(u32::from(!is_there));
        self.take_lower(lower.layer, found)?;
        Ok(is_there)
    }

    /// Asks the layers not asked yet, along a path from their roots.
    fn roots(&mut self) -> Result {
        let lowers = self.root.lowers();
        let from = lowers.partition_point(|lower| lower.layer < self.next);
        for lower in lowers.get(from..).unwrap_or_default() {
            if !self.more || self.course.has_ended() {
                break;
            }
            if task_work::fatal_signal_pending() {
                return Err(EINTR);
            }
            let found = self.follow(lower)?;
            self.take_lower(lower.layer, found)?;
        }
        Ok(())
    }

    /// Walks one lower layer along the path, from its root.
    fn follow(&mut self, root: &LowerPath) -> Result<Option<Found>> {
        let ask = self.ask(root.layer);
        let mut at: Option<Found> = None;
        let mut left = self.course.enter();
        while let Some(component) = self.course.component(left) {
            let mut dir = Dir::lower(self.union, root)?;
            if let Some(at) = &at {
                dir.dentry = &at.dentry;
                dir.xwhiteouts = at.marks.xwhiteouts;
            }
            let found = layer::probe(self.union, dir, Name::new(component.name)?, ask)?;
            if component.is_last {
                return Ok(found);
            }
            let entry = found.as_ref().map_or(Entry::Absent, |found| found.entry);
            let redirect = match found.as_ref().and_then(|f| f.marks.redirect.as_deref()) {
                Some(to) => Some(value::redirect(to).map_err(|_| EIO)?),
                None => None,
            };
            match self.course.pass(&mut left, entry, redirect) {
                Ok(Way::Into) => at = found,
                Ok(Way::Out) => return Ok(None),
                Err(refused) => return Err(self.astray(refused)),
            }
        }
        Ok(None)
    }

    fn ask(&self, layer: u32) -> Ask {
        match layer as usize + 1 == self.union.lowers.len() {
            true => Ask::Bottom,
            false => Ask::All,
        }
    }
}
