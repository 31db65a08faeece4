// SPDX-License-Identifier: GPL-2.0-only
/* Each module has its own copy of the shims; none of them is exported. */

#include "../rust/helpers/helpers.c"
