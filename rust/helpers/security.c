// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fileattr.h>
#include <linux/kdev_t.h>
#include <linux/security.h>

/* Inline without CONFIG_SECURITY, as are those below. */
void union_helper_security_cred_getsecid(const struct cred *cred, u32 *secid)
{
	security_cred_getsecid(cred, secid);
}

int union_helper_security_ismaclabel(const char *name)
{
	return security_ismaclabel(name);
}

int union_helper_security_copy_up(struct dentry *src, struct cred **new)
{
	return security_inode_copy_up(src, new);
}

int union_helper_security_copy_up_xattr(struct dentry *src, const char *name)
{
	return security_inode_copy_up_xattr(src, name);
}

int union_helper_security_create_files_as(struct dentry *dentry, int mode,
					  const struct cred *old, struct cred *new)
{
	return security_dentry_create_files_as(dentry, mode, &dentry->d_name, old, new);
}

int union_helper_security_path_make(const struct path *dir, struct dentry *dentry, umode_t mode,
				    dev_t dev)
{
	return S_ISDIR(mode) ? security_path_mkdir(dir, dentry, mode) :
			       security_path_mknod(dir, dentry, mode, new_encode_dev(dev));
}

int union_helper_security_inode_make(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return S_ISDIR(mode) ? security_inode_mkdir(dir, dentry, mode) :
			       security_inode_create(dir, dentry, mode);
}

int union_helper_security_fileattr(struct file *file, const struct file_kattr *fa, bool set)
{
	unsigned int get_cmd = fa->fsx_valid ? FS_IOC_FSGETXATTR : FS_IOC_GETFLAGS;
	unsigned int set_cmd = fa->fsx_valid ? FS_IOC_FSSETXATTR : FS_IOC_SETFLAGS;

	return security_file_ioctl(file, set ? set_cmd : get_cmd, 0);
}

bool union_helper_file_kattr_flags_valid(const struct file_kattr *fa)
{
	return fa->flags_valid;
}
