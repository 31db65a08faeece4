// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fs_struct.h>
#include <linux/namei.h>
#include <linux/compat.h>

bool union_helper_in_compat_syscall(void)
{
	return in_compat_syscall();
}

/*
 * A path as the first process sees it. Since 7.3 kernel threads, as those that
 * run the tests of a module, have a root of their own with nothing in it.
 */
int union_helper_kern_path_of_init(const char *name, unsigned int flags, struct path *path)
{
	int err;

#ifdef scoped_with_init_fs
	scoped_with_init_fs()
#endif
		err = kern_path(name, flags, path);
	return err;
}
