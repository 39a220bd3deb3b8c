//! What each query selects: metrics that exist, of the chosen jobs, counters only as rates.
//!
//! Grafana's variables are replaced by what they may stand for, the query is parsed, and its tree
//! is asked. Whether the labels exist is seen where the queries are executed.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::{self, Expr, VectorSelector};
use serde_json::Value;

use super::{Dashboard, layout, list, panels, text};
use crate::harness::families::families;

/// What Prometheus itself says of scrapes and alerts.
const OF_PROMETHEUS: [&str; 3] = ["up", "scrape_duration_seconds", "ALERTS"];

/// What Grafana replaces in a query by itself, and by what.
pub(super) type Intervals = [(&'static str, &'static str); 3];

/// Lengths that nobody writes, so that the tree tells where they stood.
const MARKS: Intervals = [
    ("$__rate_interval", "61s"),
    ("$__interval", "62s"),
    ("$__range", "63s"),
];
const RATE_INTERVAL: Duration = Duration::from_secs(61);
const OTHER_INTERVALS: [Duration; 2] = [Duration::from_secs(62), Duration::from_secs(63)];

/// Where a query stands and what it asks.
pub(super) struct Query<'a> {
    /// The panel, annotation or variable.
    pub(super) place: String,
    pub(super) expr: &'a str,
    pub(super) asks: Asks<'a>,
}

/// What is asked of Prometheus.
#[derive(Clone, Copy)]
pub(super) enum Asks<'a> {
    /// How it is at one moment.
    Now,
    /// How it was over time.
    OverTime,
    /// The values of a label.
    ValuesOf(&'a str),
}

/// Everything that is wrong with the queries of these dashboards.
pub(super) fn findings(dashboards: &[Dashboard]) -> Vec<String> {
    let mut wrong = Vec::new();
    for Dashboard { file, json } in dashboards {
        let declared = layout::variables(json);
        for query in all(json) {
            let found = one(&query, &declared);
            let place = query.place;
            wrong.extend(found.iter().map(|what| format!("{file}: {place}: {what}")));
        }
        let whole = json.to_string();
        for name in declared {
            let used = whole.contains(&format!("${name}")) || whole.contains(&format!("${{{name}"));
            if !used {
                wrong.push(format!("{file}: ${name} chooses nothing"));
            }
        }
    }
    wrong
}

/// All queries of a dashboard: of panels, annotations and variables.
pub(super) fn all(dashboard: &Value) -> Vec<Query<'_>> {
    let of_panels = panels(dashboard).flat_map(|panel| {
        list(&panel["targets"]).map(|target| Query {
            place: format!("{} {}", text(&panel["title"]), text(&target["refId"])),
            expr: text(&target["expr"]),
            asks: match target["instant"].as_bool() {
                Some(true) => Asks::Now,
                Some(false) | None => Asks::OverTime,
            },
        })
    });
    let of_annotations = list(&dashboard["annotations"]["list"])
        .filter(|annotation| annotation["builtIn"] != 1)
        .map(|annotation| Query {
            place: format!("annotation {}", text(&annotation["name"])),
            expr: text(&annotation["expr"]),
            asks: Asks::OverTime,
        });
    let of_variables = list(&dashboard["templating"]["list"])
        .filter(|variable| variable["type"] == "query")
        .map(|variable| {
            let (expr, asks) = asked(text(&variable["query"]["query"]));
            Query {
                place: format!("variable {}", text(&variable["name"])),
                expr,
                asks,
            }
        });
    of_panels
        .chain(of_annotations)
        .chain(of_variables)
        .collect()
}

/// What a variable asks.
fn asked(query: &str) -> (&str, Asks<'_>) {
    let arguments = |function| query.strip_prefix(function)?.strip_suffix(')');
    if let Some(arguments) = arguments("label_values(") {
        let (expr, label) = arguments.rsplit_once(", ").unwrap_or((arguments, ""));
        return (expr, Asks::ValuesOf(label));
    }
    (arguments("query_result(").unwrap_or(query), Asks::Now)
}

/// The query with each variable replaced by what `value` says, or what stays undeclared.
pub(super) fn filled<'a>(
    expr: &str,
    intervals: Intervals,
    value: impl Fn(&str) -> Option<&'a str>,
) -> Result<String, String> {
    let mut filled = expr.to_owned();
    for (name, interval) in intervals {
        filled = filled.replace(name, interval);
    }
    while let Some(start) = filled.find('$') {
        let (_, rest) = filled.split_at(start + 1);
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (name, _) = rest.split_at(end.unwrap_or(rest.len()));
        let value = value(name).ok_or(format!("${name} is not declared"))?;
        filled = filled.replace(&format!("${name}"), value);
    }
    Ok(filled)
}

fn one(query: &Query<'_>, declared: &BTreeSet<&str>) -> Vec<String> {
    let any = |name: &str| declared.contains(name).then_some(".+");
    let parsed = filled(query.expr, MARKS, any).and_then(|filled| parser::parse(&filled));
    let tree = match parsed {
        Ok(tree) => tree,
        Err(why) => return vec![why],
    };
    let mut wrong = Vec::new();
    walk(&tree, None, &mut |selector, around| {
        wrong.extend(select(selector, around));
        // The jobs to choose from are asked of all jobs.
        let matches = |label: &str| !selector.matchers.find_matchers(label).is_empty();
        if !matches("job") && !matches("alertname") && query.place != "variable job" {
            wrong.push(format!("{} of any job", name_of(selector)));
        }
    });
    wrong
}

/// What is right around a selector: the function, and the window it looks at.
#[derive(Clone, Copy)]
struct Around<'a> {
    function: &'a str,
    window: Option<Duration>,
}

/// Shows each selector below this tree, with the name of the function right around it.
fn walk(tree: &Expr, function: Option<&str>, show: &mut impl FnMut(&VectorSelector, Around<'_>)) {
    let mut see = |selector: &VectorSelector, window| {
        let function = function.unwrap_or_default();
        show(selector, Around { function, window });
    };
    match tree {
        Expr::VectorSelector(selector) => see(selector, None),
        Expr::MatrixSelector(selector) => see(&selector.vs, Some(selector.range)),
        Expr::Aggregate(aggregate) => walk(&aggregate.expr, None, show),
        Expr::Unary(unary) => walk(&unary.expr, None, show),
        Expr::Binary(binary) => {
            walk(&binary.lhs, None, show);
            walk(&binary.rhs, None, show);
        }
        Expr::Paren(paren) => walk(&paren.expr, function, show),
        Expr::Subquery(subquery) => walk(&subquery.expr, None, show),
        Expr::Call(call) => {
            for argument in &call.args.args {
                walk(argument, Some(call.func.name), show);
            }
        }
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
    }
}

fn select(selector: &VectorSelector, around: Around<'_>) -> Vec<String> {
    let name = name_of(selector);
    let Some(kind) = kind(name) else {
        return vec![format!("{name:?} is no metric")];
    };
    let mut wrong = Vec::new();
    let rises = ["counter", "histogram"].contains(&kind);
    let is_rate = ["rate", "irate"].contains(&around.function);
    let counts = is_rate || around.function == "increase";
    if rises && !counts {
        wrong.push(format!("{name} only rises: ask for its rate"));
    }
    if counts && !rises {
        wrong.push(format!("{name} is no counter: it has no rate"));
    }
    // A fixed window is empty or coarse for somebody's scrape interval.
    let windows: &[Duration] = if is_rate { &[] } else { &OTHER_INTERVALS };
    let fits = |window| window == RATE_INTERVAL || windows.contains(&window);
    if counts && !around.window.is_some_and(fits) {
        wrong.push(format!("{name}: not over [$__rate_interval]"));
    }
    wrong
}

fn name_of(selector: &VectorSelector) -> &str {
    selector.name.as_deref().unwrap_or_default()
}

/// The type of the family that this is a series of; none of a histogram without its suffix.
fn kind(name: &str) -> Option<&'static str> {
    if OF_PROMETHEUS.contains(&name) {
        return Some("gauge");
    }
    let families = families();
    let kind = |name: &str| {
        families
            .iter()
            .find(|family| family.name == name)?
            .kind
            .into()
    };
    if let Some(kind) = kind(name) {
        return (kind != "histogram").then_some(kind);
    }
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|suffix| kind(name.strip_suffix(suffix)?))
        .filter(|kind| *kind == "histogram")
}
