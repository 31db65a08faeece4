// SPDX-License-Identifier: GPL-2.0-only

#include <linux/ratelimit.h>

bool union_helper_printk_ratelimited(void)
{
	static DEFINE_RATELIMIT_STATE(rs, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

	return __ratelimit(&rs);
}
