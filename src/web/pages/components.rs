//! Small parts that several pages are made of.

use std::fmt;

use maud::{Markup, Render, display, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fleet::Moment;
use crate::rules::matcher::Matcher;
use crate::rules::packs;
use crate::web::humanize;

/// A name and its value in a list of such.
pub(super) fn pair(name: &str, value: impl fmt::Display) -> Markup {
    html! { dt { (name) } dd { (display(value)) } }
}

/// The head of a table with these columns.
pub(super) fn columns(names: &[&str]) -> Markup {
    html! { thead { tr { @for name in names { th { (name) } } } } }
}

/// A row of plain cells.
pub(super) fn row(cells: &[&dyn fmt::Display]) -> Markup {
    html! { tr { @for cell in cells { td { (display(cell)) } } } }
}

/// A note that a list shows only its first rows, and where the whole list is.
pub(super) fn truncation(all: usize, shown: usize, path: &str) -> Markup {
    html! {
        @if let Some(more) = all.checked_sub(shown).filter(|more| *more > 0) {
            p { (more) " more; the full list is at " a href=(path) { (path) } "." }
        }
    }
}

/// Text for people, with code between backquotes; `render` knows what else may stand in it.
pub(super) fn prose<R: Render>(text: &str, render: fn(&str) -> R) -> Markup {
    // A backquote without its pair is text.
    let (paired, rest) = match text.matches('`').count() % 2 {
        0 => (text, ""),
        _ => text.rsplit_once('`').unwrap_or((text, "")),
    };
    html! {
        @for (position, part) in paired.split('`').enumerate() {
            @if position % 2 == 0 { (render(part)) } @else { code { (render(part)) } }
        }
        @if paired.len() < text.len() { "`" (render(rest)) }
    }
}

/// Matchers, one a line.
pub(super) fn matchers(matchers: &[Matcher]) -> Markup {
    html! { @for matcher in matchers { div { code { (display(matcher)) } } } }
}

/// The address of the runbook of a rule.
pub(super) fn runbook_path(rule: &str) -> String {
    packs::runbook("/runbooks", rule)
}

/// The path of the page of a phone.
pub(super) fn phone_path(name: &str) -> String {
    format!("/phones/{}", encode(name))
}

/// Text as a part of an address.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// How long ago something happened.
pub(super) fn ago(at: Moment, now: Moment) -> String {
    format!("{} ago", humanize::duration(now.since(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_backquotes_and_a_single_one_is_text() {
        let check = |text: &str, expected: &str| {
            assert_eq!(prose(text, str::to_owned).into_string(), expected, "{text}");
        };
        check("a <b>", "a &lt;b&gt;");
        check("run `x` now", "run <code>x</code> now");
        check("a ` b", "a ` b");
        check("run `x` or `y", "run <code>x</code> or `y");
    }
}
