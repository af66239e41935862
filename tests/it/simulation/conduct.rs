//! Holds a run's requests against the rules for guests: politeness, pauses, tokens, numbers.

use std::time::Duration;

use powens_export::sandbox::{Endpoint, RequestRecord, Sandbox};
use serde_json::Value;

use super::lake::Findings;

/// What one second of a `Retry-After` lasts in a schedule.
pub(super) const SECOND: Duration = Duration::from_millis(4);

/// The requests of a run that asked for nothing forbidden.
pub(super) fn polite(sandbox: &Sandbox, findings: &mut Findings) {
    for violation in sandbox.violations() {
        findings.push(format!("forbidden: {:?} {}", violation.kind, violation.what));
    }
}

/// After an answer 429 that names a time nobody asks earlier. With several users at a time, requests that were on
/// their way already may still arrive: there only the one that was refused is looked at.
pub(super) fn patient(requests: &[RequestRecord], concurrency: usize, seconds: u64, findings: &mut Findings) {
    let pause = SECOND * u32::try_from(seconds).unwrap();
    for (at, refused) in requests.iter().enumerate() {
        if refused.status != 429 || refused.fault.is_none() {
            continue;
        }
        let again = requests[at + 1..].iter().find(|next| {
            concurrency == 1
                || (next.user == refused.user && next.path == refused.path && next.query == refused.query)
        });
        if let Some(again) = again
            && again.received < refused.received + pause
        {
            let early = refused.received + pause - again.received;
            findings.push(format!("request {} came {early:?} before its time", again.number));
        }
    }
}

/// The manifest's own count of what was asked. What was sent into a connection that the server had closed never
/// arrived; the manifest says how often that was.
pub(super) fn counted(requests: &[RequestRecord], manifest: &Value, findings: &mut Findings) {
    let said = &manifest["requests"];
    let retries = |kind: &str| said["retries"][kind].as_u64().unwrap_or_default();
    let (arrived, sent) = (requests.len() as u64, said["total"].as_u64().unwrap());
    let astray = retries("stale_connection") + retries("broken") + retries("timeout");
    if sent < arrived || sent > arrived + astray {
        findings.push(format!("{arrived} requests, the manifest says {sent}"));
    }
    let throttled = requests.iter().filter(|record| record.status == 429).count() as u64;
    if said["throttled"].as_u64() != Some(throttled) {
        findings.push(format!("{throttled} answers 429, the manifest says {}", said["throttled"]));
    }
}

/// Faults that spoil nothing.
const HARMLESS: &[&str] = &["Gzip", "Chunked", "SetCookie", "Drip"];

/// Retries never multiply: a tenth of what went well, and a hundred.
pub(super) fn sparing(requests: &[RequestRecord], findings: &mut Findings) {
    let spoiled = |record: &&RequestRecord| {
        let fault = record.fault.as_deref();
        fault.is_some_and(|fault| !HARMLESS.contains(&fault)) && record.status != 429
    };
    let failed = requests.iter().filter(spoiled).count();
    let well = requests.len() - failed;
    if failed * 10 > well + 1_100 {
        findings.push(format!("{failed} requests failed against {well} that went well"));
    }
}

/// Tokens whose renewal was answered badly: nobody but the server knows them, nobody can revoke them.
pub(super) fn lost_tokens(log: &[RequestRecord]) -> usize {
    log.iter().filter(|record| record.endpoint == Endpoint::Renew && record.fault.is_some()).count()
}

/// Every token is dead, counted in the manifest, or lost in a renewal's answer.
pub(super) fn tokens_accounted(sandbox: &Sandbox, manifest: &Value, lost: usize, findings: &mut Findings) {
    let (left, counted) =
        (sandbox.tokens_left().len(), manifest["requests"]["tokens_left"].as_u64().unwrap());
    if left as u64 > counted + lost as u64 {
        findings.push(format!("{left} tokens are alive, {counted} are counted and {lost} may be lost"));
    }
}
