//! What a correct export must hold: every row as the API serves it with `all`, as exact JSON text.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;
use serde_json::value::RawValue;

use super::render::account::{account, user};
use super::render::connection::{Expanded, connection, connector};
use super::render::transaction::transaction;
use super::world::World;

/// The rows of each table, as exact JSON text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// By id.
    pub users: Vec<Box<str>>,
    /// By id, with their sources.
    pub connectors: Vec<Box<str>>,
    /// By user and id, with connector and sources.
    pub connections: Vec<Box<str>>,
    /// By user and id.
    pub accounts: Vec<Box<str>>,
    /// By user, newest `date` first, then by id.
    pub transactions: Vec<Box<str>>,
}

impl Truth {
    /// The tables by name.
    #[must_use]
    pub fn tables(&self) -> [(&'static str, &[Box<str>]); 5] {
        [
            ("users", &self.users),
            ("connectors", &self.connectors),
            ("connections", &self.connections),
            ("accounts", &self.accounts),
            ("transactions", &self.transactions),
        ]
    }

    /// All tables as one value. Numbers that are not whole 64-bit integers are strings with the number's exact text.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let rows = |rows: &[Box<str>]| Value::Array(rows.iter().map(|row| exact(row)).collect());
        Value::Object(self.tables().into_iter().map(|(name, table)| (name.to_owned(), rows(table))).collect())
    }

    /// The rows of a table as values, numbers as in [`Truth::to_value`].
    #[must_use]
    pub fn rows(&self, table: &str) -> Vec<Value> {
        let found = self.tables().into_iter().find(|(name, _)| *name == table);
        found.map_or_else(Vec::new, |(_, rows)| rows.iter().map(|row| exact(row)).collect())
    }
}

/// A JSON text as a value without rounding any number. What no parser takes is null.
#[must_use]
pub fn exact(text: &str) -> Value {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
            Value::Object(fields.into_iter().map(|(key, raw)| (key, exact(raw.get()))).collect())
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            Value::Array(items.into_iter().map(|raw| exact(raw.get())).collect())
        }
        Some(b'-' | b'0'..=b'9') => match text.parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => Value::from(text),
        },
        _ => serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

const TABLES: [&str; 5] = ["users", "connectors", "connections", "accounts", "transactions"];

/// Hands every row of a table to `take`.
fn each(world: &mut World, table: &str, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let style = world.style;
    let mut row = Vec::with_capacity(2_048);
    let mut hand = |write: &dyn Fn(&mut Vec<u8>)| {
        row.clear();
        write(&mut row);
        take(&row)
    };
    if table == "connectors" {
        return world.connectors.iter().try_for_each(|one| hand(&|out| connector(out, one, true, style)));
    }
    for id in world.users() {
        if table == "users" {
            world.user(id).map_or(Ok(()), |one| hand(&|out| user(out, one, style)))?;
            continue;
        }
        world.build(id);
        let Some(holdings) = world.residents.get(&id).and_then(|resident| resident.holdings.as_deref())
        else {
            continue;
        };
        let expanded = Expanded { connectors: Some(&world.connectors), sources: true, ..Expanded::default() };
        match table {
            "connections" => {
                holdings
                    .connections()
                    .try_for_each(|one| hand(&|out| connection(out, one, expanded, style)))?;
            }
            "accounts" => holdings.accounts().try_for_each(|one| hand(&|out| account(out, one, style)))?,
            _ => holdings.transactions().iter().try_for_each(|one| {
                hand(&|out| transaction(out, one, holdings.currency_of(one.id_account), style))
            })?,
        }
    }
    Ok(())
}

pub(crate) fn collect(world: &mut World) -> Truth {
    let mut rows = |table: &str| {
        let mut list = Vec::new();
        // Collecting into memory cannot fail.
        let _ = each(world, table, &mut |row| {
            list.push(String::from_utf8_lossy(row).into_owned().into_boxed_str());
            Ok(())
        });
        list
    };
    Truth {
        users: rows(TABLES[0]),
        connectors: rows(TABLES[1]),
        connections: rows(TABLES[2]),
        accounts: rows(TABLES[3]),
        transactions: rows(TABLES[4]),
    }
}

pub(crate) fn write(world: &mut World, out: &mut dyn Write) -> io::Result<()> {
    for (at, table) in TABLES.into_iter().enumerate() {
        write!(out, "{}\"{table}\": [", if at == 0 { "{" } else { "],\n" })?;
        let mut first = true;
        each(world, table, &mut |row| {
            out.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            out.write_all(row)
        })?;
    }
    out.write_all(b"]}\n")
}
