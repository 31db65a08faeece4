// SPDX-License-Identifier: GPL-2.0-only
//! Steps with inotify and fanotify.

use std::os::fd::RawFd;

use super::*;

/// Watches, with a word for each.
pub struct Watcher {
    fd: RawFd,
    words: Vec<(i32, String)>,
    cookies: Vec<u32>,
}

const INOTIFY: &[(u32, &str)] = &[
    (libc::IN_ACCESS, "access"),
    (libc::IN_MODIFY, "modify"),
    (libc::IN_ATTRIB, "attrib"),
    (libc::IN_CLOSE_WRITE, "close-write"),
    (libc::IN_CLOSE_NOWRITE, "close"),
    (libc::IN_OPEN, "open"),
    (libc::IN_MOVED_FROM, "moved-from"),
    (libc::IN_MOVED_TO, "moved-to"),
    (libc::IN_CREATE, "create"),
    (libc::IN_DELETE, "delete"),
    (libc::IN_DELETE_SELF, "delete-self"),
    (libc::IN_MOVE_SELF, "move-self"),
    (libc::IN_UNMOUNT, "unmount"),
    (libc::IN_Q_OVERFLOW, "overflow"),
    (libc::IN_IGNORED, "ignored"),
    (libc::IN_ISDIR, "dir"),
];

const FANOTIFY: &[(u64, &str)] = &[
    (libc::FAN_ACCESS, "access"),
    (libc::FAN_MODIFY, "modify"),
    (libc::FAN_ATTRIB, "attrib"),
    (libc::FAN_CLOSE_WRITE, "close-write"),
    (libc::FAN_CLOSE_NOWRITE, "close"),
    (libc::FAN_OPEN, "open"),
    (libc::FAN_OPEN_EXEC, "open-exec"),
    (libc::FAN_MOVED_FROM, "moved-from"),
    (libc::FAN_MOVED_TO, "moved-to"),
    (libc::FAN_RENAME, "rename"),
    (libc::FAN_CREATE, "create"),
    (libc::FAN_DELETE, "delete"),
    (libc::FAN_DELETE_SELF, "delete-self"),
    (libc::FAN_MOVE_SELF, "move-self"),
    (libc::FAN_OPEN_PERM, "may-open"),
    (libc::FAN_ACCESS_PERM, "may-access"),
    (libc::FAN_ONDIR, "dir"),
];

impl Run<'_> {
    /// A new set of watches.
    pub fn watcher(&mut self) -> Watcher {
        // A watch does not keep its mount.
        self.hold();
        Watcher {
            fd: sys::inotify_init().expect("inotify"),
            words: Vec::new(),
            cookies: Vec::new(),
        }
    }

    /// Watches `path`; events call it by its first such name.
    pub fn watch(&mut self, watcher: &mut Watcher, path: &str, mask: u32) -> Option<i32> {
        let result = sys::inotify_add(watcher.fd, path, mask);
        let known = |watch: &i32| watcher.words.iter().find(|(known, _)| known == watch);
        let answer = result.map(|watch| match known(&watch) {
            Some((_, word)) => format!("the watch of {word:?}"),
            None => "a new watch".to_owned(),
        });
        self.call(format_args!("watch({path:?}, {mask:#x})"), answer);
        let watch = result.ok()?;
        if known(&watch).is_none() {
            watcher.words.push((watch, path.to_owned()));
        }
        Some(watch)
    }

    /// Ends a watch.
    pub fn unwatch(&mut self, watcher: &Watcher, watch: Option<i32>) {
        let result = sys::inotify_remove(watcher.fd, watch.unwrap_or(-1));
        self.done("unwatch", result);
    }

    /// Records the events that wait; moves are numbered by their cookies.
    pub fn events(&mut self, watcher: &mut Watcher) {
        for event in sys::inotify_read(watcher.fd) {
            let on = watcher
                .words
                .iter()
                .find(|(watch, _)| *watch == event.watch)
                .map_or("?", |(_, word)| word);
            let mut line = format!(
                "  {on:?}: {}",
                words(INOTIFY, |bit| event.mask & bit == bit)
            );
            // A file without a name goes by its number, which is another one everywhere.
            if event.name.starts_with('#') {
                line += " (no name)";
            } else if !event.name.is_empty() {
                line += &format!(" {:?}", event.name);
            }
            if event.cookie != 0 {
                let seen = watcher.cookies.iter().position(|c| *c == event.cookie);
                let number = seen.unwrap_or_else(|| {
                    watcher.cookies.push(event.cookie);
                    watcher.cookies.len() - 1
                });
                line += &format!(" move {number}");
            }
            self.note(line);
        }
    }

    /// fanotify_init(2).
    pub fn fan(&mut self, flags: u32) -> Fd {
        self.hold();
        let result = sys::fanotify_init(flags);
        self.new_fd(format_args!("fanotify_init({flags:#x})"), result)
    }

    /// fanotify_mark(2).
    pub fn fan_mark(&mut self, fan: Fd, flags: u32, mask: u64, path: &str) -> bool {
        let result = sys::fanotify_mark(fan.raw, flags, mask, path);
        let call = format!("fanotify_mark({fan}, {flags:#x}, {mask:#x}, {path:?})");
        self.done(call, result)
    }

    /// Records the events that wait: what, which object (its path below the root of the tree), names.  Gives the
    /// file handles.
    pub fn fan_events(&mut self, fan: Fd) -> Vec<Vec<u8>> {
        let root = std::env::current_dir().unwrap_or_default();
        let mut handles = Vec::new();
        for event in sys::fanotify_read(fan.raw) {
            let mut line = format!("  {}", words(FANOTIFY, |bit| event.mask & bit == bit));
            if event.fd >= 0 {
                let link = format!("/proc/self/fd/{}", event.fd);
                let path = std::fs::read_link(link).unwrap_or_default();
                line += &format!(" {:?}", path.strip_prefix(&root).unwrap_or(&path));
                let _ = sys::close(event.fd);
            }
            for (kind, handle, name) in event.records {
                line += &format!(" record {kind} {name:?}");
                handles.push(handle);
            }
            self.note(line);
        }
        handles
    }
}

fn words<T: Copy>(table: &[(T, &str)], is_set: impl Fn(T) -> bool) -> String {
    let set = table.iter().filter(|(bit, _)| is_set(*bit));
    set.map(|(_, word)| *word).collect::<Vec<_>>().join("+")
}
