//! Feature tables: CSV and Parquet, joined with labels and centres.
