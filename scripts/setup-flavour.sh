# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Build a kernel with checkers: a flavour.  Sourced by scripts/setup.
#
# The source is that of the packaged kernel in use. The configuration is
# scripts/kernels/common.config and FLAVOUR.config with everything else switched
# off. The compiler is clang, because only LLVM checks Rust and C alike.  The
# result has the layout of a packaged kernel in the cache, so that KERNEL=FLAVOUR
# works wherever KERNEL= does.

# Raise when the way a flavour is built changes.
FLAVOUR_FORMAT=1

FLAVOURS="debug kcsan"

# flavour_of NAME: print the flavour of a name or a release, or nothing.
flavour_of() {
	local flavour
	for flavour in $FLAVOURS; do
		case $1 in
		"$flavour" | *-union-"$flavour") echo "$flavour" ;;
		esac
	done
}

# flavour_abi FLAVOUR: print its release when built from the kernel in use.
flavour_abi() {
	local base
	base=$(default_abi)
	[ -z "$base" ] || echo "${base%%[+-]*}-union-$1"
}

# flavour_key FLAVOUR: print a key of its sources and the way it is built.
flavour_key() {
	{
		echo "$FLAVOUR_FORMAT $(default_abi)"
		cat "$REPO/scripts/kernels/common.config" "$REPO/scripts/kernels/$1.config"
	} | sha256sum | cut -c 1-16
}

# Its requirements for a machine may change without a change of the kernel.
describe_flavour() {
	cmp -s "$REPO/scripts/kernels/$1.json" "$KERNELS/$2/machine.json" ||
		cp "$REPO/scripts/kernels/$1.json" "$KERNELS/$2/machine.json"
}

make_flavour() {
	local flavour=$1 abi=$2 base tmp log watcher
	base=$(default_abi)
	tmp=$KERNELS/.$abi.tmp
	log=$CACHE/log/kernel-$abi
	need_space 8000 "$KERNELS"
	rm -f "$log"
	say "building a kernel with the checkers of '$flavour' ($abi; 10 to 30 minutes on 2 processors, log: $log)"
	# The build takes long: an interrupted one is continued.
	if [ "$(cat "$tmp/.source" 2>/dev/null)" != "$FLAVOUR_FORMAT $base" ]; then
		remove_tree "$tmp"
		mkdir -p "$tmp"
		run_logged "$log" copy_source "$KERNELS/$base/source" "$tmp/build"
		echo "$FLAVOUR_FORMAT $base" >"$tmp/.source"
	fi
	run_logged "$log" configure_kernel "$tmp/build" "$tmp/build" \
		"$REPO/scripts/kernels/common.config" "$REPO/scripts/kernels/$flavour.config"
	tell_steps "$log" 9>&- &
	watcher=$!
	run_logged "$log" in_root make -C "$tmp/build" LLVM=1 -j"$(nproc)" bzImage modules
	kill "$watcher"
	run_logged "$log" install_flavour "$tmp" "$abi"
	run_logged "$log" in_root "$REPO/scripts/check-kernel" "$tmp/build"
	cp "$REPO/scripts/kernels/$flavour.json" "$tmp/machine.json"
	flavour_key "$flavour" >"$tmp/.ready"
	remove_tree "$KERNELS/.$abi.old"
	[ ! -e "$KERNELS/$abi" ] || mv "$KERNELS/$abi" "$KERNELS/.$abi.old"
	mv "$tmp" "$KERNELS/$abi"
	remove_tree "$KERNELS/.$abi.old"
	say "kernel $abi ready"
}

# The tree is configured; its copy is cleaned.
copy_source() {
	cp -a --reflink=auto "$1/." "$2" &&
		in_root make -C "$2" LLVM=1 mrproper &&
		rm -f "$2/.kernelvariables"
}

# configure_kernel SOURCE OBJECTS FILE...: switch everything off except the options in the
# files. All of these must take effect, except those marked as removed from later kernels
# ('# until VERSION: LINE').
configure_kernel() {
	local source=$1 objects=$2 line wrong=0 out=()
	shift 2
	[ "$source" = "$objects" ] || out=("O=$objects")
	sed 's/^# until [0-9.]*: //' "$@" >"$objects/.wanted"
	in_root make -C "$source" ${out[@]+"${out[@]}"} LLVM=1 KCONFIG_ALLCONFIG="$objects/.wanted" allnoconfig || return
	while read -r line; do
		case $line in
		CONFIG_*=n) ! grep -q "^${line%n}" "$objects/.config" ;;
		CONFIG_*) grep -qxF -- "$line" "$objects/.config" ;;
		esac && continue
		echo "$line of scripts/kernels does not hold: it is not there in this kernel, or needs something else"
		wrong=1
	done < <(grep -h '^CONFIG_' "$@")
	return $wrong
}

# tell_steps LOG: report the progress of a kernel build now and then.
tell_steps() {
	while sleep 60 && kill -0 $$ 2>/dev/null; do
		say "$(grep -cE '^  [A-Z]' "$1") of about 2500 steps"
	done
}

# Keep what modules are built against, remove the objects of the kernel.
install_flavour() {
	local tmp=$1 abi=$2 build=$1/build modules=$1/modules/lib/modules/$2
	remove_tree "$tmp/modules" &&
		cp "$build/arch/x86/boot/bzImage" "$tmp/vmlinuz" &&
		in_root make -C "$build" -s LLVM=1 INSTALL_MOD_PATH="$tmp/modules" DEPMOD=true modules_install &&
		rm -f "$modules/build" "$modules/source" &&
		in_root depmod -b "$tmp/modules" "$abi" &&
		ln -sfn build "$tmp/source" &&
		find "$build" \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' \) \
			-type f ! -path "$build/scripts/*" ! -path "$build/tools/*" ! -path "$build/rust/*" -delete
}
