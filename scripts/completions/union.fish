# SPDX-License-Identifier: GPL-2.0-only
# Completion of union(8) and mount.union(8) for fish.

complete -c union -n __fish_use_subcommand -f -a restore -d 'Bring back what was deleted'
complete -c union -n __fish_use_subcommand -f -a fallthrus -d 'What the lower layers contribute'
complete -c union -n __fish_use_subcommand -f -a settle -d 'Copy data of changed files'
complete -c union -n __fish_use_subcommand -f -a status -d 'Where the data of files are'
complete -c union -n __fish_use_subcommand -f -a stats -d 'What unions know of their directories'
complete -c union -n __fish_use_subcommand -f -a help -d 'Print help'
complete -c union -n '__fish_seen_subcommand_from settle' -l accept-lower -d 'Take exchanged lower files'
complete -c union -n '__fish_seen_subcommand_from restore fallthrus settle status stats' -l json -d 'For programs'
complete -c union -n '__fish_seen_subcommand_from status' -l list -d 'Names of files without data'
complete -c union -n '__fish_seen_subcommand_from fallthrus' -f -a '(__fish_complete_directories)'
complete -c union -s h -l help -d 'Print help'
complete -c union -s V -l version -d 'Print the version'

# What stands before the last comma is complete.
function __union_mount_options
    set -l done (string replace -rf '[^,]*$' '' -- (commandline -ct))
    printf '%s\n' $done{lowerdir=,lowerdir+=,datadir+=,upperdir=,workdir=,userxattr,volatile,hard_ro,share} \
        $done{fsync=auto,fsync=strict,fsync=volatile,fallthru=on,fallthru=off} \
        $done{redirect_dir=on,redirect_dir=off,redirect_dir=follow,redirect_dir=nofollow,whiteout=overlay,whiteout=aufs,statfs=union,statfs=fuse,index=off,nfs_export=off} \
        $done{metacopy=on,metacopy=off,partial=on,partial=off,verity=off,verity=on,verity=require} \
        $done{xino=on,xino=auto,uuid=auto,uuid=on,uuid=null,uuid=off} \
        $done{default_permissions,upper.type=,upper.dir=,upper.size=,uidmapping=,gidmapping=,ro,rw,nosuid,nodev,noexec} \
        $done{nosymfollow,noatime,nodiratime,relatime,strictatime,sync,dirsync,lazytime,remount}
end
complete -c mount.union -s o -x -a '(__union_mount_options)' -d 'Mount options'
complete -c mount.union -s s -d 'Ignore options that the kernel does not know'
complete -c mount.union -s f -d 'Check everything, but do not mount'
complete -c mount.union -s v -d 'Say what is done'
complete -c mount.union -s n -d 'No effect'
complete -c mount.union -s N -r -d 'Mount namespace'
complete -c mount.union -s t -x -a union -d 'Type'
complete -c mount.union -l help -d 'Print help'
complete -c mount.union -l version -d 'Print the version'
