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

/// The rows of one user.
struct Rows<'a> {
    user: Vec<u8>,
    connections: Vec<Vec<u8>>,
    accounts: Vec<Vec<u8>>,
    transactions: Box<dyn Iterator<Item = Vec<u8>> + 'a>,
}

/// Hands the rows of every user to `take`, each user built once.
fn each(world: &mut World, take: &mut dyn FnMut(Rows<'_>) -> io::Result<()>) -> io::Result<()> {
    let style = world.style;
    for id in world.users() {
        world.build(id);
        let Some(resident) = world.residents.get(&id) else { continue };
        let Some(holdings) = resident.holdings.as_deref() else { continue };
        let expanded = Expanded { connectors: Some(&world.connectors), sources: true, ..Expanded::default() };
        let rows = holdings.transactions().iter();
        take(Rows {
            user: written(|out| user(out, &resident.user, style)),
            connections: holdings
                .connections()
                .map(|row| written(|out| connection(out, row, expanded, style)))
                .collect(),
            accounts: holdings.accounts().map(|row| written(|out| account(out, row, style))).collect(),
            transactions: Box::new(rows.map(move |row| {
                written(|out| transaction(out, row, holdings.currency_of(row.id_account), style))
            })),
        })?;
    }
    Ok(())
}

fn connectors(world: &World) -> Vec<Vec<u8>> {
    world.connectors.iter().map(|row| written(|out| connector(out, row, true, world.style))).collect()
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    write(&mut out);
    out
}

pub(crate) fn collect(world: &mut World) -> Truth {
    let text = |row: Vec<u8>| String::from_utf8_lossy(&row).into_owned().into_boxed_str();
    let mut truth =
        Truth { connectors: connectors(world).into_iter().map(text).collect(), ..Truth::default() };
    // Collecting into memory cannot fail.
    let _ = each(world, &mut |rows| {
        truth.users.push(text(rows.user));
        truth.connections.extend(rows.connections.into_iter().map(text));
        truth.accounts.extend(rows.accounts.into_iter().map(text));
        truth.transactions.extend(rows.transactions.map(text));
        Ok(())
    });
    truth
}

/// One JSON object with an array a table; the transactions come first and are never held together.
pub(crate) fn write(world: &mut World, out: &mut dyn Write) -> io::Result<()> {
    let (mut users, mut connections, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    out.write_all(b"{\"transactions\": [")?;
    let mut first = true;
    each(world, &mut |rows| {
        for row in rows.transactions {
            out.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            out.write_all(&row)?;
        }
        users.push(rows.user);
        connections.extend(rows.connections);
        accounts.extend(rows.accounts);
        Ok(())
    })?;
    for (table, rows) in [
        ("users", users),
        ("connectors", connectors(world)),
        ("connections", connections),
        ("accounts", accounts),
    ] {
        write!(out, "],\n\"{table}\": [\n")?;
        out.write_all(&rows.join(b",\n".as_slice()))?;
    }
    out.write_all(b"]}\n")
}
