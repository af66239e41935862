//! Jitter: a small generator that needs no crate and no secrecy.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Spreads waits so that workers do not return in step.
#[derive(Debug)]
pub(super) struct Jitter {
    state: AtomicU64,
}

impl Jitter {
    /// A generator with the standard library's per-process random seed.
    pub(super) fn from_process() -> Self {
        Self::from_seed(RandomState::new().hash_one(0_u8))
    }

    /// A generator that repeats itself.
    pub(super) fn from_seed(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next number (SplitMix64).
    fn next(&self) -> u64 {
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A duration between zero and `longest`, each as likely as the other.
    pub(super) fn up_to(&self, longest: Duration) -> Duration {
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.next().checked_rem(nanos.saturating_add(1)).unwrap_or(0))
    }

    /// Full jitter: between zero and `min(cap, base · 2^step)`.
    pub(super) fn backoff(&self, base: Duration, cap: Duration, step: u32) -> Duration {
        self.up_to(base.saturating_mul(1_u32 << step.min(20)).min(cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_is_spread_below_its_cap() {
        let jitter = Jitter::from_seed(7);
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
        for step in 0..40 {
            let longest = base.saturating_mul(1 << step.min(10)).min(cap);
            let draws: Vec<_> = (0..200).map(|_| jitter.backoff(base, cap, step)).collect();
            assert!(draws.iter().all(|wait| *wait <= longest), "step {step}");
            assert!(draws.iter().any(|wait| *wait > longest / 2), "step {step}");
            assert!(draws.iter().any(|wait| *wait < longest / 2), "step {step}");
        }
    }
}
