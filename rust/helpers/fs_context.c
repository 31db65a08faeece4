// SPDX-License-Identifier: GPL-2.0-only

#include <linux/fs_context.h>
#include <linux/fs_parser.h>

/* Bit fields and anonymous unions have no stable name in Rust. */

bool union_helper_fs_context_is_oldapi(const struct fs_context *fc)
{
	return fc->oldapi;
}

bool union_helper_fs_context_is_reconfigure(const struct fs_context *fc)
{
	return fc->purpose == FS_CONTEXT_FOR_RECONFIGURE;
}

enum fs_value_type union_helper_fs_parameter_type(const struct fs_parameter *param)
{
	return param->type;
}

const char *union_helper_fs_parameter_string(const struct fs_parameter *param)
{
	return param->string;
}

struct file *union_helper_fs_parameter_file(const struct fs_parameter *param)
{
	return param->file;
}
