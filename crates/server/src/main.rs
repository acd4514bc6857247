//! The `offhook` binary: shells, configuration, command line, composition root.
fn main() {}
