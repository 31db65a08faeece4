// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fs.h>
#include <linux/mnt_idmapping.h>
#include <linux/mount.h>

struct mnt_idmap *union_helper_mnt_idmap(const struct vfsmount *mnt)
{
	return mnt_idmap(mnt);
}

bool union_helper_is_idmapped_mnt(const struct vfsmount *mnt)
{
	return is_idmapped_mnt(mnt);
}

int union_helper_get_write_access(struct inode *inode)
{
	return get_write_access(inode);
}

void union_helper_put_write_access(struct inode *inode)
{
	put_write_access(inode);
}
