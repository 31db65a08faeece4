// SPDX-License-Identifier: GPL-2.0-only
//! The table of known holes in Documentation/security.rst.

/// The document: the cases it names are run.
const DOCUMENT: &str = include_str!("../../../../Documentation/security.rst");

/// One row of the table.
#[derive(Debug, Default)]
pub struct Hole {
    /// Its public name.
    pub name: String,
    /// Names of the scenarios and checks that try it.
    pub cases: Vec<&'static str>,
}

/// The rows of the table, without its head.
pub fn holes() -> Vec<Hole> {
    let table = DOCUMENT
        .lines()
        .skip_while(|line| *line != ".. list-table::");
    let table = table.take_while(|line| line.is_empty() || line.starts_with([' ', '.']));
    let mut holes: Vec<Hole> = Vec::new();
    let mut column = 0;
    for line in table {
        let text = if let Some(text) = line.strip_prefix("   * - ") {
            holes.push(Hole::default());
            column = 0;
            text
        } else if let Some(text) = line.strip_prefix("     - ") {
            column += 1;
            text
        } else {
            line
        };
        let Some(hole) = holes.last_mut() else {
            continue;
        };
        match column {
            0 => hole.name += text,
            // Between double backquotes.
            3 => hole.cases.extend(text.split("``").skip(1).step_by(2)),
            _ => {}
        }
    }
    holes.drain(1..).collect()
}

/// Every case of the table, once.
pub fn cases() -> Vec<&'static str> {
    let mut cases: Vec<_> = holes().into_iter().flat_map(|hole| hole.cases).collect();
    cases.sort_unstable();
    cases.dedup();
    cases
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::{self, Set};

    #[test]
    fn every_hole_is_tried_by_cases_that_exist() {
        let all = catalogue::chosen(Set::All);
        let known: BTreeSet<_> = all.iter().map(|case| case.plain_name()).collect();
        let holes = holes();
        assert!(holes.len() > 30, "rows are lost: {}", holes.len());
        for hole in holes {
            assert!(!hole.cases.is_empty(), "{}: no case", hole.name);
            for case in &hole.cases {
                assert!(
                    known.contains(case),
                    "{}: there is no case {case}",
                    hole.name
                );
            }
        }
    }

    #[test]
    fn every_case_made_for_a_hole_is_in_the_table() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = vec![source.join("cases/security.rs")];
        let checks = std::fs::read_dir(source.join("checks/security")).unwrap();
        files.extend(checks.map(|file| file.unwrap().path()));
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            let made = text.lines().filter_map(|line| line.strip_prefix("pub fn "));
            for name in made.filter_map(|rest| rest.split('(').next()) {
                assert!(cases().contains(&name), "{name}: in no row of the table");
            }
        }
    }
}
