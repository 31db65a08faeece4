// SPDX-License-Identifier: GPL-2.0-only

//! The identities of unions and of the file systems of their layers; the rules are in
//! [`logic::identity`](crate::logic::identity).

use crate::{
    logic::{hash, identity::fsid},
    vfs::{
        mount::Mount,
        statfs::Statfs,
        super_block::{self, magic, SbInfo},
    },
};

/// Bytes of a device that are hashed to identify an image: includes the volume descriptors of ISO
/// 9660.
const DEVICE_HEAD: usize = 40 << 10;

/// The identity of a union.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum UnionIdentity {
    /// Its own UUID.
    Own([u8; 16]),
    /// Its device number, valid while it is mounted; nothing permanent identifies it.
    Device,
    /// That of the file system of its upper, or else its topmost, layer.
    Real,
}

impl UnionIdentity {
    /// Replaces the identity in the statfs result of the real file system. `dev`: the union's
    /// device number.
    pub fn show(self, buf: &mut Statfs, dev: u32) {
        match self {
            Self::Own(uuid) => buf.set_fsid(fsid(uuid)),
            Self::Device => buf.set_fsid_from_dev(dev),
            Self::Real => {}
        }
    }
}

/// The identity of the file system of a mount. `None`: it has none.
pub fn file_system(mnt: &Mount) -> Option<u64> {
    let root = mnt.root();
    let sb = SbInfo::of(root);
    let mut identity = hash::combine(0, sb.magic as u64);
    match u32::try_from(sb.magic).ok()? {
        magic::NFS_SUPER_MAGIC => {}
        magic::EXT4_SUPER_MAGIC
        | magic::XFS_SUPER_MAGIC
        | magic::BTRFS_SUPER_MAGIC
        | magic::F2FS_SUPER_MAGIC
        | magic::TMPFS_MAGIC => identity = with_bytes(identity, &sb.uuid?),
        // An image is identified by its head, which has the time of its creation, or its size.
        magic::EROFS_SUPER_MAGIC_V1 | magic::SQUASHFS_MAGIC | magic::ISOFS_SUPER_MAGIC => {
            let blocks = Statfs::of(mnt.at(root).ok()?).ok()?.blocks();
            identity = hash::combine(identity, blocks);
            let take = |bytes: &[u8]| identity = with_bytes(identity, bytes);
            if !super_block::read_device(root, DEVICE_HEAD, take) {
                return None;
            }
        }
        // Times of directories are arbitrary there, or belong to one layer of a stack while another
        // layer has changed.
        _ => return None,
    }
    Some(identity)
}

fn with_bytes(identity: u64, bytes: &[u8]) -> u64 {
    hash::combine(identity, hash::name(0, bytes).0)
}
