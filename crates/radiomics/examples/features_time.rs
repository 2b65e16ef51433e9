//! Reads paths of image and mask and a profile from its arguments, then measures once for every line it is sent, and answers with the
//! milliseconds it took, without reading. `benches/compare.py` uses it.
#![expect(clippy::print_stdout, reason = "a program that answers")]

use std::io::BufRead;
use std::path::Path;
use triher_radiomics::{Aggregation, Discretisation, Family, Settings, pyradiomics};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, mask, profile, threads] = arguments.as_slice() else {
        return Err("give IMAGE MASK ibsi|pyradiomics|FAMILY THREADS".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .build_global()?;
    let image = triher_imagefile::read_image(Path::new(image))?;
    let mask = triher_imagefile::read_mask(Path::new(mask))?;
    let family = Family::ALL
        .into_iter()
        .filter(|f| profile == "ibsi" || format!("{f:?}").eq_ignore_ascii_case(profile));
    let settings = Settings {
        families: family.collect(),
        discretisation: Discretisation::BinNumber { bins: 32 },
        aggregation: vec![Aggregation::ThreeAveraged, Aggregation::ThreeMerged],
        ..Settings::default()
    };
    let parameters = pyradiomics::Parameters {
        bin_count: Some(32),
        ..pyradiomics::Parameters::default()
    };
    for line in std::io::stdin().lock().lines() {
        let _ = line?;
        let begin = std::time::Instant::now();
        let count = if profile == "pyradiomics" {
            pyradiomics::features(&image, &mask, &parameters)?.len()
        } else {
            triher_radiomics::features(&image, &mask, &settings)?.len()
        };
        println!("{} {count}", begin.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(())
}
