#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC3043 # every shell of an initial ram disk has local
# live-boot drop-in for /usr/lib/live/boot: with union=union on the kernel
# command line, live-boot mounts a union where it would mount overlayfs.
#
# live-boot reads its components in alphabetical order, so this do_union replaces
# the one in 9990-misc-helpers.sh.  A layer for changes has the same directories,
# rw and work: persistence that was written with union=overlay can be used with
# union=union.

# systemd leaves mounts here alone until everything else has been stopped.
union_kept=/run/initramfs/union

# do_union MOUNTPOINT CHANGES [READ-ONLY-BRANCH...]: topmost branch first.
do_union ()
{
	if [ "${UNIONTYPE}" != union ]
	then
		# This function hides live-boot's own until its file is read again.
		. /usr/lib/live/boot/9990-misc-helpers.sh
		do_union "${@}"
		return
	fi

	local mountpoint changes lower branch first
	mountpoint="${1}"
	changes="${2}"
	shift 2
	if [ -z "${*}" ]
	then
		panic "a union needs at least one lower layer (read-only branch)."
	fi

	lower=""
	first=""
	for branch
	do
		branch="$(union_branch "${branch}")"
		first="${first:-${branch}}"
		lower="${lower}${lower:+:}$(union_escape "${branch}")"
	done

	union_keep "${changes}"
	# The contents of the medium must not choose files of the machine.
	for branch in rw rw.new work
	do
		if [ -h "${changes}/${branch}" ]
		then
			log_warning_msg "${changes}/${branch} is a symbolic link"
			return 1
		fi
	done
	if [ ! -d "${changes}/rw" ]
	then
		# It supplies the root directory of the union, so it gets its name
		# only with the mode and owner of the directory that it covers.
		mkdir -p "${changes}/rw.new" && \
			chmod_ref "${first}" "${changes}/rw.new" && \
			chown_ref "${first}" "${changes}/rw.new" && \
			mv "${changes}/rw.new" "${changes}/rw" || return
	fi
	mkdir -p "${changes}/work" || return

	# Changes that are kept meet other images, or are a read-only branch at the
	# next boot: files of which only a part is copied would not survive that, nor
	# would the contents of a renamed directory if they are left below.
	whole=",partial=off,redirect_dir=follow"
	if [ "$(stat -f -c %T "${changes}")" = tmpfs ]
	then
		whole=""
	fi

	changes="$(union_escape "${changes}")"
	# The caller prints this if the mount fails.
	unionmountopts="-o noatime,lowerdir=${lower},upperdir=${changes}/rw,workdir=${changes}/work${whole}"
	mount -t union ${unionmountopts} union "${mountpoint}"
}

# union_branch DIR: print DIR, or the layer in it if it is a place for changes.
# With persistence-read-only the changes of earlier boots are a read-only branch.
union_branch ()
{
	case "${1}" in
		/run/live/rootfs/*)
			echo "${1}"
			return
			;;
	esac

	if [ -d "${1}/rw" ] && { [ -d "${1}/work/union" ] || [ -d "${1}/work/work" ]; }
	then
		echo "${1}/rw"
	else
		echo "${1}"
	fi
}

# union_escape PATH: escape PATH for the options of a mount.
union_escape ()
{
	echo "${1}" | sed -e 's/[\\:,]/\\&/g'
}

# union_keep DIR: keep the medium of persistence that holds DIR clean after a
# shutdown.  systemd unmounts what is below /run/live while / is still in use; then
# there is no place left where the file system could be made read-only.
union_keep ()
{
	local medium kept
	case "${1}" in
		/run/live/persistence/*)
			medium="${1#/run/live/persistence/}"
			medium="${medium%%/*}"
			;;
		*)
			return
			;;
	esac

	kept="${union_kept}/${medium}"
	if [ ! -d "${kept}" ]
	then
		[ -d /run/initramfs ] || mkdir -m 0700 /run/initramfs
		[ -d "${union_kept}" ] || mkdir -m 0700 "${union_kept}"
		mkdir -p "${kept}"
		mount -o bind "/run/live/persistence/${medium}" "${kept}" || \
			log_warning_msg "${medium} will not be clean after a shutdown"
	fi
}
