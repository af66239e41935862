//! The `coverage` table: what the snapshot holds of each account, and whether that is all.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};

use crate::model::{DecimalType, Proof, Reason, UnitOutcome};
use crate::table::Table;

use super::BuildError;
use super::column::{Columns, at, text_at};
use super::held::HeldRows;
use super::input::Walked;
use super::merge::Rows;
use super::part::Watch;
use super::population::{Population, Standing};

/// The accounts of the new snapshot, watched while their table is built.
#[derive(Debug, Default)]
pub(super) struct Listed(pub(super) Vec<(Option<i64>, i64)>);

impl Watch for Listed {
    fn see(&mut self, rows: &RecordBatch) -> Result<(), BuildError> {
        let columns = Columns::of(Table::Accounts, rows);
        let (ids, users) = (columns.numbers("id")?, columns.numbers("id_user")?);
        self.0.extend((0..rows.num_rows()).filter_map(|row| Some((at(users, row), at(ids, row)?))));
        Ok(())
    }
}

/// How an account's rows are proven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Certainty {
    proof: Option<Proof>,
    complete: bool,
    reason: Option<Reason>,
}

/// What the parent says of accounts of users who were not fetched.
#[derive(Debug, Default)]
pub(super) struct Before(HashMap<(Option<i64>, i64), Certainty>);

impl Before {
    pub(super) fn read(rows: Rows<'_>, population: &Population) -> Result<Self, BuildError> {
        let mut before = HashMap::new();
        for rows in rows {
            let rows = rows?;
            let columns = Columns::of(Table::Coverage, &rows);
            let (accounts, users) = (columns.numbers("id_account")?, columns.numbers("id_user")?);
            let (proofs, reasons) = (columns.texts("proof")?, columns.texts("reason")?);
            let complete = columns.flags("complete")?;
            for row in 0..rows.num_rows() {
                let user = at(users, row);
                if let Some(account) = at(accounts, row)
                    && population.standing(user) == Standing::Stays
                {
                    let certainty = Certainty {
                        proof: text_at(proofs, row).and_then(Proof::from_code),
                        complete: complete.is_valid(row) && complete.value(row),
                        reason: text_at(reasons, row).and_then(Reason::from_code),
                    };
                    before.insert((user, account), certainty);
                }
            }
        }
        Ok(Self(before))
    }
}

/// The whole table, in its order.
pub(super) fn rows(
    listed: Listed,
    held: &BTreeMap<(Option<i64>, i64), HeldRows>,
    walked: &BTreeMap<i64, &Walked>,
    population: &Population,
    before: &Before,
    decimal: DecimalType,
) -> Result<RecordBatch, BuildError> {
    // Accounts whose rows are held and who are in no list have a row of their own.
    let mut accounts: BTreeMap<(Option<i64>, i64), HeldRows> =
        listed.0.into_iter().map(|key| (key, HeldRows::default())).collect();
    accounts.extend(held.iter().map(|(key, held)| (*key, *held)));
    let certainties = certainties(accounts.keys(), walked, population, before);
    let column = |name: &str| column(name, &accounts, &certainties);
    let schema = Table::Coverage.schema().arrow(decimal);
    let columns: Option<Vec<_>> = schema.fields().iter().map(|field| column(field.name())).collect();
    let columns = columns
        .ok_or(BuildError::Columns { table: Table::Coverage, what: "that this program gives them" })?;
    RecordBatch::try_new(schema, columns).map_err(BuildError::rows(Table::Coverage))
}

/// How certain each account's rows are.
fn certainties<'a>(
    accounts: impl Iterator<Item = &'a (Option<i64>, i64)>,
    walked: &BTreeMap<i64, &Walked>,
    population: &Population,
    before: &Before,
) -> Vec<Certainty> {
    let proven: HashMap<(i64, i64), Certainty> = walked
        .iter()
        .flat_map(|(user, unit)| unit.accounts.iter().map(move |walk| (*user, walk)))
        .map(|(user, walk)| {
            let certainty =
                Certainty { proof: Some(walk.proof), complete: walk.complete, reason: walk.reason };
            ((user, walk.account.get()), certainty)
        })
        .collect();
    let certainty = |(user, account): (Option<i64>, i64)| -> Certainty {
        let unit = user.and_then(|user| walked.get(&user).map(|unit| (user, unit)));
        if let Some((user, unit)) = unit {
            // An account that is in no list came with the walk of the whole user, and is as complete as that.
            let whole = Certainty { proof: Some(unit.proof), complete: true, reason: None };
            return proven.get(&(user, account)).copied().unwrap_or(whole);
        }
        let known = before.0.get(&(user, account)).copied().unwrap_or_default();
        match user.and_then(|user| population.row(user)).filter(|row| row.outcome == UnitOutcome::Carried) {
            Some(carried) => Certainty { complete: false, reason: carried.reason, ..known },
            None => known,
        }
    };
    accounts.map(|key| certainty(*key)).collect()
}

/// A column of the table; `None`: it has no such column.
fn column(
    name: &str,
    accounts: &BTreeMap<(Option<i64>, i64), HeldRows>,
    certainties: &[Certainty],
) -> Option<ArrayRef> {
    let dates = |of: fn((i32, i32)) -> i32| -> ArrayRef {
        Arc::new(accounts.values().map(|held| held.dates.map(of)).collect::<Date32Array>())
    };
    let texts = |of: fn(&Certainty) -> Option<&'static str>| -> ArrayRef {
        Arc::new(certainties.iter().map(of).collect::<StringArray>())
    };
    Some(match name {
        "id_account" => Arc::new(accounts.keys().map(|(_, account)| Some(*account)).collect::<Int64Array>()),
        "id_user" => Arc::new(accounts.keys().map(|(user, _)| *user).collect::<Int64Array>()),
        "first_date" => dates(|dates| dates.0),
        "last_date" => dates(|dates| dates.1),
        "rows" => {
            Arc::new(accounts.values().map(|held| i64::try_from(held.rows).ok()).collect::<Int64Array>())
        }
        "proof" => texts(|certainty| certainty.proof.map(Proof::as_str)),
        "complete" => Arc::new(certainties.iter().map(|c| Some(c.complete)).collect::<BooleanArray>()),
        "reason" => texts(|certainty| certainty.reason.map(Reason::as_str)),
        _ => return None,
    })
}
