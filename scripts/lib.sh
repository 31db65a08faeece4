# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Functions shared by the scripts: paths of the cache, reporting of steps,
# all-or-nothing steps.  Sourced, never run.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${UNION_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/union}
ROOT=$CACHE/root
KERNELS=$CACHE/kernels
TREES=$CACHE/trees

# The oldest kernel series whose VFS interfaces this source is written for.
# The newest packaged kernel is the default; KERNEL= pins another.
OLDEST=7.2
DEBIAN=trixie
BACKPORTS=trixie-backports

# suite_of KERNEL: print the Debian release whose compilers built it; only they can
# build modules for it.  A kernel of sid is named after the release that sid becomes.
suite_of() {
	case $1 in
	sid | *+deb14-*) echo sid ;;
	*) echo "$DEBIAN" ;;
	esac
}

# root_of KERNEL: print the build root with these compilers.  That of $DEBIAN makes
# everything else, also the machines and the images.
root_of() {
	if [ "$(suite_of "$1")" = "$DEBIAN" ]; then echo "$ROOT"; else echo "$ROOT-$(suite_of "$1")"; fi
}

# The architecture to build for: ARCH= in Debian's or another spelling, or the
# ending of a kernel's name.  tools/machine/src/architecture.rs describes its machines.
case ${ARCH:-}:${KERNEL:-} in
:*-arm64 | :*-arm64-16k | arm64:* | aarch64:*) ARCH=arm64 ;;
:* | amd64:* | x86_64:* | x86:*) ARCH=amd64 ;;
*)
	echo "${0##*/}: error: ARCH=$ARCH is neither amd64 nor arm64" >&2
	exit 1
	;;
esac
# NATIVE: whether this machine runs what is built.
# KERNEL_ENDING: the ending of its kernels' names, an extended regular expression;
# among kernels of one version the shortest name is the usual kernel.
# KERNEL_MAKE: arguments for the make of a kernel.
# CROSS_PREFIX: the prefix of its binutils' names.
# CROSS_LINKER, CROSS_TOOLS: options for cargo, and commands needed on this machine.
# CROSS_PACKAGES: additional packages of the build root.
case $ARCH in
amd64)
	NATIVE=1
	RUST_TARGET=x86_64-unknown-linux-gnu
	KERNEL_ENDING=amd64
	KERNEL_MAKE=() CROSS_PREFIX='' CROSS_LINKER='' CROSS_TOOLS='' CROSS_PACKAGES=''
	# The make of a kernel must not inherit Debian's name of the architecture.
	export -n ARCH
	;;
arm64)
	NATIVE=0
	RUST_TARGET=aarch64-unknown-linux-gnu
	KERNEL_ENDING='arm64(-16k)?'
	CROSS_PREFIX=aarch64-linux-gnu-
	KERNEL_MAKE=(ARCH=arm64 CROSS_COMPILE="$CROSS_PREFIX")
	CROSS_LINKER=CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
	CROSS_TOOLS='aarch64-linux-gnu-gcc=gcc-aarch64-linux-gnu libc6-dev-arm64-cross'
	# The kernel has code for 32-bit programs.
	CROSS_PACKAGES="gcc-14-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf qemu-system-arm"
	export ARCH
	;;
esac

UNION_T0=${UNION_T0:-$(date +%s)}
export UNION_T0

# say TEXT...: print one line of progress with the seconds since the command began.
say() { printf '[%4ds] %s\n' $(($(date +%s) - UNION_T0)) "$*" >&2; }

# die TEXT...: print the error, its subject and a remedy, and exit.
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# number NAME VALUE [LEAST]: die unless VALUE is a number of at least LEAST.
number() {
	[[ $2 =~ ^[0-9]+$ ]] || die "$1=$2 is not a number"
	[ "$2" -ge "${3:-0}" ] || die "$1=$2: at least $3"
}

# today OF: print a number from 1 to OF that changes daily.  DAY= replaces the day
# of the year: a lane that runs every sixth day would otherwise not see all of its
# parts.
today() { echo $((10#${DAY:-$(date +%j)} % $1 + 1)); }

# turn OF: print how many times the days have gone through the numbers from 1 to OF this year.
turn() { echo $((10#${DAY:-$(date +%j)} / $1)); }

case $CACHE in
/*) ;;
*) die "the cache directory '$CACHE' is not an absolute path; set UNION_CACHE to one" ;;
esac

# The files of the build are inside the checkout and the cache.  Both are mounted
# at their own paths in the build root, which is impossible for these.
case $REPO:$CACHE in
*[[:space:]\']*) die "the names of the checkout ($REPO) and of the cache ($CACHE) must hold no blanks or quotes; kernel builds do not work there" ;;
esac

# need_tools COMMAND=PACKAGE...: ensure that the commands exist.  For root on Debian
# or a derivative they are installed, other users get a clear error.
need_tools() {
	local pair missing=()
	for pair; do
		type -P "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
		say "installing on this machine: ${missing[*]}"
		run_logged "$CACHE/log/apt-host" apt-get -q update
		# shellcheck disable=SC2086,SC2048
		run_logged "$CACHE/log/apt-host" env DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y --no-install-recommends install ${missing[*]}
	else
		die "missing on this machine; install with: apt install ${missing[*]}"
	fi
}

# need_cargo: the tools need cargo and a Rust of 2025 or newer.
need_cargo() {
	local have
	command -v cargo >/dev/null && have=$(rustc --version 2>/dev/null) ||
		die "cargo or rustc is not on the PATH; install Rust 1.85 or newer, with rustup or (from Debian 13 on) apt install cargo"
	have=$(echo "$have" | awk '{ print $2 }')
	[ "$(printf '1.85\n%s\n' "$have" | sort -V | head -n 1)" = 1.85 ] ||
		die "rustc here is $have; the tools need 1.85 or newer, install it with rustup"
	need_tools cc="gcc libc6-dev"
	if [ "$NATIVE" = 0 ]; then
		need_tools "$CROSS_TOOLS"
		[ -d "$(rustc --print sysroot)/lib/rustlib/$RUST_TARGET" ] ||
			rustup -q target add "$RUST_TARGET" ||
			die "the Rust here has no libraries for $RUST_TARGET; install them: rustup target add $RUST_TARGET, or apt install libstd-rust-dev:$ARCH"
	fi
}

# cargo_static ARGUMENT...: run cargo for the tools, linked statically: some run in an
# environment without libraries, as the first process of a machine or in an initramfs.
cargo_static() {
	env ${CROSS_LINKER:+"$CROSS_LINKER"} RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
		cargo "$@" --manifest-path "$REPO/tools/Cargo.toml" --release --locked --target "$RUST_TARGET"
}

# The programs that were built: those for another architecture are kept separately.
BIN=$REPO/out/bin
[ "$NATIVE" = 1 ] || BIN=$REPO/out/bin-$ARCH

# last_counts FILE: print 'PASSED FAILED' from the last line 'N passed, N failed'.
last_counts() {
	sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$1" | tail -n 1
}

# The counts of the parts of a test so far.
passed=0 failed=0

# count_part NAME CMD...: run one part of a test and add its last line 'N passed, N
# failed' to the counts; its output is also in out/log/NAME-run.log.
count_part() {
	local name=$1 status=0 log=$REPO/out/log/$1-run.log counts
	shift
	mkdir -p "${log%/*}"
	"$@" > >(tee "$log") || status=$?
	wait
	counts=$(last_counts "$log")
	counts=${counts:-0 0}
	passed=$((passed + ${counts% *}))
	failed=$((failed + ${counts#* }))
	if [ "$status" -ne 0 ] && [ "${counts#* }" -eq 0 ]; then
		say "$name ended with status $status before it was complete"
		failed=$((failed + 1))
	fi
}

# packaged_kernel: the kernel that the virtual machines run is in the cache, and
# KERNEL= is its release from here on.  The programs that start machines read
# this and the other variables of make themselves (union-vm test --help).
packaged_kernel() {
	[ -z "${KDIR:-}" ] || die "KDIR= is for building only; the virtual machines run packaged kernels, choose one with KERNEL="
	KERNEL=$("$REPO/scripts/setup" --print-abi)
	export KERNEL
}

# test_part NAME PARTS: run the cases of FILTER= and SHAPE= on the chosen kernel, or each
# day another PARTSth of all, each in one shape of layers; another one when its turn comes again.
test_part() {
	local parts=${PARTS:-$2} args
	args=(--json "$REPO/out/test-$1.json" --timeout "${TIMEOUT:-1800}")
	number PARTS "$parts" 1
	packaged_kernel
	[ -n "${FILTER:-}${SHAPE:-}" ] || args+=(--one --turn "$(turn "$parts")" --part "$(today "$parts")/$parts")
	say "cases on $KERNEL"
	"$REPO/out/bin/union-vm" test "${args[@]}"
}

# build_beside: build the module for KERNEL; make install still installs the earlier
# build.
build_beside() {
	local before
	before=$(readlink "$REPO/out/union.ko" || true)
	"$REPO/scripts/build-module"
	[ -z "$before" ] || ln -sfn "$before" "$REPO/out/union.ko"
}

# count_end: print the last line of a test; fail if a part failed, or if there was none.
count_end() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# run_logged LOG CMD...: run CMD with its output in LOG; show the end of the log
# if the command fails.
run_logged() {
	local log=$1 status=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >>"$log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 25 "$log" | sed 's/^/  | /' >&2
		if grep -q 'No space left on device' "$log"; then
			die "the disk is full: $(df -Pm "$CACHE" | awk 'NR == 2 { print $4 }') MiB are free in $CACHE, and see df /tmp; free some space and run this again (log: $log)"
		fi
		die "'$*' failed with status $status; the whole log is $log; what is incomplete is made anew when this is run again"
	fi
}

# as_owner CMD...: run CMD such that it may create files of any owner: directly as
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
		rm -rf --one-file-system -- "$path" 2>/dev/null ||
			as_owner rm -rf --one-file-system -- "$path"
	done
}

# need_space MIB DIR: fail early and clearly instead of half-way.
need_space() {
	local free
	mkdir -p "$2"
	free=$(df -Pm "$2" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die "$2 has $free MiB free, $1 MiB are needed; free some space or set UNION_CACHE to a directory on a larger file system"
}

# with_lock NAME [DIR]: take the lock NAME of a directory (default: the cache), and hold
# it until the script ends.  Two set-ups at once would otherwise build the same thing
# twice.
with_lock() {
	local dir=${2:-$CACHE}
	mkdir -p "$dir"
	exec 9>"$dir/.lock-$1"
	if ! flock -n 9; then
		say "waiting for another run that is preparing the $1"
		flock 9
	fi
}

# debian_mirror: print the URI of the Debian archive that the host uses, or nothing
# (then mmdebstrap's default is used).
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

# default_abi: print the resolved default kernel, or nothing if it is not resolved yet.
default_abi() { cat "$(default_file)" 2>/dev/null || true; }

# default_file: print the path of that record, for each architecture.
default_file() {
	if [ "$NATIVE" = 1 ]; then echo "$KERNELS/default"; else echo "$KERNELS/default-$ARCH"; fi
}
