// SPDX-License-Identifier: GPL-2.0-only

#include <linux/dcache.h>

struct dentry *union_helper_dget(struct dentry *dentry)
{
	return dget(dentry);
}

bool union_helper_d_is_negative(const struct dentry *dentry)
{
	return d_is_negative(dentry);
}

bool union_helper_d_is_dir(const struct dentry *dentry)
{
	return d_is_dir(dentry);
}

bool union_helper_d_unhashed(const struct dentry *dentry)
{
	return d_unhashed(dentry);
}

struct inode *union_helper_d_inode(const struct dentry *dentry)
{
	return d_inode(dentry);
}

struct dentry *union_helper_d_real(struct dentry *dentry, enum d_real_type type)
{
	return d_real(dentry, type);
}
