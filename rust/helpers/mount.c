// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mnt_idmapping.h>
#include <linux/mount.h>

struct mnt_idmap *union_helper_mnt_idmap(const struct vfsmount *mnt)
{
	return mnt_idmap(mnt);
}
