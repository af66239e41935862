//! What the manifest says, held against the files.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cells::Cell;
use super::super::lake::{Findings, Sheet, Unit, text};
use super::Run;

impl Run<'_> {
    /// The manifest against the files: who is complete, who is not, what the lists name.
    pub(super) fn manifest_agrees(&self, units: &BTreeMap<i64, Unit>, findings: &mut Findings) {
        let manifest = &self.after.manifest;
        for outcome in ["complete", "carried", "kept", "failed", "skipped", "gone"] {
            let n = units.values().filter(|unit| unit.outcome == outcome).count() as u64;
            if manifest["users"][outcome].as_u64() != Some(n) {
                findings.push(format!(
                    "{n} users are {outcome}, the manifest says {}",
                    manifest["users"][outcome]
                ));
            }
        }
        let named: BTreeSet<i64> = manifest["incomplete"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id_user"].as_i64().unwrap())
            .collect();
        let lacking: BTreeSet<i64> = units
            .iter()
            .filter(|(_, unit)| matches!(unit.outcome.as_str(), "carried" | "failed"))
            .map(|(user, _)| *user)
            .collect();
        if named != lacking {
            findings.push(format!("incomplete are {lacking:?}, the manifest names {named:?}"));
        }
        let status = if lacking.is_empty() { "complete" } else { "partial" };
        if text(&manifest["status"]) != status {
            findings.push(format!("the status is {} and should be {status}", manifest["status"]));
        }
        for (list, table, column) in
            [("accounts", "coverage", "id_account"), ("connections", "connections", "id")]
        {
            let mut listed: Vec<i64> = manifest[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry["id"].as_i64().unwrap())
                .collect();
            let mut ids = self.after.table(table).ids(column);
            listed.sort_unstable();
            ids.sort_unstable();
            if listed != ids {
                findings.push(format!("the manifest lists {list} {listed:?}, the table holds {ids:?}"));
            }
        }
        let sheet = self.after.table("transactions");
        let dates: Vec<&str> = if sheet.columns.is_empty() {
            Vec::new()
        } else {
            sheet.rows.iter().filter_map(|row| row[sheet.at("date")].as_deref()).collect()
        };
        let window = &manifest["window"];
        let said = (window["exported"]["min"].as_str(), window["exported"]["max"].as_str());
        if said != (dates.iter().min().copied(), dates.iter().max().copied()) || window["filter"] != "date" {
            findings.push(format!("the window is said to be {window}"));
        }
    }

    /// What the manifest says that changed, against what changed.
    pub(super) fn changes_agree(&self, findings: &mut Findings) {
        let none = Sheet::default();
        for table in ["transactions", "accounts"] {
            let before = self.before.map_or(&none, |before| before.table(table));
            let after = self.after.table(table);
            let (old, new) = (keyed(before), keyed(after));
            let inserted = new.keys().filter(|id| !old.contains_key(*id)).count() as u64;
            let vanished = old.keys().filter(|id| !new.contains_key(*id)).count() as u64;
            let said = &self.after.manifest["changes"][table];
            if (said["inserted"].as_u64(), said["vanished"].as_u64()) != (Some(inserted), Some(vanished)) {
                findings
                    .push(format!("{table}: {inserted} came and {vanished} went, the manifest says {said}"));
            }
        }
    }
}

fn keyed(sheet: &Sheet) -> BTreeMap<Cell, &Vec<Cell>> {
    if sheet.columns.is_empty() {
        return BTreeMap::new();
    }
    let at = sheet.at("id");
    sheet.rows.iter().map(|row| (row[at].clone(), row)).collect()
}
