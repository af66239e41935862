//! The rate limit: a token bucket over real time.

use std::time::Instant;

use super::config::RateLimit;

/// A bucket that fills at a constant rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    limit: RateLimit,
    /// Millionths of a request.
    level: u64,
    filled: Instant,
}

const WHOLE: u64 = 1_000_000;

impl Bucket {
    pub(crate) fn new(limit: RateLimit, now: Instant) -> Self {
        Self { limit, level: u64::from(limit.burst) * WHOLE, filled: now }
    }

    /// Takes one request out, or says in how many seconds there will be one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), u64> {
        let rate = u64::from(self.limit.per_minute.max(1));
        let micros =
            u64::try_from(now.saturating_duration_since(self.filled).as_micros()).unwrap_or(u64::MAX);
        self.filled = now;
        let filled = micros.saturating_mul(rate) / 60;
        self.level = self.level.saturating_add(filled).min(u64::from(self.limit.burst.max(1)) * WHOLE);
        if self.level >= WHOLE {
            self.level -= WHOLE;
            return Ok(());
        }
        Err(((WHOLE - self.level) * 60).div_ceil(rate * WHOLE).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_runs_dry_and_fills_again() {
        let start = Instant::now();
        let mut bucket = Bucket::new(RateLimit { per_minute: 30, burst: 2 }, start);
        assert_eq!(bucket.take(start), Ok(()));
        assert_eq!(bucket.take(start), Ok(()));
        assert_eq!(bucket.take(start), Err(2));
        assert_eq!(bucket.take(start + Duration::from_secs(1)), Err(1));
        assert_eq!(bucket.take(start + Duration::from_secs(2)), Ok(()));
        assert_eq!(bucket.take(start + Duration::from_secs(600)), Ok(()));
    }
}
