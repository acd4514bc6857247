//! Lines of RFC 4180 that a spreadsheet reads as text, whatever a caller put into a name.

use serde_json::Value;

/// One line, ended by CR LF.
pub(super) fn line(cells: impl Iterator<Item = Value>) -> String {
    let cells: Vec<String> = cells.map(|value| cell(&value)).collect();
    let mut line = cells.join(",");
    line.push_str("\r\n");
    line
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => guarded(text),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// A cell that begins like a formula is run by spreadsheets; an apostrophe in front makes it text.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4180_quotes_and_spreadsheet_formulas() {
        let cells = [
            Value::from("plain"),
            Value::from("a \"quoted\", one"),
            Value::from("two\r\nlines"),
            Value::from("=HYPERLINK(\"http://x\")"),
            Value::from("+34600"),
            Value::Null,
            Value::from(7),
            Value::from(true),
        ];
        assert_eq!(
            line(cells.into_iter()),
            "plain,\"a \"\"quoted\"\", one\",\"two\r\nlines\",\"'=HYPERLINK(\"\"http://x\"\")\",'+34600,,7,true\r\n"
        );
    }
}
