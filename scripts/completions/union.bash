# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of union(8) for bash.

_union() {
	local cur=${COMP_WORDS[COMP_CWORD]} command="" word
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		-*) ;;
		*) command=$word; break ;;
		esac
	done
	case $command:$cur in
	:-*) mapfile -t COMPREPLY < <(compgen -W '--help --version' -- "$cur") ;;
	:*) mapfile -t COMPREPLY < <(compgen -W 'restore fallthrus settle status stats help' -- "$cur") ;;
	help:*) mapfile -t COMPREPLY < <(compgen -W 'restore fallthrus settle status stats' -- "$cur") ;;
	status:-*) mapfile -t COMPREPLY < <(compgen -W '--list --json --help' -- "$cur") ;;
	settle:-*) mapfile -t COMPREPLY < <(compgen -W '--accept-lower --json --help' -- "$cur") ;;
	*:-*) mapfile -t COMPREPLY < <(compgen -W '--json --help' -- "$cur") ;;
	fallthrus:*)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	*)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	esac
}
complete -F _union union
