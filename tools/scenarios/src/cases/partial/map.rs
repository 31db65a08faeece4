// SPDX-License-Identifier: GPL-2.0-only
//! Mapping a large file of which some pieces have been written.

use crate::prelude::*;
use crate::sys::Region;

/// Runs `steps` with a mapping of the whole file, and unmaps it.
fn mapped(r: &mut Run, fd: Fd, protection: i32, flags: i32, steps: impl FnOnce(&mut Run, Region)) {
    let region = r.map(fd, partial::SIZE, protection, flags);
    steps(r, region);
    r.done("munmap", region.unmap());
}

/// Records the granules that a mapping shows.
fn look(r: &mut Run, region: Region) {
    r.granules("mapped", &region.bytes(0, partial::SIZE));
}

/// Stores data of a generation wherever pieces are written, in the order of the list.
fn store(region: Region, generation: u64) {
    for (at, length) in partial::WRITES {
        region.store(*at, &partial::data(generation, *at, *length));
    }
}

/// Mappings for reading show the file, by any descriptor, shared and private.
pub fn part_map_read(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        for open in [O_RDONLY, O_RDWR] {
            for flags in [MAP_PRIVATE, MAP_SHARED, MAP_PRIVATE | MAP_POPULATE] {
                r.with(layout.name(), open, |r, fd| {
                    mapped(r, fd, PROT_READ, flags, look);
                });
            }
        }
    })
}

/// Parts of a file are mapped, each from another page on.
pub fn part_map_offsets(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            for page in (0..partial::SIZE / PAGE).rev() {
                let map = r.map_at(fd, (page * PAGE) as i64, PAGE, PROT_READ, MAP_SHARED);
                r.granules(format_args!("page {page}"), &map.bytes(0, PAGE));
                r.done("munmap", map.unmap());
            }
        });
    })
}

/// What is stored in a private mapping stays there.
pub fn part_map_private(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDONLY, |r, fd| {
            mapped(r, fd, PROT_RW, MAP_PRIVATE, |r, map| {
                store(map, 2);
                look(r, map);
                r.all_of(fd);
            });
        });
    })
}

/// What is stored in a shared mapping is in the file at once, and stays.
pub fn part_map_shared(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            mapped(r, fd, PROT_RW, MAP_SHARED, |r, map| {
                look(r, map);
                store(map, 2);
                r.all_of(fd);
                r.done("msync", map.sync(MS_SYNC));
                store(map, 3);
                look(r, map);
            });
            r.all_of(fd);
        });
    })
}

/// The first change of a file is made through a mapping.
pub fn part_map_first(b: &mut Builder) -> Steps {
    partial::each_unwritten(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            mapped(r, fd, PROT_RW, MAP_SHARED, |r, map| {
                store(map, 2);
                r.all_of(fd);
            });
        });
        layout.write(r);
    })
}

/// A mapping and a descriptor that writes show each other's changes, also where nothing had been written before.
pub fn part_map_write(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Zeros, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            for protection in [PROT_READ, PROT_RW] {
                mapped(r, fd, protection, MAP_SHARED, |r, map| {
                    look(r, map);
                    r.write_ranges(fd, 2, partial::WRITES);
                    look(r, map);
                    if protection == PROT_RW {
                        store(map, 3);
                    }
                    r.all_of(fd);
                });
            }
        });
    })
}

/// A mapping of a file that is cut and made longer again shows zeros there.
pub fn part_map_truncate(b: &mut Builder) -> Steps {
    partial::each(b, Middle::Hole, |r, layout| {
        r.with(layout.name(), O_RDWR, |r, fd| {
            mapped(r, fd, PROT_RW, MAP_SHARED, |r, map| {
                for cut in [307_210, 270_001, 205_850, 150_003, 20_001] {
                    store(map, 2);
                    r.ftruncate(fd, cut);
                    r.ftruncate(fd, partial::SIZE as i64);
                    look(r, map);
                }
                r.all_of(fd);
            });
        });
    })
}
