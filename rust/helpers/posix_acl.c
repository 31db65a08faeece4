// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mnt_idmapping.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

struct posix_acl *union_helper_posix_acl_dup(struct posix_acl *acl)
{
	return posix_acl_dup(acl);
}

void union_helper_posix_acl_release(struct posix_acl *acl)
{
	posix_acl_release(acl);
}

/* A copy of @acl, which @inode's file system has cached, as seen through @idmap. */
struct posix_acl *union_helper_posix_acl_clone_mapped(struct posix_acl *acl,
						      struct mnt_idmap *idmap,
						      const struct inode *inode)
{
	struct posix_acl *clone = posix_acl_clone(acl, GFP_KERNEL);
	struct user_namespace *fs_userns = i_user_ns(inode);

	if (!clone)
		return NULL;
	for (unsigned int i = 0; i < clone->a_count; i++) {
		struct posix_acl_entry *e = &clone->a_entries[i];

		if (e->e_tag == ACL_USER)
			e->e_uid = vfsuid_into_kuid(make_vfsuid(idmap, fs_userns, e->e_uid));
		else if (e->e_tag == ACL_GROUP)
			e->e_gid = vfsgid_into_kgid(make_vfsgid(idmap, fs_userns, e->e_gid));
	}
	return clone;
}

struct posix_acl *union_helper_posix_acl_duplicate(const struct posix_acl *acl)
{
	return posix_acl_clone(acl, GFP_KERNEL);
}

/* Inline without CONFIG_FS_POSIX_ACL, as are those below. */
struct posix_acl *union_helper_vfs_get_acl(struct mnt_idmap *idmap, struct dentry *dentry,
					   const char *name)
{
	return vfs_get_acl(idmap, dentry, name);
}

int union_helper_vfs_set_acl(struct mnt_idmap *idmap, struct dentry *dentry, const char *name,
			     struct posix_acl *acl)
{
	return vfs_set_acl(idmap, dentry, name, acl);
}

int union_helper_vfs_remove_acl(struct mnt_idmap *idmap, struct dentry *dentry, const char *name)
{
	return vfs_remove_acl(idmap, dentry, name);
}

void union_helper_forget_all_cached_acls(struct inode *inode)
{
	forget_all_cached_acls(inode);
}

int union_helper_posix_acl_create(struct inode *dir, umode_t *mode,
				  struct posix_acl **default_acl, struct posix_acl **acl)
{
	return posix_acl_create(dir, mode, default_acl, acl);
}
