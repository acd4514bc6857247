//! Fields that several resources have: numbers that are dialled, ids, and lists of them.

use serde_json::Value;

use super::Fields;

impl Fields {
    /// `min` to `max` digits; a `+` in front is taken off. Empty when `min` is 0.
    pub(crate) fn digits(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let mut text = self.dialled(name, min, max)?;
        if text.starts_with('+') {
            text.remove(0);
        }
        Some(text)
    }

    /// `min` to `max` digits as dialled: a `+` in front is kept, since it says that no extension is meant.
    pub(crate) fn dialled(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let text = self.text(name, 0, 100)?;
        let digits = text.strip_prefix('+').unwrap_or(&text);
        let all_digits = digits.bytes().all(|octet| octet.is_ascii_digit());
        if all_digits && (min..=max).contains(&digits.len()) {
            return Some(text);
        }
        self.fail(
            name,
            match min {
                0 => format!("must be at most {max} digits"),
                _ => format!("must be {min} to {max} digits"),
            },
        );
        None
    }

    /// An id: a number, or its digits as published clients send them.
    pub(crate) fn id(&mut self, name: &str) -> Option<u32> {
        let value = self.map.remove(name)?;
        let id = match &value {
            Value::Number(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok()),
            Value::String(text) if text.bytes().all(|octet| octet.is_ascii_digit()) => {
                text.parse().ok()
            }
            Value::Array(_)
            | Value::Bool(_)
            | Value::Null
            | Value::Object(_)
            | Value::String(_) => None,
        };
        if id.is_none() {
            self.fail(name, "must be an id");
        }
        id
    }

    /// An id, or null.
    pub(crate) fn id_or_null(&mut self, name: &str) -> Option<Option<u32>> {
        if self.map.get(name).is_some_and(Value::is_null) {
            self.map.remove(name);
            return Some(None);
        }
        self.id(name).map(Some)
    }

    /// A list of ids, at most `most`, none twice.
    pub(crate) fn ids(&mut self, name: &str, most: usize) -> Option<Vec<u32>> {
        let before = self.errors.len();
        let mut ids = Vec::new();
        for (n, value) in self.items(name, most)?.into_iter().enumerate() {
            let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
            match id {
                None => self.fail(&format!("{name}[{n}]"), "must be an id"),
                Some(id) if ids.contains(&id) => {
                    self.fail(&format!("{name}[{n}]"), "is listed twice");
                }
                Some(id) => ids.push(id),
            }
        }
        (self.errors.len() == before).then_some(ids)
    }

    /// A list of anything, at most `most`.
    pub(crate) fn items(&mut self, name: &str, most: usize) -> Option<Vec<Value>> {
        let value = self.map.remove(name)?;
        let Value::Array(list) = value else {
            return self.refuse(name, "an array", &value);
        };
        if list.len() > most {
            self.fail(name, format!("must have at most {most} entries"));
            return None;
        }
        Some(list)
    }

    /// Takes over the complaints about an entry of a list, and one for each of its fields that nobody took.
    pub(crate) fn finish_item(&mut self, at: &str, item: Self) {
        let unknown = item.map.keys().take(20);
        let unknown: Vec<_> = unknown
            .map(|key| format!("{at}.{}", super::head(key)))
            .collect();
        for mut error in item.errors {
            error.put_under(at);
            self.errors.push(error);
        }
        for name in unknown {
            self.fail(&name, "is not a field of this resource");
        }
    }

    /// The fields of an entry of a list; `None` when it is no object.
    pub(crate) fn of_item(item: Value) -> Option<Self> {
        let Value::Object(map) = item else {
            return None;
        };
        Some(Self {
            map,
            errors: Vec::new(),
        })
    }
}
