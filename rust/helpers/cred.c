// SPDX-License-Identifier: GPL-2.0-only

#include <linux/cred.h>

const struct cred *union_helper_override_creds(const struct cred *cred)
{
	return override_creds(cred);
}

const struct cred *union_helper_revert_creds(const struct cred *cred)
{
	return revert_creds(cred);
}

const struct cred *union_helper_current_cred(void)
{
	return current_cred();
}

struct user_namespace *union_helper_current_user_ns(void)
{
	return current_user_ns();
}
