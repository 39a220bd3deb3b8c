//! The formats of the page.

/// A format that a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0, which every reader of 0.0.1 understands too.
    OpenMetrics,
}
