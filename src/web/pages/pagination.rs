//! Pagination: which rows of a long list are shown, and the links to the pages beside them.

use maud::{Markup, html};

use crate::web::query::Query;

/// How many rows stand on one page: as many as a browser lays out without a pause.
pub(super) const ROWS: usize = 200;

/// One page of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pagination {
    /// From 1.
    page: usize,
    /// How many pages there are, at least 1.
    pages: usize,
}

impl Pagination {
    /// The page that `?page=N` asks for, or the nearest one, of a list of so many rows.
    pub(super) fn of(query: &Query, rows: usize) -> Self {
        let pages = rows.div_ceil(ROWS).max(1);
        let asked = query.get("page").and_then(|page| page.parse().ok());
        let page: usize = asked.unwrap_or(1);
        Self {
            page: page.clamp(1, pages),
            pages,
        }
    }

    /// Its rows.
    pub(super) fn rows<T>(self, all: &[T]) -> impl Iterator<Item = &T> {
        all.iter().skip((self.page - 1) * ROWS).take(ROWS)
    }

    /// Links to the pages beside it, by the address of each.
    pub(super) fn links(self, address: impl Fn(usize) -> String) -> Markup {
        html! {
            @if self.pages > 1 {
                nav {
                    @if self.page > 1 { a href=(address(self.page - 1)) { "Previous" } }
                    span { "Page " (self.page) " of " (self.pages) }
                    @if self.page < self.pages { a href=(address(self.page + 1)) { "Next" } }
                }
            }
        }
    }
}
