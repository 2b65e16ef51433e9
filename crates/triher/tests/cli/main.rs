//! The command line as a user meets it: whole runs of the binary on real files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test that skips says so")]

mod attribute;
mod bad_dicom;
mod bad_input;
mod bad_table;
mod chinese;
mod classifiers;
mod cohort;
mod correct;
mod crop;
mod demo;
mod design;
mod embed;
mod evaluation;
mod explain;
#[cfg(feature = "tract")]
mod find_network;
mod habitats;
mod label;
mod large_study;
mod map;
mod maps;
mod patient_report;
mod radiomics;
mod reference_data;
mod refused;
mod sample_size;
mod scan;
mod stability;
mod strange_regions;
mod tables;
mod tcga_study;
mod training;
mod view;
mod weights;
mod workspace;
