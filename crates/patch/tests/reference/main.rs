//! Against other implementations (`generate.py`), and against published patches.

mod bl4as;
mod patches;
