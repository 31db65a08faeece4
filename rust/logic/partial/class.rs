// SPDX-License-Identifier: GPL-2.0-only

//! In which order a file system makes changes durable.
//!
//! No interface says it. For the file systems that are known here it follows from their source, and was
//! seen in power cuts; of all others nothing is relied on.

/// In which order changes reach the disk of the upper layer, of one file without any fsync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// All changes of attributes, extents, sizes and names become durable in the order in which
    /// they were made. When data have been written and waited for, their extents are in that order
    /// before everything that follows, and the data are durable when an attribute set afterwards
    /// is (ext4 with a journal on the same device, xfs; tmpfs, where nothing survives).
    Journal,
    /// The same, except that waiting for data says nothing of their extents: only fsync does. And
    /// fsync may make the changes of one file durable before older ones of others (btrfs).
    Flush,
    /// Nothing is known: what is not synced may be there or not, in any mixture.
    None,
}

/// A type of file system that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known<'a> {
    /// ext4, with the bytes of its device in which the super block is, from [`EXT4_AT`] on.
    Ext4(&'a [u8]),
    /// xfs.
    Xfs,
    /// btrfs.
    Btrfs,
    /// tmpfs.
    Tmpfs,
}

/// Where on its device ext4's super block begins, in bytes.
pub const EXT4_AT: usize = 1024;
/// Bytes of it that are looked at.
pub const EXT4_LEN: usize = 256;

impl Class {
    /// The class of a file system.
    pub fn of(file_system: Known<'_>) -> Self {
        match file_system {
            Known::Ext4(super_block) => ext4(super_block).unwrap_or(Class::None),
            Known::Xfs | Known::Tmpfs => Class::Journal,
            Known::Btrfs => Class::Flush,
        }
    }
}

/// Of ext4 by its super block (`struct ext4_super_block`). Without a journal there is no order. That there
/// is one does not say that it is used: ext4 leaves it alone with `noload`, and so does ext2. As long as it is,
/// the super block says that it has to be replayed (`ext4_setup_super()`). With one on another device the
/// data are not durable when the journal is: that device is not flushed for it.
fn ext4(super_block: &[u8]) -> Option<Class> {
    /// `s_magic`, `s_feature_compat`, `s_feature_incompat`, `s_journal_inum`.
    const MAGIC: (usize, u16) = (0x38, 0xef53);
    const FEATURE_COMPAT: usize = 0x5c;
    const HAS_JOURNAL: u32 = 0x4;
    const FEATURE_INCOMPAT: usize = 0x60;
    const NEEDS_RECOVERY: u32 = 0x4;
    const JOURNAL_INUM: usize = 0xe0;

    let bytes = |at: usize| super_block.get(at..)?.first_chunk::<4>().copied();
    let word = |at: usize| bytes(at).map(u32::from_le_bytes);
    let [low, high, ..] = bytes(MAGIC.0)?;
    let is_used =
        word(FEATURE_COMPAT)? & HAS_JOURNAL != 0 && word(FEATURE_INCOMPAT)? & NEEDS_RECOVERY != 0;
    if u16::from_le_bytes([low, high]) != MAGIC.1 || !is_used {
        return None;
    }
    Some(match word(JOURNAL_INUM)? {
        0 => Class::Flush,
        _ => Class::Journal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ext4_is_known_by_its_journal() {
        let mut block = [0; EXT4_LEN];
        assert_eq!(Class::of(Known::Ext4(&block)), Class::None);
        assert_eq!(Class::of(Known::Ext4(&[])), Class::None);
        block[0x38..0x3a].copy_from_slice(&[0x53, 0xef]);
        assert_eq!(Class::of(Known::Ext4(&block)), Class::None, "no journal");
        block[0x5c] = 0x3c;
        assert_eq!(Class::of(Known::Ext4(&block)), Class::None, "not used");
        block[0x60] = 0xc6;
        assert_eq!(Class::of(Known::Ext4(&block)), Class::Flush, "elsewhere");
        block[0xe0] = 8;
        assert_eq!(Class::of(Known::Ext4(&block)), Class::Journal);
    }
}
