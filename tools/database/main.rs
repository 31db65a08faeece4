// SPDX-License-Identifier: GPL-2.0-only
//! A database of SQLite whose machine loses its power. Each transaction changes some rows; what the table holds then
//! is told as a sum, so that another process can say whether it holds the same.
//!
//!   union-database make FILE             a new database, with rows
//!   union-database work FILE MODE SEED   a transaction for each line of the input, a line with the sum after each
//!   union-database check FILE            how many transactions there are, and the sum, if the database is sound
//!
//! scripts/build-database builds it in the build root, whose SQLite it uses.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::io::BufRead;
use std::process::ExitCode;
use std::ptr;

type Row = extern "C" fn(*mut c_void, c_int, *mut *mut c_char, *mut *mut c_char) -> c_int;

unsafe extern "C" {
    fn sqlite3_open(path: *const c_char, database: *mut *mut c_void) -> c_int;
    fn sqlite3_exec(
        database: *mut c_void,
        sql: *const c_char,
        row: Option<Row>,
        argument: *mut c_void,
        error: *mut *mut c_char,
    ) -> c_int;
    fn sqlite3_errmsg(database: *mut c_void) -> *const c_char;
    fn sqlite3_close(database: *mut c_void) -> c_int;
}

/// Rows of a new database, and bytes of each: with the index over a megabyte.
const ROWS: u64 = 700;
const BYTES: u64 = 700;

/// An open database.
struct Database(*mut c_void);

impl Database {
    fn open(path: &str) -> Result<Self, String> {
        let name = CString::new(path).map_err(|error| error.to_string())?;
        let mut database = Self(ptr::null_mut());
        // SAFETY: a string, and a place for the database.
        let code = unsafe { sqlite3_open(name.as_ptr(), &mut database.0) };
        database.done(path, code)?;
        Ok(database)
    }

    fn done(&self, what: &str, code: c_int) -> Result<(), String> {
        if code == 0 {
            return Ok(());
        }
        // SAFETY: the database is open, or null; the message is valid until the next call.
        let text = unsafe { CStr::from_ptr(sqlite3_errmsg(self.0)) };
        Err(format!("{what}: {}", text.to_string_lossy()))
    }

    /// Carries out statements; returns the rows of their results, columns joined.
    fn rows(&self, sql: &str) -> Result<Vec<String>, String> {
        let text = CString::new(sql).map_err(|error| error.to_string())?;
        let mut rows: Vec<String> = Vec::new();
        let argument = ptr::from_mut(&mut rows).cast();
        // SAFETY: the database is open; `row` gets the vector, which outlives the call.
        let code =
            unsafe { sqlite3_exec(self.0, text.as_ptr(), Some(row), argument, ptr::null_mut()) };
        self.done(sql.get(..60).unwrap_or(sql), code)?;
        Ok(rows)
    }

    /// How many transactions there were, and a sum of all rows.
    fn state(&self) -> Result<(u64, u64), String> {
        let count = self.rows("SELECT count FROM state")?.concat();
        let count = count.parse().map_err(|_| format!("a count {count:?}"))?;
        let rows = self.rows("SELECT id, value FROM data ORDER BY id")?;
        // FNV-1a.
        let bytes = rows.iter().flat_map(|row| row.bytes().chain([b'\n']));
        let sum = bytes.fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Ok((count, sum))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: it is not used any more.
        unsafe { sqlite3_close(self.0) };
    }
}

extern "C" fn row(
    argument: *mut c_void,
    count: c_int,
    values: *mut *mut c_char,
    _: *mut *mut c_char,
) -> c_int {
    // SAFETY: the argument is that of `rows`, which waits for this.
    let rows = unsafe { &mut *argument.cast::<Vec<String>>() };
    let columns = (0..count as usize).map(|index| {
        // SAFETY: there are so many values, each a string or null.
        let value = unsafe { *values.add(index) };
        match value.is_null() {
            true => "NULL".into(),
            // SAFETY: as above.
            false => unsafe { CStr::from_ptr(value) }.to_string_lossy(),
        }
    });
    rows.push(columns.collect::<Vec<_>>().join("|"));
    0
}

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    fn text(&mut self, bytes: u64) -> String {
        (0..bytes)
            .map(|_| char::from(b'a' + self.roll(26) as u8))
            .collect()
    }
}

fn make(path: &str) -> Result<(), String> {
    let database = Database::open(path)?;
    database.rows("CREATE TABLE data (id INTEGER PRIMARY KEY, value TEXT); CREATE TABLE state (count INTEGER); \
        CREATE INDEX place ON data (value); INSERT INTO state VALUES (0); BEGIN")?;
    let mut dice = Dice(1);
    for id in 0..ROWS {
        let text = dice.text(BYTES);
        database.rows(&format!("INSERT INTO data VALUES ({id}, '{text}')"))?;
    }
    database.rows("COMMIT").map(drop)
}

/// One statement.
fn change(dice: &mut Dice) -> String {
    let (id, bytes) = (dice.roll(ROWS), dice.roll(3 * BYTES));
    let text = dice.text(bytes);
    match dice.roll(8) {
        0 => format!(
            "DELETE FROM data WHERE id BETWEEN {id} AND {id} + {}",
            dice.roll(9)
        ),
        1 => format!("UPDATE data SET value = '{text}' WHERE id BETWEEN {id} AND {id} + 5"),
        _ => format!("INSERT OR REPLACE INTO data VALUES ({id}, '{text}')"),
    }
}

fn work(path: &str, mode: &str, seed: u64) -> Result<(), String> {
    let database = Database::open(path)?;
    // With EXTRA the end of a transaction is on the disk also if it is the removal of a journal. The rest makes a
    // small database do what a large one does.
    database.rows(&format!(
        "PRAGMA journal_mode = {mode}; PRAGMA synchronous = EXTRA; PRAGMA cache_size = 20; \
         PRAGMA wal_autocheckpoint = 60"
    ))?;
    let mut dice = Dice(seed);
    for line in std::io::stdin().lock().lines() {
        line.map_err(|error| error.to_string())?;
        database.rows("BEGIN IMMEDIATE; UPDATE state SET count = count + 1")?;
        for _ in 0..=dice.roll(12) {
            database.rows(&change(&mut dice))?;
        }
        database.rows("COMMIT")?;
        println!("{:016x}", database.state()?.1);
    }
    Ok(())
}

fn check(path: &str) -> Result<(), String> {
    let database = Database::open(path)?;
    let found = database.rows("PRAGMA integrity_check")?;
    if found != ["ok"] {
        return Err(found.join("\n"));
    }
    let (count, sum) = database.state()?;
    println!("{count} {sum:016x}");
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["make", path] => make(path),
        ["work", path, mode, seed] => match seed.parse() {
            Ok(seed) => work(path, mode, seed),
            Err(_) => Err(format!("{seed} is no seed")),
        },
        ["check", path] => check(path),
        _ => Err("usage: union-database make FILE | work FILE MODE SEED | check FILE".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
