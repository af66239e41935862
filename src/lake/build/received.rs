//! The ids that came in this run.

/// A set of ids that is asked for each row of the parent, nearly always in vain: a Bloom filter of one hash, some
/// sixteen bits for each id, answers most of that without a search.
#[derive(Debug)]
pub(super) struct Received {
    /// Ascending.
    ids: Vec<i64>,
    bits: Vec<u64>,
    /// The highest bits of an id's hash that name its bit.
    shift: u32,
}

impl Received {
    pub(super) fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let places = (ids.len() * 16).next_power_of_two().max(64);
        let mut set = Self { ids, bits: vec![0; places / 64], shift: 64 - places.trailing_zeros() };
        for at in 0..set.ids.len() {
            let (word, bit) = set.place(set.ids[at]);
            set.bits[word] |= bit;
        }
        set
    }

    /// Where an id's bit is. Ids follow one another: a multiplication by an odd number scatters them.
    fn place(&self, id: i64) -> (usize, u64) {
        let place = id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        (usize::try_from(place / 64).unwrap_or(0), 1 << (place % 64))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn contains(&self, id: i64) -> bool {
        let (word, bit) = self.place(id);
        self.bits[word] & bit != 0 && self.ids.binary_search(&id).is_ok()
    }
}
