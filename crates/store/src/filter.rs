//! The list grammar of the REST contract: filter, sort, page, limit.
//!
//! A [`Selection`] is parsed once against a [`Resource`] and then applied either by SQLite or to rows in
//! memory (live calls), with the same result. Only texts written in this program become SQL; whatever a
//! client sent is a bound parameter.

mod parse;
mod rows;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;

pub use parse::{FilterError, ListParams};
pub use rows::Value;

/// Rows on a page unless the client says otherwise.
const DEFAULT_LIMIT: u32 = 25;
/// Most rows on a page.
const MAX_LIMIT: u32 = 10_000;
/// Most conditions in a filter.
const MAX_CONDITIONS: usize = 50;

/// What a property holds, and so which operators and values it takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `true` or `false`; only `eq`.
    Bool,
    /// A whole number.
    Int,
    /// Text; compared by its octets.
    Text,
    /// A moment, whole seconds; written `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`.
    Time,
}

/// A field that can be filtered and sorted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Property {
    /// Its name in the API.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// SQL for it; a `Time` in Unix seconds.
    column: &'static str,
}

impl Property {
    /// A property whose column has the same name.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            column: name,
        }
    }

    /// A property computed by `column`.
    #[must_use]
    pub const fn computed(name: &'static str, kind: Kind, column: &'static str) -> Self {
        Self { name, kind, column }
    }
}

/// A kind of rows: its name in the API and the properties a client may name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resource {
    /// `cdrs`, `users` …
    pub name: &'static str,
    /// What can be filtered and sorted by; the first one is the row's unique id and breaks ties.
    pub properties: &'static [Property],
}

impl Resource {
    fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operator {
    /// `eq` or `=`
    Eq,
    /// `gt`
    Gt,
    /// `gte`
    Gte,
    /// `like`: holds a part, whatever the case of its ASCII letters.
    Like,
    /// `lt`
    Lt,
    /// `lte`
    Lte,
}

/// A client's value, made to fit its property.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Operand {
    Int(i64),
    Text(String),
}

impl ToSql for Operand {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Int(number) => number.to_sql(),
            Self::Text(text) => text.to_sql(),
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Condition {
    property: &'static Property,
    operator: Operator,
    operand: Operand,
}

/// What a client asked a list for; sound by construction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Selection {
    resource: &'static Resource,
    conditions: Vec<Condition>,
    sort: &'static Property,
    descending: bool,
    offset: u64,
    limit: u32,
}

/// One page of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// How many rows match in all.
    pub total: u64,
}

impl<T> Page<T> {
    /// The same page with other rows.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(row).collect(),
            total: self.total,
        }
    }
}

/// A selection as SQL; every `?` has its value in `args` (and then in `window_args`).
pub(crate) struct Sql<'a> {
    /// `WHERE …`, or empty.
    pub(crate) condition: String,
    /// Values of `condition`.
    pub(crate) args: Vec<&'a Operand>,
    /// `ORDER BY … LIMIT ? OFFSET ?`.
    pub(crate) window: String,
    /// Values of `window`.
    pub(crate) window_args: [i64; 2],
}

impl Selection {
    /// The conditions, for a list that is read in a way of its own: property, operator, value.
    pub fn conditions(&self) -> impl Iterator<Item = (&'static str, Operator, Value<'_>)> {
        self.conditions.iter().map(|one| {
            let value = match &one.operand {
                Operand::Int(number) => Value::Int(*number),
                Operand::Text(text) => Value::Text(text.into()),
            };
            (one.property.name, one.operator, value)
        })
    }

    /// Page number from 1, and rows on a page.
    #[must_use]
    pub fn window(&self) -> (u64, u32) {
        (self.offset / u64::from(self.limit.max(1)) + 1, self.limit)
    }

    /// The selection as SQL, behind a condition of our own (empty for none).
    pub(crate) fn sql(&self, scope: &'static str) -> Sql<'_> {
        let mut condition = String::new();
        let mut joint = "WHERE";
        if !scope.is_empty() {
            append(&mut condition, format_args!("{joint} ({scope})"));
            joint = " AND";
        }
        for one in &self.conditions {
            append(&mut condition, format_args!("{joint} {}", one.sql()));
            joint = " AND";
        }
        let direction = if self.descending { "DESC" } else { "ASC" };
        let collation = if self.sort.kind == Kind::Text {
            "COLLATE BINARY "
        } else {
            ""
        };
        let mut window = format!("ORDER BY {} {collation}{direction}", self.sort.column);
        if let Some(key) = self
            .resource
            .properties
            .first()
            .filter(|key| *key != self.sort)
        {
            append(&mut window, format_args!(", {} {direction}", key.column));
        }
        window.push_str(" LIMIT ? OFFSET ?");
        Sql {
            condition,
            args: self.conditions.iter().map(|one| &one.operand).collect(),
            window,
            window_args: [
                i64::from(self.limit),
                i64::try_from(self.offset).unwrap_or(i64::MAX),
            ],
        }
    }
}

impl Condition {
    fn sql(&self) -> String {
        let column = self.property.column;
        let sign = match self.operator {
            Operator::Eq => "=",
            Operator::Gt => ">",
            Operator::Gte => ">=",
            Operator::Like => {
                // SQLite's lower() folds ASCII only, as rows.rs does.
                let printed = match self.property.kind {
                    Kind::Bool | Kind::Int => format!("CAST({column} AS TEXT)"),
                    Kind::Text => column.to_owned(),
                    Kind::Time => format!("strftime('%Y-%m-%d %H:%M:%S', {column}, 'unixepoch')"),
                };
                return format!("instr(lower({printed}), lower(?)) > 0");
            }
            Operator::Lt => "<",
            Operator::Lte => "<=",
        };
        match self.property.kind {
            // Octets with octets, whatever collation the column was declared with.
            Kind::Text => format!("{column} {sign} ? COLLATE BINARY"),
            Kind::Bool | Kind::Int | Kind::Time => format!("{column} {sign} ?"),
        }
    }
}

fn append(sql: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    if sql.write_fmt(text).is_err() {
        sql.clear();
    }
}
