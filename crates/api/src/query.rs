//! The query string of a list, and ids in a path.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use offhook_store::filter::{ListParams, Resource, Selection};
use serde_json::{Map, Value};

use crate::Api;
use crate::error::ApiError;

/// The parameters of a request, decoded. Those we do not know are passed over: grids of some clients add
/// their own.
pub(crate) struct Params(Vec<(String, String)>);

impl FromRequestParts<Api> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Query::<Vec<(String, String)>>::from_request_parts(parts, api)
            .await
            .map(|Query(pairs)| Self(pairs))
            .map_err(|_| ApiError::parameter("query", "The query string cannot be read"))
    }
}

impl Params {
    /// A parameter's value.
    ///
    /// # Errors
    /// When it is given twice: one of the two would be ignored in silence.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(ApiError::parameter(name, "is given more than once")),
        }
    }

    /// Filter, order and page for `resource`.
    ///
    /// # Errors
    /// 400 "Filtration error".
    pub(crate) fn selection(&self, resource: &'static Resource) -> Result<Selection, ApiError> {
        self.selection_or(resource, None)
    }

    /// The same, with another number of rows than the usual when the client gives none.
    ///
    /// # Errors
    /// 400 "Filtration error".
    pub(crate) fn selection_or(
        &self,
        resource: &'static Resource,
        limit: Option<&str>,
    ) -> Result<Selection, ApiError> {
        let params = ListParams {
            filter: self.get("filter")?,
            sort: self.get("sort")?,
            dir: self.get("dir")?,
            page: self.get("page")?,
            limit: self.get("limit")?.or(limit),
        };
        Ok(Selection::parse(resource, &params)?)
    }

    /// The fields asked for by `fields[<resource>]=a,b`.
    ///
    /// # Errors
    /// 400 for a field that the resource does not have.
    pub(crate) fn fields(&self, resource: &str, known: &[&str]) -> Result<Shown, ApiError> {
        let name = format!("fields[{resource}]");
        let Some(list) = self.get(&name)? else {
            return Ok(Shown(None));
        };
        let fields: Vec<String> = list
            .split(',')
            .map(|field| field.trim().to_owned())
            .collect();
        match fields.iter().find(|field| !known.contains(&field.as_str())) {
            None => Ok(Shown(Some(fields))),
            Some(unknown) => {
                let unknown: String = unknown.chars().take(40).collect();
                Err(ApiError::parameter(
                    &name,
                    format!(
                        "has the unknown field {unknown:?}; known are {}",
                        known.join(", ")
                    ),
                ))
            }
        }
    }

    /// The relations that `include=<relation>,<relation>` asks for, all of them of `known`.
    ///
    /// # Errors
    /// 400 for a relation that the resource does not have.
    pub(crate) fn includes(&self, known: &[&str]) -> Result<Included, ApiError> {
        let Some(list) = self.get("include")? else {
            return Ok(Included(Vec::new()));
        };
        let asked: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        if asked.iter().all(|name| known.contains(&name.as_str())) {
            return Ok(Included(asked));
        }
        Err(ApiError::parameter(
            "include",
            format!("only {} can be included", known.join(" and ")),
        ))
    }
}

/// The relations that a client wants with the rows.
pub(crate) struct Included(Vec<String>);

impl Included {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|asked| asked == name)
    }
}

/// Which fields of a row are answered.
pub(crate) struct Shown(Option<Vec<String>>);

impl Shown {
    pub(crate) fn of(&self, row: Map<String, Value>) -> Value {
        Value::Object(match &self.0 {
            None => row,
            Some(fields) => row
                .into_iter()
                .filter(|(name, _)| fields.contains(name))
                .collect(),
        })
    }

    /// The fields of `all` that are shown, in the order of `all`.
    pub(crate) fn among(&self, all: &[&'static str]) -> Vec<&'static str> {
        let shown = |name: &&&str| {
            self.0
                .as_ref()
                .is_none_or(|fields| fields.iter().any(|field| field == **name))
        };
        all.iter().filter(shown).copied().collect()
    }
}

/// The `{id}` of a path; one that is not a number names nothing.
pub(crate) struct Id(pub(crate) u64);

/// The `{id}` of a path as it stands there.
pub(crate) struct Name(pub(crate) String);

/// The two ids of a path, in order.
pub(crate) struct Pair(pub(crate) u64, pub(crate) u64);

/// Several ids, `1,2,3`.
pub(crate) struct Ids(pub(crate) Vec<u64>);

impl FromRequestParts<Api> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Path::<String>::from_request_parts(parts, api)
            .await
            .map(|Path(name)| Self(name))
            .map_err(|_| ApiError::not_found())
    }
}

impl FromRequestParts<Api> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Name(name) = Name::from_request_parts(parts, api).await?;
        number(&name).map(Self)
    }
}

impl FromRequestParts<Api> for Pair {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let names = Path::<(String, String)>::from_request_parts(parts, api).await;
        let Path((first, second)) = names.map_err(|_| ApiError::not_found())?;
        Ok(Self(number(&first)?, number(&second)?))
    }
}

impl FromRequestParts<Api> for Ids {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Name(name) = Name::from_request_parts(parts, api).await?;
        let mut ids = name.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        Ok(Self(ids))
    }
}

/// A number of digits alone; anything else names nothing.
pub(crate) fn number(text: &str) -> Result<u64, ApiError> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(ApiError::not_found)
}

/// An id of the kinds that have 32 bits; a larger number names nothing.
pub(crate) fn small(id: u64) -> Result<u32, ApiError> {
    u32::try_from(id).map_err(|_| ApiError::not_found())
}
