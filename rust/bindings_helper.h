/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers whose contents the module needs and kernel::bindings lacks, wholly
 * or because it has seen a type only by name.  Whatever kernel::bindings has
 * already is left out of the generated file, so that both agree on types.
 *
 * Sorted alphabetically.
 */

#include <linux/backing-file.h>
#include <linux/buffer_head.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/exportfs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fdtable.h>
#include <linux/fiemap.h>
#include <linux/file.h>
#include <linux/fileattr.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/fs_stack.h>
#include <linux/fs_struct.h>
#include <linux/fsnotify.h>
#include <linux/iversion.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mnt_idmapping.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/ratelimit.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/splice.h>
#include <linux/statfs.h>
#include <linux/task_work.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>
#include <linux/writeback.h>
#include <linux/xattr.h>

/* Constants that are macros bindgen cannot evaluate. */
static const u32 UNION_CONST_HELPER_SB_RDONLY = SB_RDONLY;
static const u32 UNION_CONST_HELPER_SB_POSIXACL = SB_POSIXACL;
static const u32 UNION_CONST_HELPER_SB_NOSEC = SB_NOSEC;
static const u32 UNION_CONST_HELPER_SB_ACTIVE = SB_ACTIVE;
static const u32 UNION_CONST_HELPER_SB_SILENT = SB_SILENT;
static const u32 UNION_CONST_HELPER_SB_SYNCHRONOUS = SB_SYNCHRONOUS;
static const u32 UNION_CONST_HELPER_SB_DIRSYNC = SB_DIRSYNC;
static const u32 UNION_CONST_HELPER_SB_MANDLOCK = SB_MANDLOCK;
static const u32 UNION_CONST_HELPER_SB_LAZYTIME = SB_LAZYTIME;
static const u32 UNION_CONST_HELPER_SB_I_VERSION = SB_I_VERSION;
static const u32 UNION_CONST_HELPER___FMODE_EXEC = (__force u32)__FMODE_EXEC;
static const u32 UNION_CONST_HELPER_IOCB_NOWAIT = (__force u32)IOCB_NOWAIT;
static const u32 UNION_CONST_HELPER_IOCB_APPEND = (__force u32)IOCB_APPEND;
static const u32 UNION_CONST_HELPER_IOCB_DSYNC = (__force u32)IOCB_DSYNC;
static const u32 UNION_CONST_HELPER_IOCB_HIPRI = (__force u32)IOCB_HIPRI;
static const u32 UNION_CONST_HELPER_IOCB_SYNC = (__force u32)IOCB_SYNC;
static const u32 UNION_CONST_HELPER_FMODE_32BITHASH = (__force u32)FMODE_32BITHASH;
static const u32 UNION_CONST_HELPER_FMODE_64BITHASH = (__force u32)FMODE_64BITHASH;
static const u32 UNION_CONST_HELPER_FMODE_WRITE = (__force u32)FMODE_WRITE;
static const u32 UNION_CONST_HELPER_FMODE_NOCMTIME = (__force u32)FMODE_NOCMTIME;
static const u32 UNION_CONST_HELPER_WORK_CPU_UNBOUND = WORK_CPU_UNBOUND;
static const u32 UNION_CONST_HELPER_LOOKUP_FOLLOW = LOOKUP_FOLLOW;
static const u32 UNION_CONST_HELPER_LOOKUP_DIRECTORY = LOOKUP_DIRECTORY;
static const u32 UNION_CONST_HELPER_LOOKUP_RCU = LOOKUP_RCU;
static const u32 UNION_CONST_HELPER_SB_I_SKIP_SYNC = SB_I_SKIP_SYNC;
static const u32 UNION_CONST_HELPER_SB_I_NOUMASK = SB_I_NOUMASK;
static const u32 UNION_CONST_HELPER_SB_I_EVM_HMAC_UNSUPPORTED = SB_I_EVM_HMAC_UNSUPPORTED;
