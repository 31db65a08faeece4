// SPDX-License-Identifier: GPL-2.0-only

#include <linux/namei.h>

void union_helper_end_creating(struct dentry *child)
{
	end_creating(child);
}

struct dentry *union_helper_end_creating_keep(struct dentry *child)
{
	return end_creating_keep(child);
}

void union_helper_end_removing(struct dentry *child)
{
	end_removing(child);
}
