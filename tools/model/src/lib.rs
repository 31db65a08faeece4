// SPDX-License-Identifier: GPL-2.0-only

//! A naive union of trees in memory.
