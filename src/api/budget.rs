//! How many retries a run may owe: a bucket that successes refill slowly.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A retry costs ten, a success earns one.
const COST: u64 = 10;

/// The bucket.
#[derive(Debug)]
pub(super) struct RetryBudget {
    tenths: AtomicU64,
    full: u64,
}

impl RetryBudget {
    /// A full bucket of so many retries.
    pub(super) fn new(retries: u32) -> Self {
        let full = u64::from(retries) * COST;
        Self { tenths: AtomicU64::new(full), full }
    }

    /// Takes one retry, if there is one.
    pub(super) fn spend(&self) -> bool {
        self.tenths.fetch_update(Relaxed, Relaxed, |tenths| tenths.checked_sub(COST)).is_ok()
    }

    /// A request succeeded.
    pub(super) fn earn(&self) {
        // Full is full: the error says that nothing was added.
        let _ =
            self.tenths.fetch_update(Relaxed, Relaxed, |tenths| (tenths < self.full).then_some(tenths + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_successes_earn_one_retry() {
        let budget = RetryBudget::new(2);
        budget.earn();
        assert!(budget.spend() && budget.spend() && !budget.spend());
        for _ in 0..9 {
            budget.earn();
        }
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }
}
