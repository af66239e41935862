//! Delivery on a clock that the tests move: back-off, throttling, outages, pacing against a simulated server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::breaker::Reach;
use super::super::courier::{Attempt, Courier, Errand, Failure, FailureClass};
use super::super::random::Jitter;
use super::super::{ApiErrorKind, Endpoint, Fault, Limits, Rate, RetryKind, Timings, estimate_duration};

const ERRAND: Errand = Errand { endpoint: Endpoint::Accounts, user: None, attempts: 6 };

fn courier(concurrency: usize, rate: Rate) -> Courier {
    Courier::new(concurrency, rate, Timings::default(), &Limits::default(), Jitter::from_seed(1))
}

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// An attempt that takes a while and then asks a function.
struct Simulated<F> {
    latency: Duration,
    judge: F,
}

impl<F: FnMut() -> Result<(), FailureClass> + Send> Attempt for Simulated<F> {
    type Output = ();

    async fn attempt(&mut self) -> Result<(), Failure> {
        sleep(self.latency / 2).await;
        let verdict = (self.judge)();
        sleep(self.latency / 2).await;
        verdict.map_err(|class| Failure::of(class, ApiErrorKind::Transport(Fault::Connect)))
    }
}

fn at_once<F: FnMut() -> Result<(), FailureClass> + Send>(judge: F) -> Simulated<F> {
    Simulated { latency: Duration::ZERO, judge }
}

const UNCONNECTED: FailureClass = FailureClass::Transient(RetryKind::Connect, Reach::Unconnected);
const POISON: FailureClass = FailureClass::Transient(RetryKind::Server, Reach::Answered);

#[tokio::test(start_paused = true)]
async fn fault_14_an_outage_pauses_everybody_and_ends_by_itself() {
    let courier = Arc::new(courier(8, Rate::Adaptive));
    courier.deliver(ERRAND, at_once(|| Ok(()))).await.unwrap();
    let back = Instant::now() + secs(10 * 60);
    let sent = Arc::new(AtomicU32::new(0));
    let workers: Vec<_> = (0..20)
        .map(|_| {
            let (courier, sent) = (Arc::clone(&courier), Arc::clone(&sent));
            tokio::spawn(async move {
                let judge = || {
                    sent.fetch_add(1, Ordering::SeqCst);
                    if Instant::now() < back { Err(UNCONNECTED) } else { Ok(()) }
                };
                courier.deliver(ERRAND, at_once(judge)).await
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap().unwrap();
    }
    assert!(Instant::now() < back + secs(61));
    let sent = sent.load(Ordering::SeqCst);
    assert!(sent < 60, "{sent} requests for 20 in an outage of ten minutes");
}

#[tokio::test(start_paused = true)]
async fn fault_14_an_outage_of_fifteen_minutes_ends_the_run() {
    for concurrency in [1, 8] {
        let courier = Arc::new(courier(concurrency, Rate::Adaptive));
        courier.deliver(ERRAND, at_once(|| Ok(()))).await.unwrap();
        let start = Instant::now();
        let workers: Vec<_> = (0..concurrency)
            .map(|_| {
                let courier = Arc::clone(&courier);
                tokio::spawn(async move { courier.deliver(ERRAND, at_once(|| Err(UNCONNECTED))).await })
            })
            .collect();
        for worker in workers {
            let error = worker.await.unwrap().unwrap_err();
            assert_eq!(error.kind, ApiErrorKind::Unreachable(Fault::Connect), "{error}");
        }
        let lasted = start.elapsed();
        assert!(lasted >= secs(15 * 60) && lasted < secs(15 * 60 + 30), "{lasted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fault_01_an_api_that_was_never_there_ends_the_run_after_two_minutes() {
    let courier = courier(8, Rate::Adaptive);
    let error = courier.deliver(ERRAND, at_once(|| Err(UNCONNECTED))).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unreachable(Fault::Connect));
    assert!(
        error.context.elapsed >= secs(120) && error.context.elapsed < secs(150),
        "{:?}",
        error.context.elapsed
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_does_not_hold_the_others() {
    let courier = Arc::new(courier(4, Rate::Adaptive));
    for _ in 0..5 {
        let short = Errand { attempts: 1, ..ERRAND };
        courier.deliver(short, at_once(|| Err(UNCONNECTED))).await.unwrap_err();
    }
    let slow = Simulated { latency: secs(10_000), judge: || Ok(()) };
    let probing = Arc::clone(&courier);
    let probe = tokio::spawn(async move { probing.deliver(ERRAND, slow).await });
    sleep(secs(6)).await;
    let waiting = Arc::clone(&courier);
    let other = tokio::spawn(async move { waiting.deliver(ERRAND, at_once(|| Ok(()))).await });
    sleep(secs(1)).await;
    assert!(!other.is_finished());
    probe.abort();
    other.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn fault_15_nobody_goes_before_retry_after_is_over() {
    for seed in 0..50 {
        let courier = Arc::new(Courier::new(
            8,
            Rate::Adaptive,
            Timings::default(),
            &Limits::default(),
            Jitter::from_seed(seed),
        ));
        let asked = seed * 7 % 300;
        let closed_until = Arc::new(Mutex::new(None::<Instant>));
        let workers: Vec<_> = (0..40)
            .map(|number| {
                let (courier, closed_until) = (Arc::clone(&courier), Arc::clone(&closed_until));
                tokio::spawn(async move {
                    let judge = || {
                        let now = Instant::now();
                        let mut until = closed_until.lock().unwrap();
                        match *until {
                            None if number >= 5 => {
                                *until = Some(now + secs(asked));
                                Err(FailureClass::Throttled(Some(asked)))
                            }
                            Some(until) => {
                                assert!(now >= until, "{:?} early", until - now);
                                assert!(now <= until + secs(asked) / 10 + secs(60));
                                Ok(())
                            }
                            None => Ok(()),
                        }
                    };
                    courier.deliver(ERRAND, at_once(judge)).await
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap().unwrap();
        }
        assert_eq!(courier.stats().throttled, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_17_throttling_ends_the_run_after_fifteen_minutes_without_progress() {
    let courier = courier(1, Rate::Adaptive);
    let error =
        courier.deliver(ERRAND, at_once(|| Err(FailureClass::Throttled(Some(60))))).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::RateExhausted);
    assert!(error.context.attempts < 20);
    assert!(error.context.elapsed >= secs(13 * 60) && error.context.elapsed < secs(18 * 60));
}

#[tokio::test(start_paused = true)]
async fn fault_19_poisoned_users_fail_alone_and_do_not_slow_the_others() {
    let courier = Arc::new(courier(4, "100/s".parse().unwrap()));
    let start = Instant::now();
    let poisoned: Vec<_> = (0..3)
        .map(|_| {
            let courier = Arc::clone(&courier);
            tokio::spawn(async move { courier.deliver(ERRAND, at_once(|| Err(POISON))).await })
        })
        .collect();
    for _ in 0..200 {
        courier.deliver(ERRAND, at_once(|| Ok(()))).await.unwrap();
    }
    assert!(start.elapsed() < secs(3), "{:?}", start.elapsed());
    for user in poisoned {
        let error = user.await.unwrap().unwrap_err();
        assert_eq!(error.context.attempts, 6);
        assert!(error.reason().is_some());
    }
    courier.deliver(ERRAND, at_once(|| Ok(()))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_in_which_all_fails_stops_retrying() {
    let courier = courier(1, Rate::Adaptive);
    let mut sent = 0;
    for _ in 0..500 {
        let error = courier.deliver(ERRAND, at_once(|| Err(POISON))).await.unwrap_err();
        sent += error.context.attempts;
    }
    assert_eq!(sent, 500 + 100, "a hundred retries and no more");
}

/// A token bucket, as servers limit.
struct Bucket {
    per_second: f64,
    size: f64,
    tokens: f64,
    last: Instant,
    retry_after: bool,
}

impl Bucket {
    #[expect(clippy::float_arithmetic, reason = "a model of a server")]
    fn ask(&mut self) -> Result<(), FailureClass> {
        let now = Instant::now();
        self.tokens = (self.tokens + (now - self.last).as_secs_f64() * self.per_second).min(self.size);
        self.last = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = ((1.0 - self.tokens) / self.per_second).ceil().max(1.0);
        Err(FailureClass::Throttled(self.retry_after.then_some(wait as u64)))
    }
}

/// Accepted and refused requests after the first minute, as a share of what was permitted, and of what was sent.
#[expect(clippy::float_arithmetic, reason = "a report")]
async fn against_a_bucket(
    per_second: f64,
    size: f64,
    retry_after: bool,
    rate: Rate,
    seconds: u64,
) -> (f64, f64) {
    let courier = Arc::new(courier(8, rate));
    let start = Instant::now();
    let end = start + secs(60 + seconds);
    let bucket = Bucket { per_second, size, tokens: size, last: start, retry_after };
    let bucket = Arc::new(Mutex::new(bucket));
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (courier, bucket, counts) = (Arc::clone(&courier), Arc::clone(&bucket), Arc::clone(&counts));
            tokio::spawn(async move {
                while Instant::now() < end {
                    let judge = || {
                        let verdict = bucket.lock().unwrap().ask();
                        if (start + secs(60)..end).contains(&Instant::now()) {
                            counts[usize::from(verdict.is_err())].fetch_add(1, Ordering::SeqCst);
                        }
                        verdict
                    };
                    let attempt = Simulated { latency: Duration::from_millis(80), judge };
                    courier.deliver(ERRAND, attempt).await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let [accepted, refused] = [&counts[0], &counts[1]].map(|count| f64::from(count.load(Ordering::SeqCst)));
    (accepted / (per_second * seconds as f64), refused / (accepted + refused))
}

#[tokio::test(start_paused = true)]
async fn the_pacer_finds_what_a_token_bucket_permits() {
    for (per_second, size, retry_after, seconds) in [
        (0.5, 5.0, true, 3600),
        (0.5, 30.0, true, 3600),
        (2.0, 10.0, true, 1800),
        (5.0, 10.0, true, 900),
        (10.0, 10.0, true, 600),
        (20.0, 20.0, true, 600),
        (20.0, 200.0, true, 600),
        (50.0, 50.0, true, 600),
        (50.0, 50.0, false, 600),
        (50.0, 500.0, true, 600),
        (80.0, 80.0, true, 600),
    ] {
        let (share, refused) = against_a_bucket(per_second, size, retry_after, Rate::Adaptive, seconds).await;
        println!(
            "{per_second}/s, burst {size}, Retry-After {retry_after}: {share:.3} of it, {refused:.4} refused"
        );
        assert!(share >= 0.95, "{per_second}/s, burst {size}: only {share:.3} of what is permitted");
        assert!(refused < 0.01, "{per_second}/s, burst {size}: {refused:.4} were refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fixed_rate_is_kept_and_used() {
    let (share, refused) = against_a_bucket(0.5, 1.0, true, "30/min".parse().unwrap(), 1800).await;
    assert!(share > 0.99 && refused < 0.01, "{share} {refused}");
    // A server that permits more does not make it faster.
    let (share, refused) = against_a_bucket(50.0, 50.0, true, "10/s".parse().unwrap(), 100).await;
    assert!(share > 0.199 && share <= 0.2001 && refused < f64::EPSILON, "{share} {refused}");
}

#[tokio::test(start_paused = true)]
async fn concurrency_and_latency_are_the_only_limit_of_an_unlimited_server() {
    for (concurrency, latency_ms) in [(1, 50), (8, 200), (16, 100), (64, 150)] {
        let courier = Arc::new(courier(concurrency, Rate::Adaptive));
        let latency = Duration::from_millis(latency_ms);
        let start = Instant::now();
        let end = start + secs(120);
        let done = Arc::new(AtomicU32::new(0));
        let workers: Vec<_> = (0..concurrency * 2)
            .map(|_| {
                let (courier, done) = (Arc::clone(&courier), Arc::clone(&done));
                tokio::spawn(async move {
                    while Instant::now() < end {
                        courier.deliver(ERRAND, Simulated { latency, judge: || Ok(()) }).await.unwrap();
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        let ideal = 120_000 / latency_ms * concurrency as u64;
        let done = u64::from(done.load(Ordering::SeqCst));
        println!("{concurrency} at {latency_ms} ms: {done} of {ideal}");
        assert!(done * 100 >= ideal * 95, "{concurrency} at {latency_ms} ms: {done} of {ideal}");
        // The estimate that a plan prints is right too.
        let workers = std::num::NonZeroUsize::new(concurrency).unwrap();
        let estimate = estimate_duration(done, Rate::Adaptive, workers, latency);
        assert!(estimate > secs(115) && estimate < secs(125), "{estimate:?}");
    }
}
