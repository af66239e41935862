//! The tables of the lake.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::schema::TableSchema;
use super::schema_file;

macro_rules! tables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A table of the lake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Table { $($(#[$doc])* $variant,)* }

        impl Table {
            /// Every table, in the order in which they are listed everywhere.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The table's name, which is also its folder's.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The text of its schema file.
            pub(super) const fn text(self) -> &'static str {
                match self { $(Self::$variant => include_str!(concat!("../../schemas/", $name, ".toml")),)* }
            }
        }
    };
}

tables! {
    /// The proven list of users.
    Users = "users",
    /// Institutions.
    Connectors = "connectors",
    /// The ways in to an institution.
    ConnectorSources = "connector_sources",
    /// Users' links to institutions.
    Connections = "connections",
    /// The ways in which a connection reaches its institution.
    ConnectionSources = "connection_sources",
    /// Bank accounts.
    Accounts = "accounts",
    /// Transactions.
    Transactions = "transactions",
    /// One balance per account and day.
    Balances = "balances",
    /// What the snapshot holds of each account.
    Coverage = "coverage",
    /// What did not fit its column.
    Issues = "issues",
}

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The table's schema.
    #[must_use]
    pub fn schema(self) -> &'static TableSchema {
        static ALL: LazyLock<Vec<TableSchema>> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the files are compiled in and a test reads each of them")]
            let read = |table: Table| schema_file::parse(table).expect("a schema file is valid");
            Table::ALL.into_iter().map(read).collect()
        });
        &ALL[self as usize]
    }
}
