// SPDX-License-Identifier: GPL-2.0-only
//! Reading the log of a device that dm-log-writes keeps. It has a super block in the first sector, then for each entry
//! one sector of head and the written bytes. Writes are logged in the order in which they are known to be on the disk:
//! ordinary ones before the flush that was requested after they had ended, those with FUA when they ended. Marks are
//! logged where they were made.

use std::ops::Range;

/// Size of the sectors in which positions on the device are counted.
pub const SECTOR: usize = 512;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const VERSION: u64 = 1;

const FLUSH: u64 = 1 << 0;
const FUA: u64 = 1 << 1;
const DISCARD: u64 = 1 << 2;
const MARK: u64 = 1 << 3;

/// The kind of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Bytes written to the device.
    Write {
        /// Where on the device, in bytes.
        at: usize,
        /// Where the bytes are in the log.
        data: Range<usize>,
        /// They are on the disk when the write has ended.
        fua: bool,
    },
    /// A range that was discarded, in bytes.
    Discard(Range<usize>),
    /// Everything that ended before it was requested is on the disk.
    Flush,
    /// A note left in the log.
    Mark(String),
}

/// Parses a log.
pub fn parse(log: &[u8]) -> Result<Vec<Entry>, String> {
    let head = numbers(log, 0)?;
    if head[0] != MAGIC || head[1] != VERSION {
        return Err(format!("not a log of dm-log-writes, version 1: {head:x?}"));
    }
    let sector = head[3] as u32 as usize;
    if !sector.is_power_of_two() || sector < SECTOR {
        return Err(format!("a log with sectors of {sector} bytes"));
    }
    let mut at = sector;
    let mut entries = Vec::new();
    for _ in 0..head[2] {
        let [position, sectors, flags, length] = numbers(log, at)?;
        let (position, bytes) = (position as usize * sector, sectors as usize * sector);
        let data = at + sector..at + sector + bytes;
        if flags & MARK != 0 {
            let text = at + 32..at + 32 + length as usize;
            let text = log.get(text).ok_or("a mark beyond the end of the log")?;
            entries.push(Entry::Mark(String::from_utf8_lossy(text).into_owned()));
            at += sector;
            continue;
        }
        // The flush of a request that also writes came first.
        if flags & FLUSH != 0 {
            entries.push(Entry::Flush);
        }
        at += sector;
        if flags & DISCARD != 0 {
            entries.push(Entry::Discard(position..position + bytes));
        } else if bytes > 0 {
            if data.end > log.len() {
                return Err(format!("entry {} ends beyond the log", entries.len()));
            }
            at = data.end;
            entries.push(Entry::Write {
                at: position,
                data,
                fua: flags & FUA != 0,
            });
        }
    }
    Ok(entries)
}

fn numbers(log: &[u8], at: usize) -> Result<[u64; 4], String> {
    let bytes = log
        .get(at..at + 32)
        .ok_or_else(|| format!("the log ends before {at}"))?;
    let number = |index: usize| {
        let bytes = &bytes[index * 8..index * 8 + 8];
        u64::from_le_bytes(bytes.try_into().expect("8 bytes"))
    };
    Ok(std::array::from_fn(number))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Writes a log as the kernel does.
    pub fn write(entries: &[(u64, u64, &[u8])]) -> Vec<u8> {
        let mut log = Vec::new();
        let sector = |log: &mut Vec<u8>, words: [u64; 4], text: &[u8]| {
            let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            bytes.extend(text);
            bytes.resize(SECTOR, 0);
            log.extend(bytes);
        };
        sector(
            &mut log,
            [MAGIC, VERSION, entries.len() as u64, SECTOR as u64],
            b"",
        );
        for (flags, at, data) in entries {
            if flags & MARK != 0 {
                sector(&mut log, [0, 0, *flags, data.len() as u64], data);
                continue;
            }
            assert_eq!(data.len() % SECTOR, 0);
            sector(
                &mut log,
                [*at, (data.len() / SECTOR) as u64, *flags, 0],
                b"",
            );
            log.extend(*data);
        }
        log
    }

    #[test]
    fn a_log_is_read() {
        let one = [1; SECTOR];
        let two = [2; 2 * SECTOR];
        let log = write(&[
            (MARK, 0, b"begin"),
            (0, 8, &one),
            (FLUSH, 0, b""),
            (FUA, 16, &two),
            (MARK, 0, b"end"),
        ]);
        let entries = parse(&log).unwrap();
        assert_eq!(entries.len(), 5);
        assert_eq!(entries[0], Entry::Mark("begin".into()));
        assert_eq!(entries[2], Entry::Flush);
        let Entry::Write { at, data, fua } = &entries[3] else {
            panic!("{entries:?}");
        };
        assert_eq!(
            (*at, *fua, &log[data.clone()]),
            (16 * SECTOR, true, &two[..])
        );
        assert_eq!(entries[4], Entry::Mark("end".into()));
    }

    #[test]
    fn what_is_not_a_log_is_refused() {
        assert!(parse(&[0; 600]).is_err());
        assert!(parse(b"short").is_err());
        let mut log = write(&[(0, 0, &[7; SECTOR])]);
        log.truncate(SECTOR * 2);
        assert!(parse(&log).is_err());
    }
}
