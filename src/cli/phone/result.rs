//! The result of a job on one phone: a table or a document for people, JSON for programs.

use serde_json::Value;

use super::error::JobError;
use crate::cli::table;

/// What a job on one phone ends with.
pub(super) type JobResult = Result<CallResult, JobError>;

/// The result of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CallResult {
    /// Headers of the columns; empty for a job without data.
    pub(super) columns: &'static [&'static str],
    /// The cells of each row.
    pub(super) rows: Vec<Vec<String>>,
    /// The same for programs.
    pub(super) json: Value,
    /// A document to print or save as it is, instead of a table.
    pub(super) document: Option<String>,
}

impl CallResult {
    /// Done, without data.
    pub(super) fn done() -> Self {
        Self {
            json: serde_json::json!({ "done": true }),
            ..Self::default()
        }
    }

    /// A table of JSON: an object, or an array with one a row.
    pub(super) fn table(columns: &'static [&'static str], json: Value) -> Self {
        Self::with_rows(columns, table::rows_of(columns, &json), json)
    }

    /// A table whose cells are not those of the JSON.
    pub(super) fn with_rows(
        columns: &'static [&'static str],
        rows: Vec<Vec<String>>,
        json: Value,
    ) -> Self {
        Self {
            columns,
            rows,
            json,
            document: None,
        }
    }

    /// The id of a new contact or group.
    pub(super) fn id(id: u32) -> Self {
        Self::table(&["ID"], serde_json::json!({ "id": id }))
    }
}
