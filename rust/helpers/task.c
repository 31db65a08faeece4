// SPDX-License-Identifier: GPL-2.0-only

#include <linux/mutex.h>
#include <linux/pipe_fs_i.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/task_work.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

int union_helper_task_work_add_current(struct callback_head *work,
				       enum task_work_notify_mode mode)
{
	return task_work_add(current, work, mode);
}

void union_helper_synchronize_rcu_tasks(void)
{
	synchronize_rcu_tasks();
}

bool union_helper_current_is_kthread(void)
{
	return current->flags & PF_KTHREAD;
}

bool union_helper_current_signal_pending(void)
{
	return signal_pending(current);
}

bool union_helper_current_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

void union_helper_seq_show_option(struct seq_file *m, const char *name, const char *value)
{
	seq_show_option(m, name, value);
}

struct workqueue_struct *union_helper_alloc_workqueue(const char *name)
{
	return alloc_workqueue("%s", WQ_UNBOUND, 0, name);
}

void union_helper_destroy_workqueue(struct workqueue_struct *wq)
{
	destroy_workqueue(wq);
}

u64 union_helper_random_u64(void)
{
	return get_random_u64();
}

/* The pipe splice_direct_to_actor() keeps with the task: in use within it. */
bool union_helper_current_splice_pipe_is_busy(void)
{
	const struct pipe_inode_info *pipe = current->splice_pipe;

	return pipe && !pipe_is_empty(pipe);
}

bool union_helper_pipe_is_full(const struct pipe_inode_info *pipe)
{
	return pipe_is_full(pipe);
}

bool union_helper_pipe_is_empty(const struct pipe_inode_info *pipe)
{
	return pipe_is_empty(pipe);
}

/* bindgen leaves the unnamed member out. */
unsigned long union_helper_pipe_indices(const struct pipe_inode_info *pipe)
{
	return pipe->head_tail;
}

/* As pipe_readable(), which is static: both indices at once. */
static bool pipe_has_data_or_no_writers(const struct pipe_inode_info *pipe)
{
	union pipe_index at = { .head_tail = READ_ONCE(pipe->head_tail) };

	return !pipe_empty(at.head, at.tail) || !READ_ONCE(pipe->writers);
}

/* As pipe_wait_readable(), which is not exported, but without the lock of the pipe. */
int union_helper_pipe_wait_for_data(struct pipe_inode_info *pipe)
{
	return wait_event_interruptible(pipe->rd_wait, pipe_has_data_or_no_writers(pipe));
}

u64 union_helper_current_file_size_limit(void)
{
	return rlimit(RLIMIT_FSIZE);
}

void union_helper_mutex_init_class(struct mutex *mutex, const char *name,
				   struct lock_class_key *key)
{
	__mutex_init(mutex, name, key);
}

/* A macro when lock dependencies are proven. */
int union_helper_mutex_lock_killable(struct mutex *mutex)
{
	return mutex_lock_killable(mutex);
}

/* The same. */
bool union_helper_mutex_trylock(struct mutex *mutex)
{
	return mutex_trylock(mutex);
}
