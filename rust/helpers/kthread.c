// SPDX-License-Identifier: GPL-2.0-only

#include <linux/cgroup.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

/*
 * Where threads begin and end. A job begins with the address of what does it.
 * objtool knows the last call not to return, which it could not of a shim.
 */
static int main_of_kthread(void *job)
{
	void (**main)(void *job) = job;

	(*main)(job);
	module_put_and_kthread_exit(0);
}

struct task_struct *union_helper_kthread_create(void *job, const char *name)
{
	return kthread_create(main_of_kthread, job, "%s", name);
}

void union_helper_this_module_get(void)
{
	__module_get(THIS_MODULE);
}

void union_helper_this_module_put(void)
{
	module_put(THIS_MODULE);
}

void union_helper_allow_kernel_signal(int sig)
{
	allow_kernel_signal(sig);
}

struct mem_cgroup *union_helper_current_mem_cgroup_get(void)
{
	return get_mem_cgroup_from_mm(current->mm);
}

void union_helper_mem_cgroup_put(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

struct mem_cgroup *union_helper_set_active_memcg(struct mem_cgroup *memcg)
{
	return set_active_memcg(memcg);
}

struct cgroup_subsys_state *union_helper_current_blkcg_get(void)
{
#ifdef CONFIG_BLK_CGROUP
	return task_get_css(current, io_cgrp_id);
#else
	return NULL;
#endif
}

void union_helper_blkcg_put(struct cgroup_subsys_state *css)
{
#ifdef CONFIG_BLK_CGROUP
	css_put(css);
#endif
}

void union_helper_kthread_associate_blkcg(struct cgroup_subsys_state *css)
{
	kthread_associate_blkcg(css);
}
