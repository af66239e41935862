//! The settings of a run.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use powens_export::api::{ApiConfig, BaseUrl, Rate, Timings};
use powens_export::export::{RunConfig, RunMode, Syncs};
use powens_export::model::{Secret, UserId, Window};

use super::super::cells::Cell;
use super::super::conduct;
use super::super::schedule::{Night, Order};
use super::super::trouble::Fate;
use super::Playing;
use super::prepared::Prepared;

impl Playing<'_> {
    pub(super) fn config(&self, night: &Night, prepared: &Prepared) -> RunConfig {
        let date = |text: &Cell| text.as_deref().map(|text| text.parse().unwrap());
        let every = match night.order {
            Order::Auto(days) => days,
            _ => 400,
        };
        let api = self.api(prepared.troubles.iter().any(|trouble| trouble.silent), &prepared.fate);
        RunConfig {
            formats: self.schedule.formats,
            mode: if night.order == Order::Full { RunMode::Full } else { RunMode::Auto },
            window: Window::new(date(&prepared.window.0), date(&prepared.window.1)).unwrap(),
            users: prepared.only.and_then(UserId::new).into_iter().collect(),
            full_every_days: every,
            accept_shrink: self.accept_shrink,
            syncs: Syncs::Counted,
            started_at: Some(self.sandbox.with_world(|world| world.clock().now())),
            ..RunConfig::new(self.lake.clone(), api)
        }
    }

    fn api(&self, silence: bool, fate: &Fate) -> ApiConfig {
        let mut api = ApiConfig::new(
            BaseUrl::parse(&self.sandbox.base_url()).unwrap(),
            self.sandbox.client_id(),
            Secret::new(self.sandbox.client_secret()),
            Secret::new(self.sandbox.users_token()),
        );
        api.concurrency = NonZeroUsize::new(self.schedule.concurrency).unwrap();
        if !self.schedule.adaptive {
            api.rate = Rate::PerSecond(NonZeroU32::new(50_000).unwrap());
        }
        // The faults of two troubles may all meet one renewal.
        api.limits.renew_attempts = api.limits.attempts;
        // Long where a busy machine could mistake itself for a dead server, short where that is the point.
        let dead = matches!(fate, Fate::Stopped(69) | Fate::MayStop(69) | Fate::Outage);
        let patient = if dead { 1 } else { 20 };
        let fast = Timings::scaled(0.001);
        api.timings = Timings {
            connect: Duration::from_secs(20),
            idle_read: if silence { Duration::from_millis(700) } else { Duration::from_secs(20) },
            attempt: Duration::from_secs(60),
            slow_window: Duration::from_secs(60),
            keep_alive: Duration::from_secs(60),
            unit: Duration::from_secs(600),
            // Users in hand may finish when the run is stopped, or not.
            drain: if self.schedule.seed.is_multiple_of(2) { Duration::from_secs(20) } else { fast.drain },
            retry_after_second: conduct::SECOND,
            first_success_patience: fast.first_success_patience * patient,
            outage_patience: fast.outage_patience * patient,
            throttle_patience: fast.throttle_patience * patient,
            ..fast
        };
        api
    }
}
