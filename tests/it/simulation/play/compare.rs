//! The lake of many nights, held against a fresh export.

use std::collections::BTreeSet;
use std::path::Path;

use powens_export::export::{self, Cancel, RunConfig};
use powens_export::sandbox::Nights;
use powens_export::verify::verify;

use super::super::lake::{self, Findings};
use super::super::schedule::{Night, Order};
use super::Playing;

impl Playing<'_> {
    /// Brings the lake up to date and compares it with a fresh export: the same data are the same bytes, whatever
    /// happened before.
    pub(super) async fn compare(&mut self, fresh: &Path) {
        const TABLES: &[&str] = &["users", "connections", "connection_sources", "accounts", "transactions"];
        let night = Night {
            seed: 0,
            soon: None,
            gap: 1,
            stirred: 0,
            rearranged: false,
            moved: false,
            churn: None,
            troubles: 0,
            order: Order::Full,
        };
        if !self.failed.is_empty() {
            // What the last attempts left is used up first: it is as old as they are.
            self.accept_shrink = true;
            self.night(&night, self.schedule.nights.len()).await;
        }
        self.sandbox.night_of(Nights::QUIET);
        self.accept_shrink = true;
        self.night(&night, self.schedule.nights.len() + 1).await;
        let prepared = self.prepare(&night);
        let config = RunConfig { dest: fresh.to_owned(), ..self.config(&night, &prepared) };
        let report = export::run(config, Cancel::new(), &|_| {}).await;
        let mut findings = Findings::new();
        match (report, lake::read(fresh), &self.last) {
            (Ok(_), (Some(fresh), more), Some(last)) => {
                findings.extend(more);
                let (old, new) = (last.digests(TABLES), fresh.digests(TABLES));
                // What lost many rows was seen twice, and nothing else tells it from a fresh walk.
                if last.without("coverage", "proof") != fresh.without("coverage", "proof") {
                    findings.push("coverage is not what a fresh export writes".to_owned());
                }
                for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                    if old.get(path) != new.get(path) {
                        findings.push(format!("{path} is not what a fresh export writes"));
                    }
                }
            }
            (Err(error), ..) => findings.push(format!("a fresh export fails: {error}")),
            _ => findings.push("nothing to compare".to_owned()),
        }
        let report = verify(&self.lake, None).unwrap();
        findings.extend(report.findings.iter().map(|finding| format!("verify: {finding:?}")));
        self.played.tally.compared += 1;
        self.played.findings.extend(findings);
    }
}
