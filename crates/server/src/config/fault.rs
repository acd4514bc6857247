//! What is wrong with a configuration, and where.

use std::fmt;

/// Where a value stands.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    /// A line of the configuration file, counted from one.
    Line {
        /// The file as named on the command line.
        file: String,
        /// The line.
        line: usize,
    },
    /// The file as a whole.
    File(String),
    /// An environment variable.
    Environment(String),
    /// Nowhere: the value is the built-in one.
    BuiltIn,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => f.write_str(file),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::BuiltIn => f.write_str("built-in value"),
        }
    }
}

/// One fault. `path` is the key, such as `sip.udp[1]`; empty when the fault has none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// Where.
    pub(crate) place: Place,
    /// Which key.
    pub(crate) path: String,
    /// What.
    pub(crate) message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}: {}", self.place, self.message)
        } else {
            write!(f, "{}: {}: {}", self.place, self.path, self.message)
        }
    }
}

/// Every fault of a configuration, in the order of the file, then of the environment; never empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// `Ok` when there is no fault.
    pub(super) fn check(mut faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            return Ok(());
        }
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        Err(Self(faults))
    }

    /// The faults.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
