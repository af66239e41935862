//! Who is needed, and since when.

use std::collections::BTreeMap;

use crate::model::{ConnectionId, SourceId};
use crate::table::health::Health;

use super::Manifest;
use super::people::{Attention, AttentionKind};
use super::text::UtcTime;

/// What may need somebody.
pub(super) type Needy = (AttentionKind, Option<ConnectionId>, Option<SourceId>);

/// What needs somebody, as it is found.
#[derive(Debug, Default)]
pub(super) struct Needs {
    since: Since,
    found: Vec<Attention>,
}

impl Needs {
    /// Nothing yet. `parent`: knows since when what needed somebody before does; what is new does so since `now`.
    pub(super) fn since(parent: Option<&Manifest>, now: UtcTime) -> Self {
        Self { since: Since::of(parent, now), found: Vec::new() }
    }

    /// Adds what somebody can do something about; what else is known of it is left to the caller.
    pub(super) fn add(
        &mut self,
        needy: Needy,
        health: &str,
        state: Option<&str>,
        last_update: Option<UtcTime>,
    ) -> Option<&mut Attention> {
        let who = Health::from_text(health).and_then(Health::who)?;
        let since = self.since.when(needy, state, health)?;
        let (kind, id_connection, id_source) = needy;
        self.found.push(Attention {
            kind,
            id_user: None,
            id_connection,
            id_source,
            connector_name: None,
            state: state.map(str::to_owned),
            health: health.to_owned(),
            who: who.to_owned(),
            since,
            last_update,
        });
        self.found.last_mut()
    }

    /// All of it, by user, connection and source.
    pub(super) fn sorted(mut self) -> Vec<Attention> {
        self.found.sort_by_key(|need| (need.id_user, need.id_connection, need.kind, need.id_source));
        self.found
    }
}

/// In what state something needed somebody, and since when.
#[derive(Debug, Default)]
struct Since {
    known: BTreeMap<Needy, (Option<String>, String, UtcTime)>,
    now: Option<UtcTime>,
}

impl Since {
    fn of(parent: Option<&Manifest>, now: UtcTime) -> Self {
        let entry = |seen: &Attention| {
            let key = (seen.kind, seen.id_connection, seen.id_source);
            (key, (seen.state.clone(), seen.health.clone(), seen.since))
        };
        let known = parent.map(|manifest| manifest.attention.iter().map(entry).collect()).unwrap_or_default();
        Self { known, now: Some(now) }
    }

    /// Since when it is in this state.
    fn when(&self, needy: Needy, state: Option<&str>, health: &str) -> Option<UtcTime> {
        match self.known.get(&needy) {
            Some((before, healthy, since)) if before.as_deref() == state && healthy == health => Some(*since),
            _ => self.now,
        }
    }
}
