// SPDX-License-Identifier: GPL-2.0-only
//! The story that the demonstration tells: on the terminal, and in a log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use super::report::{Kind, Line, Outcome};

/// Prints and logs.
pub struct Story {
    log: File,
    begun: Instant,
    colour: bool,
}

impl Story {
    /// Begins a story whose log is the file `log`.
    pub fn begin(log: &Path) -> Result<Self> {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        Ok(Self {
            log,
            begun: Instant::now(),
            colour,
        })
    }

    /// How long the story has been going on, in seconds.
    pub fn seconds(&self) -> f32 {
        self.begun.elapsed().as_secs_f32()
    }

    /// A line for the log only.
    pub fn note(&mut self, line: &str) {
        // A log that cannot be written, for instance on a full disk, does not end the demonstration.
        let _ = writeln!(
            self.log,
            "[{:6.1}] {line}",
            self.begun.elapsed().as_secs_f32()
        );
    }

    /// A line for both.
    pub fn tell(&mut self, line: &str) {
        println!("{line}");
        self.note(line);
    }

    /// A new chapter.
    pub fn chapter(&mut self, title: &str) {
        self.note(title);
        if self.colour {
            println!("\n\x1b[1m{title}\x1b[0m");
        } else {
            println!("\n{title}");
        }
    }

    /// A success.
    pub fn good(&mut self, text: &str) {
        let mark = if self.colour {
            "\x1b[32mok\x1b[0m"
        } else {
            "ok"
        };
        println!("  {mark}      {text}");
        self.note(&format!("ok      {text}"));
    }

    /// A failure.
    pub fn bad(&mut self, text: &str) {
        let mark = if self.colour {
            "\x1b[31mFAILED\x1b[0m"
        } else {
            "FAILED"
        };
        println!("  {mark}  {text}");
        self.note(&format!("FAILED  {text}"));
    }

    /// One line of a report.
    pub fn line(&mut self, line: &Line) {
        match line {
            Line::Ok { story, step } => self.good(if story.is_empty() { step } else { story }),
            Line::Failed { step, reason } => {
                self.bad(&format!("{}: {reason}", step.replace('_', " ")))
            }
            _ => {}
        }
    }

    /// The contents of the upper layer, with the names of interest.
    pub fn upper_layer(&mut self, outcome: &Outcome) {
        self.tell("  In the upper layer now:");
        self.list("whiteouts", &outcome.in_upper(Kind::Whiteout));
        self.list("opaque directories", &outcome.in_upper(Kind::Opaque));
        self.list("copied files", &outcome.in_upper(Kind::Copied));
        self.list("new files", &outcome.in_upper(Kind::New));
        if let Some(size) = outcome
            .facts
            .get("size")
            .and_then(|size| size.parse::<u64>().ok())
        {
            self.tell(&format!("    {} KiB in all", size.div_ceil(1024)));
        }
    }

    /// A list under a title, broken into lines of readable length; the log gets it in full.
    fn list(&mut self, title: &str, paths: &[&str]) {
        println!("    {title} ({}):", paths.len());
        let mut line = String::new();
        for item in fold(paths) {
            if !line.is_empty() && line.len() + item.len() > 90 {
                println!("       {line}");
                line.clear();
            }
            line.push(' ');
            line.push_str(&item);
        }
        if !line.is_empty() {
            println!("       {line}");
        }
        for path in paths {
            self.note(&format!("{title} in the upper layer: {path}"));
        }
    }
}

/// How many files of one directory are named one by one.
const NAMED: usize = 15;

/// Shows only the number of files for a directory with many of them. `paths` are sorted.
fn fold(paths: &[&str]) -> Vec<String> {
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    let mut items = Vec::new();
    let mut folders: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for path in paths {
        // Deep in the tree, all files of a package count as one.
        let mut folder = folder(path);
        if let Some((at, _)) = folder.match_indices('/').nth(3) {
            folder.truncate(at);
        }
        folders.entry(folder).or_default().push(path);
    }
    for (folder, paths) in folders {
        if paths.len() > NAMED {
            items.push(format!("{folder}/... ({} files)", paths.len()));
        } else {
            items.extend(paths.into_iter().map(str::to_owned));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_are_folded() {
        let many: Vec<_> = (10..40)
            .map(|n| format!("/usr/share/locale/l{n}/LC_MESSAGES/hello.mo"))
            .collect();
        let mut paths = vec!["/etc/a", "/etc/b"];
        paths.extend(many.iter().map(String::as_str));
        assert_eq!(
            fold(&paths),
            ["/etc/a", "/etc/b", "/usr/share/locale/... (30 files)"]
        );
        assert_eq!(fold(&[]), Vec::<String>::new());
    }
}
