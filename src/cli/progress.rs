//! A progress bar on stderr for commands that go over many phones or addresses.
//!
//! Nothing is shown where stderr is not a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// The bar; removed when it is dropped.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` of these things, named in the plural.
    pub(super) fn new(total: u64, things: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let template = format!("{{wide_bar}} {{pos}}/{{len}} {things}, {{eta}} left");
        let bar = ProgressBar::new(total);
        Self(match ProgressStyle::with_template(&template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    /// One more is done.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
