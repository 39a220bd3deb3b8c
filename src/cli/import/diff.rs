//! The plan as a table: one line a change, and counts at the end.

use super::csv_list::CsvList;
use super::plan::{Conflict, Plan};
use crate::cli::mac::punctuated;
use crate::cli::table::aligned;

/// The plan in lines: new, moved and gone rows, conflicts, counts.
pub(super) fn lines(plan: &Plan, list: &CsvList) -> Vec<String> {
    let mut rows = Vec::new();
    let mac_of = |mac: Option<&str>| mac.map(punctuated).unwrap_or_default();
    let listed = |row: usize| match list.rows.get(row) {
        Some(row) => [
            row.name.clone(),
            row.address.clone(),
            mac_of(row.mac.as_deref()),
        ],
        None => [const { String::new() }; 3],
    };
    let mut push = |mark: &str, [name, address, mac]: [String; 3], what: String| {
        rows.push([mark.to_owned(), name, address, mac, what]);
    };
    for new in &plan.new {
        let mac = mac_of(new.mac.as_deref());
        let cells = [new.name.clone(), new.address.clone(), mac];
        push("+ new", cells, String::new());
    }
    for (row, address) in &plan.moved {
        push("~ moved", listed(*row), format!("now at {address}"));
    }
    for row in &plan.gone {
        let what = "not in the source; kept in the list";
        push("- gone", listed(*row), what.to_owned());
    }
    for conflict in &plan.conflicts {
        let (cells, what) = match conflict {
            Conflict::AddressTaken { row, by } => {
                let by = punctuated(by);
                let what = format!("{by} has its address; if it replaces this phone, change mac");
                (listed(*row), what)
            }
            Conflict::NameMoved { row, address } => {
                let what = format!("its name is at {address}; if it moved, change address");
                (listed(*row), what)
            }
            Conflict::DuplicateMac { mac, address } => {
                let cells = [String::new(), address.clone(), punctuated(mac)];
                let what = "several rows have this mac, none this address; correct them";
                (cells, what.to_owned())
            }
            Conflict::NoAddress { mac, name } => {
                let name = name.clone().unwrap_or_default();
                let cells = [name, String::new(), mac_of(mac.as_deref())];
                let what = "no address in the source; import leases, or use --set address=…";
                (cells, what.to_owned())
            }
        };
        push("! check", cells, what);
    }
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines = aligned(&["CHANGE", "NAME", "ADDRESS", "MAC", "DETAIL"], &rows);
    }
    lines.push(counts(plan));
    lines
}

fn counts(plan: &Plan) -> String {
    format!(
        "{} new, {} moved, {} gone, {} to check, {} unchanged",
        plan.new.len(),
        plan.moved.len(),
        plan.gone.len(),
        plan.conflicts.len(),
        plan.unchanged
    )
}
