//! Tells the program which compiler built it, for `grandstream_exporter_build_info`.

use std::process::Command;

#[expect(
    clippy::disallowed_methods,
    reason = "this is how Cargo and build scripts talk"
)]
fn main() {
    let rustc = std::env::var("RUSTC").expect("Cargo sets RUSTC");
    let version = Command::new(rustc).arg("--version").output().ok();
    // `rustc 1.95.0 (f2d3ce0bd 2026-03-21)`
    let version = version
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|line| line.split_whitespace().nth(1).map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=GRANDSTREAM_EXPORTER_RUSTVERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
}
