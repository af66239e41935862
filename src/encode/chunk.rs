//! Batches of one size out of batches of any size, so that what the Parquet writer sees depends on the rows alone.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::table::concat_rows;

/// Collects rows until `size` are there. Slices are kept as they come (no copy) and copied once when a chunk is full.
#[derive(Debug)]
pub(super) struct Chunker {
    schema: SchemaRef,
    size: usize,
    waiting: Vec<RecordBatch>,
    rows: usize,
}

impl Chunker {
    pub(super) fn new(schema: SchemaRef, size: usize) -> Self {
        Self { schema, size, waiting: Vec::new(), rows: 0 }
    }

    /// Takes as much of the batch as the chunk at hand can hold. Returns the chunk if it is full, and what is left.
    pub(super) fn push(
        &mut self,
        batch: RecordBatch,
    ) -> Result<(Option<RecordBatch>, Option<RecordBatch>), ArrowError> {
        let space = self.size - self.rows;
        let rows = batch.num_rows();
        if rows < space {
            if rows > 0 {
                self.rows += rows;
                self.waiting.push(batch);
            }
            return Ok((None, None));
        }
        self.waiting.push(batch.slice(0, space));
        let rest = (rows > space).then(|| batch.slice(space, rows - space));
        Ok((self.take()?, rest))
    }

    /// The rows collected so far, if any.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.waiting.is_empty() {
            return Ok(None);
        }
        let chunk = concat_rows(&self.schema, &self.waiting)?;
        self.waiting.clear();
        self.rows = 0;
        Ok(Some(chunk))
    }
}
