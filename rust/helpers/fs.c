// SPDX-License-Identifier: GPL-2.0-only

#include <linux/buffer_head.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_stack.h>
#include <linux/fsnotify.h>
#include <linux/mnt_idmapping.h>
#include <linux/slab.h>
#include <linux/statfs.h>

/* --- inodes --- */

void union_helper_inode_lock(struct inode *inode)
{
	inode_lock(inode);
}

bool union_helper_inode_trylock(struct inode *inode)
{
	return inode_trylock(inode);
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

void union_helper_inode_downgrade(struct inode *inode)
{
	downgrade_write(&inode->i_rwsem);
}

loff_t union_helper_i_size_read(const struct inode *inode)
{
	return i_size_read(inode);
}

u32 union_helper_i_nlink(const struct inode *inode)
{
	return READ_ONCE(inode->i_nlink);
}

bool union_helper_inode_is_new(struct inode *inode)
{
	return inode_state_read_once(inode) & I_NEW;
}

bool union_helper_inode_unhashed(struct inode *inode)
{
	return inode_unhashed(inode);
}

bool union_helper_is_casefolded(const struct inode *inode)
{
	return IS_CASEFOLDED(inode);
}

bool union_helper_inode_can_remap(const struct inode *inode)
{
	return inode->i_fop->remap_file_range;
}

void union_helper_inode_set_fops(struct inode *inode, const struct file_operations *fops)
{
	inode->i_fop = fops;
}

void union_helper_inode_copy_rdev(struct inode *inode, const struct inode *real)
{
	inode->i_rdev = real->i_rdev;
}

void union_helper_inode_copy_flags(struct inode *inode, const struct inode *real,
				   unsigned int mask)
{
	inode_set_flags(inode, real->i_flags & mask, mask);
}

void union_helper_inode_copy_atime(struct inode *inode, const struct inode *real)
{
	inode_set_atime_to_ts(inode, inode_get_atime(real));
}

void union_helper_inode_refresh_times(struct inode *inode, const struct inode *real)
{
	struct timespec64 mtime = inode_get_mtime(inode), ctime = inode_get_ctime(inode);
	struct timespec64 real_mtime = inode_get_mtime(real), real_ctime = inode_get_ctime(real);

	if (timespec64_equal(&mtime, &real_mtime) && timespec64_equal(&ctime, &real_ctime))
		return;
	/* As in inode_copy_attr(): who comes later reads the newer values. */
	spin_lock(&inode->i_lock);
	inode_set_mtime_to_ts(inode, inode_get_mtime(real));
	inode_set_ctime_to_ts(inode, inode_get_ctime(real));
	spin_unlock(&inode->i_lock);
}

/* A block of the device of a file system, with its size; NULL if it cannot be read. */
struct buffer_head *union_helper_sb_bread(struct super_block *sb, sector_t block)
{
#ifdef CONFIG_BUFFER_HEAD
	return sb_bread(sb, block);
#else
	return NULL;
#endif
}

void union_helper_brelse(struct buffer_head *bh)
{
#ifdef CONFIG_BUFFER_HEAD
	brelse(bh);
#endif
}

void union_helper_inode_times(const struct inode *inode, struct timespec64 *mtime,
			      struct timespec64 *ctime)
{
	*mtime = inode_get_mtime(inode);
	*ctime = inode_get_ctime(inode);
}

void union_helper_inode_copy_attr(struct inode *inode, struct mnt_idmap *idmap,
				  const struct inode *real)
{
	spin_lock(&inode->i_lock);
	inode->i_uid = vfsuid_into_kuid(i_uid_into_vfsuid(idmap, real));
	inode->i_gid = vfsgid_into_kgid(i_gid_into_vfsgid(idmap, real));
	inode->i_mode = real->i_mode;
	inode->i_blkbits = real->i_blkbits;
	inode->i_blocks = real->i_blocks;
	inode->i_bytes = real->i_bytes;
	inode_set_atime_to_ts(inode, inode_get_atime(real));
	inode_set_mtime_to_ts(inode, inode_get_mtime(real));
	inode_set_ctime_to_ts(inode, inode_get_ctime(real));
	i_size_write(inode, i_size_read(real));
	spin_unlock(&inode->i_lock);
}

/* Size and blocks: what of a file's attributes belongs to its data. */
void union_helper_inode_copy_size(struct inode *inode, const struct inode *real)
{
	spin_lock(&inode->i_lock);
	inode->i_blocks = real->i_blocks;
	inode->i_bytes = real->i_bytes;
	i_size_write(inode, i_size_read(real));
	spin_unlock(&inode->i_lock);
}

bool union_helper_inode_ids_are_valid(struct mnt_idmap *idmap, const struct inode *inode)
{
	return vfsuid_valid(i_uid_into_vfsuid(idmap, inode)) &&
	       vfsgid_valid(i_gid_into_vfsgid(idmap, inode));
}

/* Whether the task that asks would be the owner of what it makes there. */
bool union_helper_inode_is_own(struct mnt_idmap *idmap, const struct inode *inode)
{
	return vfsuid_eq_kuid(i_uid_into_vfsuid(idmap, inode), current_fsuid());
}

bool union_helper_inode_is_open_for_write(const struct inode *inode)
{
	return inode_is_open_for_write(inode);
}

/*
 * Stacked file systems take the locks of an inode beneath while they hold their
 * own, also where both are of one type: a class for each depth.
 */
void union_helper_inode_set_lock_class(struct inode *inode)
{
#ifdef CONFIG_LOCKDEP
	static struct lock_class_key classes[FILESYSTEM_MAX_STACK_DEPTH + 1][2];
	int depth = clamp(inode->i_sb->s_stack_depth, 0, FILESYSTEM_MAX_STACK_DEPTH);

	lockdep_set_class(&inode->i_rwsem, &classes[depth][S_ISDIR(inode->i_mode)]);
#endif
}

/* I_OVL_INUSE, as overlayfs takes it: under i_lock, shared with it. */
bool union_helper_inode_inuse_trylock(struct inode *inode)
{
	bool locked = false;

	spin_lock(&inode->i_lock);
	if (!(inode_state_read(inode) & I_OVL_INUSE)) {
		inode_state_set(inode, I_OVL_INUSE);
		locked = true;
	}
	spin_unlock(&inode->i_lock);
	return locked;
}

bool union_helper_inode_is_inuse(struct inode *inode)
{
	return inode_state_read_once(inode) & I_OVL_INUSE;
}

void union_helper_inode_inuse_unlock(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	inode_state_clear(inode, I_OVL_INUSE);
	spin_unlock(&inode->i_lock);
}

struct kmem_cache *union_helper_inode_cache_create(const char *name, unsigned int size,
						   unsigned int align, void (*ctor)(void *))
{
	return kmem_cache_create(name, size, align, SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, ctor);
}

void *union_helper_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache)
{
	return alloc_inode_sb(sb, cache, GFP_KERNEL);
}

/* --- super blocks --- */

int union_helper_sync_filesystem_locked(struct super_block *sb)
{
	int ret;

	down_read(&sb->s_umount);
	ret = sync_filesystem(sb);
	up_read(&sb->s_umount);
	return ret;
}

bool union_helper_sb_start_write_trylock(struct super_block *sb)
{
	return sb_start_write_trylock(sb);
}

void union_helper_sb_end_write(struct super_block *sb)
{
	sb_end_write(sb);
}

__kernel_fsid_t union_helper_dev_to_fsid(dev_t dev)
{
	return u64_to_fsid(huge_encode_dev(dev));
}

/* --- attributes --- */

void union_helper_iattr_set_ids(struct iattr *attr, kuid_t uid, kgid_t gid)
{
	attr->ia_vfsuid = VFSUIDT_INIT(uid);
	attr->ia_vfsgid = VFSGIDT_INIT(gid);
}

void union_helper_iattr_unmap_ids(struct iattr *attr, struct mnt_idmap *idmap,
				  const struct inode *inode)
{
	struct user_namespace *ns = i_user_ns(inode);

	if (attr->ia_valid & ATTR_UID)
		attr->ia_vfsuid = VFSUIDT_INIT(from_vfsuid(idmap, ns, attr->ia_vfsuid));
	if (attr->ia_valid & ATTR_GID)
		attr->ia_vfsgid = VFSGIDT_INIT(from_vfsgid(idmap, ns, attr->ia_vfsgid));
}

void union_helper_kstat_map_ids(struct kstat *stat, struct mnt_idmap *idmap,
				const struct inode *inode)
{
	struct user_namespace *ns = i_user_ns(inode);

	stat->uid = vfsuid_into_kuid(make_vfsuid(idmap, ns, stat->uid));
	stat->gid = vfsgid_into_kgid(make_vfsgid(idmap, ns, stat->gid));
}

/* Whether the task that asks is in the group. */
bool union_helper_in_group_of(struct mnt_idmap *idmap, const struct inode *inode)
{
	return vfsgid_in_group_p(i_gid_into_vfsgid(idmap, inode));
}

bool union_helper_may_keep_sgid(struct mnt_idmap *idmap, const struct inode *inode)
{
	return in_group_or_capable(idmap, inode, i_gid_into_vfsgid(idmap, inode));
}

/* --- files --- */

struct inode *union_helper_file_inode(const struct file *file)
{
	return file_inode(file);
}

const struct path *union_helper_file_path(const struct file *file)
{
	return &file->f_path;
}

struct file *union_helper_get_file(struct file *file)
{
	return get_file(file);
}

/* Inline without CONFIG_FILE_LOCKING. */
int union_helper_generic_setlease(struct file *file, int arg, struct file_lease **lease,
				  void **priv)
{
	return generic_setlease(file, arg, lease, priv);
}

bool union_helper_file_is_opened(const struct file *file)
{
	return file->f_mode & FMODE_OPENED;
}

bool union_helper_sb_may_admin(const struct super_block *sb)
{
	return ns_capable(sb->s_user_ns, CAP_SYS_ADMIN);
}

void union_helper_file_set_can_odirect(struct file *file)
{
	file->f_mode |= FMODE_CAN_ODIRECT;
}

bool union_helper_file_can_odirect(const struct file *file)
{
	return file->f_mode & FMODE_CAN_ODIRECT;
}

/* What fcntl(F_SETFL) does to a file, for the file beneath a stacked one. */
int union_helper_file_change_flags(struct file *file, unsigned int mask, unsigned int flags)
{
	flags &= mask;
	if ((flags & O_DIRECT) && !(file->f_mode & FMODE_CAN_ODIRECT))
		return -EINVAL;
	if (file->f_op->check_flags) {
		int err = file->f_op->check_flags(flags);

		if (err)
			return err;
	}
	spin_lock(&file->f_lock);
	file->f_flags = (file->f_flags & ~mask) | flags;
	file->f_iocb_flags = iocb_flags(file);
	spin_unlock(&file->f_lock);
	return 0;
}

void union_helper_init_sync_kiocb(struct kiocb *kiocb, struct file *filp)
{
	init_sync_kiocb(kiocb, filp);
}

bool union_helper_dir_emit(struct dir_context *ctx, const char *name, int len,
			   u64 ino, unsigned int type)
{
	return dir_emit(ctx, name, len, ino, type);
}

void union_helper_fsnotify_create(struct inode *dir, struct dentry *dentry)
{
	fsnotify_create(dir, dentry);
}

void union_helper_fsnotify_mkdir(struct inode *dir, struct dentry *dentry)
{
	fsnotify_mkdir(dir, dentry);
}

void union_helper_do_delayed_call(struct delayed_call *call)
{
	do_delayed_call(call);
}

bool union_helper_file_is_dsync(const struct file *file)
{
	return file->f_flags & O_DSYNC || IS_SYNC(file->f_mapping->host);
}
