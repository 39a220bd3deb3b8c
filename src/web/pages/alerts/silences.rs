//! Silences: those in force and to come, and the form that makes one.

use crate::alerts::silence::{Silence, SilenceState};
use crate::fleet::Moment;
use crate::web::html::Html;
use crate::web::pages::{columns, end_of_table, left_out, signs};
use crate::web::query::Query;
use crate::web::words;

use super::{Scene, WHO_MAY};

/// How many silences are listed; the rest is counted.
const ROWS: usize = 100;

/// The form, filled with the matchers that `?silence=LABEL="VALUE"` names.
pub(super) fn form(html: &mut Html, may_operate: bool, query: &Query) {
    html.markup("<section id=\"new-silence\"><h2>New silence</h2>\n");
    if !may_operate {
        html.markup("<p>")
            .markup(WHO_MAY)
            .markup("</p></section>\n");
        return;
    }
    let matchers: Vec<_> = query
        .all("silence")
        .filter(|matcher| !matcher.is_empty())
        .collect();
    html.markup(
        "<form method=\"post\" action=\"/alerts/silences\" class=\"tall\">\n\
         <label><span>Matchers, one a line, e.g. <code>site=~\"lyon|hq\"</code>, with =, !=, =~ or \
         !~; all must match</span>\n\
         <textarea name=\"matchers\" rows=\"4\" required>",
    )
    // A browser drops the first line break of a text area.
    .markup("\n")
    .text(matchers.join("\n"))
    .markup(
        "</textarea></label>\n\
         <label><span>Duration, e.g. <code>30m</code>, <code>2h</code>, <code>1d</code></span>\n\
         <input name=\"duration\" value=\"2h\" required></label>\n\
         <label>Comment\n<input name=\"comment\" maxlength=\"500\" required></label>\n\
         <p><button>Silence</button> <a href=\"/alerts\">Leave it</a></p>\n</form></section>\n",
    );
}

/// The silences that are not over, those that end first first.
pub(super) fn list(html: &mut Html, scene: Scene<'_>, now: Moment) {
    let all = scene.picture.board.silences().iter();
    let mut silences: Vec<_> = all
        .filter(|silence| silence.state(now.wall) != SilenceState::Expired)
        .collect();
    silences.sort_by_key(|silence| (silence.ends_at, silence.id));
    html.markup("<section id=\"silences\"><h2>Silences</h2>\n");
    if silences.is_empty() {
        html.markup("<p>None is in force.</p>\n");
    } else {
        columns(html, &["", "Matchers", "Until", "By", "Comment", ""]);
        for silence in silences.iter().take(ROWS) {
            row(html, silence, scene.may_operate, now);
        }
        end_of_table(html);
    }
    left_out(html, silences.len(), ROWS, "/api/v1/silences");
    if scene.may_operate {
        html.markup("<p><a href=\"/alerts?silence=\">New silence</a></p>\n");
    } else {
        html.markup("<p>").markup(WHO_MAY).markup("</p>\n");
    }
    html.markup("</section>\n");
}

fn row(html: &mut Html, silence: &Silence, may_operate: bool, now: Moment) {
    html.markup("<tr id=\"silence-")
        .text(silence.id)
        .markup("\"><td>")
        .text(silence.id)
        .markup("</td><td>");
    signs::matchers(html, &silence.matchers);
    html.markup("</td><td>")
        .text(words::instant(silence.ends_at))
        .markup("<small>");
    if silence.state(now.wall) == SilenceState::Pending {
        html.markup("begins in ")
            .text(words::since(now.wall, silence.starts_at));
    } else {
        html.markup("for ")
            .text(words::since(now.wall, silence.ends_at));
    }
    html.markup("</small></td><td>")
        .text(&silence.created_by)
        .markup("</td><td>")
        .text(&silence.comment)
        .markup("</td><td>");
    if may_operate {
        html.markup("<form method=\"post\" action=\"/alerts/silences/")
            .text(silence.id)
            .markup("/expire\"><button>Expire</button></form>");
    }
    html.markup("</td></tr>\n");
}
