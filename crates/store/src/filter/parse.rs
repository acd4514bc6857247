//! From the query string's texts to a [`Selection`].

use offhook_base::Wall;
use serde_json::Value as Json;

use super::{
    Condition, DEFAULT_LIMIT, Kind, MAX_CONDITIONS, MAX_LIMIT, Operand, Operator, Property,
    Resource, Selection,
};

/// The list parameters of a request, as texts, each where the client gave it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListParams<'a> {
    /// `[{"property":…,"operator":…,"value":…}]`
    pub filter: Option<&'a str>,
    /// A property, with `-` in front for descending.
    pub sort: Option<&'a str>,
    /// `ASC` or `DESC`.
    pub dir: Option<&'a str>,
    /// Page number from 1.
    pub page: Option<&'a str>,
    /// Rows on a page.
    pub limit: Option<&'a str>,
}

/// What is wrong with the list parameters.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FilterError {
    /// Where, such as `filter[0].value` or `limit`.
    pub field: String,
    /// What, in words for the client.
    pub message: String,
}

impl FilterError {
    /// A complaint about `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

impl Selection {
    /// Reads `params` against what `resource` allows.
    ///
    /// # Errors
    /// The first thing that is not in the grammar.
    pub fn parse(
        resource: &'static Resource,
        params: &ListParams<'_>,
    ) -> Result<Self, FilterError> {
        let conditions = params
            .filter
            .map_or_else(|| Ok(Vec::new()), |filter| conditions(resource, filter))?;
        let (sort, descending) = order(resource, params)?;
        let page = params
            .page
            .map_or(Ok(1), |text| number("page", text, u32::MAX))?;
        let limit = params
            .limit
            .map_or(Ok(DEFAULT_LIMIT), |text| number("limit", text, MAX_LIMIT))?;
        let offset = u64::from(page.saturating_sub(1)) * u64::from(limit);
        Ok(Self {
            resource,
            conditions,
            sort,
            descending,
            offset,
            limit,
        })
    }
}

fn number(field: &str, text: &str, max: u32) -> Result<u32, FilterError> {
    text.parse()
        .ok()
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| FilterError::new(field, format!("must be a whole number from 1 to {max}")))
}

fn order(
    resource: &'static Resource,
    params: &ListParams<'_>,
) -> Result<(&'static Property, bool), FilterError> {
    let sort = params.sort.unwrap_or_default();
    let (name, minus) = sort
        .strip_prefix('-')
        .map_or((sort, false), |name| (name, true));
    let named = if sort.is_empty() {
        resource.properties.first()
    } else {
        resource.property(name)
    };
    let property = named.ok_or_else(|| FilterError::new("sort", unknown(resource, name)))?;
    let descending = match params.dir {
        None => minus,
        Some(dir) if dir.eq_ignore_ascii_case("asc") => false,
        Some(dir) if dir.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(FilterError::new("dir", "must be ASC or DESC")),
    };
    Ok((property, descending))
}

fn conditions(resource: &'static Resource, filter: &str) -> Result<Vec<Condition>, FilterError> {
    let json: Json = serde_json::from_str(filter)
        .map_err(|error| FilterError::new("filter", format!("is not JSON: {error}")))?;
    let Json::Array(list) = json else {
        return Err(FilterError::new(
            "filter",
            "must be an array of {\"property\",\"operator\",\"value\"}",
        ));
    };
    if list.len() > MAX_CONDITIONS {
        return Err(FilterError::new(
            "filter",
            format!(
                "has {} conditions, at most {MAX_CONDITIONS} are allowed",
                list.len()
            ),
        ));
    }
    list.iter()
        .enumerate()
        .map(|(n, one)| condition(resource, n, one))
        .collect()
}

fn condition(resource: &'static Resource, n: usize, json: &Json) -> Result<Condition, FilterError> {
    let at = |member: &str| format!("filter[{n}].{member}");
    let Json::Object(members) = json else {
        return Err(FilterError::new(
            format!("filter[{n}]"),
            "must be an object with property, operator and value",
        ));
    };
    if let Some(other) = members
        .keys()
        .find(|key| !["property", "operator", "value"].contains(&key.as_str()))
    {
        return Err(FilterError::new(
            format!("filter[{n}]"),
            format!("has the unknown member {}", shown(other)),
        ));
    }
    let text = |member: &str| {
        members
            .get(member)
            .and_then(Json::as_str)
            .ok_or_else(|| FilterError::new(at(member), "must be given, as a string"))
    };
    let name = text("property")?;
    let property = resource
        .property(name)
        .ok_or_else(|| FilterError::new(at("property"), unknown(resource, name)))?;
    let operator = match text("operator")? {
        "eq" | "=" => Operator::Eq,
        "gt" => Operator::Gt,
        "gte" => Operator::Gte,
        "like" => Operator::Like,
        "lt" => Operator::Lt,
        "lte" => Operator::Lte,
        other => {
            let message = format!(
                "unknown operator {}; known are eq, =, like, gt, gte, lt, lte",
                shown(other)
            );
            return Err(FilterError::new(at("operator"), message));
        }
    };
    if property.kind == Kind::Bool && operator != Operator::Eq {
        return Err(FilterError::new(
            at("operator"),
            format!("{} is true or false and takes only eq", property.name),
        ));
    }
    let value = members
        .get("value")
        .ok_or_else(|| FilterError::new(at("value"), "must be given"))?;
    let operand = operand(property, operator, value)
        .map_err(|message| FilterError::new(at("value"), message))?;
    Ok(Condition {
        property,
        operator,
        operand,
    })
}

fn operand(property: &Property, operator: Operator, value: &Json) -> Result<Operand, String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(flag) if property.kind == Kind::Bool => flag.to_string(),
        Json::Array(_) | Json::Bool(_) | Json::Null | Json::Object(_) => {
            return Err("must be a string or a number".to_owned());
        }
    };
    if operator == Operator::Like {
        return Ok(Operand::Text(text));
    }
    match property.kind {
        Kind::Bool => match text.as_str() {
            "true" | "1" => Ok(Operand::Int(1)),
            "false" | "0" => Ok(Operand::Int(0)),
            _ => Err(format!("{} takes true or false", property.name)),
        },
        Kind::Int => text
            .parse()
            .map(Operand::Int)
            .map_err(|_| format!("{} takes a whole number", property.name)),
        Kind::Text => Ok(Operand::Text(text)),
        Kind::Time => Wall::parse_contract(&text)
            .map(|at| Operand::Int(at.unix_seconds()))
            .ok_or_else(|| format!("{} takes YYYY-MM-DD or YYYY-MM-DD HH:MM:SS", property.name)),
    }
}

fn unknown(resource: &Resource, name: &str) -> String {
    let known: Vec<_> = resource
        .properties
        .iter()
        .map(|property| property.name)
        .collect();
    format!(
        "unknown property {}; known are {}",
        shown(name),
        known.join(", ")
    )
}

/// A client's text in an error: quoted, and not longer than it is of use.
fn shown(text: &str) -> String {
    let head: String = text.chars().take(40).collect();
    format!("{head:?}")
}
