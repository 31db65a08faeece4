// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fs.h>

void union_helper_inode_lock(struct inode *inode)
{
	inode_lock(inode);
}

void union_helper_inode_unlock(struct inode *inode)
{
	inode_unlock(inode);
}

void union_helper_inode_lock_shared(struct inode *inode)
{
	inode_lock_shared(inode);
}

void union_helper_inode_unlock_shared(struct inode *inode)
{
	inode_unlock_shared(inode);
}

struct inode *union_helper_file_inode(const struct file *file)
{
	return file_inode(file);
}

loff_t union_helper_i_size_read(const struct inode *inode)
{
	return i_size_read(inode);
}

void union_helper_i_size_write(struct inode *inode, loff_t size)
{
	i_size_write(inode, size);
}

void union_helper_sb_start_write(struct super_block *sb)
{
	sb_start_write(sb);
}

void union_helper_sb_end_write(struct super_block *sb)
{
	sb_end_write(sb);
}

void union_helper_file_start_write(struct file *file)
{
	file_start_write(file);
}

void union_helper_file_end_write(struct file *file)
{
	file_end_write(file);
}

bool union_helper_dir_emit(struct dir_context *ctx, const char *name, int len,
			   u64 ino, unsigned int type)
{
	return dir_emit(ctx, name, len, ino, type);
}
