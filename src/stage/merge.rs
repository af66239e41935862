//! Merges sorted streams of record batches into one: the stage's runs with each other.
//!
//! Every input brings batches of one schema whose rows ascend strictly by a key that the caller computes once per
//! batch. Where inputs hold an equal key, the **later input wins** and the others' rows are dropped. Memory: one
//! batch per input, plus those that the output under way still takes rows from. Every batch but the last has as many
//! rows as were asked for, so that whoever writes them in steps of that size copies nothing more.
//!
//! | rows | how they reach the output |
//! |---|---|
//! | one stretch of one batch | a slice, nothing is copied |
//! | long stretches | found by galloping, concatenated |
//! | inputs alternate | interleaved row by row |

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::table::{concat_rows, interleave_rows};

/// A sorted stream of batches.
pub type Input<'a, E> = Box<dyn Iterator<Item = Result<RecordBatch, E>> + Send + 'a>;

/// For each batch of an input a key that no row of it lies before.
pub type Bounds<'a, K> = Box<dyn Iterator<Item = K> + Send + 'a>;

/// Computes the key of every row of a batch.
pub type KeyOf<'a, K> = Box<dyn Fn(&RecordBatch) -> Result<Vec<K>, ArrowError> + Send + 'a>;

/// Stretches at least this long on average are concatenated, shorter ones interleaved: below it, a slice of every
/// column costs more than picking the rows.
const LONG_STRETCH: usize = 16;

/// What is wrong with the inputs of a merge.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// An input's rows do not ascend strictly by the key.
    #[error("input {input} of the merge is not sorted by the key, or holds a key twice")]
    Unsorted {
        /// The input's position among the inputs.
        input: usize,
    },
    /// The keys of a batch are not as many as its rows.
    #[error("the keys of input {input} of the merge do not fit its rows")]
    Keys {
        /// The input's position among the inputs.
        input: usize,
    },
    /// The columns cannot be joined or the key cannot be read.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The merged stream.
pub struct MergeStream<'a, K, E> {
    schema: SchemaRef,
    cursors: Vec<Cursor<'a, K, E>>,
    key_of: KeyOf<'a, K>,
    /// The next key of each live input, smallest first; of equal ones the later input first.
    heap: BinaryHeap<Reverse<Next<K>>>,
    batch_rows: usize,
    /// The batches that the output under way takes rows from, and the stretches taken.
    pending: Vec<RecordBatch>,
    stretches: Vec<Stretch>,
    pending_rows: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unstarted,
    Running,
    Ended,
}

struct Cursor<'a, K, E> {
    batches: Input<'a, E>,
    bounds: Option<Bounds<'a, K>>,
    /// `None` while only a bound of the next batch is known: it is read when its turn comes.
    batch: Option<RecordBatch>,
    /// The last key of the batch before.
    last: Option<K>,
    keys: Vec<K>,
    row: usize,
    /// The batch's position in `pending`, once rows were taken from it.
    pending_at: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    batch: usize,
    start: usize,
    rows: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Next<K> {
    key: K,
    input: usize,
}

impl<K: Ord> Ord for Next<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then_with(|| other.input.cmp(&self.input))
    }
}

impl<K: Ord> PartialOrd for Next<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'a, K, E> MergeStream<'a, K, E>
where
    K: Ord + Clone,
    E: From<MergeError>,
{
    /// Merges `inputs`, of which the later wins, into batches of at most `batch_rows` rows.
    #[must_use]
    pub fn new(
        schema: SchemaRef,
        inputs: Vec<Input<'a, E>>,
        key_of: impl Fn(&RecordBatch) -> Result<Vec<K>, ArrowError> + Send + 'a,
        batch_rows: usize,
    ) -> Self {
        let cursors: Vec<_> = inputs
            .into_iter()
            .map(|batches| Cursor {
                batches,
                bounds: None,
                batch: None,
                last: None,
                keys: Vec::new(),
                row: 0,
                pending_at: None,
            })
            .collect();
        Self {
            schema,
            heap: BinaryHeap::with_capacity(cursors.len()),
            cursors,
            key_of: Box::new(key_of),
            batch_rows: batch_rows.max(1),
            pending: Vec::new(),
            stretches: Vec::new(),
            pending_rows: 0,
            state: State::Unstarted,
        }
    }

    /// Gives each input its bounds. Then a batch is read no sooner than its rows may be next, so that inputs which
    /// follow one another cost no memory while they wait.
    #[must_use]
    pub fn with_bounds(mut self, bounds: impl IntoIterator<Item = Bounds<'a, K>>) -> Self {
        for (cursor, bounds) in self.cursors.iter_mut().zip(bounds) {
            cursor.bounds = Some(bounds);
        }
        self
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, E> {
        if self.state == State::Unstarted {
            self.state = State::Running;
            for input in 0..self.cursors.len() {
                self.load(input)?;
            }
        }
        while self.pending_rows < self.batch_rows {
            let Some(Reverse(first)) = self.heap.pop() else { break };
            self.take_rows(first)?;
        }
        if self.pending_rows == 0 {
            return Ok(None);
        }
        self.emit().map(Some)
    }

    /// Takes the stretch of the first input's rows that lie before every other input's next row.
    fn take_rows(&mut self, first: Next<K>) -> Result<(), E> {
        if self.cursors[first.input].batch.is_none() {
            return self.read(first.input, Some(&first.key));
        }
        let mut losers = false;
        while let Some(Reverse(next)) = self.heap.peek()
            && next.key == first.key
        {
            let loser = next.input;
            self.heap.pop();
            if self.cursors[loser].batch.is_none() {
                self.read(loser, Some(&first.key))?;
                continue;
            }
            self.cursors[loser].row += 1;
            self.requeue(loser)?;
            losers = true;
        }
        let room = self.batch_rows - self.pending_rows;
        let bound = self.heap.peek().map(|Reverse(next)| &next.key);
        let cursor = &mut self.cursors[first.input];
        let rows = match bound {
            _ if losers => 1,
            Some(bound) => gallop(&cursor.keys[cursor.row..], bound).max(1),
            None => cursor.keys.len() - cursor.row,
        }
        .min(room);
        let batch = match cursor.pending_at {
            Some(at) => at,
            None => {
                let batch = cursor.batch.clone().ok_or(MergeError::Keys { input: first.input })?;
                self.pending.push(batch);
                cursor.pending_at = Some(self.pending.len() - 1);
                self.pending.len() - 1
            }
        };
        let start = cursor.row;
        cursor.row += rows;
        self.pending_rows += rows;
        match self.stretches.last_mut() {
            Some(last) if last.batch == batch && last.start + last.rows == start => last.rows += rows,
            _ => self.stretches.push(Stretch { batch, start, rows }),
        }
        self.requeue(first.input)
    }

    /// Puts the input's next row among the candidates, loading its next batch where needed.
    fn requeue(&mut self, input: usize) -> Result<(), E> {
        let cursor = &self.cursors[input];
        match cursor.keys.get(cursor.row) {
            Some(key) => {
                self.heap.push(Reverse(Next { key: key.clone(), input }));
                Ok(())
            }
            None => self.load(input),
        }
    }

    /// Goes on to the input's next batch: reads it, or puts its bound among the candidates.
    fn load(&mut self, input: usize) -> Result<(), E> {
        let cursor = &mut self.cursors[input];
        cursor.last = cursor.keys.pop().or_else(|| cursor.last.take());
        (cursor.batch, cursor.pending_at, cursor.row) = (None, None, 0);
        cursor.keys.clear();
        match cursor.bounds.as_mut().and_then(Iterator::next) {
            Some(key) => self.heap.push(Reverse(Next { key, input })),
            // Batches beyond the bounds are read at once: none is ever left out.
            None => self.read(input, None)?,
        }
        Ok(())
    }

    /// Reads the input's next batch that has rows; none of them lies before `bound`.
    fn read(&mut self, input: usize, bound: Option<&K>) -> Result<(), E> {
        let cursor = &mut self.cursors[input];
        for batch in cursor.batches.by_ref() {
            let batch = batch?;
            if batch.num_rows() == 0 {
                if bound.is_some() {
                    return self.load(input);
                }
                continue;
            }
            let keys = (self.key_of)(&batch).map_err(MergeError::Arrow)?;
            if keys.len() != batch.num_rows() {
                return Err(MergeError::Keys { input }.into());
            }
            let follows = cursor.last.as_ref().is_none_or(|last| *last < keys[0]);
            if !follows || bound.is_some_and(|bound| keys[0] < *bound) || !keys.is_sorted_by(|a, b| a < b) {
                return Err(MergeError::Unsorted { input }.into());
            }
            self.heap.push(Reverse(Next { key: keys[0].clone(), input }));
            (cursor.batch, cursor.keys) = (Some(batch), keys);
            break;
        }
        Ok(())
    }

    fn emit(&mut self) -> Result<RecordBatch, E> {
        let batches = std::mem::take(&mut self.pending);
        let stretches = std::mem::take(&mut self.stretches);
        let rows = std::mem::take(&mut self.pending_rows);
        for cursor in &mut self.cursors {
            cursor.pending_at = None;
        }
        join(&self.schema, &batches, &stretches, rows).map_err(|error| MergeError::Arrow(error).into())
    }
}

fn join(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    stretches: &[Stretch],
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    if let [only] = stretches {
        return Ok(batches[only.batch].slice(only.start, only.rows));
    }
    if rows / stretches.len().max(1) >= LONG_STRETCH {
        let slices: Vec<RecordBatch> = stretches
            .iter()
            .map(|stretch| batches[stretch.batch].slice(stretch.start, stretch.rows))
            .collect();
        return concat_rows(schema, &slices);
    }
    let indices: Vec<(usize, usize)> = stretches
        .iter()
        .flat_map(|stretch| (stretch.start..stretch.start + stretch.rows).map(|row| (stretch.batch, row)))
        .collect();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    interleave_rows(schema, &batches, &indices)
}

/// How many of the ascending keys lie before `bound`: looks near first, since stretches are often short.
pub(crate) fn gallop<K: Ord>(keys: &[K], bound: &K) -> usize {
    let mut step = 1;
    while step < keys.len() && keys[step] < *bound {
        step *= 2;
    }
    let from = step / 2;
    let to = (step + 1).min(keys.len());
    from + keys[from..to].partition_point(|key| key < bound)
}

impl<K, E> Iterator for MergeStream<'_, K, E>
where
    K: Ord + Clone,
    E: From<MergeError>,
{
    type Item = Result<RecordBatch, E>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Ended {
            return None;
        }
        let next = self.next_batch().transpose();
        if !matches!(next, Some(Ok(_))) {
            // An error ends the stream: rows after it could stand in a wrong order.
            self.state = State::Ended;
            self.cursors.clear();
        }
        next
    }
}

impl<K, E> fmt::Debug for MergeStream<'_, K, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MergeStream")
            .field("inputs", &self.cursors.len())
            .field("pending_rows", &self.pending_rows)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{Array, AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use proptest::prelude::*;

    use super::*;

    fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("key", DataType::Int64, false),
            Field::new("text", DataType::Utf8, true),
        ]))
    }

    fn batch(rows: &[(i64, Option<String>)]) -> RecordBatch {
        let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
        let texts = StringArray::from_iter(rows.iter().map(|row| row.1.clone()));
        RecordBatch::try_new(schema(), vec![Arc::new(keys), Arc::new(texts)]).unwrap()
    }

    fn keys(batch: &RecordBatch) -> Result<Vec<i64>, ArrowError> {
        Ok(batch.column(0).as_primitive::<Int64Type>().values().to_vec())
    }

    fn rows(batch: &RecordBatch) -> Vec<(i64, Option<String>)> {
        let texts = batch.column(1).as_string::<i32>();
        let text = |row| (!texts.is_null(row)).then(|| texts.value(row).to_owned());
        keys(batch).unwrap().into_iter().enumerate().map(|(row, key)| (key, text(row))).collect()
    }

    fn inputs(chunked: Vec<Vec<RecordBatch>>) -> Vec<Input<'static, MergeError>> {
        chunked.into_iter().map(|batches| Box::new(batches.into_iter().map(Ok)) as Input<'_, _>).collect()
    }

    proptest! {
        #[test]
        fn equals_a_map_filled_in_order(
            maps in prop::collection::vec(prop::collection::btree_map(0_i64..300, any::<Option<u8>>(), 0..200), 0..6),
            chunk in 1_usize..40,
            batch_rows in 1_usize..70,
            bounded in 0_usize..40,
        ) {
            let mut model = BTreeMap::new();
            let mut chunked = Vec::new();
            for (input, map) in maps.iter().enumerate() {
                let all: Vec<(i64, Option<String>)> = map
                    .iter()
                    .map(|(key, value)| (*key, value.map(|value| format!("{input}:{value}"))))
                    .collect();
                model.extend(all.iter().cloned());
                let mut batches: Vec<_> = all.chunks(chunk).map(batch).collect();
                batches.insert(0, batch(&[]));
                chunked.push(batches);
            }
            let bound = |batch: &RecordBatch| keys(batch).unwrap().first().map_or(i64::MIN, |key| key - 1);
            let bounds: Vec<_> = chunked
                .iter()
                .map(|batches| batches.iter().take(bounded).map(bound).collect::<Vec<_>>())
                .map(|bounds| Box::new(bounds.into_iter()) as Bounds<'_, i64>)
                .collect();
            let stream = MergeStream::new(schema(), inputs(chunked), keys, batch_rows).with_bounds(bounds);
            let mut out = Vec::new();
            for merged in stream {
                let merged = merged.unwrap();
                prop_assert!(merged.num_rows() > 0 && merged.num_rows() <= batch_rows);
                out.extend(rows(&merged));
            }
            prop_assert_eq!(out, model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_lone_input_is_not_copied() {
        let only = batch(&[(1, None), (2, Some("b".into())), (3, None)]);
        let mut stream = MergeStream::new(schema(), inputs(vec![vec![], vec![only.clone()]]), keys, 2);
        let first = stream.next().unwrap().unwrap();
        assert_eq!(first.num_rows(), 2);
        let (given, got) =
            (only.column(0).as_primitive::<Int64Type>(), first.column(0).as_primitive::<Int64Type>());
        assert_eq!(given.values().as_ptr(), got.values().as_ptr());
    }

    #[test]
    fn disorder_inside_and_between_batches_is_refused() {
        let cases = [
            vec![batch(&[(2, None), (1, None)])],
            vec![batch(&[(1, None), (1, None)])],
            vec![batch(&[(1, None), (5, None)]), batch(&[(5, None)])],
        ];
        for case in cases {
            let other = vec![batch(&[(0, None), (9, None)])];
            let mut stream = MergeStream::new(schema(), inputs(vec![other, case]), keys, 100);
            let error = stream.find_map(Result::err);
            assert!(matches!(error, Some(MergeError::Unsorted { input: 1 })), "{error:?}");
            assert!(stream.next().is_none());
        }
    }

    #[test]
    fn a_failing_input_ends_the_stream() {
        let broken: Input<'_, MergeError> =
            Box::new([Ok(batch(&[(1, None)])), Err(MergeError::Keys { input: 7 })].into_iter());
        let mut stream = MergeStream::new(schema(), vec![broken], keys, 10);
        assert!(stream.by_ref().any(|item| item.is_err()));
        assert!(stream.next().is_none());
    }

    #[test]
    fn galloping_finds_the_bound() {
        let keys: Vec<i64> = (0..50).map(|key| key * 2).collect();
        for bound in -1..102 {
            assert_eq!(gallop(&keys, &bound), keys.partition_point(|key| *key < bound), "{bound}");
        }
    }
}
