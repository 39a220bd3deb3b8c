//! The layout of every page: head, navigation, main part, footer.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use crate::fleet::Moment;
use crate::web::humanize;

/// The style sheet.
pub(in crate::web) const STYLE: &str = include_str!("style.css");

/// Whether a browser reloads a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    EveryMinute,
    /// A reload would lose what is typed, or show nothing new.
    Never,
}

/// A whole page around `main`.
pub(super) fn page(title: &str, now: Timestamp, refresh: Refresh, main: &Markup) -> String {
    let refreshed = refresh == Refresh::EveryMinute;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if refreshed { meta http-equiv="refresh" content="60"; }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
                title { (title) }
            }
            body {
                header {
                    nav {
                        a href="/" { "Phones" }
                        a href="/alerts" { "Alerts" }
                        a href="/config" { "Configuration" }
                    }
                }
                main { (main) }
                footer {
                    span {
                        "As of " (humanize::instant(now))
                        @if refreshed { ", refreshed every minute" }
                    }
                    a href="/metrics" { "Metrics" }
                    a href="/api/v1/phones" { "JSON" }
                    span { "grandstream-exporter " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    };
    page.into_string()
}

/// The page that tells why an action failed.
pub(in crate::web) fn action_failed(error: &str, now: Moment) -> String {
    let main = html! {
        h1 { "Nothing was changed" }
        p { (error) }
        p { a href="/alerts" { "Back to the alerts" } }
    };
    page("Nothing was changed", now.wall, Refresh::Never, &main)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::testing::fixture::now;

    #[test]
    fn text_stays_text_in_elements_and_attributes() {
        let hostile = "\"><script>'&amp;";
        let page = action_failed(hostile, now());
        let escaped = "&quot;&gt;&lt;script&gt;'&amp;amp;";
        assert!(page.contains(&format!("<p>{escaped}</p>")), "{page}");
        // Attributes always stand in double quotes.
        let attribute = html! { b title=(hostile) {} }.into_string();
        assert_eq!(attribute, format!("<b title=\"{escaped}\"></b>"));
    }
}
