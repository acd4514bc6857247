//! sipp scenarios: files under `scenarios/` with places to fill in.
//!
//! `{{name}}` is replaced by a value; `{{include file name=value …}}` by a file of `scenarios/parts/`, in which those
//! values hold too. A value with blanks stands in single quotes; a file `$name` is the one that the value names.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The text of a scenario with every place filled in.
///
/// # Panics
/// When a file is missing or a place is left.
pub(crate) fn render(name: &str, values: &BTreeMap<String, String>) -> String {
    let text = read(&format!("{name}.xml"));
    fill(&text, values, name)
}

fn fill(text: &str, values: &BTreeMap<String, String>, name: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after
            .split_once("}}")
            .unwrap_or_else(|| panic!("{name}: {{{{ without }}}}"));
        filled.push_str(before);
        if let Some(include) = place.strip_prefix("include ") {
            let (file, arguments) = include.split_once(' ').unwrap_or((include, ""));
            let file = file.strip_prefix('$').map_or(file, |place| &values[place]);
            let mut inner = values.clone();
            inner.extend(assignments(arguments));
            let part = fill(&read(&format!("parts/{file}")), &inner, file);
            filled.push_str(part.trim_end_matches('\n'));
        } else {
            let value = values
                .get(place)
                .unwrap_or_else(|| panic!("{name}: nothing to fill in for {place}"));
            filled.push_str(value);
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// `a=b c='d e'`
fn assignments(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').expect("a closing quote"),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        found.push((name.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    found
}

fn read(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_parts_are_filled_in() {
        let values = BTreeMap::from([("to".to_owned(), "2002".to_owned())]);
        assert_eq!(fill("a {{to}} b", &values, "test"), "a 2002 b");
        assert!(
            fill(
                "{{include uas_reanswer.xml retrans=' retrans=\"5\"' version=2 direction=x media=m}}",
                &values,
                "test"
            )
            .contains("<send retrans=\"5\">")
        );
        let given = assignments("a=b c='d e' f=");
        assert_eq!(
            given,
            [("a", "b"), ("c", "d e"), ("f", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
    }
}
