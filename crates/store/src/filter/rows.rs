//! A [`Selection`] applied to rows in memory.

use std::borrow::Cow;
use std::cmp::Ordering;

use offhook_base::Wall;

use super::{Condition, Kind, Operand, Operator, Page, Selection};

/// The value of one property of a row in memory. `None < everything`, as SQLite sorts NULL.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Value<'a> {
    /// Unknown: matches no condition.
    None,
    /// A number; a `Bool` is 0 or 1, a `Time` Unix seconds.
    Int(i64),
    /// Text.
    Text(Cow<'a, str>),
}

impl Selection {
    /// The page of `rows` that was asked for; `value` gives a row's property by its API name.
    pub fn select<T>(
        &self,
        mut rows: Vec<T>,
        value: impl for<'a> Fn(&'a T, &str) -> Value<'a>,
    ) -> Page<T> {
        rows.retain(|row| {
            self.conditions
                .iter()
                .all(|one| one.holds(&value(row, one.property.name)))
        });
        rows.sort_by(|a, b| {
            let by = |name: &str| value(a, name).cmp(&value(b, name));
            let key = self
                .resource
                .properties
                .first()
                .map_or(Ordering::Equal, |key| by(key.name));
            let order = by(self.sort.name).then(key);
            if self.descending {
                order.reverse()
            } else {
                order
            }
        });
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let offset = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        Page {
            data: rows.into_iter().skip(offset).take(limit).collect(),
            total,
        }
    }
}

impl Condition {
    fn holds(&self, value: &Value<'_>) -> bool {
        let order = match (value, &self.operand) {
            (Value::None, _) => return false,
            (_, Operand::Text(part)) if self.operator == Operator::Like => {
                return self
                    .printed(value)
                    .to_ascii_lowercase()
                    .contains(&part.to_ascii_lowercase());
            }
            (Value::Int(found), Operand::Int(wanted)) => found.cmp(wanted),
            (Value::Text(found), Operand::Text(wanted)) => found.as_ref().cmp(wanted.as_str()),
            (Value::Int(_), Operand::Text(_)) | (Value::Text(_), Operand::Int(_)) => return false,
        };
        match self.operator {
            Operator::Eq => order.is_eq(),
            Operator::Gt => order.is_gt(),
            Operator::Gte => order.is_ge(),
            Operator::Like => false,
            Operator::Lt => order.is_lt(),
            Operator::Lte => order.is_le(),
        }
    }

    fn printed<'a>(&self, value: &'a Value<'_>) -> Cow<'a, str> {
        match value {
            Value::None => Cow::Borrowed(""),
            Value::Int(seconds) if self.property.kind == Kind::Time => {
                Wall::from_unix_seconds(*seconds).to_contract().into()
            }
            Value::Int(number) => number.to_string().into(),
            Value::Text(text) => Cow::Borrowed(text),
        }
    }
}
