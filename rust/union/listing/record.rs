// SPDX-License-Identifier: GPL-2.0-only

//! Fallthru sets that outlive the mount.
//!
//! When the lower parts of a merged directory have been read, a kernel thread records the set a
//! little later ([`crate::union::cache::record_file`]); after the next mount it is read from
//! there.
//!
//! A set is found by the identity of its directories ([`identity`]). Directories whose changes
//! cannot be detected have none, such as those of stacked file systems, whose own layers may have
//! changed.

use crate::{
    logic::{codec::XattrSpace, fallthru::Fallthrus, options::Whiteouts, record::RecordId},
    union::{
        cache::record_file::Recorder,
        layers::{node::Node, union::Union},
    },
};
use kernel::{prelude::*, sync::Arc};

/// The record for the set of a directory: its file and its identity.
pub struct RecordTarget<'a> {
    recorder: &'a Recorder,
    identity: RecordId,
}

/// The target of a directory, if its set is recorded: the directory is merged and has an identity.
/// To be called before the layers are read, because later changes change the identity.
pub fn target<'a>(union: &'a Union, node: &Node) -> Option<RecordTarget<'a>> {
    let recorder = union.upper.as_ref()?.recorder.as_ref()?;
    if !node.is_merged() {
        return None;
    }
    let identity = identity(union, node)?;
    Some(RecordTarget { recorder, identity })
}

/// The recorded set of a directory. With the mounter's credentials.
pub fn load(union: &Union, node: &Node, target: &RecordTarget<'_>) -> Option<Fallthrus> {
    let lowers = node.lowers();
    let layer = |place: u16| Some(lowers.get(usize::from(place))?.layer);
    let RecordTarget { recorder, identity } = target;
    recorder.records.load(*identity, union.hash_key, layer)
}

/// Records the set of a directory in the background, if it is worth it. Best effort: the set is
/// read from the layers again if this fails.
pub fn save(node: &Node, target: &RecordTarget<'_>, set: &Arc<Fallthrus>) {
    let enqueue = || -> Result {
        let mut layers = KVec::with_capacity(node.lowers().len(), GFP_KERNEL)?;
        for lower in node.lowers() {
            layers.push(lower.layer, GFP_KERNEL)?;
        }
        let RecordTarget { recorder, identity } = target;
        recorder.records.enqueue(*identity, set, layers)?;
        recorder.start()
    };
    let _ = enqueue();
}

/// The identity of the lower directories of a directory in their current state. `None`: there is
/// none.
fn identity(union: &Union, node: &Node) -> Option<RecordId> {
    let of_mount = RecordId::new()
        // Inode numbers are recorded as the union shows them, whiteouts as it interprets them.
        .with(union.inums.file_systems().into())
        .with(node.space().id())
        .with(
            u64::from(union.config.xattr_space == XattrSpace::User)
                | u64::from(union.config.whiteouts == Whiteouts::Aufs) << 1,
        );
    node.lowers().iter().try_fold(of_mount, |identity, lower| {
        let layer = union.lower(lower.layer).ok()?;
        let file_system = layer.identity()?;
        let inode = lower.dentry.inode()?;
        let times = inode.times();
        let facts = [
            file_system,
            layer.numbers.fsid().into(),
            lower.xwhiteouts.into(),
            inode.ino(),
            inode.generation().into(),
            unsigned(inode.size()),
            unsigned(times.mtime.0),
            unsigned(times.mtime.1),
            unsigned(times.ctime.0),
            unsigned(times.ctime.1),
        ];
        Some(facts.into_iter().fold(identity, RecordId::with))
    })
}

fn unsigned(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}
