// SPDX-License-Identifier: GPL-2.0-only

#include <linux/build_bug.h>
#include <linux/fs.h>
#include <linux/fsverity.h>

/* Whether the file is protected by fs-verity, but nobody has opened it yet. */
bool union_helper_fsverity_is_unread(const struct inode *inode)
{
	return IS_VERITY(inode) && !fsverity_get_info(inode);
}

/* Inline without CONFIG_FS_VERITY. */
int union_helper_fsverity_get_digest(struct inode *inode, u8 digest[64], u8 *algorithm)
{
	static_assert(FS_VERITY_MAX_DIGEST_SIZE == 64);
	return fsverity_get_digest(inode, digest, algorithm, NULL);
}
