// SPDX-License-Identifier: GPL-2.0-only

//! In which order the file system of the upper layer makes changes durable; the rules are in
//! [`logic::partial`](crate::logic::partial).

use crate::{
    logic::partial::{Class, Known, EXT4_AT, EXT4_LEN},
    vfs::{
        mount::Mount,
        super_block::{self, magic, SbInfo},
    },
};

/// The class of the file system of a mount.
pub fn class(mnt: &Mount) -> Class {
    let root = mnt.root();
    let Ok(magic) = u32::try_from(SbInfo::of(root).magic) else {
        return Class::None;
    };
    match magic {
        magic::EXT4_SUPER_MAGIC => {
            let mut head = [0; EXT4_AT + EXT4_LEN];
            let mut at = 0;
            let is_read = super_block::read_device(root, head.len(), |bytes| {
                for (to, from) in head.iter_mut().skip(at).zip(bytes) {
                    *to = *from;
                }
                at += bytes.len();
            });
            let super_block = head.get(EXT4_AT..).filter(|_| is_read);
            Class::of(Known::Ext4(super_block.unwrap_or_default()))
        }
        magic::XFS_SUPER_MAGIC => Class::of(Known::Xfs),
        magic::BTRFS_SUPER_MAGIC => Class::of(Known::Btrfs),
        magic::TMPFS_MAGIC => Class::of(Known::Tmpfs),
        _ => Class::None,
    }
}
