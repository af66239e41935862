//! What `total` can tell. It is undocumented, may count the page, may lie, and is never a proof.

use crate::table::Envelope;

/// No user has more rows: a larger number counts something else.
const MAX_ROWS: u64 = 5_000_000;

/// `total` of one answer, if it can be a number of rows.
pub(in crate::extract) fn of(envelope: &Envelope) -> Option<u64> {
    envelope.total.and_then(|total| u64::try_from(total).ok()).filter(|total| *total <= MAX_ROWS)
}

/// Whether `total` agrees with the only answer of a walk: with its rows, or with its ids when some came twice or
/// without one.
pub(super) fn agrees_with_page(total: Option<u64>, received: u64, distinct: u64) -> bool {
    total.is_none_or(|total| (distinct.min(received)..=received.max(distinct)).contains(&total))
}

/// What a `total` says about the rows held after a walk of several pages and its passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It says nothing, or agrees with the walk or with walk and passes.
    Agrees,
    /// Rows exist that are not held.
    Missing,
    /// More is held than exists: rows went during the walk, or the number lies.
    Surplus,
}

/// Judges a `total` that came with `page` rows: one that equals them is a page count.
pub(super) fn judge(total: Option<u64>, page: u64, walked: u64, held: u64) -> Verdict {
    match total {
        None => Verdict::Agrees,
        Some(total) if total == page && held > page => Verdict::Agrees,
        Some(total) if total > held => Verdict::Missing,
        Some(total) if total < walked => Verdict::Surplus,
        Some(_) => Verdict::Agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Links;

    #[test]
    fn fault_37_numbers_that_cannot_be_totals_are_ignored() {
        let envelope = |total| Envelope {
            total,
            links: Links::End,
            first_date: None,
            last_date: None,
            result_min_date: None,
            result_max_date: None,
            received: 3,
        };
        assert_eq!(of(&envelope(Some(3))), Some(3));
        assert_eq!(of(&envelope(Some(-3))), None);
        assert_eq!(of(&envelope(Some(i64::MAX))), None);
        assert_eq!(of(&envelope(None)), None);
    }

    #[test]
    fn a_total_counts_the_walk_or_walk_and_passes() {
        assert_eq!(judge(Some(2000), 1000, 2000, 2003), Verdict::Agrees);
        assert_eq!(judge(Some(2003), 1000, 2000, 2003), Verdict::Agrees);
        assert_eq!(judge(Some(2004), 1000, 2000, 2003), Verdict::Missing);
        assert_eq!(judge(Some(1999), 1000, 2000, 2003), Verdict::Surplus);
        assert_eq!(judge(Some(1), 1, 2000, 2003), Verdict::Agrees);
        assert_eq!(judge(None, 1, 2000, 2003), Verdict::Agrees);
    }

    #[test]
    fn one_answer_agrees_with_its_rows_or_its_ids() {
        assert!(agrees_with_page(Some(10), 10, 9) && agrees_with_page(Some(9), 10, 9));
        assert!(!agrees_with_page(Some(11), 10, 9) && !agrees_with_page(Some(8), 10, 9));
        assert!(agrees_with_page(None, 10, 9));
    }
}
