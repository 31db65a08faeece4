// SPDX-License-Identifier: GPL-2.0-only
/*
 * Static inline functions and macros cannot be called from Rust; each gets a
 * function here that does nothing but call it.  union_helper_NAME appears in
 * rust/bindings.rs as NAME.  One file per C header, included here so that one
 * object and one bindgen run serve them all.
 *
 * Sorted alphabetically.
 */

#include <linux/compiler_types.h>
#include <linux/module.h>

#include "compat.c"
#include "cred.c"
#include "dcache.c"
#include "fs.c"
#include "fs_context.c"
#include "kthread.c"
#include "mm.c"
#include "mount.c"
#include "namei.c"
#include "posix_acl.c"
#include "ratelimit.c"
#include "security.c"
#include "task.c"
#include "verity.c"

/* module! has no word for it.  sparse cannot tell the length of a string. */
#ifndef __CHECKER__
MODULE_VERSION(__stringify(UNION_VERSION));
#endif
