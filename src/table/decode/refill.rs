//! Rows that an older program wrote, under today's columns, exactly as if they had been decoded today: a column that is
//! new since is filled from `extra`, where its value was kept; one whose type is another is decoded once more; what has
//! no column any more goes to `extra`. No value is lost.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringBuilder, new_null_array};
use arrow::datatypes::{FieldRef, Int64Type, SchemaRef};
use arrow::error::ArrowError;

use crate::model::DecimalType;
use crate::table::{Column, Source, Table};

use super::cursor::{Cursor, DecodeError};
use super::older::{Older, exactly};
use super::plan::TablePlan;
use super::rows::{Rows, Surroundings};
use super::text::{plain, push_json_text, write_object};

/// Brings a table's older rows under today's columns.
#[derive(Debug)]
pub struct Refill {
    plan: TablePlan,
    schema: SchemaRef,
}

/// What a row keeps in `extra`: keys and JSON texts, in order.
type Kept<'a> = Vec<(String, &'a str)>;

impl Refill {
    /// For a table of a lake with that decimal type.
    #[must_use]
    pub fn new(table: Table, decimal: DecimalType) -> Self {
        let plan = TablePlan::new(table, decimal);
        Self { schema: plan.arrow.clone(), plan }
    }

    /// The rows under today's schema: columns by name, new ones from `extra`, null where it does not have them. What a
    /// column cannot hold, or has no column any more, is in `extra`. In a table without `extra` a column that is gone is
    /// gone.
    ///
    /// # Errors
    /// When the columns cannot be put together, `extra` is not what this program writes, or a column's type cannot hold
    /// what it held and there is no `extra` to keep it.
    pub fn rows(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if batch.schema_ref().fields() == self.schema.fields() {
            return RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec());
        }
        let same = |field: &FieldRef| {
            let found = batch.column_by_name(field.name());
            found.filter(|values| values.data_type() == field.data_type()).cloned()
        };
        let nulls = |field: &FieldRef| new_null_array(field.data_type(), batch.num_rows());
        let Some(extra) = self.plan.extra else {
            let column = |field: &FieldRef| match batch.column_by_name(field.name()) {
                Some(values) if values.data_type() != field.data_type() => {
                    exactly(values, field.name(), field.data_type())
                }
                found => Ok(found.cloned().unwrap_or_else(|| nulls(field))),
            };
            let columns = self.schema.fields().iter().map(column).collect::<Result<_, _>>()?;
            return RecordBatch::try_new(self.schema.clone(), columns);
        };
        let column = |field: &FieldRef| same(field).unwrap_or_else(|| nulls(field));
        let mut columns: Vec<ArrayRef> = self.schema.fields().iter().map(column).collect();
        let (new, older) = (self.new_columns(batch), self.older(batch)?);
        if !(new.is_empty() && older.is_empty()) {
            let kept = columns[extra].clone();
            let (rows, left) = self.decode(&columns, kept.as_string::<i32>(), &new, &older)?;
            for (column, _) in &new {
                columns[*column] = rows.column(*column).clone();
            }
            columns[extra] = left;
        }
        RecordBatch::try_new(self.schema.clone(), columns)
    }

    /// The columns that the batch does not have with today's type, each with the paths that its values come from.
    fn new_columns(&self, batch: &RecordBatch) -> Vec<(usize, Vec<&[String]>)> {
        let definitions = self.plan.schema.columns.iter().enumerate();
        let new = definitions.filter(|(at, column)| {
            let found = batch.column_by_name(&column.name);
            found.is_none_or(|values| values.data_type() != self.schema.field(*at).data_type())
        });
        new.map(|(at, column)| (at, paths(column).collect::<Vec<_>>()))
            .filter(|(_, paths)| !paths.is_empty())
            .collect()
    }

    /// The batch's columns that today's schema does not have with that type. Each goes back under the path at which the
    /// API serves it. One whose path another column reads too is dropped: its value is there. One that today's schema
    /// does not know goes to `extra` under its own name.
    fn older(&self, batch: &RecordBatch) -> Result<Vec<Older>, ArrowError> {
        let mut older = Vec::new();
        for (field, values) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            let today = self.schema.column_with_name(field.name());
            if today.is_some_and(|(_, today)| today.data_type() == field.data_type()) {
                continue;
            }
            let path = today.and_then(|(at, _)| paths(&self.plan.schema.columns[at]).next());
            let served = |path: &&[String]| {
                let of = |column: &&Column| paths(column).any(|other| other == *path);
                self.plan.schema.columns.iter().filter(of).count() == 1
            };
            match path {
                Some(path) if !served(&path) => {}
                Some(path) => older.push(Older::new(path.to_vec(), values)?),
                None => older.push(Older::new(vec![field.name().clone()], values)?),
            }
        }
        Ok(older)
    }

    /// Decodes once more what `extra` kept for these columns, and what older columns held. Gives all columns, of which
    /// only the new ones are meant, and what `extra` keeps now.
    fn decode(
        &self,
        columns: &[ArrayRef],
        extra: &arrow::array::StringArray,
        new: &[(usize, Vec<&[String]>)],
        older: &[Older],
    ) -> Result<(RecordBatch, ArrayRef), ArrowError> {
        let wrong = |error: DecodeError| ArrowError::ExternalError(Box::new(error));
        let mut rows = Rows::new(&self.plan, extra.len());
        let mut others: Vec<Option<Kept<'_>>> = Vec::with_capacity(extra.len());
        for row in 0..extra.len() {
            let mut object = Object::default();
            for column in &self.plan.required {
                object.put(&self.path_of(*column), &integer(&columns[*column], row));
            }
            let kept = if extra.is_valid(row) { read(extra.value(row)).map_err(wrong)? } else { Kept::new() };
            let (ours, rest): (Kept<'_>, Kept<'_>) =
                kept.into_iter().partition(|(key, _)| path_in(new, key).is_some());
            for (key, json) in &ours {
                // A key that leads into a new column, or an object around one.
                object.put(&path_in(new, key).unwrap_or_default(), json);
            }
            let mut again = !ours.is_empty();
            for column in older {
                if let Some(json) = &column.values[row] {
                    object.put(&column.path, json);
                    again = true;
                }
            }
            others.push(again.then_some(rest));
            let mut text = String::new();
            object.write(&mut text);
            rows.row(&mut Cursor::new(&text), Surroundings::default()).map_err(wrong)?;
        }
        let decoded = rows.finish().map_err(wrong)?.rows;
        if decoded.num_rows() != extra.len() {
            return Err(wrong(DecodeError::Columns));
        }
        let again = self.plan.extra.map(|at| decoded.column(at).as_string::<i32>().clone());
        let mut left = StringBuilder::new();
        for (row, rest) in others.into_iter().enumerate() {
            match rest {
                // Nothing was taken from it: it stays, to the byte.
                None => left.append_option(extra.is_valid(row).then(|| extra.value(row))),
                Some(mut rest) => {
                    let again = again.as_ref().filter(|again| again.is_valid(row));
                    if let Some(text) = again.map(|again| again.value(row)) {
                        rest.extend(read(text).map_err(wrong)?);
                    }
                    rest.sort();
                    left.append_option((!rest.is_empty()).then(|| write_object(&rest)));
                }
            }
        }
        Ok((decoded, std::sync::Arc::new(left.finish())))
    }

    /// Where a column's value stands in a row's object.
    fn path_of(&self, column: usize) -> Vec<String> {
        let column = &self.plan.schema.columns[column];
        paths(column).next().map_or_else(|| vec![column.name.clone()], <[String]>::to_vec)
    }
}

/// The paths that a column's values come from.
fn paths(column: &Column) -> impl Iterator<Item = &[String]> {
    column.sources.iter().filter_map(|source| match source {
        Source::Path(path) => Some(path.as_slice()),
        Source::Derived | Source::User | Source::Parent(_) => None,
    })
}

/// The path of a key of `extra` that leads into, or to an object around, one of these columns.
fn path_in(new: &[(usize, Vec<&[String]>)], key: &str) -> Option<Vec<String>> {
    new.iter().flat_map(|(_, paths)| paths).find_map(|path| {
        (1..=path.len())
            .map(|length| &path[..length])
            .find(|part| part.join(".") == key)
            .map(<[String]>::to_vec)
    })
}

/// The whole number of a row, as JSON.
fn integer(column: &ArrayRef, row: usize) -> String {
    match column.as_primitive_opt::<Int64Type>() {
        Some(numbers) if numbers.is_valid(row) => numbers.value(row).to_string(),
        _ => "null".to_owned(),
    }
}

/// The keys and values of an object.
fn read(text: &str) -> Result<Kept<'_>, DecodeError> {
    let mut cursor = Cursor::new(text);
    let (mut kept, mut first) = (Kept::new(), true);
    cursor.expect(b'{')?;
    while let Some(key) = cursor.next_key(&mut first)? {
        cursor.peek();
        let start = cursor.at();
        cursor.value()?;
        kept.push((plain(key), cursor.since(start)));
    }
    cursor.end()?;
    Ok(kept)
}

/// An object to be decoded: texts, and objects of texts.
#[derive(Debug, Default)]
struct Object {
    texts: BTreeMap<String, String>,
    objects: BTreeMap<String, Object>,
}

impl Object {
    fn put(&mut self, path: &[String], json: &str) {
        match path {
            [] => {}
            [last] => drop(self.texts.insert(last.clone(), json.to_owned())),
            [first, rest @ ..] => self.objects.entry(first.clone()).or_default().put(rest, json),
        }
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        let mut first = true;
        let mut key = |out: &mut String, key: &str| {
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            push_json_text(out, key);
            out.push(':');
        };
        for (name, json) in &self.texts {
            key(out, name);
            out.push_str(json);
        }
        for (name, object) in &self.objects {
            key(out, name);
            object.write(out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray};
    use arrow::datatypes::Decimal128Type;

    use super::*;
    use crate::model::UserId;
    use crate::table::{Context, Decoder, List};

    const ROWS: &str = r#"{"transactions":[
        {"id":1,"id_account":10,"value":1.5,"country":"FR","wording":"é \"x\"","counterparty":{"label":"A","type":"debtor","rank":3},
         "odd":[1,{"a":"\u00e9"}]},
        {"id":2,"id_account":10,"country":{"code":"DE"}},
        {"id":3,"id_account":10},
        {"id":4,"id_account":10,"other":1}]}"#;

    fn today() -> RecordBatch {
        let decoder = Decoder::new(DecimalType::default());
        let context = Context { user: UserId::new(7) };
        decoder.decode(List::Transactions, ROWS.as_bytes(), context).unwrap().rows
    }

    /// The rows as a program wrote them that did not have some columns: their values stand in `extra`.
    fn older(extra: [Option<&str>; 4], lacking: &[&str]) -> RecordBatch {
        let rows = today();
        let columns = rows.schema_ref().fields().iter().zip(rows.columns());
        let columns = columns.filter(|(field, _)| !lacking.contains(&field.name().as_str()));
        RecordBatch::try_from_iter_with_nullable(columns.map(|(field, values)| {
            let values = match field.name().as_str() {
                "extra" => std::sync::Arc::new(arrow::array::StringArray::from(extra.to_vec())) as ArrayRef,
                _ => values.clone(),
            };
            (field.name().clone(), values, true)
        }))
        .unwrap()
    }

    fn refilled(batch: &RecordBatch) -> RecordBatch {
        Refill::new(Table::Transactions, DecimalType::default()).rows(batch).unwrap()
    }

    #[test]
    fn a_new_column_is_filled_as_if_it_had_been_decoded_today() {
        let extra = [
            Some(r#"{"country":"FR","counterparty.rank":3,"odd":[1,{"a":"\u00e9"}]}"#),
            Some(r#"{"country":{"code":"DE"}}"#),
            None,
            Some(r#"{"other":1}"#),
        ];
        assert_eq!(refilled(&older(extra, &["country"])), today());
    }

    #[test]
    fn an_object_that_was_kept_whole_is_taken_apart() {
        let extra = [
            Some(r#"{"counterparty":{"label":"A","type":"debtor","rank":3},"odd":[1,{"a":"\u00e9"}]}"#),
            Some(r#"{"country":{"code":"DE"}}"#),
            None,
            Some(r#"{"other":1}"#),
        ];
        let lacking = [
            "counterparty_label",
            "counterparty_type",
            "counterparty_account_scheme_name",
            "counterparty_account_identification",
        ];
        assert_eq!(refilled(&older(extra, &lacking)), today());
        // The same where an older program knew a part of it.
        let extra = [
            Some(r#"{"counterparty.rank":3,"counterparty.type":"debtor","odd":[1,{"a":"\u00e9"}]}"#),
            extra[1],
            None,
            extra[3],
        ];
        assert_eq!(refilled(&older(extra, &["counterparty_type"])), today());
    }

    /// Rows with one more column, or another in the place of one.
    fn with(rows: &RecordBatch, name: &str, values: ArrayRef) -> RecordBatch {
        let columns = rows.schema_ref().fields().iter().zip(rows.columns());
        let others = columns.filter(|(field, _)| field.name() != name);
        let others = others.map(|(field, values)| (field.name().clone(), values.clone(), true));
        RecordBatch::try_from_iter_with_nullable(others.chain([(name.to_owned(), values, true)])).unwrap()
    }

    fn extra(rows: &RecordBatch) -> Vec<Option<String>> {
        let extra = rows.column_by_name("extra").unwrap().as_string::<i32>();
        extra.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn a_column_that_is_gone_is_kept_in_extra() {
        let decimals = Decimal128Array::from(vec![Some(150_i128), None, Some(-1), Some(0)]);
        let decimals = decimals.with_precision_and_scale(20, 2).unwrap();
        let rows = with(&today(), "fee", Arc::new(decimals));
        let texts = StringArray::from(vec![None, Some("a \"b\"\n"), None, None]);
        let days = Date32Array::from(vec![None, None, Some(20_000), None]);
        let rows = with(&with(&rows, "shade", Arc::new(texts)), "since", Arc::new(days));
        let refilled = refilled(&rows);
        let before = extra(&today());
        let with_fee = before[0]
            .as_ref()
            .unwrap()
            .replace(r#""counterparty.rank":3,"#, r#""counterparty.rank":3,"fee":1.5,"#);
        assert_eq!(
            extra(&refilled),
            [
                Some(with_fee),
                Some(r#"{"country":{"code":"DE"},"shade":"a \"b\"\u000a"}"#.to_owned()),
                Some(r#"{"fee":-0.01,"since":"2024-10-04"}"#.to_owned()),
                Some(r#"{"fee":0,"other":1}"#.to_owned()),
            ]
        );
        let same = |name: &str| refilled.column_by_name(name) == today().column_by_name(name);
        assert!(today().schema().fields().iter().all(|field| field.name() == "extra" || same(field.name())));
    }

    #[test]
    fn a_column_of_another_type_is_decoded_once_more() {
        // `value` as texts, of which one is no amount; `wording` as numbers.
        let values = StringArray::from(vec![Some("1.5"), Some("much"), None, Some("-3")]);
        let rows = with(&today(), "value", Arc::new(values));
        let rows =
            refilled(&with(&rows, "wording", Arc::new(Int64Array::from(vec![None, None, Some(7), None]))));
        let values = rows.column_by_name("value").unwrap().as_primitive::<Decimal128Type>();
        let one = 10_i128.pow(8);
        assert_eq!(values.iter().collect::<Vec<_>>(), [Some(one * 3 / 2), None, None, Some(-3 * one)]);
        let wordings = rows.column_by_name("wording").unwrap().as_string::<i32>();
        assert_eq!(wordings.iter().collect::<Vec<_>>(), [None, None, Some("7"), None]);
        let extra = extra(&rows);
        assert_eq!(extra[0], self::extra(&today())[0]);
        assert_eq!(extra[1].as_deref(), Some(r#"{"country":{"code":"DE"},"value":"much"}"#));
    }

    #[test]
    fn a_table_without_extra_loses_nothing_either() {
        let refill = Refill::new(Table::Balances, DecimalType::default());
        let empty = RecordBatch::new_empty(Table::Balances.schema().arrow(DecimalType::default()));
        let fits = Decimal128Array::from(vec![150_i128]).with_precision_and_scale(20, 2).unwrap();
        let row = |balance: ArrayRef| {
            let columns = empty
                .schema()
                .fields()
                .iter()
                .map(|field| {
                    let values = if field.name() == "balance" {
                        balance.clone()
                    } else {
                        new_null_array(field.data_type(), 1)
                    };
                    (field.name().clone(), values, true)
                })
                .collect::<Vec<_>>();
            RecordBatch::try_from_iter_with_nullable(columns).unwrap()
        };
        let rows = refill.rows(&row(Arc::new(fits))).unwrap();
        assert_eq!(
            rows.column_by_name("balance").unwrap().as_primitive::<Decimal128Type>().value(0),
            150_000_000
        );
        let deep = Decimal128Array::from(vec![1_i128]).with_precision_and_scale(38, 18).unwrap();
        let error = refill.rows(&row(Arc::new(deep))).unwrap_err().to_string();
        assert!(error.contains("the column balance was Decimal128(38, 18)"), "{error}");
    }

    #[test]
    fn rows_of_today_and_rows_without_extra_stay_as_they_are() {
        assert_eq!(refilled(&today()), today());
        let rows = refilled(&older([None; 4], &["country", "wording"]));
        assert_eq!(rows.num_rows(), 4);
        assert!(
            ["country", "wording", "extra"]
                .iter()
                .all(|name| { rows.column_by_name(name).unwrap().null_count() == 4 })
        );
        assert_eq!(rows.column_by_name("value"), today().column_by_name("value"));
    }
}
