// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/uio.h>

bool union_helper_maps_over_shared_writable(const struct file *file, unsigned long flags)
{
	unsigned long type = flags & MAP_TYPE;

	return (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == MAP_FIXED &&
	       (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) &&
	       (file->f_mode & FMODE_WRITE);
}

bool union_helper_vma_is_shared_maywrite_flags(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

void union_helper_inode_set_data_error(struct inode *inode)
{
	mapping_set_error(inode->i_mapping, -EIO);
}

size_t union_helper_iov_iter_count(const struct iov_iter *iter)
{
	return iov_iter_count(iter);
}

void union_helper_iov_iter_truncate(struct iov_iter *iter, u64 count)
{
	iov_iter_truncate(iter, count);
}

void union_helper_iov_iter_reexpand(struct iov_iter *iter, size_t count)
{
	iov_iter_reexpand(iter, count);
}
