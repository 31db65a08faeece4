// SPDX-License-Identifier: GPL-2.0-only
//! A database in a lower layer that is one large file: SQLite.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::programs::once;
use super::tree::Tree;
use super::{Changes, NO_COPY_UP, Row};
use crate::stage::{program, timed};

/// The name of the database.
const FILE: &str = "file.db";
/// Its rows, of 400 bytes each.
const RECORDS: usize = 65_536;

pub const SQLITE_LOWER: Row = Row {
    name: "sqlite_lower",
    about: "transactions that change a random record of a database of 30 MB in a lower layer, each synced (sqlite3)",
    per: "transaction",
    // How many.
    entries: 100,
    tree: Tree {
        name: "one-file database",
        fill: |layer, _, _, _| {
            let mut copy = Command::new("cp");
            program(copy.arg(database()?).arg(layer.join(FILE))).map(drop)
        },
        large: true,
    },
    time: |stage| {
        let mut script = String::new();
        for number in 0..stage.entries {
            let record = record(number);
            writeln!(
                script,
                "UPDATE record SET text = 'new' || text WHERE id = {record};"
            )?;
        }
        timed(stage.entries, || {
            query(&stage.path(FILE), &script).map(drop)
        })
    },
    verify: |stage| {
        let script = "PRAGMA integrity_check; SELECT count(*) FROM record WHERE text LIKE 'new%';";
        let found = query(&stage.path(FILE), script)?;
        if found != format!("ok\n{}\n", stage.entries) {
            bail!("the database says {found:?}");
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

/// Records far apart, each once: the factor has no divisor in common with their number.
fn record(number: usize) -> usize {
    number * 40_503 % RECORDS + 1
}

fn database() -> Result<PathBuf> {
    once("database.db", |path| {
        let script = format!(
            "CREATE TABLE record (id INTEGER PRIMARY KEY, text TEXT); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RECORDS}) \
             INSERT INTO record SELECT i, printf('%0400d', i) FROM n;"
        );
        query(path, &script).map(drop)
    })
}

fn query(database: &Path, script: &str) -> Result<String> {
    program(Command::new("sqlite3").arg(database).arg(script))
}
