//! What a connection's state means for the data behind it.
//!
//! Stored data stay readable in every state; the state only says whether they are being refreshed, and who can help.
//! Health is a pure function of what is served; how old the data are depends on now and is computed by `status`.

use std::fmt;

/// A connection's or source's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// The last synchronisation succeeded.
    Healthy,
    /// Frozen until the end user does something: consent, password, a code.
    ActionNeeded,
    /// Will resolve by itself: the bank throttles, is down, or a validation is under way.
    Waiting,
    /// Frozen until Powens repairs something.
    Stale,
    /// The source is not supported: it has no data.
    Unsupported,
    /// No automatic synchronisation any more.
    Inactive,
    /// Never synchronised: empty lists mean nothing.
    NeverSynced,
    /// Switched off; ignored when synchronising.
    Disabled,
    /// A state that was not known when this program was written.
    Unknown,
}

impl Health {
    /// The health as it is written into files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::ActionNeeded => "action_needed",
            Self::Waiting => "waiting",
            Self::Stale => "stale",
            Self::Unsupported => "unsupported",
            Self::Inactive => "inactive",
            Self::NeverSynced => "never_synced",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    /// Every health, in order.
    pub const ALL: [Self; 9] = [
        Self::Healthy,
        Self::ActionNeeded,
        Self::Waiting,
        Self::Stale,
        Self::Unsupported,
        Self::Inactive,
        Self::NeverSynced,
        Self::Disabled,
        Self::Unknown,
    ];

    /// The health that a text names.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.as_str() == text)
    }

    /// Who can clear it, as the manifest says it: `user`, `user or operator`, `powens`. `None`: it is well, it resolves by
    /// itself, or nobody can.
    #[must_use]
    pub const fn who(self) -> Option<&'static str> {
        match self {
            Self::Healthy | Self::Disabled | Self::Waiting | Self::Unsupported => None,
            Self::ActionNeeded => Some("user"),
            Self::Inactive => Some("user or operator"),
            Self::Stale | Self::Unknown | Self::NeverSynced => Some("powens"),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The facts that health is a function of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// The state, verbatim; `None` is null.
    pub state: Option<&'a str>,
    /// The deprecated copy of the state, used where the state is null.
    pub error: Option<&'a str>,
    /// Whether synchronisations are planned at all; `None` where nothing says so.
    pub active: Option<bool>,
    /// Whether the source is switched off.
    pub disabled: bool,
    /// Whether it was ever synchronised.
    pub ever_updated: bool,
}

/// The health of a connection or source. States are matched without regard to case, as error codes are (`wrongPass`).
#[must_use]
pub fn health(facts: Facts<'_>) -> Health {
    if facts.disabled {
        return Health::Disabled;
    }
    let state = facts.state.or(facts.error).filter(|text| !text.is_empty());
    match state.map(str::to_ascii_lowercase).as_deref() {
        None if facts.active == Some(false) => Health::Inactive,
        None if !facts.ever_updated => Health::NeverSynced,
        None => Health::Healthy,
        Some(
            "scarequired"
            | "webauthrequired"
            | "additionalinformationneeded"
            | "decoupled"
            | "actionneeded"
            | "passwordexpired"
            | "wrongpass",
        ) => Health::ActionNeeded,
        Some("validating" | "ratelimiting" | "websiteunavailable") => Health::Waiting,
        Some("bug") => Health::Stale,
        Some("notsupported") => Health::Unsupported,
        Some(_) => Health::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_decides_before_activity_and_age() {
        let facts = Facts { ever_updated: true, ..Facts::default() };
        assert_eq!(health(facts), Health::Healthy);
        assert_eq!(health(Facts { state: Some("SCARequired"), ..facts }), Health::ActionNeeded);
        assert_eq!(health(Facts { state: None, error: Some("bug"), ..facts }), Health::Stale);
        assert_eq!(health(Facts { state: Some("newState"), ..facts }), Health::Unknown);
        assert_eq!(health(Facts { active: Some(false), ..facts }), Health::Inactive);
        assert_eq!(health(Facts { ever_updated: false, ..facts }), Health::NeverSynced);
        assert_eq!(health(Facts { disabled: true, state: Some("bug"), ..facts }), Health::Disabled);
    }
}
