//! A configuration as written, before anything is known about its keys: values with their places.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};

/// Prefix of the environment variables that set a key: `OFFHOOK__HTTP__LISTEN`.
const ENVIRONMENT_PREFIX: &str = "OFFHOOK__";

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) raw: Raw,
    /// The text of an environment variable, for a key that wants a string whatever it looks like.
    pub(super) text: Option<String>,
}

/// What TOML can say, less what no key of ours wants.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Array(Vec<Item>),
    Boolean,
    Datetime,
    Float,
    Integer(i64),
    String(String),
    Table,
}

impl Raw {
    /// The kind in words, for a message.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Array(_) => "a list",
            Self::Boolean => "true or false",
            Self::Datetime => "a date",
            Self::Float => "a number with a fraction",
            Self::Integer(_) => "a number",
            Self::String(_) => "a string",
            Self::Table => "a table",
        }
    }
}

/// One `[section]`.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) place: Place,
    pub(super) keys: BTreeMap<String, Item>,
}

/// All sections by name. Later sources (the environment) replace single keys of earlier ones (the file).
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) sections: BTreeMap<String, Section>,
}

impl Tree {
    /// Adds what a file says. Faults of syntax go to `faults`; what could be read is kept, so that
    /// faults of meaning are found in the same run.
    pub(super) fn add_file(&mut self, file: &str, text: &str, faults: &mut Vec<Fault>) {
        let lines = Lines { file, text };
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place = match error.span() {
                Some(span) => lines.place(span.start),
                None => Place::File(file.to_owned()),
            };
            faults.push(Fault {
                place,
                path: String::new(),
                message: error.message().to_owned(),
            });
        }
        for (name, value) in root.get_ref() {
            let place = lines.place(name.span().start);
            let section = name.get_ref().to_string();
            let DeValue::Table(table) = value.get_ref() else {
                let message =
                    "stands outside a section; every key belongs to one, such as [http]".to_owned();
                faults.push(Fault {
                    place,
                    path: section,
                    message,
                });
                continue;
            };
            let keys = table.iter().map(|(key, value)| {
                let mut item = lines.item(value);
                item.place = lines.place(key.span().start);
                (key.get_ref().to_string(), item)
            });
            self.sections.insert(
                section,
                Section {
                    place,
                    keys: keys.collect(),
                },
            );
        }
    }

    /// Adds what the environment says: `OFFHOOK__<SECTION>__<KEY>` = a TOML value, or else a string.
    pub(super) fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        faults: &mut Vec<Fault>,
    ) {
        for (name, text) in variables {
            let Some(path) = name.strip_prefix(ENVIRONMENT_PREFIX) else {
                continue;
            };
            let place = Place::Environment(name.clone());
            let path = path.to_ascii_lowercase();
            let Some((section, key)) = path
                .split_once("__")
                .filter(|(section, key)| !section.is_empty() && !key.is_empty())
            else {
                let message = "does not name a key; the form is OFFHOOK__SECTION__KEY".to_owned();
                faults.push(Fault {
                    place,
                    path: String::new(),
                    message,
                });
                continue;
            };
            let item = Item {
                place: place.clone(),
                raw: environment_value(&text, &place),
                text: Some(text),
            };
            let section = self.sections.entry(section.to_owned());
            section
                .or_insert_with(|| Section {
                    place,
                    keys: BTreeMap::new(),
                })
                .keys
                .insert(key.to_owned(), item);
        }
    }
}

fn environment_value(text: &str, place: &Place) -> Raw {
    DeValue::parse(text).map_or_else(
        |_| Raw::String(text.to_owned()),
        |value| raw(value.get_ref(), &|_| place.clone()),
    )
}

/// Finds the line of an offset.
struct Lines<'a> {
    file: &'a str,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self
            .text
            .as_bytes()
            .get(..offset)
            .unwrap_or(self.text.as_bytes());
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        Place::Line {
            file: self.file.to_owned(),
            line,
        }
    }

    fn item(&self, value: &Spanned<DeValue<'_>>) -> Item {
        let place = |offset: usize| self.place(offset);
        Item {
            place: self.place(value.span().start),
            raw: raw(value.get_ref(), &place),
            text: None,
        }
    }
}

fn raw(value: &DeValue<'_>, place: &dyn Fn(usize) -> Place) -> Raw {
    match value {
        DeValue::Array(items) => Raw::Array(
            items
                .iter()
                .map(|item| Item {
                    place: place(item.span().start),
                    raw: raw(item.get_ref(), place),
                    text: None,
                })
                .collect(),
        ),
        DeValue::Boolean(_) => Raw::Boolean,
        DeValue::Datetime(_) => Raw::Datetime,
        DeValue::Float(_) => Raw::Float,
        // The scanner keeps digits; what does not fit an i64 fits no key of ours either.
        DeValue::Integer(digits) => {
            Raw::Integer(i64::from_str_radix(digits.as_str(), digits.radix()).unwrap_or(i64::MAX))
        }
        DeValue::String(text) => Raw::String(text.to_string()),
        DeValue::Table(_) => Raw::Table,
    }
}
