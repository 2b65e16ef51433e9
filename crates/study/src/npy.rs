//! NumPy's `.npy` files of floating point numbers, as folders of patches have them.

use crate::StudyError;
use std::path::Path;

/// Longest header that is looked at.
const MAX_HEADER: usize = 1 << 16;

/// The numbers of an array in C order; its shape is not looked at.
///
/// # Errors
/// [`StudyError::Input`] when the file is no array of 4- or 8-byte little-endian floating point numbers in C order.
pub(crate) fn read(path: &Path) -> Result<Vec<f32>, StudyError> {
    let bytes = std::fs::read(path).map_err(StudyError::read(path))?;
    parse(&bytes).map_err(|problem| {
        StudyError::Input(format!(
            "{}: {problem}; save it with numpy.save as float32 in C order",
            path.display()
        ))
    })
}

fn parse(bytes: &[u8]) -> Result<Vec<f32>, &'static str> {
    let cut = "the file is cut short";
    let rest = bytes
        .strip_prefix(b"\x93NUMPY")
        .ok_or("this is no .npy file")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(cut)?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let (header, data) = rest.split_at_checked(length.min(MAX_HEADER)).ok_or(cut)?;
    let header: String = String::from_utf8_lossy(header).replace([' ', '"', '\''], "");
    if !header.contains("fortran_order:False") {
        return Err("its numbers lie in Fortran order");
    }
    if header.contains("descr:<f4") {
        let (numbers, _) = data.as_chunks::<4>();
        Ok(numbers.iter().map(|b| f32::from_le_bytes(*b)).collect())
    } else if header.contains("descr:<f8") {
        let (numbers, _) = data.as_chunks::<8>();
        Ok(numbers
            .iter()
            .map(|b| f64::from_le_bytes(*b) as f32)
            .collect())
    } else {
        Err("it holds no 4- or 8-byte floating point numbers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_and_others_refused() {
        let file = |descr: &str, order: &str| {
            let header =
                format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2,), }}\n");
            let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
            bytes.extend((header.len() as u16).to_le_bytes());
            bytes.extend(header.as_bytes());
            bytes.extend(1.5f32.to_le_bytes());
            bytes.extend((-2f32).to_le_bytes());
            bytes
        };
        assert_eq!(parse(&file("<f4", "False")).unwrap(), [1.5, -2.0]);
        assert!(parse(&file("<f4", "True")).is_err());
        assert!(parse(&file("<i4", "False")).is_err());
        let whole = file("<f4", "False");
        for cut in 0..whole.len() - 8 {
            assert!(parse(&whole[..cut]).is_err());
        }
    }
}
