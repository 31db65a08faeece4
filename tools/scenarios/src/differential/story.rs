// SPDX-License-Identifier: GPL-2.0-only
//! The result of a run, in words: from the process that made it to its parent, and as a scenario to keep.

use std::fmt;

use super::op::{Op, SLOTS, Step};
use super::twins::{Parting, Tally};
use crate::acl;
use crate::random::pattern;
use crate::tree::{Entry, Kind, Place};

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} operations succeeded, {} failed, {} remounts, \
             {} partial files compared",
            self.succeeded, self.failed, self.remounts, self.partial
        )
    }
}

/// For [`read_report`].
pub fn report(result: &Result<Tally, Parting>) -> String {
    match result {
        Ok(tally) => {
            let Tally {
                succeeded,
                failed,
                remounts,
                partial,
            } = tally;
            format!("same {succeeded} {failed} {remounts} {partial}")
        }
        Err(parting) => {
            let late = u8::from(parting.late);
            format!(
                "parted {} {late}\n{}",
                parting.after,
                parting.lines.join("\n")
            )
        }
    }
}

/// The argument of [`report`].
pub fn read_report(text: &str) -> Result<Tally, Parting> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut words = first.split(' ');
    let word = words.next();
    let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    match word {
        Some("same") => Ok(Tally {
            succeeded: number(),
            failed: number(),
            remounts: number(),
            partial: number(),
        }),
        Some("parted") => Err(Parting {
            after: number(),
            late: number() == 1,
            lines: rest.lines().map(str::to_owned).collect(),
        }),
        _ => Err(Parting {
            after: 0,
            late: false,
            lines: vec![format!("the process that runs the steps said {text:?}")],
        }),
    }
}

/// The body of a scenario's function, as source text.
pub fn scenario(entries: &[Entry], steps: &[Step]) -> Vec<String> {
    let mut lines: Vec<_> = entries
        .iter()
        .map(|entry| format!("{};", describe(entry)))
        .collect();
    lines.push("steps(|r| {".into());
    let uses = |wanted: fn(&Op) -> bool| steps.iter().any(|step| wanted(&step.op));
    if uses(|op| !op.slots().is_empty()) {
        lines.push(format!("    let mut fd = [Fd::NONE; {SLOTS}];"));
    }
    if uses(|op| matches!(op, Op::MapKeep { .. })) {
        lines.push("    let mut kept = None;".into());
    }
    lines.extend(steps.iter().map(|step| format!("    {step}")));
    lines.push("})".into());
    lines
}

fn describe(entry: &Entry) -> String {
    let path = &entry.path;
    let place = match entry.place {
        Place::Any => "anywhere()".to_owned(),
        Place::Lower(layer) => format!("lower({layer})"),
        Place::Upper => "upper()".to_owned(),
    };
    let what = match &entry.kind {
        Kind::File { size, pieces } => match &pieces[..] {
            [(0, data)] if data.len() as u64 == *size => format!("file({path:?}, {})", bytes(data)),
            pieces => {
                let pieces = pieces
                    .iter()
                    .map(|(at, data)| format!("({at}, &{}[..])", bytes(data)));
                let pieces = pieces.collect::<Vec<_>>().join(", ");
                format!("sparse({path:?}, {size}, &[{pieces}])")
            }
        },
        Kind::Dir { opaque: true } => format!("opaque({path:?})"),
        Kind::Dir { opaque: false } => format!("dir({path:?})"),
        Kind::Symlink(target) => format!("symlink({path:?}, {target:?})"),
        Kind::Fifo => format!("fifo({path:?})"),
        Kind::Socket => format!("socket({path:?})"),
        Kind::Char(major, minor) => format!("char_device({path:?}, {major}, {minor})"),
        Kind::Block(major, minor) => format!("block_device({path:?}, {major}, {minor})"),
        Kind::Link(target) => format!("link({path:?}, {target:?})"),
        Kind::Whiteout => return format!("b.{place}.whiteout({path:?})"),
    };
    let mode = match &entry.kind {
        Kind::Symlink(_) => String::new(),
        _ => format!(".mode(0o{:o})", entry.mode),
    };
    let xattrs: String = entry
        .xattrs
        .iter()
        .map(|(name, value)| attribute(name, value))
        .collect();
    let owner = match (entry.uid, entry.gid) {
        (0, 0) => String::new(),
        (uid, gid) => format!(".owner({uid}, {gid})"),
    };
    format!("b.{place}.{what}{mode}{owner}{xattrs}")
}

fn attribute(name: &str, value: &[u8]) -> String {
    match name {
        acl::ACCESS => format!(
            ".xattr(acl::ACCESS, &acl::encode({:?}))",
            acl::decode(value)
        ),
        _ => format!(".xattr({name:?}, &{}[..])", bytes(value)),
    }
}

/// An expression for bytes: most are patterns.
fn bytes(data: &[u8]) -> String {
    match data.first() {
        Some(tag) if data.len() > 8 && data == pattern(*tag, data.len()) => {
            format!("random::pattern({tag}, {})", data.len())
        }
        _ => format!("b\"{}\"", data.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_survive() {
        let tally = Tally {
            succeeded: 3,
            failed: 2,
            remounts: 4,
            partial: 5,
        };
        assert_eq!(read_report(&report(&Ok(tally))), Ok(tally));
        let parting = Parting {
            after: 7,
            late: true,
            lines: vec!["plain: a".into(), "union: b".into()],
        };
        assert_eq!(read_report(&report(&Err(parting.clone()))), Err(parting));
        assert!(read_report("").is_err());
    }

    #[test]
    fn a_scenario_is_written_down() {
        let mut tree = crate::tree::Builder::default();
        tree.lower(1)
            .file("a", pattern(9, 100))
            .owner(7, 0)
            .xattr("user.a", b"1\0");
        tree.upper().whiteout("b");
        let op = Op::Open {
            slot: 2,
            path: "a".into(),
            flags: libc::O_RDWR,
            mode: 0o644,
        };
        let lines = scenario(
            tree.entries(),
            &[Step {
                actor: 1,
                user: 1,
                op,
            }],
        );
        assert_eq!(
            lines,
            [
                r#"b.lower(1).file("a", random::pattern(9, 100)).mode(0o644).owner(7, 0).xattr("user.a", &b"1\x00"[..]);"#,
                r#"b.upper().whiteout("b");"#,
                "steps(|r| {",
                "    let mut fd = [Fd::NONE; 6];",
                r#"    r.as_user(1000, 500, |r| { fd[2] = r.open_mode("a", O_RDWR, 0o644); }); // process 1"#,
                "})",
            ]
        );
    }
}
