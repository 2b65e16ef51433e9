//! Writes a small study in every layout, with its segmentations, into the folder that is named: for `tests/peers/check.py`, and for
//! looking at with a viewer.

#[path = "../tests/peers/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name a folder")?;
    sample::write(folder.as_ref())
}
