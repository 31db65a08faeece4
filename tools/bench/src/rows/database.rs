// SPDX-License-Identifier: GPL-2.0-only
//! A database in a lower layer, like in the image of a container: PostgreSQL and its own benchmark.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::programs::once;
use super::tree::Tree;
use super::{Changes, NO_COPY_UP, Row};
use crate::site::BASE;
use crate::stage::{program, timed};

/// The directory of the cluster.
const CLUSTER: &str = "cluster";

pub const PGBENCH_LOWER: Row = Row {
    name: "pgbench_lower",
    about: "transactions of a database whose cluster is in a lower layer, and a checkpoint (PostgreSQL, pgbench)",
    per: "run",
    // How many transactions.
    entries: 200,
    tree: Tree {
        name: "database",
        fill: |layer, _, _, _| {
            let mut copy = Command::new("cp");
            program(copy.arg("-a").arg(cluster()?).arg(layer.join(CLUSTER))).map(drop)
        },
        large: true,
    },
    ready: |stage| start(&stage.path(CLUSTER)),
    time: |stage| {
        timed(1, || {
            let transactions = stage.entries.to_string();
            query(tool("pgbench").args(["-n", "-t", &transactions]))?;
            // Until then the changes are in memory.
            query(tool("psql").args(["-qc", "CHECKPOINT"])).map(drop)
        })
    },
    verify: |stage| {
        let counted = count();
        stop(&stage.path(CLUSTER))?;
        let counted = counted?;
        if counted != stage.entries {
            bail!(
                "{counted} of {} transactions are in the history",
                stage.entries
            );
        }
        Ok(())
    },
    changes: Changes::All,
    warm_up: true,
    without: NO_COPY_UP,
    ..Row::DEFAULT
};

/// How many transactions the database has seen.
fn count() -> Result<usize> {
    let text = query(tool("psql").args(["-Atc", "SELECT count(*) FROM pgbench_history"]))?;
    text.trim()
        .parse()
        .with_context(|| format!("psql says {text:?}"))
}

/// A cluster with the tables of pgbench, 100,000 accounts.
fn cluster() -> Result<PathBuf> {
    once("database", |path| {
        fs::create_dir_all(path)?;
        let user = fs::metadata("/var/lib/postgresql").context("the home of postgres")?;
        chown(path, Some(user.uid()), Some(user.gid()))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        let mut make = tool("initdb");
        make.args([
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "--encoding=UTF8",
        ]);
        program(make.arg("-D").arg(path))?;
        start(path)?;
        let filled = query(tool("pgbench").args(["-i", "-q", "-s", "1"]));
        stop(path)?;
        filled.map(drop)
    })
}

fn start(cluster: &Path) -> Result<()> {
    let mut command = tool("pg_ctl");
    command.arg("-D").arg(cluster).args(["-w", "-s"]);
    command.args(["-l", "/tmp/postgres.log"]);
    // No background work may run during the row.
    let options = format!(
        "-c listen_addresses= -c unix_socket_directories={} -c autovacuum=off -c bgwriter_lru_maxpages=0 \
         -c checkpoint_timeout=1d -c jit=off",
        socket()?.display()
    );
    program(command.args(["-o", &options, "start"]))
        .map(drop)
        .with_context(|| fs::read_to_string("/tmp/postgres.log").unwrap_or_default())
}

fn stop(cluster: &Path) -> Result<()> {
    let mut command = tool("pg_ctl");
    command.arg("-D").arg(cluster);
    program(command.args(["-w", "-s", "-m", "fast", "stop"])).map(drop)
}

/// The directory of the server's socket.
fn socket() -> Result<PathBuf> {
    once("socket", |path| {
        fs::create_dir_all(path)?;
        Ok(fs::set_permissions(
            path,
            fs::Permissions::from_mode(0o777),
        )?)
    })
}

/// Runs a query with a client.
fn query(command: &mut Command) -> Result<String> {
    command
        .env("PGHOST", socket()?)
        .env("PGDATABASE", "postgres");
    program(command.current_dir(BASE))
}

/// A program of PostgreSQL, which refuses to run as root.
fn tool(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(format!("/usr/lib/postgresql/17/bin/{name}"));
    command
}
