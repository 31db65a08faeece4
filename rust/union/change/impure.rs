// SPDX-License-Identifier: GPL-2.0-only

//! The impure mark of directories of the upper layer: entries may carry the inode number of a lower
//! object. A listing of one that is not marked need not look at its entries.

use crate::{
    logic::codec::Attr,
    union::{
        layers::{layer::UpperWrite, node::Node, private_xattrs, union::Union},
        OwnInode,
    },
};
use kernel::prelude::*;

/// Notes in a directory of the upper layer that entries may carry recorded inode numbers. With the
/// mounter's credentials.
pub fn mark(union: &Union, write: &UpperWrite<'_>, dir: &OwnInode) -> Result {
    let node = dir.data();
    // Before the mark: a task that removes the mark checks this afterwards.
    node.impurity.add();
    if node.impurity.is_marked() {
        return Ok(());
    }
    put(union, write, node)
}

fn put(union: &Union, write: &UpperWrite<'_>, node: &Node) -> Result {
    let upper = node.upper().ok_or(EROFS)?;
    private_xattrs::set(union, write.on(upper)?, Attr::Impure, b"y")?;
    node.impurity.set_marked(true);
    Ok(())
}

/// Removes the mark of a directory in which a listing has found no such entry. Called by changes of
/// the directory, because a listing writes nothing. With the mounter's credentials.
pub fn unmark(union: &Union, write: &UpperWrite<'_>, dir: &OwnInode) {
    let node = dir.data();
    if node.impurity.may_be() || !node.impurity.is_marked() {
        return;
    }
    let Some(upper) = node.upper() else { return };
    node.impurity.set_marked(false);
    let unmarked = write
        .on(upper)
        .and_then(|upper| private_xattrs::remove(union, upper, Attr::Impure));
    // A copy may have arrived meanwhile and need the mark. If there is no memory for it, that copy
    // shows its own number in listings, and the recorded one otherwise.
    if unmarked.is_err() || node.impurity.may_be() {
        // That task may have set the mark before it was removed, and record this only now;
        // therefore it is not checked.
        if put(union, write, node).is_err() {
            node.impurity.set_marked(false);
        }
    }
}
