// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mm.h>
#include <linux/uio.h>

bool union_helper_vma_is_shared_maywrite_flags(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}

size_t union_helper_iov_iter_count(const struct iov_iter *iter)
{
	return iov_iter_count(iter);
}
