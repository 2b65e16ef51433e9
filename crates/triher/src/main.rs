//! The `triher` command line.

fn main() {}
