//! Reads a configuration from a file and the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::fault::{Fault, Faults, Place};
use super::keys::{Visitor, visit};
use super::tree::{Section, Tree};
use super::values::{Value, Wrong};
use super::{Config, Sip};
use crate::certificate::{self, Unusable};

/// Reads the file, if one is given, and lets the environment override single keys.
///
/// # Errors
/// All faults together, each with its place and key.
pub(crate) fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Faults> {
    let Some(path) = file else {
        return read(None, environment);
    };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => read(Some((&name, &text)), environment),
        Err(error) => {
            let fault = Fault {
                place: Place::File(name),
                path: String::new(),
                message: format!("cannot be read: {error}"),
            };
            Faults::check(vec![fault]).map(|()| Config::default())
        }
    }
}

/// The environment of this process; variables that are not UTF-8 are none of ours.
pub(crate) fn read_environment() -> Vec<(String, String)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    variables.sort();
    variables
}

/// Reads a file's text and the environment.
pub(super) fn read(
    file: Option<(&str, &str)>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Faults> {
    let mut faults = Vec::new();
    let mut tree = Tree::default();
    if let Some((name, text)) = file {
        tree.add_file(name, text, &mut faults);
    }
    tree.add_environment(environment, &mut faults);

    let mut config = Config::default();
    let mut reader = Reader {
        tree,
        faults,
        places: BTreeMap::new(),
        section: "",
        rest: None,
        known: Vec::new(),
    };
    visit(&mut config, &mut reader);
    let faults = reader.finish(&config);
    Faults::check(faults).map(|()| config)
}

/// Takes each key out of the tree; what is left over at the end of a section is unknown.
struct Reader {
    tree: Tree,
    faults: Vec<Fault>,
    places: BTreeMap<String, Place>,
    section: &'static str,
    rest: Option<Section>,
    known: Vec<&'static str>,
}

impl Visitor for Reader {
    fn section(&mut self, name: &'static str) {
        self.close_section();
        self.section = name;
        self.rest = self.tree.sections.remove(name);
    }

    fn key<T: Value>(
        &mut self,
        name: &'static str,
        value: &mut T,
        rule: impl Fn(&T) -> Result<(), String>,
    ) {
        self.known.push(name);
        let Some(item) = self
            .rest
            .as_mut()
            .and_then(|section| section.keys.remove(name))
        else {
            return;
        };
        let path = format!("{}.{name}", self.section);
        self.places.insert(path.clone(), item.place.clone());
        let mut wrong = Vec::new();
        if let Some(read) = T::read(&item, &mut wrong) {
            match rule(&read) {
                Ok(()) => *value = read,
                Err(message) => wrong.push(Wrong {
                    place: item.place,
                    path: String::new(),
                    message,
                }),
            }
        }
        let faults = wrong.into_iter().map(
            |Wrong {
                 place,
                 path: inner,
                 message,
             }| Fault {
                place,
                path: path.clone() + &inner,
                message,
            },
        );
        self.faults.extend(faults);
    }

    fn later<T: Value>(&mut self, name: &'static str, value: &mut T) {
        let default = value.clone();
        self.key(name, value, |value| {
            if *value == default {
                Ok(())
            } else {
                Err(format!(
                    "is not supported yet; this version knows {} only",
                    default.write()
                ))
            }
        });
    }
}

impl Reader {
    fn close_section(&mut self) {
        let known = self.known.join(", ");
        self.known.clear();
        let Some(section) = self.rest.take() else {
            return;
        };
        for (key, item) in section.keys {
            let path = format!("{}.{key}", self.section);
            let message = format!("unknown key; [{}] knows {known}", self.section);
            self.faults.push(Fault {
                place: item.place,
                path,
                message,
            });
        }
    }

    fn finish(mut self, config: &Config) -> Vec<Fault> {
        self.close_section();
        for (name, section) in std::mem::take(&mut self.tree.sections) {
            self.faults.push(Fault {
                place: section.place,
                path: name,
                message: "unknown section".to_owned(),
            });
        }
        let sip = &config.sip;
        if sip.udp.is_empty() && sip.tcp.is_empty() && sip.tls.is_empty() {
            let message =
                "no phone can reach us: sip.udp, sip.tcp and sip.tls are all empty".to_owned();
            self.fault_at("sip.udp", message);
        }
        self.check_certificate(sip);
        self.faults
    }

    /// TLS listeners need a certificate with its key. A file that has a fault of its own is not told of twice.
    fn check_certificate(&mut self, sip: &Sip) {
        if sip.tls.is_empty() {
            return;
        }
        let named = [
            ("sip.tls_cert", &sip.tls_cert, "certificate"),
            ("sip.tls_key", &sip.tls_key, "private key"),
        ];
        for (path, file, what) in named {
            let has_fault = self.faults.iter().any(|fault| fault.path == path);
            if file.is_none() && !has_fault {
                let message = format!("TLS needs a {what}: {path} names no PEM file");
                self.fault_at("sip.tls", message);
            }
        }
        if let (Some(cert), Some(key)) = (&sip.tls_cert, &sip.tls_key) {
            match certificate::server_config(cert, key) {
                Ok(_) => {}
                Err(Unusable::Certificate(why)) => self.fault_at("sip.tls_cert", why),
                Err(Unusable::Key(why)) => self.fault_at("sip.tls_key", why),
            }
        }
    }

    /// A fault between keys, told at the place of one of them.
    fn fault_at(&mut self, path: &str, message: String) {
        let place = self.places.get(path).cloned().unwrap_or(Place::BuiltIn);
        self.faults.push(Fault {
            place,
            path: path.to_owned(),
            message,
        });
    }
}
