# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of mount.union(8) for bash: options after -o, and directories.

_mount_union() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} before="" option
	local options='lowerdir= lowerdir+= datadir+= upperdir= workdir= userxattr volatile hard_ro share
		fsync=auto fsync=strict fsync=volatile fallthru=on fallthru=off
		redirect_dir=on redirect_dir=off redirect_dir=follow redirect_dir=nofollow
		whiteout=overlay whiteout=aufs statfs=union statfs=fuse
		metacopy=on metacopy=off partial=on partial=off verity=off verity=on verity=require
		index=off nfs_export=off xino=on xino=auto
		uuid=auto uuid=on uuid=null uuid=off default_permissions
		upper.type= upper.dir= upper.size= uidmapping= gidmapping= ro rw nosuid nodev noexec nosymfollow
		noatime nodiratime relatime strictatime sync dirsync lazytime remount'
	COMPREPLY=()
	case $previous in
	-o | --options)
		# What is complete already stands before the last comma.
		[[ $cur != *,* ]] || before=${cur%,*},
		for option in $options; do
			[[ $option != "${cur##*,}"* ]] || COMPREPLY+=("$before$option")
		done
		compopt -o nospace
		;;
	-t | --types) COMPREPLY=(union) ;;
	*)
		if [[ $cur = -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '-o -s -f -n -v -N -t --help --version' -- "$cur")
		else
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		;;
	esac
}
complete -F _mount_union mount.union
