//! Sees to it that the web page is embedded anew when it was built anew, and that a release has one.
//!
//! Without Node there is no page: `page.rs` then serves a stub that says so, and everything else works.

use std::path::Path;
use std::{env, io};

fn main() -> io::Result<()> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let built = web.join("dist");
    let is_built = built.join("index.html").exists();
    println!("cargo::rerun-if-env-changed=OFFHOOK_REQUIRE_PAGE");
    // A path that does not exist would make every build run this again.
    let watched = if is_built { &built } else { &web };
    println!("cargo::rerun-if-changed={}", watched.display());
    if !is_built && env::var_os("OFFHOOK_REQUIRE_PAGE").is_some() {
        return Err(io::Error::other(
            "the web page is not built (web/dist is missing), and OFFHOOK_REQUIRE_PAGE is set",
        ));
    }
    Ok(())
}
