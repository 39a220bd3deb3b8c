//! A long list a part at a time: which part is shown, and the links to those beside it.

use crate::web::html::Html;
use crate::web::query::Query;

/// How many rows stand on one page: as many as a browser lays out at once without a pause.
pub(super) const ROWS: usize = 200;

/// One part of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pagination {
    /// From 1.
    number: usize,
    /// How many parts there are, at least 1.
    all: usize,
}

impl Pagination {
    /// The part of so many rows that `?page=N` asks for; the nearest where there is no such.
    pub(super) fn of(query: &Query, rows: usize) -> Self {
        let all = rows.div_ceil(ROWS).max(1);
        let asked = query.get("page").and_then(|page| page.parse().ok());
        let number: usize = asked.unwrap_or(1);
        Self {
            number: number.clamp(1, all),
            all,
        }
    }

    /// Its rows.
    pub(super) fn rows<T>(self, all: &[T]) -> impl Iterator<Item = &T> {
        all.iter().skip((self.number - 1) * ROWS).take(ROWS)
    }

    /// Links to the parts beside it, if there are any, by the address of each.
    pub(super) fn links(self, html: &mut Html, address: impl Fn(usize) -> String) {
        if self.all == 1 {
            return;
        }
        html.markup("<nav>");
        if self.number > 1 {
            link(html, &address(self.number - 1), "Previous");
        }
        html.markup("<span>Page ")
            .text(format_args!("{} of {}", self.number, self.all))
            .markup("</span>");
        if self.number < self.all {
            link(html, &address(self.number + 1), "Next");
        }
        html.markup("</nav>\n");
    }
}

fn link(html: &mut Html, address: &str, words: &'static str) {
    html.markup("<a href=\"")
        .text(address)
        .markup("\">")
        .markup(words)
        .markup("</a>");
}
