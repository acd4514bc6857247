//! Request bodies: read with a limit, parsed with a place for every complaint, taken apart field by field.

mod values;

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use crate::Api;
use crate::error::{ApiError, FieldError};

/// A JSON object; it must be there.
pub(crate) struct Body(pub(crate) Fields);

/// A JSON object, or no body at all.
pub(crate) struct MaybeBody(pub(crate) Fields);

impl FromRequest<Api> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let octets = read(request, api).await?;
        parse(&octets).map(Self)
    }
}

impl FromRequest<Api> for MaybeBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let octets = read(request, api).await?;
        if octets.is_empty() {
            return Ok(Self(Fields::default()));
        }
        parse(&octets).map(Self)
    }
}

async fn read(request: Request, api: &Api) -> Result<Bytes, ApiError> {
    if !is_json(request.headers()) {
        return Err(ApiError::wrong_content_type());
    }
    // The limit is set on the router; what else can go wrong is a client that stops in the middle.
    Bytes::from_request(request, api)
        .await
        .map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
            _ => ApiError::bad_json("The body ends too early"),
        })
}

/// A missing Content-Type passes: the published samples of some clients send none.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn parse(octets: &[u8]) -> Result<Fields, ApiError> {
    let value: Value = serde_json::from_slice(octets)
        .map_err(|error| ApiError::bad_json(format!("The body is not JSON: {error}")))?;
    let Value::Object(map) = value else {
        let found = kind(&value);
        return Err(ApiError::bad_json(format!(
            "The body must be a JSON object, not {found}"
        )));
    };
    Ok(Fields {
        map,
        errors: Vec::new(),
    })
}

/// The fields of a body. Each is taken out once; what is left at the end is unknown. All complaints are
/// collected, so that a client learns them at once.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    map: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A complaint of the caller's own.
    pub(crate) fn fail(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, message));
    }

    fn refuse<T>(&mut self, name: &str, wanted: &str, found: &Value) -> Option<T> {
        self.fail(name, format!("must be {wanted}, not {}", kind(found)));
        None
    }

    /// Whether the client sent the field at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether no field is left to be taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_sound(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether a field is this text.
    pub(crate) fn is_text(&self, name: &str, text: &str) -> bool {
        self.map.get(name).and_then(Value::as_str) == Some(text)
    }

    /// A text of `min` to `max` characters, without control characters.
    pub(crate) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        let value = self.map.remove(name)?;
        let Value::String(text) = value else {
            return self.refuse(name, "a string", &value);
        };
        match text_fault(&text, min, max) {
            None => Some(text),
            Some(fault) => {
                self.fail(name, fault);
                None
            }
        }
    }

    /// A text of people: not blank, of any length, with lines and tabs but no other control characters.
    pub(crate) fn prose(&mut self, name: &str) -> Option<String> {
        let value = self.map.remove(name)?;
        let Value::String(text) = value else {
            return self.refuse(name, "a string", &value);
        };
        let is_layout = |c: char| matches!(c, '\n' | '\r' | '\t');
        if text.trim().is_empty() {
            self.fail(name, "must not be empty");
            return None;
        }
        if text.chars().any(|c| c.is_control() && !is_layout(c)) {
            self.fail(name, "must not hold control characters");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.map.remove(name)?;
        value
            .as_bool()
            .or_else(|| self.refuse(name, "true or false", &value))
    }

    /// A whole number from `min` to `max`.
    pub(crate) fn number(&mut self, name: &str, min: u32, max: u32) -> Option<u32> {
        let value = self.map.remove(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (min..=max).contains(number));
        if number.is_none() && value.is_number() {
            self.fail(name, format!("must be a whole number from {min} to {max}"));
            return None;
        }
        number.or_else(|| self.refuse(name, "a number", &value))
    }

    /// One of the words of a closed list.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &str,
        all: &[T],
        as_str: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let text = self.text(name, 0, 100)?;
        let found = all.iter().copied().find(|word| as_str(*word) == text);
        if found.is_none() {
            let known: Vec<_> = all.iter().map(|word| as_str(*word)).collect();
            self.fail(name, format!("must be one of {}", known.join(", ")));
        }
        found
    }

    /// A list of texts, at most `most`.
    pub(crate) fn texts(&mut self, name: &str, most: usize) -> Option<Vec<String>> {
        let value = self.map.remove(name)?;
        let Value::Array(list) = value else {
            return self.refuse(name, "an array of strings", &value);
        };
        if list.len() > most {
            self.fail(name, format!("must have at most {most} entries"));
            return None;
        }
        let before = self.errors.len();
        let mut texts = Vec::with_capacity(list.len());
        for (n, value) in list.into_iter().enumerate() {
            let Value::String(text) = value else {
                self.refuse::<()>(&format!("{name}[{n}]"), "a string", &value);
                continue;
            };
            texts.push(text);
        }
        (self.errors.len() == before).then_some(texts)
    }

    /// An object whose values are texts, at most `most`.
    pub(crate) fn text_map(&mut self, name: &str, most: usize) -> Option<BTreeMap<String, String>> {
        let value = self.map.remove(name)?;
        let Value::Object(map) = value else {
            return self.refuse(name, "an object of strings", &value);
        };
        if map.len() > most {
            self.fail(name, format!("must have at most {most} entries"));
            return None;
        }
        let before = self.errors.len();
        let mut texts = BTreeMap::new();
        for (key, value) in map {
            let Value::String(text) = value else {
                self.refuse::<()>(&format!("{name}.{}", head(&key)), "a string", &value);
                continue;
            };
            texts.insert(key, text);
        }
        (self.errors.len() == before).then_some(texts)
    }

    /// A field of any type that is known and of no use to us.
    pub(crate) fn ignore(&mut self, name: &str) {
        self.map.remove(name);
    }

    /// Complains when nothing came of a field that must be given.
    pub(crate) fn require<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        let complained = self.errors.iter().any(|error| error.is_about(name));
        if value.is_none() && !complained {
            self.fail(name, "must be given");
        }
        value
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// All complaints, and one for each field that nobody took.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<String> = self.map.keys().take(20).map(|key| head(key)).collect();
        for name in unknown {
            self.fail(&name, "is not a field of this resource");
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::validation(self.errors))
        }
    }
}

fn text_fault(text: &str, min: usize, max: usize) -> Option<String> {
    let length = text.chars().count();
    if length < min && text.is_empty() {
        return Some("must not be empty".to_owned());
    }
    if length < min || length > max {
        return Some(format!("must have {min} to {max} characters"));
    }
    text.chars()
        .any(char::is_control)
        .then(|| "must not hold control characters".to_owned())
}

/// A client's own name for something, not longer than is of use in an answer.
fn head(text: &str) -> String {
    text.chars().take(60).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::Object(_) => "an object",
        Value::String(_) => "a string",
    }
}
