// SPDX-License-Identifier: GPL-2.0-only

//! Lookup: drives [`crate::logic::resolve`] down the union stack of a directory.
//!
//! Nothing is written. Private attributes are read once for an object of the upper layer, and for
//! lower objects only if a layer beneath may have the name.

use crate::{
    logic::{
        change::{redirect, Below},
        codec::XattrSpace,
        entry::LayerEntry,
        inum::Space,
        options::{self, Redirects, Verity},
        partial::Mark,
        resolve::{self, Astray, DataFrom, Layers, Redirection, Resolved, Rules},
        value::{self, Protattr},
    },
    union::{
        layers::{
            file_data::{FileData, Marked, Metacopy, Place},
            inum,
            lower::{LowerPath, LowerStack},
            node::{Node, Parts},
            probe::{self, Found, LayerDir, ProbeDepth},
            union::Union,
            upper_dentry::UpperDentry,
        },
        listing::dir_cache,
        lookup::iget,
        OwnDentry, OwnInode, UnionFs,
    },
    vfs::{
        dentry::{Dentry, LookupDentry},
        errno::ENAMETOOLONG,
        printk::{pr_err_ratelimited, pr_warn_ratelimited, Printable},
        task_work,
        types::{Ino, Name},
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, SetOnce},
};

/// `->lookup()`.
pub fn lookup(
    dir: &OwnInode,
    dentry: LookupDentry<'_, UnionFs>,
    _flags: u32,
) -> Result<Option<ARef<OwnDentry>>> {
    let sb = dir.sb();
    let union = sb.data();
    let name = dentry.name();
    if name.as_bytes().len() as i64 > union.namelen {
        return Err(ENAMETOOLONG);
    }
    let inode = union.with_creds(|| {
        let root = dentry.root().inode().ok_or(EIO)?;
        resolve(union, root.data(), dir.data(), name)?
            .map(|parts| iget::get(sb, parts))
            .transpose()
    })?;
    dentry.d_splice_alias(inode)
}

/// Whether the lower layers would show something under `name` if the upper layer held nothing there.
pub fn lower_positive(union: &Union, dir: &Node, name: Name<'_>) -> Result<bool> {
    if let Some(contributes) = dir_cache::contributes(union, dir, name) {
        return Ok(contributes);
    }
    Ok(lower_object(union, dir, name)?.is_some())
}

/// Whether a lower layer has an object beneath `inode`, which the union shows under `name`, that
/// would appear if the upper layer's object were removed. With the mounter's credentials.
pub fn below(union: &Union, dir: &OwnInode, inode: &OwnInode, name: Name<'_>) -> Result<Below> {
    let something = match inode.data().upper() {
        // It is shown, and not from the upper layer.
        None => true,
        Some(_) => match lower_positive(union, dir.data(), name) {
            // An object that cannot be looked up must stay hidden.
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

/// What the lower layers would show under `name` if the upper layer held nothing there: the topmost
/// object and the number of its layer. With the mounter's credentials.
pub fn lower_object(
    union: &Union,
    dir: &Node,
    name: Name<'_>,
) -> Result<Option<(u32, ARef<Dentry>)>> {
    // The first layer that has the name decides.
    for lower in dir.lowers() {
        let found = probe::probe(union, LayerDir::lower(union, lower)?, name, ProbeDepth::All)?;
        if let Some(found) = found {
            let shows = found.entry != LayerEntry::Whiteout;
            return Ok(shows.then_some((lower.layer, found.dentry)));
        }
    }
    Ok(None)
}

/// The parts of `name` in `dir`. `None`: it does not exist, or is hidden.
fn resolve(union: &Union, root: &Node, dir: &Node, name: Name<'_>) -> Result<Option<Parts>> {
    if union.is_reserved(name) {
        return Ok(None);
    }
    let hint = dir_cache::hint(union, dir, name);
    let mut found = Lookup::new(union, root, dir, name);
    let resolved = resolve::resolve(&mut found, hint, rules(union))?;
    if found.failed > 0 {
        dir_cache::note_failed_lookups(union, dir, found.failed);
    }
    let beneath = match resolved {
        Resolved::Absent => return Ok(None),
        Resolved::InPlace => found.lowers.as_slice(),
        // The target of a redirect has another name.
        Resolved::Redirected => &[],
    };
    let ino = match (&found.upper, &found.copied) {
        (Some(upper), Some(mark)) => inum::of_copy(union, dir, name, upper, mark, beneath)?,
        _ => None,
    };
    let space = found.space_below()?;
    let data = match found.metacopy.take() {
        Some(metacopy) => found.data(metacopy)?,
        None => FileData::whole(),
    };
    Ok(Some(Parts {
        ino,
        upper: found.upper,
        lower: LowerStack::from_vec(found.lowers)?,
        data,
        place: dir.space(),
        space,
        impure: found.impure,
        protection: found.protection,
    }))
}

/// Whether a file of the upper layer without data, at `name` in `dir`, would find the data that it has if
/// it carried this redirect; then it finds them under any other name as well, if the redirect is absolute,
/// or under any other name in `dir`. With the mounter's credentials.
///
/// # Errors
///
/// Those of the layers.
pub fn would_find(
    union: &Union,
    (root, dir): (&Node, &Node),
    name: Name<'_>,
    file: &Node,
    to: &[u8],
) -> Result<bool> {
    let mut found = Lookup::new(union, root, dir, name);
    if !redirect::follow(&mut found, rules(union), to)? {
        return Ok(false);
    }
    Ok(match (&found.data_path, found.lowers.last()) {
        (Some(path), _) => file.data.marked.as_ref().is_some_and(
            |marked| matches!(&marked.place, Place::DataOnly(known, _) if known[..] == path[..]),
        ),
        (None, Some(data)) => file
            .data_lower()
            .is_some_and(|known| known.dentry.same(&data.dentry)),
        (None, None) => false,
    })
}

/// What the options say about redirects and files without data.
fn rules(union: &Union) -> Rules {
    let config = &union.config;
    Rules {
        redirection: match (config.redirects, config.xattr_space) {
            (Redirects::Refuse, _) => Redirection::Forbid,
            (_, XattrSpace::User) => Redirection::Ignore,
            (_, XattrSpace::Trusted) => Redirection::Follow,
        },
        data: match (config.metacopy, config.xattr_space) {
            // The owner of a file could have written the mark himself.
            (options::Metacopy::Off, _) | (_, XattrSpace::User) => DataFrom::DataOnly,
            (options::Metacopy::On, XattrSpace::Trusted) => DataFrom::Beneath,
        },
    }
}

/// The layers, and what has been found in them.
struct Lookup<'a> {
    union: &'a Union,
    /// The root of the union: the layers, for redirects that name a path from there.
    root: &'a Node,
    /// The parent.
    dir: &'a Node,
    name: Name<'a>,
    /// Failed lookups in lower layers.
    failed: u32,
    upper: Option<UpperDentry>,
    /// The lower parts of a directory. Of a file without data, the topmost lower object and the one
    /// with the data.
    lowers: KVec<LowerPath>,
    /// What the topmost object says of its data, if it has none.
    metacopy: Option<Metacopy>,
    /// The path of the data in the data-only layers.
    data_path: Option<KVVec<u8>>,
    copied: Option<value::Mark>,
    /// The natural numbers of the lower directories with redirects that were taken, for the number space of what
    /// lies in them.
    carriers: KVec<Ino>,
    /// Of a directory of the upper layer with a redirect: its natural number.
    carrier: Option<Ino>,
    impure: bool,
    protection: Protattr,
}

impl<'a> Lookup<'a> {
    fn new(union: &'a Union, root: &'a Node, dir: &'a Node, name: Name<'a>) -> Self {
        Self {
            union,
            root,
            dir,
            name,
            failed: 0,
            upper: None,
            lowers: KVec::new(),
            metacopy: None,
            data_path: None,
            copied: None,
            carriers: KVec::new(),
            carrier: None,
            impure: false,
            protection: Protattr::default(),
        }
    }

    /// The space of the numbers of lower objects in a directory.
    ///
    /// The lower parts of two directories can be the same: a redirect leads to those of another one, or the
    /// whiteout that a moved directory left is removed. So only that directory has the natural numbers in it
    /// for which the number of the topmost lower directory is
    /// [reserved](crate::union::change::reserve::reserve_parts), or, if it is reserved for none, the one beneath
    /// which it lies.
    fn space_below(&self) -> Result<Space> {
        let within = |space: Space| {
            let carriers = self.carriers.iter();
            carriers.fold(space, |space, carrier| space.redirected(*carrier))
        };
        let place = self.dir.space();
        let upper = self.union.upper.as_ref();
        let has_moved_dirs =
            self.carrier.is_some() || upper.is_some_and(|it| !it.reserved.is_empty());
        let dir = self.lowers.first().filter(|lower| {
            let inode = lower.dentry.inode();
            has_moved_dirs && inode.is_some_and(|inode| inode.is_dir())
        });
        let Some(first) = dir else {
            return Ok(within(place));
        };
        let number = |space| inum::of_lower(self.union, space, first.layer, &first.dentry);
        if let Some(upper) = &self.upper {
            let proof = || inum::proof(self.union, self.union.upper_path(upper)?);
            // The lower directory may be another one by now.
            if let Some((reserved, space)) = self.union.upper()?.reserved.of_parts(proof)? {
                if number(space)? == reserved {
                    return Ok(within(space));
                }
            }
        }
        let here = number(place)?;
        Ok(within(match self.carrier {
            Some(carrier) => place.redirected(carrier),
            None if self.union.shown(here) == here => place,
            None => place.redirected(here),
        }))
    }

    /// What has to be read with an object of a lower layer.
    fn ask(&self, layer: u32) -> ProbeDepth {
        match layer as usize + 1 == self.union.lowers.len() {
            true => ProbeDepth::LastLayer,
            false => ProbeDepth::All,
        }
    }

    fn push_lower(&mut self, layer: u32, dentry: ARef<Dentry>, xwhiteouts: bool) -> Result {
        let path = LowerPath {
            layer,
            dentry,
            xwhiteouts,
        };
        Ok(self.lowers.push(path, GFP_KERNEL)?)
    }

    /// Where the data of a file are whose topmost object has this mark. Leaves in `lowers` the
    /// topmost lower object.
    fn data(&mut self, metacopy: Metacopy) -> Result<FileData> {
        let place = match self.data_path.take() {
            Some(path) => Place::DataOnly(path, SetOnce::new()),
            None => {
                let data = self.lowers.pop().ok_or(EIO)?;
                match &self.upper {
                    // What lies between says nothing that the upper object does not.
                    Some(_) => {
                        self.lowers.clear();
                        self.lowers.push(data, GFP_KERNEL)?;
                        Place::Topmost
                    }
                    None => Place::Lower(data),
                }
            }
        };
        let mark = metacopy.mark;
        let is_plain = matches!(place, Place::Topmost) && self.union.config.verity == Verity::Off;
        let marked = match is_plain {
            true => None,
            false => Some(KBox::new(Marked::new(place, metacopy), GFP_KERNEL_ACCOUNT)?),
        };
        Ok(match (&self.upper, marked) {
            (None, Some(marked)) => FileData::apart(marked),
            (_, marked) => FileData::below(mark, marked),
        })
    }
}

impl Layers for Lookup<'_> {
    type Error = Error;
    type Found = Found;

    fn entry(&self, found: &Found) -> LayerEntry {
        found.entry
    }

    fn redirect<'f>(&self, found: &'f Found) -> Option<&'f [u8]> {
        found.xattrs.redirect.as_deref()
    }

    fn ask_upper(&mut self) -> Result<Option<Found>> {
        match self.dir.upper() {
            Some(upper) => {
                let dir = LayerDir::upper(self.union, upper)?;
                probe::probe(self.union, dir, self.name, ProbeDepth::All)
            }
            None => Ok(None),
        }
    }

    fn parent_layer(&self, index: usize) -> Option<u32> {
        self.dir.lowers().get(index).map(|lower| lower.layer)
    }

    fn parent_from(&self, layer: u32) -> usize {
        let lowers = self.dir.lowers();
        lowers.partition_point(|lower| lower.layer < layer)
    }

    fn ask_lower(&mut self, index: usize, name: Option<&[u8]>) -> Result<Option<Found>> {
        let lower = self.dir.lowers().get(index).ok_or(EIO)?;
        let name = match name {
            Some(other) => Name::new(other)?,
            None => self.name,
        };
        let dir = LayerDir::lower(self.union, lower)?;
        let found = probe::probe(self.union, dir, name, self.ask(lower.layer))?;
        self.failed = self.failed.saturating_add(u32::from(found.is_none()));
        Ok(found)
    }

    fn root_from(&self, layer: u32) -> Option<u32> {
        let lowers = self.root.lowers();
        let index = lowers.partition_point(|lower| lower.layer < layer);
        lowers.get(index).map(|lower| lower.layer)
    }

    fn ask_path(&mut self, layer: u32, at: Option<&Found>, name: &[u8]) -> Result<Option<Found>> {
        task_work::go_on()?;
        let lowers = self.root.lowers();
        let index = lowers.partition_point(|lower| lower.layer < layer);
        let mut dir = LayerDir::lower(self.union, lowers.get(index).ok_or(EIO)?)?;
        if let Some(at) = at {
            dir.path = dir.path.at(&at.dentry)?;
            dir.xwhiteouts = at.xattrs.xwhiteouts;
        }
        probe::probe(self.union, dir, Name::new(name)?, self.ask(layer))
    }

    fn take_upper(&mut self, found: Found) -> Result {
        self.copied = found.xattrs.copied;
        self.impure = found.xattrs.impure;
        self.protection = found.xattrs.protection;
        self.metacopy = found.xattrs.metacopy;
        if found.xattrs.redirect.is_some() && self.metacopy.is_none() {
            let path = self.union.upper_path(&found.dentry)?;
            self.carrier = Some(self.union.upper()?.numbers.ino(self.union.inums, path)?);
        }
        self.upper = Some(UpperDentry::new(found.dentry));
        Ok(())
    }

    fn take_lower(&mut self, layer: u32, found: Found) -> Result {
        let is_topmost = self.upper.is_none() && self.lowers.is_empty();
        let mark = found.xattrs.metacopy.as_ref().map(|found| found.mark);
        if mark == Some(Mark::Partial) {
            // Its own lower layers are not those of this union.
            pr_err_ratelimited!(
                "\"{}\": some of its data are in this lower layer, and the rest in a layer that was \
                 beneath it; settle the file (union settle) where this is the upper layer\n",
                Printable(self.name.as_bytes())
            );
            return Err(EIO);
        }
        if is_topmost {
            // The layer was the upper layer of another union.
            self.protection = found.xattrs.protection;
        }
        if is_topmost {
            self.metacopy = found.xattrs.metacopy;
        }
        let LayerEntry::Directory { .. } = found.entry else {
            // Files without data in the middle are of no use.
            self.lowers.truncate(1);
            return self.push_lower(layer, found.dentry, false);
        };
        if found.xattrs.redirect.is_some() {
            let lower = self.union.lower(layer)?;
            let path = lower.mnt().at(&found.dentry)?;
            let carrier = lower.numbers.ino(self.union.inums, path)?;
            self.carriers.push(carrier, GFP_KERNEL)?;
        }
        self.push_lower(layer, found.dentry, found.xattrs.xwhiteouts)
    }

    fn data_at(&mut self, path: &[u8]) -> Result<bool> {
        if !self.union.has_data_layers() {
            return Ok(false);
        }
        let mut copy = KVVec::with_capacity(path.len(), GFP_KERNEL_ACCOUNT)?;
        copy.extend_from_slice(path, GFP_KERNEL_ACCOUNT)?;
        self.data_path = Some(copy);
        Ok(true)
    }

    fn hint_was_wrong(&mut self) {
        dir_cache::forget(self.dir);
    }

    fn astray(&self, why: Astray<'_>) -> Error {
        let name = Printable(self.name.as_bytes());
        match why {
            Astray::NoMemory => ENOMEM,
            Astray::Corrupt => {
                pr_err_ratelimited!("\"{}\": its redirect is corrupt\n", name);
                EIO
            }
            Astray::NoData => {
                pr_err_ratelimited!(
                    "\"{}\": its data are in a lower layer (metacopy), and no lower layer \
                     has them\n",
                    name
                );
                EIO
            }
            Astray::DataForbidden => {
                pr_warn_ratelimited!(
                    "\"{}\": its data are in a lower layer (metacopy), and are not looked \
                     for there ({})\n",
                    name,
                    match self.union.config.xattr_space {
                        XattrSpace::User => "userxattr",
                        XattrSpace::Trusted => "metacopy=off",
                    }
                );
                EPERM
            }
            Astray::TooLong => {
                pr_err_ratelimited!(
                    "\"{}\": redirects lead to a path of more than {} bytes\n",
                    name,
                    resolve::MAX_PATH
                );
                EIO
            }
            Astray::Forbidden(to) => {
                pr_warn_ratelimited!(
                    "\"{}\": its redirect to \"{}\" is not followed (redirect_dir=nofollow)\n",
                    name,
                    Printable(to)
                );
                EPERM
            }
        }
    }
}
