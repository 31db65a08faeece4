// SPDX-License-Identifier: GPL-2.0-only

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/namei.h>

struct dentry *union_helper_dget(struct dentry *dentry)
{
	return dget(dentry);
}

bool union_helper_d_unhashed(const struct dentry *dentry)
{
	return d_unhashed(dentry);
}

struct inode *union_helper_d_inode(const struct dentry *dentry)
{
	return READ_ONCE(dentry->d_inode);
}

struct dentry *union_helper_d_real(struct dentry *dentry, enum d_real_type type)
{
	return d_real(dentry, type);
}

bool union_helper_real_file_can_preallocate(struct dentry *dentry)
{
	return d_real_inode(dentry)->i_fop->fallocate;
}

unsigned int union_helper_d_flags(const struct dentry *dentry)
{
	return READ_ONCE(dentry->d_flags);
}

/*
 * fscrypt's method concerns names shown without their key alone, and every
 * other dentry that is looked up loses the flag for it; the root of a file
 * system is not looked up (fscrypt_prepare_dentry()).
 */
bool union_helper_d_wants_revalidate(const struct dentry *dentry)
{
	unsigned int flags = READ_ONCE(dentry->d_flags);

	if (flags & DCACHE_OP_REVALIDATE && IS_ENABLED(CONFIG_FS_ENCRYPTION) &&
	    dentry->d_op->d_revalidate == fscrypt_d_revalidate)
		return flags & DCACHE_NOKEY_NAME;
	return flags & (DCACHE_OP_REVALIDATE | DCACHE_OP_WEAK_REVALIDATE);
}

bool union_helper_d_has_encoding(const struct dentry *dentry)
{
	return sb_has_encoding(dentry->d_sb);
}

bool union_helper_is_root(const struct dentry *dentry)
{
	return IS_ROOT(dentry);
}

const unsigned char *union_helper_d_name(const struct dentry *dentry)
{
	return dentry->d_name.name;
}

u32 union_helper_d_name_len(const struct dentry *dentry)
{
	return dentry->d_name.len;
}

struct qstr union_helper_qstr(const unsigned char *name, u32 len)
{
	return QSTR_LEN(name, len);
}

u32 union_helper_qstr_len(const struct qstr *name)
{
	return name->len;
}

/*
 * A method has no inline to call it by: fs/namei.c keeps d_revalidate() to
 * itself, and the name and parent it wants are only stable in a snapshot.
 */
int union_helper_d_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct dentry *parent = NULL;
	struct name_snapshot n;
	struct inode *dir;
	int ret;

	if (!(dentry->d_flags & DCACHE_OP_REVALIDATE))
		return 1;
	if (flags & LOOKUP_RCU) {
		dir = d_inode_rcu(READ_ONCE(dentry->d_parent));
		if (!dir)
			return -ECHILD;
	} else {
		parent = dget_parent(dentry);
		dir = d_inode(parent);
	}
	take_dentry_name_snapshot(&n, dentry);
	ret = dentry->d_op->d_revalidate(dir, &n.name, dentry, flags);
	release_dentry_name_snapshot(&n);
	dput(parent);
	if (!ret && !(flags & LOOKUP_RCU))
		d_invalidate(dentry);
	return ret;
}

int union_helper_d_weak_revalidate(struct dentry *dentry, unsigned int flags)
{
	if (!(dentry->d_flags & DCACHE_OP_WEAK_REVALIDATE))
		return 1;
	return dentry->d_op->d_weak_revalidate(dentry, flags);
}
