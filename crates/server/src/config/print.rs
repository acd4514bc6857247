//! Prints a configuration as the TOML that would be read as the same.

use super::Config;
use super::keys::{Visitor, visit};
use super::values::Value;

/// Every key with its value. There is nothing to hide: no key holds a secret, only names of files that do.
pub(crate) fn print(config: &Config) -> String {
    let mut printer = Printer(String::new());
    visit(&mut config.clone(), &mut printer);
    printer.0
}

struct Printer(String);

impl Printer {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

impl Visitor for Printer {
    fn section(&mut self, name: &'static str) {
        if !self.0.is_empty() {
            self.line("");
        }
        self.line(&format!("[{name}]"));
    }

    fn key<T: Value>(
        &mut self,
        name: &'static str,
        value: &mut T,
        _: impl Fn(&T) -> Result<(), String>,
    ) {
        self.line(&format!("{name} = {}", value.write()));
    }

    fn later<T: Value>(&mut self, name: &'static str, value: &mut T) {
        self.key(name, value, |_| Ok(()));
    }
}
