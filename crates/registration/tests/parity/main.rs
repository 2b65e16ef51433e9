//! Against SimpleITK; the scripts beside this file make the expected numbers.

mod phantom;
mod rigid;
