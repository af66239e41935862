//! Control totals: exact sums of a table's main amount.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, i256};
use arrow::record_batch::RecordBatch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::DecimalType;
use crate::table::Table;

/// Number and sum of a column's values in one currency; a second opinion on every copy of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    /// The column.
    pub column: String,
    /// The currency; null: rows without one.
    pub currency: Option<String>,
    /// Values that are not null.
    pub count: u64,
    /// Their exact sum.
    #[schemars(regex(pattern = r"^-?[0-9]+\.[0-9]{2,}$"))]
    pub sum: String,
}

/// Exact sums of a table's main amount, per currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    column: Option<&'static str>,
    scale: u8,
    sums: BTreeMap<Option<String>, Sum>,
}

/// Wider than the column: a sum of many 38-digit amounts still fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sum {
    count: u64,
    sum: i256,
}

impl Sum {
    const ZERO: Self = Self { count: 0, sum: i256::ZERO };

    fn add(&mut self, count: u64, sum: i256) {
        self.count += count;
        self.sum = self.sum.wrapping_add(sum);
    }
}

impl Totals {
    /// No rows of a table yet. Tables without an amount of their own have no totals.
    #[must_use]
    pub fn new(table: Table, decimal: DecimalType) -> Self {
        Self::of(Some(table), decimal)
    }

    pub(super) fn of(table: Option<Table>, decimal: DecimalType) -> Self {
        let column = match table {
            Some(Table::Transactions) => Some("value"),
            Some(Table::Accounts | Table::Balances) => Some("balance"),
            _ => None,
        };
        Self { column, scale: decimal.scale(), sums: BTreeMap::new() }
    }

    /// Adds the rows of a batch.
    pub fn add(&mut self, rows: &RecordBatch) {
        let column = |name: &str| rows.column_by_name(name);
        let Some(amounts) = self.column.and_then(column).and_then(|c| c.as_primitive_opt::<Decimal128Type>())
        else {
            return;
        };
        let Some(currencies) = column("currency").and_then(|c| c.as_string_opt::<i32>()) else { return };
        // Rows of an account stand together: one look-up for each stretch of one currency, and `i128` inside it.
        let mut row = 0;
        while row < rows.num_rows() {
            let currency = (!currencies.is_null(row)).then(|| currencies.value(row));
            let mut stretch = Sum::ZERO;
            let mut partial = 0_i128;
            while row < rows.num_rows()
                && (!currencies.is_null(row)).then(|| currencies.value(row)) == currency
            {
                if !amounts.is_null(row) {
                    stretch.count += 1;
                    let amount = amounts.value(row);
                    partial = partial.checked_add(amount).unwrap_or_else(|| {
                        stretch.sum = stretch.sum.wrapping_add(i256::from_i128(partial));
                        amount
                    });
                }
                row += 1;
            }
            self.sum_of(currency).add(stretch.count, stretch.sum.wrapping_add(i256::from_i128(partial)));
        }
    }

    fn sum_of(&mut self, currency: Option<&str>) -> &mut Sum {
        self.sums.entry(currency.map(str::to_owned)).or_insert(Sum::ZERO)
    }

    /// Adds totals that were written down.
    pub fn add_entries(&mut self, entries: &[ControlTotal]) {
        for entry in entries {
            let sum = unscaled(&entry.sum, self.scale).unwrap_or(i256::ZERO);
            self.sum_of(entry.currency.as_deref()).add(entry.count, sum);
        }
    }

    /// The totals, by currency; rows without a currency first. A currency without a value is left out.
    #[must_use]
    pub fn entries(&self) -> Vec<ControlTotal> {
        let Some(column) = self.column else { return Vec::new() };
        let entry = |(currency, total): (&Option<String>, &Sum)| ControlTotal {
            column: column.to_owned(),
            currency: currency.clone(),
            count: total.count,
            sum: text(total.sum, self.scale),
        };
        self.sums.iter().filter(|(_, total)| total.count > 0).map(entry).collect()
    }
}

/// The shortest exact text with at least two decimals, as [`write_decimal`](crate::model::write_decimal) has it.
fn text(unscaled: i256, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = unscaled.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &*digits), |digits| ("-", digits));
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (integer, fraction) = padded.split_at(padded.len() - scale);
    let kept = fraction.trim_end_matches('0').len().max(2);
    format!("{sign}{integer}.{}", &fraction[..kept.min(fraction.len())])
}

/// The unscaled value of such a text.
fn unscaled(text: &str, scale: u8) -> Option<i256> {
    let (integer, fraction) = text.split_once('.')?;
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    i256::from_string(&format!("{integer}{fraction}{:0<missing$}", ""))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn rows(of: &[(Option<&str>, Option<i128>)], decimal: DecimalType) -> RecordBatch {
        let amounts = Decimal128Array::from_iter(of.iter().map(|(_, amount)| *amount))
            .with_precision_and_scale(decimal.precision(), i8::try_from(decimal.scale()).unwrap())
            .unwrap();
        let currencies = StringArray::from_iter(of.iter().map(|(currency, _)| *currency));
        let schema = Schema::new(vec![
            Field::new("value", amounts.data_type().clone(), true),
            Field::new("currency", DataType::Utf8, true),
        ]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(amounts), Arc::new(currencies)]).unwrap()
    }

    #[test]
    fn sums_are_exact_and_per_currency() {
        let decimal = DecimalType::default();
        let mut totals = Totals::new(Table::Transactions, decimal);
        let euro = Some("EUR");
        totals.add(&rows(
            &[(euro, Some(1)), (euro, Some(-250_000_000)), (euro, None), (None, Some(100_000_000))],
            decimal,
        ));
        totals.add(&rows(&[(Some("USD"), None), (euro, Some(1))], decimal));
        let read: Vec<_> =
            totals.entries().iter().map(|t| (t.currency.clone(), t.count, t.sum.clone())).collect();
        assert_eq!(
            read,
            [(None, 1, "1.00".to_owned()), (Some("EUR".to_owned()), 3, "-2.49999998".to_owned())]
        );
        let mut again = Totals::new(Table::Transactions, decimal);
        again.add_entries(&totals.entries());
        again.add_entries(&totals.entries());
        assert_eq!(again.entries()[1].sum, "-4.99999996");
    }

    #[test]
    fn a_sum_may_be_wider_than_its_column() {
        let decimal = DecimalType::new(38, 18).unwrap();
        let most = 10_i128.pow(38) - 1;
        let mut totals = Totals::new(Table::Transactions, decimal);
        totals.add(&rows(&[(None, Some(most)); 30], decimal));
        assert_eq!(totals.entries()[0].sum, "2999999999999999999999.99999999999999997");
        let mut again = Totals::new(Table::Transactions, decimal);
        again.add_entries(&totals.entries());
        assert_eq!(again.entries(), totals.entries());
    }
}
