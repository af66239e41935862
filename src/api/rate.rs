//! How fast requests may go: `--rate`, and what a number of requests will take.

use std::fmt;
use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;
use std::time::Duration;

/// First interval of the adaptive pacer: 10 requests a second.
pub(super) const FIRST_INTERVAL: Duration = Duration::from_millis(100);

/// The rate asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// Found out while running: as fast as the API lets us and the concurrency allows.
    #[default]
    Adaptive,
    /// At most so many requests a second.
    PerSecond(NonZeroU32),
    /// At most so many requests a minute.
    PerMinute(NonZeroU32),
}

/// The text is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a whole number per second or minute, such as 10/s or 30/min")]
pub struct NotARate;

impl Rate {
    /// The time between two requests; `None` when it is found out while running.
    #[must_use]
    pub fn interval(self) -> Option<Duration> {
        match self {
            Self::Adaptive => None,
            Self::PerSecond(count) => Some(Duration::from_secs(1) / count.get()),
            Self::PerMinute(count) => Some(Duration::from_secs(60) / count.get()),
        }
    }
}

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (count, unit) = text.split_once('/').ok_or(NotARate)?;
        if !count.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotARate);
        }
        let count = count.parse::<NonZeroU32>().map_err(|_| NotARate)?;
        match unit {
            "s" => Ok(Self::PerSecond(count)),
            "min" => Ok(Self::PerMinute(count)),
            _ => Err(NotARate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adaptive => f.write_str("adaptive"),
            Self::PerSecond(count) => write!(f, "{count}/s"),
            Self::PerMinute(count) => write!(f, "{count}/min"),
        }
    }
}

/// How long `requests` take at a rate, with so many at a time, each answered after `latency`: the pacer's ramp
/// included, refusals not. What `plan` prints.
#[must_use]
pub fn estimate_duration(
    requests: u64,
    rate: Rate,
    concurrency: NonZeroUsize,
    latency: Duration,
) -> Duration {
    if requests == 0 {
        return Duration::ZERO;
    }
    let workers = u32::try_from(concurrency.get()).unwrap_or(u32::MAX);
    let bound_by_latency = latency / workers;
    let times = |interval: Duration, count: u64| {
        Duration::from_nanos(u64::try_from(interval.as_nanos() * u128::from(count)).unwrap_or(u64::MAX))
    };
    // The first request goes at once; the last one's answer takes its latency.
    let gaps = requests - 1;
    let moving = match rate.interval() {
        Some(interval) => times(interval.max(bound_by_latency), gaps),
        None => {
            let (mut left, mut elapsed, mut interval) = (gaps, Duration::ZERO, FIRST_INTERVAL);
            while interval > bound_by_latency.max(Duration::from_micros(500)) {
                let in_a_second =
                    u64::try_from(Duration::from_secs(1).as_nanos() / interval.as_nanos()).unwrap_or(1);
                if left <= in_a_second {
                    break;
                }
                left -= in_a_second;
                elapsed += Duration::from_secs(1);
                interval /= 2;
            }
            elapsed + times(interval.max(bound_by_latency), left)
        }
    };
    moving + latency
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workers(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn rates_are_read_and_written() {
        for text in ["10/s", "30/min", "1/s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in
            ["", "10", "10/h", "0/s", "-1/s", "+1/s", "1.5/s", "10/sec", "/s", "99999999999/s", " 1/s"]
        {
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text}");
        }
        assert_eq!("30/min".parse::<Rate>().unwrap().interval(), Some(Duration::from_secs(2)));
        assert_eq!(Rate::Adaptive.interval(), None);
    }

    #[test]
    fn durations_are_estimated() {
        let rate = "30/min".parse().unwrap();
        let latency = Duration::from_millis(200);
        assert_eq!(estimate_duration(0, rate, workers(8), latency), Duration::ZERO);
        assert_eq!(estimate_duration(1, rate, workers(8), latency), latency);
        // 10,000 users at 5 requests each, 30 a minute: 28 hours.
        let hours = estimate_duration(50_000, rate, workers(8), latency).as_secs() / 3600;
        assert_eq!(hours, 27);
        // Latency binds: 8 workers at 200 ms are 40/s.
        let fast = estimate_duration(40_001, "1000/s".parse().unwrap(), workers(8), latency);
        assert_eq!(fast, Duration::from_millis(1_000_200));
        // Adaptive: 10 + 20 requests in the first two seconds, then 40/s.
        let adaptive = estimate_duration(4_031, Rate::Adaptive, workers(8), latency);
        assert_eq!(adaptive, Duration::from_millis(102_200));
    }
}
