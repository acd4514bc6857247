//! Rules of the code base that neither the compiler nor clippy knows: how long a file may be, which crate may
//! know which, and what the cores must not touch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot read the code base has nothing better to do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Longest file, its tests not counted.
const MAX_LINES: usize = 1_000;

/// Files that may be longer, each with the reason and who vouches for it.
const LONG_FILES: &[(&str, &str)] = &[];

/// Which of our crates each crate may depend on; `sim` is for `server`'s demo and for tests.
const ARROWS: &[(&str, &[&str])] = &[
    // The ladder is laid out of captured SIP messages.
    (
        "api",
        &[
            "base",
            "call",
            "delivery",
            "media-core",
            "sip-message",
            "store",
        ],
    ),
    ("base", &[]),
    ("call", &["base", "media-core", "sip-core", "sip-message"]),
    ("delivery", &["base"]),
    ("media-core", &["base"]),
    (
        "server",
        &[
            "api",
            "base",
            "call",
            "delivery",
            "media-core",
            "sim",
            "sip-core",
            "sip-message",
            "store",
        ],
    ),
    (
        "sim",
        &[
            "base",
            "call",
            "delivery",
            "media-core",
            "sip-core",
            "sip-message",
        ],
    ),
    ("sip-core", &["base", "sip-message"]),
    ("sip-message", &["base"]),
    ("store", &["base"]),
    // Black box: it speaks SIP and HTTP to the binary.
    ("tests", &[]),
];

/// The crates that decide and move nothing.
const CORES: &[&str] = &[
    "base",
    "call",
    "delivery",
    "media-core",
    "sip-core",
    "sip-message",
];

/// What a core has in no depth of its dependencies.
const NOT_IN_A_CORE: &[&str] = &[
    "axum",
    "hyper",
    "mio",
    "reqwest",
    "rusqlite",
    "rustls",
    "socket2",
    "tokio",
    "tracing-subscriber",
];

/// What a core does not say in its code: it would mean a clock, a file, a socket, a thread or a terminal.
const NOT_SAID_IN_A_CORE: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "std::env::",
    "std::fs::",
    "std::process::",
    "std::thread::",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
];

#[test]
fn no_file_is_longer_than_a_thousand_lines() {
    let mut long = Vec::new();
    for file in rust_files(&root()) {
        let name = relative(&file);
        let count = code_lines(&fs::read_to_string(&file).unwrap());
        if count > MAX_LINES
            && !LONG_FILES.iter().any(|(allowed, _)| *allowed == name)
            && !is_test_file(&name)
        {
            long.push(format!("{name}: {count} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "look for the second concept in each of:\n{}",
        long.join("\n")
    );
}

#[test]
fn crates_depend_on_each_other_along_the_arrows_only() {
    let metadata = Metadata::read();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, depends_on) in metadata.arrows() {
        let Some(allowed) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} has no line in ARROWS"));
            continue;
        };
        wrong.extend(
            depends_on
                .iter()
                .filter(|on| !allowed.contains(&on.as_str()))
                .map(|on| format!("{name} -> {on}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_core_has_a_runtime_a_socket_or_a_database_below_it() {
    let metadata = Metadata::read();
    for core in CORES {
        let below = metadata.normal_dependencies_of(&format!("offhook-{core}"));
        let wrong: Vec<_> = NOT_IN_A_CORE
            .iter()
            .filter(|name| below.contains(**name))
            .collect();
        assert!(wrong.is_empty(), "{core} reaches {wrong:?}");
    }
}

#[test]
fn no_core_reads_a_clock_or_touches_the_system() {
    let mut wrong = Vec::new();
    for core in CORES {
        for file in rust_files(&root().join("crates").join(core).join("src")) {
            let name = relative(&file);
            if is_test_file(&name) || is_test_module(&file) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            for (n, line) in text.lines().enumerate().take(code_lines(&text)) {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(said) = NOT_SAID_IN_A_CORE.iter().find(|said| code.contains(**said)) {
                    wrong.push(format!("{name}:{}: {said}", n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_store_knows_sql() {
    let metadata = Metadata::read();
    let users: Vec<String> = metadata.users_of("rusqlite");
    assert_eq!(users, ["offhook-store"]);
}

#[test]
fn the_server_uses_the_simulation_in_its_demo_only() {
    let server = root().join("crates/server/src");
    let users: Vec<String> = rust_files(&server)
        .iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains("offhook_sim"))
        .map(|file| relative(file))
        .filter(|name| !name.starts_with("crates/server/src/demo/"))
        .collect();
    assert!(users.is_empty(), "{users:?}");
}

#[test]
fn what_is_left_to_do_has_an_issue_number() {
    // Split, so that this file does not name itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    let mut wrong = Vec::new();
    for file in rust_files(&root()) {
        let text = fs::read_to_string(&file).unwrap();
        for (n, line) in text.lines().enumerate() {
            let marked = marks.iter().find(|mark| line.contains(**mark));
            if marked.is_some_and(|mark| !line.contains(&format!("{mark}(#"))) {
                wrong.push(format!("{}:{}", relative(&file), n + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "write it as {}(#12), or do it: {wrong:#?}",
        marks[0]
    );
}

#[test]
fn the_count_of_lines_leaves_tests_out() {
    assert_eq!(
        code_lines("one\ntwo\n#[cfg(test)]\nmod tests {\n    three\n}\n"),
        2
    );
    assert_eq!(code_lines("one\n#[cfg(test)]\nmod tests;\n"), 1);
    // A test-only item in the middle of a file does not end its code.
    assert_eq!(code_lines("one\n#[cfg(test)]\nfn helper() {}\nfour\n"), 4);
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}

/// Every Rust file of ours below a folder, in order.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn is_test_file(name: &str) -> bool {
    name.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
}

/// Whether the module above declares this file for tests only.
fn is_test_module(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let folder = file.parent().unwrap();
    let beside = folder.with_extension("rs");
    let above = ["mod.rs", "lib.rs", "main.rs"].map(|name| folder.join(name));
    let declared = format!("mod {name};");
    above
        .into_iter()
        .chain([beside])
        .filter_map(|above| fs::read_to_string(above).ok())
        .any(|text| {
            let mut lines = text.lines();
            while let Some(line) = lines.next() {
                if line == "#[cfg(test)]"
                    && lines.next().is_some_and(|next| next.ends_with(&declared))
                {
                    return true;
                }
            }
            false
        })
}

/// Lines before the test module.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let starts_tests = |n: usize| {
        lines[n] == "#[cfg(test)]"
            && lines
                .get(n + 1)
                .is_some_and(|next| next.starts_with("mod tests"))
    };
    (0..lines.len())
        .find(|n| starts_tests(*n))
        .unwrap_or(lines.len())
}

/// What cargo knows of the workspace and of all it depends on.
struct Metadata {
    packages: BTreeMap<String, Value>,
    nodes: BTreeMap<String, Value>,
}

impl Metadata {
    fn read() -> Self {
        // A build fetches what its own platform needs, so only that much is there to be read offline.
        let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(["--filter-platform", &platform])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let by_id = |list: &Value| -> BTreeMap<String, Value> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|item| (text(&item["id"]), item.clone()))
                .collect()
        };
        Self {
            packages: by_id(&all["packages"]),
            nodes: by_id(&all["resolve"]["nodes"]),
        }
    }

    /// Our crates, and which of ours each depends on but for its tests.
    fn arrows(&self) -> Vec<(String, Vec<String>)> {
        let ours = |name: &Value| text(name).strip_prefix("offhook-").map(str::to_owned);
        let mut arrows = Vec::new();
        for package in self.packages.values() {
            let Some(name) = ours(&package["name"]) else {
                continue;
            };
            let dependencies = package["dependencies"].as_array().unwrap();
            let normal = dependencies
                .iter()
                .filter(|dependency| dependency["kind"] != "dev");
            arrows.push((
                name,
                normal
                    .filter_map(|dependency| ours(&dependency["name"]))
                    .collect(),
            ));
        }
        arrows
    }

    /// Names of all packages that come into a build of `name`, at any depth.
    fn normal_dependencies_of(&self, name: &str) -> BTreeSet<String> {
        let start = self
            .packages
            .iter()
            .find(|(_, package)| package["name"] == name);
        let mut todo = vec![
            start
                .unwrap_or_else(|| panic!("no package {name}"))
                .0
                .clone(),
        ];
        let mut seen = BTreeSet::new();
        while let Some(id) = todo.pop() {
            for dependency in self.nodes[&id]["deps"].as_array().unwrap() {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                if kinds.iter().any(|kind| kind["kind"].is_null())
                    && seen.insert(text(&dependency["pkg"]))
                {
                    todo.push(text(&dependency["pkg"]));
                }
            }
        }
        seen.iter()
            .map(|id| text(&self.packages[id]["name"]))
            .collect()
    }

    /// Packages that name `dependency` themselves.
    fn users_of(&self, dependency: &str) -> Vec<String> {
        let names = |package: &Value| {
            package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == dependency)
        };
        self.packages
            .values()
            .filter(|package| names(package))
            .map(|package| text(&package["name"]))
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
