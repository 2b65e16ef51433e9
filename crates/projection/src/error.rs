//! Why a map could not be made.

/// Why a map could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// Too few rows for a map.
    #[error("{rows} rows are too few for a map: {least} or more are needed")]
    FewRows {
        /// Rows.
        rows: usize,
        /// Rows that are needed.
        least: usize,
    },
    /// More rows than exact distances are kept for.
    #[error("{rows} rows are too many for an exact map: {most} is the limit; draw a part of them")]
    ManyRows {
        /// Rows.
        rows: usize,
        /// The limit.
        most: usize,
    },
    /// A value that is missing or not finite.
    #[error("row {row} (counted from 1) holds a value that is missing or infinite: impute first")]
    NotFinite {
        /// Row, from 1.
        row: usize,
    },
}
