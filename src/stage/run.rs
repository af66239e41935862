//! A run: one file of sorted blocks, the keys that each attempt has in it, and the index of both.
//!
//! ```text
//! blocks of all tables, each table by month and then by its order
//! key lists: per attempt and table, sorted
//! index (JSON)
//! ```
//! The journal tells where the index begins and its checksum. A file is written once and never again.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};

use crate::model::UserId;
use crate::table::{Month, OrderKey, Table, integer_keys};

use super::block::{self, BlockEncoder, checksum};
use super::ids::Ids;
use super::{Disk, StageError, StageOptions};

/// Bytes that are written at a time.
const WRITE_BYTES: usize = 1 << 20;

/// What the journal says about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunEntry {
    pub(super) number: u64,
    /// Where the index begins, how long it is, and its checksum.
    index: Place,
    /// The attempts with rows in the run, so that damage to the file tells whom it hits.
    pub(super) attempts: Vec<i64>,
}

/// A checksummed stretch of a run's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    at: u64,
    bytes: u32,
    checksum: u32,
}

/// A block in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockEntry {
    place: Place,
    first: Option<FirstRow>,
}

/// The order of a block's first row and its attempt: what decides when the block must be read. Tables that are ordered
/// by texts have none.
pub(super) type FirstRow = (OrderKey, i64);

/// The rows of one attempt in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) user: UserId,
    pub(super) attempt: i64,
    /// Of two pieces of an attempt, the one with the higher sequence wins for an equal key.
    pub(super) sequence: u64,
    /// Per table, how many keys and where their list lies.
    pub(super) keys: BTreeMap<Table, (u64, Place)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IndexFile {
    blocks: Vec<(Table, Option<String>, Place, Option<FirstRow>)>,
    pieces: Vec<Piece>,
}

/// A run that can be read.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) entry: RunEntry,
    file: File,
    name: String,
    blocks: BTreeMap<(Table, Option<Month>), Vec<BlockEntry>>,
    pub(super) pieces: BTreeMap<i64, Piece>,
}

/// The name of a run's file.
pub(super) fn file_name(number: u64) -> String {
    format!("run-{number:06}.rows")
}

impl Run {
    /// Opens a run, if its file is there and every byte of it is as it was written.
    pub(super) fn open(folder: &Path, entry: RunEntry) -> Option<Self> {
        let name = file_name(entry.number);
        let path = folder.join(&name);
        if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return None;
        }
        let file = File::open(path).ok()?;
        let mut run = Self { entry, file, name, blocks: BTreeMap::new(), pieces: BTreeMap::new() };
        run.read_index().ok()?;
        run.verify().ok()?;
        Some(run)
    }

    /// Reads the index of a file that was just written.
    fn written(file: File, entry: RunEntry) -> Result<Self, StageError> {
        let name = file_name(entry.number);
        let mut run = Self { entry, file, name, blocks: BTreeMap::new(), pieces: BTreeMap::new() };
        run.read_index()?;
        Ok(run)
    }

    fn read_index(&mut self) -> Result<(), StageError> {
        let bytes = self.read(self.entry.index)?;
        let index: IndexFile = serde_json::from_slice(&bytes).map_err(|_| self.damaged())?;
        for (table, month, place, first) in index.blocks {
            let month = month.map(|text| text.parse()).transpose().map_err(|_| self.damaged())?;
            self.blocks.entry((table, month)).or_default().push(BlockEntry { place, first });
        }
        self.pieces = index.pieces.into_iter().map(|piece| (piece.attempt, piece)).collect();
        Ok(())
    }

    fn verify(&self) -> Result<(), StageError> {
        let blocks = self.blocks.values().flatten().map(|block| block.place);
        let keys = self.pieces.values().flat_map(|piece| piece.keys.values().map(|(_, place)| *place));
        blocks.chain(keys).try_for_each(|place| self.read(place).map(drop))
    }

    fn damaged(&self) -> StageError {
        StageError::Damaged { file: self.name.clone() }
    }

    /// The bytes of a stretch, if they are as they were written.
    fn read(&self, place: Place) -> Result<Vec<u8>, StageError> {
        let mut bytes = vec![0; place.bytes as usize];
        self.file.read_exact_at(&mut bytes, place.at).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(),
            _ => StageError::Disk { action: "read a run", source: error },
        })?;
        if checksum(&bytes) == place.checksum { Ok(bytes) } else { Err(self.damaged()) }
    }

    /// The bytes of the file, as far as the index tells.
    pub(super) fn bytes(&self) -> u64 {
        self.entry.index.at
    }

    /// The table's months that the run has blocks of; `None` stands for a table without months.
    pub(super) fn months(&self, table: Table) -> impl Iterator<Item = Option<Month>> + '_ {
        self.blocks
            .range((table, None)..)
            .map(|(key, _)| *key)
            .take_while(move |key| key.0 == table)
            .map(|key| key.1)
    }

    /// The blocks of a table and month, in order.
    pub(super) fn blocks(&self, table: Table, month: Option<Month>) -> &[BlockEntry] {
        self.blocks.get(&(table, month)).map_or(&[], Vec::as_slice)
    }

    /// The rows of a block, with their attempts.
    pub(super) fn rows(&self, schema: &SchemaRef, block: BlockEntry) -> Result<RecordBatch, StageError> {
        block::decode(schema, self.read(block.place)?)
    }

    /// The keys of an attempt's rows in the run.
    pub(super) fn ids(&self, attempt: i64, table: Table) -> Result<Ids, StageError> {
        match self.pieces.get(&attempt).and_then(|piece| piece.keys.get(&table)) {
            Some((_, place)) => Ok(Ids::from_bytes(table, &self.read(*place)?)),
            None => Ok(Ids::new(table)),
        }
    }
}

impl BlockEntry {
    /// The block's first row, whether it counts or not.
    pub(super) fn first(&self) -> Option<FirstRow> {
        self.first
    }
}

/// Writes a run.
pub(super) struct RunWriter<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    options: &'a StageOptions,
    number: u64,
    path: PathBuf,
    file: File,
    pending: Vec<u8>,
    written: u64,
    blocks: Vec<(Table, Option<String>, Place, Option<FirstRow>)>,
    pieces: BTreeMap<i64, Piece>,
    encoder: Option<(Table, BlockEncoder)>,
}

impl<'a> RunWriter<'a> {
    pub(super) fn create(
        disk: &'a dyn Disk,
        folder: &'a Path,
        options: &'a StageOptions,
        number: u64,
    ) -> Result<Self, StageError> {
        let path = folder.join(file_name(number));
        let file = disk.create_file(&path, 0o600).map_err(StageError::disk("create a run"))?;
        Ok(Self {
            disk,
            folder,
            options,
            number,
            path,
            file,
            pending: Vec::with_capacity(WRITE_BYTES),
            written: 0,
            blocks: Vec::new(),
            pieces: BTreeMap::new(),
            encoder: None,
        })
    }

    /// Adds rows (with their attempts) that follow all those before, in blocks of bounded size.
    pub(super) fn rows(
        &mut self,
        table: Table,
        month: Option<Month>,
        rows: &RecordBatch,
    ) -> Result<(), StageError> {
        let parts = rows
            .num_rows()
            .div_ceil(self.options.block_rows.max(1))
            .max(block::bytes_of(rows).div_ceil(self.options.block_bytes.max(1)));
        let block_rows = rows.num_rows().div_ceil(parts.max(1)).max(1);
        for from in (0..rows.num_rows()).step_by(block_rows) {
            self.block(table, month, &rows.slice(from, block_rows.min(rows.num_rows() - from)))?;
        }
        Ok(())
    }

    fn block(&mut self, table: Table, month: Option<Month>, rows: &RecordBatch) -> Result<(), StageError> {
        let encoder = match &mut self.encoder {
            Some((same, encoder)) if *same == table => encoder,
            other => &mut other.insert((table, BlockEncoder::new(&rows.schema()))).1,
        };
        let bytes = encoder.encode(rows)?;
        let place = self.append(&bytes)?;
        let order = integer_keys(table, &rows.slice(0, 1)).and_then(|keys| keys.first().copied());
        let attempt = block::attempts_of(rows).and_then(|attempts| attempts.values().first().copied());
        self.blocks.push((table, month.map(|month| month.to_string()), place, order.zip(attempt)));
        Ok(())
    }

    /// Adds the keys of an attempt's rows.
    pub(super) fn ids(
        &mut self,
        (user, attempt, sequence): (UserId, i64, u64),
        table: Table,
        ids: &Ids,
    ) -> Result<(), StageError> {
        if ids.is_empty() {
            return Ok(());
        }
        let place = self.append(&ids.to_bytes())?;
        let piece = self.pieces.entry(attempt).or_insert_with(|| Piece {
            user,
            attempt,
            sequence,
            keys: BTreeMap::new(),
        });
        piece.keys.insert(table, (ids.len() as u64, place));
        Ok(())
    }

    /// Makes the run durable. It counts once the journal names it.
    pub(super) fn finish(mut self) -> Result<Run, StageError> {
        let attempts = self.pieces.keys().copied().collect();
        let pieces = std::mem::take(&mut self.pieces).into_values().collect();
        let index = IndexFile { blocks: std::mem::take(&mut self.blocks), pieces };
        let index = self.append(&serde_json::to_vec(&index)?)?;
        self.write_pending()?;
        self.disk.sync_file(&self.path, &self.file).map_err(StageError::disk("sync a run"))?;
        self.disk.sync_dir(self.folder).map_err(StageError::disk("sync its folder"))?;
        let file = File::open(self.disk.locate(&self.path)).map_err(StageError::disk("read a run"))?;
        Run::written(file, RunEntry { number: self.number, index, attempts })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<Place, StageError> {
        let too_large = || StageError::Disk {
            action: "write a run",
            source: std::io::Error::from(std::io::ErrorKind::FileTooLarge),
        };
        let place = Place {
            at: self.written,
            bytes: u32::try_from(bytes.len()).map_err(|_| too_large())?,
            checksum: checksum(bytes),
        };
        self.written += u64::from(place.bytes);
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= WRITE_BYTES {
            self.write_pending()?;
        }
        Ok(place)
    }

    fn write_pending(&mut self) -> Result<(), StageError> {
        if !self.pending.is_empty() {
            self.disk
                .write(&self.path, &mut self.file, &self.pending)
                .map_err(StageError::disk("write a run"))?;
            self.pending.clear();
        }
        Ok(())
    }
}
