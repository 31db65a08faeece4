# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions shared by the scripts: where things are kept, how a step reports,
# how it is made all-or-nothing.  Sourced, never run.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${UNION_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/union}
ROOT=$CACHE/root
KERNELS=$CACHE/kernels

# The kernel series whose VFS interfaces this source is written for.  The
# newest packaged kernel of this series is the default; KERNEL= pins another.
SERIES=7.2
SUITE=trixie
BACKPORTS=trixie-backports

UNION_T0=${UNION_T0:-$(date +%s)}
export UNION_T0

# say TEXT...: one line of progress with the seconds since the command began.
say() { printf '[%4ds] %s\n' $(($(date +%s) - UNION_T0)) "$*" >&2; }

# die TEXT...: what was wrong, with what, and what to do about it.
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# run_logged LOG CMD...: run CMD with its output in LOG; show the end of the
# log only when the command fails.
run_logged() {
	local log=$1 status=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >>"$log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 25 "$log" | sed 's/^/  | /' >&2
		die "'$*' failed with status $status; the whole log is $log"
	fi
}

# as_owner CMD...: run CMD so that it may own files of any user: directly as
# root, in a user namespace with subordinate ids otherwise.
as_owner() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		unshare --user --map-root-user --map-auto "$@"
	fi
}

# remove_tree PATH...: remove trees that may hold files of subordinate ids.
remove_tree() {
	local path
	for path; do
		[ -e "$path" ] || continue
		rm -rf -- "$path" 2>/dev/null || as_owner rm -rf -- "$path"
	done
}

# need_space MIB DIR: fail early and clearly instead of half way through.
need_space() {
	local free
	mkdir -p "$2"
	free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die "$2 has $free MiB free, $1 MiB are needed; free some space or set UNION_CACHE to a directory on a larger file system"
}

# with_lock NAME: wait for, then hold until the script ends, the lock NAME of
# the cache.  Two set-ups at once would otherwise build the same thing twice.
with_lock() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock-$1"
	if ! flock -n 9; then
		say "waiting for another run that is preparing the $1"
		flock 9
	fi
}

# debian_mirror: the URI of the Debian archive the host itself uses; empty
# when there is none (then mmdebstrap's default is taken).
debian_mirror() {
	if [ -n "${UNION_MIRROR:-}" ]; then
		echo "$UNION_MIRROR"
		return
	fi
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
			sed -nE 's/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p'
		cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
			sed -nE 's/^URIs:[[:space:]]*//p' | tr ' ' '\n'
	} | grep -E '^https?://.*/debian/?$' | head -n 1 || true
}

# default_abi: the resolved default kernel, or nothing when not yet resolved.
default_abi() { cat "$KERNELS/default" 2>/dev/null || true; }
