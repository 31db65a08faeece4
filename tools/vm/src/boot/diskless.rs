// SPDX-License-Identifier: GPL-2.0-only
//! Machines that boot one NFS export as their lower layer, each with a separate link to the server.
//!
//! All boot at a time; then the server changes the export, and all boot again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use union_machine::disks::{Disk, Writes, copy};
use union_machine::machine::{Event, Machine};
use union_machine::qemu::Network;
use union_machine::together;

use super::cases::{Boot, BootCase, Changes, Initrd, Keeps, Root};
use super::{Run, disks, judge};
use crate::verdict::Case;

const UNION: &str = "union-test: root union writable";
const FIRST: &str = "union-test: base edited:1 old:1 version:1";

/// A boot that starts.
const fn boot(words: &'static str, says: &'static [&'static str]) -> Boot {
    Boot {
        initrd: Initrd::Whole,
        words,
        says,
        never: &["starting on the plain root, read-only"],
        starts: true,
    }
}

/// Each is booted once with the old export and once with the new one.
pub const CASES: &[BootCase] = &[
    BootCase {
        name: "disk",
        root: Root::Export,
        changes: Changes::Ext4,
        boots: &[
            boot(
                "nfsroot=10.0.1.1:/srv/root ip=10.0.1.2::10.0.1.1:255.255.255.0:disk::off \
                 union=LABEL=changes",
                &[
                    UNION,
                    FIRST,
                    "union-test: marks 1",
                    "union-test: lower nfs ro",
                ],
            ),
            boot(
                "nfsroot=10.0.1.1:/srv/root ip=10.0.1.2::10.0.1.1:255.255.255.0:disk::off \
                 union=LABEL=changes",
                &[
                    UNION,
                    "union-test: base edited:mine new:2 own:mine version:2",
                    "union-test: marks 2",
                    "union-test: journals recovered 0",
                ],
            ),
        ],
        keeps: Keeps::Nothing,
    },
    BootCase {
        name: "memory",
        root: Root::Export,
        changes: Changes::Absent,
        boots: &[
            boot(
                "nfsroot=10.0.2.1:/srv/root ip=10.0.2.2::10.0.2.1:255.255.255.0:memory::off \
                 union=tmpfs init=/usr/local/sbin/boot-probe",
                &[UNION, FIRST, "union-test: marks 1"],
            ),
            boot(
                "nfsroot=10.0.2.1:/srv/root ip=10.0.2.2::10.0.2.1:255.255.255.0:memory::off \
                 union=tmpfs init=/usr/local/sbin/boot-probe",
                &[
                    UNION,
                    "union-test: base edited:2 new:2 version:2",
                    "union-test: marks 1",
                ],
            ),
        ],
        keeps: Keeps::Nothing,
    },
];

/// The kernel command line of the server.
const SERVER: Boot = Boot {
    initrd: Initrd::Server,
    words: "root=LABEL=union-server init=/usr/local/sbin/serve-root",
    says: &[],
    never: &[],
    starts: true,
};

/// Boots the chosen machines, with the server next to them.
pub fn run(run: &Run, chosen: &[&BootCase]) -> Result<Vec<Case>> {
    let cable = |case: &BootCase, waits| Network {
        socket: run.directory.join(format!("{}.cable", case.name)),
        waits,
    };
    let disk = run.directory.join("server.root");
    copy(&run.request.folder.join(Root::Export.file()), &disk)?;
    let mut plan = run.plan(&SERVER, "diskless-server.log")?;
    plan.words.push(SERVER.words.to_owned());
    plan.disks.push(Disk {
        serial: "root".to_owned(),
        image: disk,
        writes: Writes::Kept,
    });
    // The networks of the server are numbered: it has all of them.
    plan.networks = CASES.iter().map(|case| cable(case, true)).collect();
    let mut server = Machine::start(run.places, plan)?;
    wait(run, &mut server, "union-test: serving on")?;

    let mut wrong = vec![(Vec::new(), Duration::ZERO); chosen.len()];
    for number in 0..2 {
        if number > 0 {
            server.tell("update")?;
            wait(run, &mut server, "union-test: updated")?;
        }
        let found = together::each(chosen, |case| client(run, case, number, cable(case, false)))?;
        for ((lines, took), (more, longer)) in wrong.iter_mut().zip(found) {
            lines.extend(more);
            *took += longer;
        }
    }
    server.tell("end")?;
    while !matches!(server.event(), Event::Gone) {}
    Ok(chosen
        .iter()
        .zip(wrong)
        .map(|(case, (lines, took))| run.result(case, lines, took))
        .collect())
}

/// Reads the console of the server until it is ready.
fn wait(run: &Run, server: &mut Machine, text: &str) -> Result<()> {
    loop {
        match server.event() {
            Event::Console(line) => {
                run.ui().console(&line);
                if line.contains(text) {
                    return Ok(());
                }
            }
            Event::Stopped(reason) => bail!("the server does not say {text:?}: {reason}"),
            Event::Gone => {
                bail!("the server has ended; its console is out/log/diskless-server.log")
            }
            Event::Prompt(_) | Event::Verdict(_) | Event::Stdout(_) | Event::Stderr(_) => {}
        }
    }
}

/// Boots one machine once; returns the failures, and the time it took.
fn client(
    run: &Run,
    case: &BootCase,
    number: usize,
    cable: Network,
) -> Result<(Vec<String>, Duration)> {
    let start = Instant::now();
    let boot = case.boots.get(number).context("each has two boots")?;
    let changes = run.directory.join(format!("{}.changes", case.name));
    let mut plan = run.plan(boot, &format!("diskless-{}-{}.log", case.name, number + 1))?;
    plan.words.push(case.root.words().to_owned());
    plan.words.push(boot.words.to_owned());
    plan.networks.push(cable);
    if number > 0 && changes.exists()
        || number == 0
            && disks::make_changes(run.places, case.changes, &run.request.folder, &changes)?
    {
        plan.disks.push(Disk {
            serial: "changes".to_owned(),
            image: changes.clone(),
            writes: Writes::Kept,
        });
    }
    let said = run.listen(plan)?;
    let mut found = judge(boot, &said);
    if found.is_empty() && boot.ends() {
        found.extend(disks::unclean_changes(run.places, case.changes, &changes)?);
    }
    Ok((
        found
            .into_iter()
            .map(|line| format!("boot {}: {line}", number + 1))
            .collect(),
        start.elapsed(),
    ))
}
