// SPDX-License-Identifier: GPL-2.0-only

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/user_namespace.h>

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

/* Inline without CONFIG_USER_NS. */
bool union_helper_current_in_userns(const struct user_namespace *target)
{
	return current_in_userns(target);
}

void union_helper_put_cred(const struct cred *cred)
{
	put_cred(cred);
}

void union_helper_put_group_info(struct group_info *groups)
{
	put_group_info(groups);
}

void union_helper_cred_lower_cap(struct cred *cred, int cap)
{
	cap_lower(cred->cap_effective, cap);
}

bool union_helper_current_ns_has_mapping(kuid_t uid, kgid_t gid)
{
	struct user_namespace *ns = current_user_ns();

	return kuid_has_mapping(ns, uid) && kgid_has_mapping(ns, gid);
}

/* Whether a name is shown is no use of the capability. */
bool union_helper_capable_noaudit(int cap)
{
	return ns_capable_noaudit(&init_user_ns, cap);
}
