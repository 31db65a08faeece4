// SPDX-License-Identifier: GPL-2.0-only

//! The file `fallthru` of the [private directory](PrivateDir): fallthru sets, one record after the other.
//!
//! The file is only a cache ([`crate::logic::record`]): it can be deleted, damaged records are not
//! used, and write errors are ignored. It is therefore never synced.

use crate::{
    logic::{
        fallthru::Fallthrus,
        pack::{Extent, Index},
        record::{self, RecordError, RecordId},
    },
    union::private_dir::PrivateDir,
    vfs::{
        attr::Iattr,
        cred::override_creds,
        file::BackedFile,
        once,
        statfs::Statfs,
        task_work,
        types::Loff,
        work::{Background, Task},
        write::WriteAccess,
    },
};
use kernel::{
    cred::Credential,
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        Arc, Mutex, SetOnce,
    },
    time::Msecs,
};

/// The file.
const FILE: &[u8] = b"fallthru";
/// Limits of its size: this many bytes, and this fraction of the upper layer's file system.
const MAX_BYTES: u64 = 256 << 20;
const DISK_SHARE: u64 = 32;
/// Maximum bytes of sets waiting to be written.
const MAX_QUEUED_BYTES: usize = 32 << 20;

/// After how many milliseconds sets are written down: whoever has read a directory does not wait for it,
/// and what comes soon after goes with it.
const RECORD_DELAY: u32 = 1000;

/// The records of a union.
#[pin_data]
pub struct Records {
    private: Arc<PrivateDir>,
    cred: ARef<Credential>,
    #[pin]
    file: Mutex<File>,
    #[pin]
    queue: Mutex<Queue>,
    /// Bytes of the file that are in use, and the records in it: statistics are asked for under locks
    /// that the file is used within (`namespace_sem`).
    bytes: Atomic<u64>,
    count: Atomic<u64>,
    /// Sets that were read from the file.
    pub loaded: Atomic<u64>,
    /// Sets that were written to it.
    pub recorded: Atomic<u64>,
    /// Records that were useless.
    pub refused: Atomic<u64>,
}

/// The state of the file.
enum File {
    /// Not opened yet.
    Unknown,
    /// There is none, or it has become too large: make a new one.
    New,
    /// Open.
    Open(Open),
    /// Not available.
    Closed,
}

struct Open {
    file: BackedFile,
    index: Index,
    /// Its maximum size.
    limit: u64,
}

#[derive(Default)]
struct Queue {
    records: KVVec<PendingRecord>,
    /// Bytes of memory their sets take.
    bytes: usize,
}

/// A set to be recorded.
struct PendingRecord {
    set: Arc<Fallthrus>,
    identity: RecordId,
    layers: KVec<u32>,
}

impl Records {
    /// None known yet.
    pub fn new(private: Arc<PrivateDir>, cred: ARef<Credential>) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                private,
                cred,
                file <- new_mutex!(File::Unknown, "union_records"),
                queue <- new_mutex!(Queue::default(), "union_records_queue"),
                bytes: Atomic::new(0),
                count: Atomic::new(0),
                loaded: Atomic::new(0),
                recorded: Atomic::new(0),
                refused: Atomic::new(0),
            }? Error),
            GFP_KERNEL_ACCOUNT,
        )
    }

    /// Closes the file, at unmount.
    pub fn close(&self) {
        let file = core::mem::replace(&mut *self.file.lock(), File::Closed);
        if let File::Open(open) = file {
            open.file.close();
        }
    }

    /// Bytes of the file that are in use, and the records in it.
    pub fn size(&self) -> (u64, u64) {
        (self.bytes.load(Relaxed), self.count.load(Relaxed))
    }

    /// The recorded set with this identity. `key` is the key for hashing names; `layer` maps a
    /// place in the record to a layer. With the mounter's credentials.
    pub fn load(
        &self,
        identity: RecordId,
        key: u64,
        layer: impl Fn(u16) -> Option<u32>,
    ) -> Option<Fallthrus> {
        let (file, place) = self.find(identity)?;
        let set =
            read(&file, place).and_then(|record| record::decode(&record, identity, key, layer));
        match set {
            Ok(set) => {
                self.loaded.fetch_add(1, Relaxed);
                Some(set)
            }
            Err(RecordError::NoMemory) => None,
            Err(_) => {
                self.refused.fetch_add(1, Relaxed);
                let mut file = self.file.lock();
                if let File::Open(open) = &mut *file {
                    open.index.remove(identity);
                }
                self.note_size(&file);
                None
            }
        }
    }

    /// Queues a set of these layers for the next [`Task::run`].
    ///
    /// # Errors
    ///
    /// `EBUSY` if too much waits already; `ENOMEM`.
    pub fn enqueue(&self, identity: RecordId, set: &Arc<Fallthrus>, layers: KVec<u32>) -> Result {
        let pending = PendingRecord {
            set: set.clone(),
            identity,
            layers,
        };
        let mut queue = self.queue.lock();
        if queue.bytes >= MAX_QUEUED_BYTES {
            return Err(EBUSY);
        }
        queue.records.push(pending, GFP_KERNEL)?;
        queue.bytes = queue.bytes.saturating_add(set.memory());
        Ok(())
    }

    /// Records the size of the file, which is locked.
    fn note_size(&self, file: &File) {
        if let File::Open(open) = file {
            self.bytes.store(open.index.end(), Relaxed);
            self.count.store(open.index.len() as u64, Relaxed);
        }
    }

    /// The file and position of the record of an identity.
    fn find(&self, identity: RecordId) -> Option<(BackedFile, Extent)> {
        let mut file = self.file.lock();
        if let File::Unknown = *file {
            match self.open() {
                Ok(found) => {
                    *file = found;
                    self.note_size(&file);
                }
                Err(e) if is_transient(e) => {}
                Err(_) => *file = File::Closed,
            }
        }
        match &*file {
            File::Open(open) => Some((open.file.get(), open.index.find(identity)?)),
            _ => None,
        }
    }

    /// Opens the file if there is one, and reads what is in it.
    fn open(&self) -> Result<File> {
        let Some(file) = self.own_file()? else {
            return Ok(File::New);
        };
        let limit = self.limit()?;
        let size = size(&file);
        if size > limit / 2 {
            // Most of it may be outdated. Valid records will be written again.
            return Ok(File::New);
        }
        let mut index = Index::new();
        let mut head = [0; record::HEADER];
        while index.end() < size {
            task_work::go_on()?;
            let n = file.read_at(&mut head, loff(index.end())?)?;
            let head = head.get(..n).unwrap_or_default();
            if !index.add(head).map_err(|_| ENOMEM)? {
                break;
            }
        }
        Ok(File::Open(Open { file, index, limit }))
    }

    /// Makes the file, or empties it.
    fn make(&self) -> Result<Open> {
        let file = match self.own_file()? {
            None => {
                let mnt = self.private.path().mnt();
                self.private.make_file(&WriteAccess::try_want(mnt)?, FILE)?
            }
            Some(file) if size(&file) == 0 => file,
            Some(file) => {
                let write = WriteAccess::try_want(self.private.path().mnt())?;
                let whole = write.on(file.dentry())?;
                Iattr::empty().sized(0).notify_change(whole)?;
                file
            }
        };
        Ok(Open {
            file,
            index: Index::new(),
            limit: self.limit()?,
        })
    }

    /// The file, if it exists and is one of records.
    fn own_file(&self) -> Result<Option<BackedFile>> {
        let Some(file) = self.private.file(FILE)? else {
            return Ok(None);
        };
        let mut head = [0; record::HEADER];
        let n = file.read_at(&mut head, 0)?;
        if !record::is_file(head.get(..n).unwrap_or_default()) {
            return Err(self.private.refuse(FILE, "does not hold records"));
        }
        Ok(Some(file))
    }

    /// How large the file may become, in bytes.
    fn limit(&self) -> Result<u64> {
        let bytes = Statfs::of(self.private.path())?.bytes();
        Ok(MAX_BYTES.min(bytes / DISK_SHARE))
    }

    /// Appends to the file, which is open for writing only meanwhile: an open file would prevent a
    /// read-only remount of the upper layer.
    fn append(&self, file: &BackedFile, record: &[u8], end: Loff) -> Result {
        let open = self.private.for_writing(file)?;
        let written = open.write_at_unless_frozen(record, end);
        open.close();
        written
    }

    fn write(&self, pending: &PendingRecord) -> Result {
        let place = |layer| u16::try_from(pending.layers.binary_search(&layer).ok()?).ok();
        let record = record::encode(&pending.set, pending.identity, place).map_err(|_| ENOMEM)?;
        let is_new = matches!(*self.file.lock(), File::New);
        if is_new {
            // There is no other writer, and readers need not wait for it.
            match self.make() {
                Ok(open) => *self.file.lock() = File::Open(open),
                Err(e) if is_transient(e) => return Err(e),
                Err(_) => *self.file.lock() = File::Closed,
            }
        }
        let (file, end) = match &*self.file.lock() {
            File::Open(open) if open.index.find(pending.identity).is_some() => return Ok(()),
            File::Open(open) if open.index.end() + record.len() as u64 > open.limit => {
                return Err(ENOSPC)
            }
            File::Open(open) => (open.file.get(), open.index.end()),
            _ => return Err(EROFS),
        };
        // With nothing locked, so that other records can be read. It does not wait for a frozen
        // upper layer, because unmounting waits for this thread.
        let written = self.append(&file, &record, loff(end)?);
        let mut now = self.file.lock();
        if let File::Open(open) = &mut *now {
            written?;
            open.index.add(&record).map_err(|_| ENOMEM)?;
        }
        self.note_size(&now);
        Ok(())
    }
}

impl Task for Records {
    /// Writes the waiting sets.
    fn run(&self) -> Option<Msecs> {
        override_creds(&self.cred, |_| loop {
            let pending = {
                let mut queue = self.queue.lock();
                // Without one that is all.
                let pending = queue.records.pop()?;
                queue.bytes = queue.bytes.saturating_sub(pending.set.memory());
                pending
            };
            if self.write(&pending).is_ok() {
                self.recorded.fetch_add(1, Relaxed);
            }
        })
    }
}

/// The background writer of [`Records`].
pub struct Recorder {
    /// The records.
    pub records: Arc<Records>,
    /// Created on first use.
    writer: SetOnce<Background<Records>>,
}

impl Recorder {
    /// One that has nothing to write yet.
    pub fn new(records: Arc<Records>) -> Self {
        Self {
            records,
            writer: SetOnce::new(),
        }
    }

    /// Has what waits written down in a while.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub fn start(&self) -> Result {
        if self.writer.as_ref().is_none() {
            once::get_or_put(
                &self.writer,
                Background::new(c"union", self.records.clone())?,
            );
        }
        if let Some(writer) = self.writer.as_ref() {
            writer.start(RECORD_DELAY);
        }
        Ok(())
    }

    /// Writes down what waits, and closes the file: at unmount.
    pub fn finish(self) {
        // What waits is done now, and this waits for its end.
        drop(self.writer);
        self.records.close();
    }
}

/// Whether the error is transient.
fn is_transient(error: Error) -> bool {
    [ENOMEM, EINTR, ERESTARTSYS, EAGAIN].contains(&error)
}

fn size(file: &BackedFile) -> u64 {
    u64::try_from(file.inode().size()).unwrap_or(0)
}

fn loff(offset: u64) -> Result<Loff> {
    Loff::try_from(offset).map_err(|_| EFBIG)
}

fn read(file: &BackedFile, place: Extent) -> Result<KVVec<u8>, RecordError> {
    let mut record = KVVec::new();
    record
        .resize(place.len, 0, GFP_KERNEL_ACCOUNT)
        .map_err(|_| RecordError::NoMemory)?;
    let offset = loff(place.offset).map_err(|_| RecordError::Damaged)?;
    match file.read_at(&mut record, offset) {
        Ok(n) if n == record.len() => Ok(record),
        Err(e) if e == ENOMEM => Err(RecordError::NoMemory),
        _ => Err(RecordError::Damaged),
    }
}
