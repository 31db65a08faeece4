// SPDX-License-Identifier: GPL-2.0-only

//! The file system type, and the operations of its super blocks.

use crate::{
    logic::options::StatfsType,
    union::{
        change::{guard, stage},
        layers::{
            node::Node,
            union::{Union, WalkData, UNION_SUPER_MAGIC},
        },
        mount::show,
        OwnDentry, UnionFs, UnionInode,
    },
    vfs::{
        file_system::{flags, FileSystem},
        inode_data::Backing,
        inode_kinds::InodeKinds,
        seq_show::SeqFile,
        statfs::Statfs,
        super_block::{flags as sb_flags, magic, SuperBlock},
        super_ops::SuperOperations,
    },
};
use core::ffi::CStr;
use kernel::prelude::*;

impl FileSystem for UnionFs {
    const NAME: &'static CStr = c"union";
    const FLAGS: u32 = flags::FS_USERNS_MOUNT | flags::FS_ALLOW_IDMAP;
    // The file systems of the layers keep times and count changes, as their mounts say; mandatory
    // locks no longer exist.
    const OTHERS_FLAGS: u32 =
        sb_flags::SB_LAZYTIME | sb_flags::SB_I_VERSION | sb_flags::SB_MANDLOCK;
    const INODE_CACHE: &'static CStr = c"union_inode";
    type InodeData = Node;
    type SuperData = Union;
    type WalkData = WalkData;
}

impl InodeKinds for UnionFs {
    type Dir = UnionInode;
    type Regular = UnionInode;
    type Symlink = UnionInode;
    type Special = UnionInode;

    fn backing(node: &Node) -> Option<Backing<'_>> {
        node.backing()
    }
}

/// Bytes of cached directories that count as one object for the shrinker: about the size of a
/// dentry.
const CACHED_OBJECT: usize = 192;

impl SuperOperations for UnionFs {
    fn statfs(dentry: &OwnDentry, buf: &mut Statfs) -> Result {
        let sb = dentry.sb();
        let union = sb.data();
        let root = dentry.root().inode().ok_or(EIO)?.data();
        buf.get(root.real(union)?)?;
        buf.set_namelen(union.namelen);
        buf.set_type(match union.config.statfs {
            StatfsType::Union => UNION_SUPER_MAGIC,
            StatfsType::Fuse => magic::FUSE_SUPER_MAGIC,
        });
        union.identity.show(buf, sb.dev());
        Ok(())
    }

    fn sync_fs(sb: &SuperBlock<Self>, wait: bool) -> Result {
        let union = sb.data();
        let Ok(upper) = union.upper() else {
            return Ok(());
        };
        // sync(2) visits the upper layer's own super block as well (SB_I_SKIP_SYNC); this is
        // syncfs(2), whose first round, without waiting, would only do the work twice.
        if !wait {
            return Ok(());
        }
        // Nothing that is written down later would be durable.
        let committed = upper.unstable.commit_all();
        union.sync()?;
        committed?;
        // Data lost on the way to the disk is no error of the call above. syncfs(2) reports it
        // here, once for each open file.
        if let Err(error) = upper.errors.check_and_advance(upper.mnt.root()) {
            sb.set_wb_err(error);
        }
        Ok(())
    }

    fn show_options(m: &SeqFile, root: &OwnDentry) -> Result {
        show::options(m, root.sb().data())
    }

    fn cached_objects(union: &Union) -> usize {
        union.registry.bytes() / CACHED_OBJECT
    }

    fn free_cached_objects(union: &Union, count: usize) -> usize {
        let bytes = count.saturating_mul(CACHED_OBJECT);
        union.registry.reclaim(bytes) / CACHED_OBJECT
    }

    fn show_stats(m: &SeqFile, root: &OwnDentry) -> Result {
        show::stats(m, root.sb().data())
    }

    fn shut_down(sb: &SuperBlock<Self>) {
        if let Ok(upper) = sb.data().upper() {
            upper.unstable.shut_down();
            sb.data().with_creds(|| guard::finish(upper));
        }
    }

    fn put_super(mut data: Union) {
        let upper = data.upper.as_mut();
        if let Some(recorder) = upper.and_then(|upper| upper.recorder.take()) {
            recorder.finish();
        }
        stage::drop_shared_whiteout(&data);
        // This waits for walks under RCU.
        data.unmount();
    }
}
