// SPDX-License-Identifier: GPL-2.0-only

#include <linux/compat.h>

bool union_helper_in_compat_syscall(void)
{
	return in_compat_syscall();
}
