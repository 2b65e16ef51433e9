//! Extended sequential JPEG with 12-bit samples (ITU-T T.81, process 4), which the `jpeg-decoder` crate does not read.
//!
//! One component, Huffman coding, restart intervals. The inverse transform is in floating point; decoders may differ by one grey level
//! (T.81 leaves its accuracy to T.83), and so does this one from dcmtk's.

use crate::wire::{FETCH_AGAIN, Problem};

/// What a frame header declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) components: usize,
    pub(crate) precision: u8,
    pub(crate) lossless: bool,
    /// The frame's marker, SOF0 to SOF15.
    marker: u8,
}

fn damaged(what: &str) -> Problem {
    format!("its JPEG image is damaged or cut short ({what}); {FETCH_AGAIN}")
}

/// Finds the frame header of any JPEG image.
pub(crate) fn frame_header(bytes: &[u8]) -> Result<FrameHeader, Problem> {
    let mut segments = Segments::new(bytes)?;
    while let Some((marker, segment)) = segments.next()? {
        if let Some(header) = header_of(marker, segment) {
            return Ok(header);
        }
        if marker == 0xda {
            break;
        }
    }
    Err(damaged("it has no frame header"))
}

fn header_of(marker: u8, segment: &[u8]) -> Option<FrameHeader> {
    // Huffman tables, JPG and arithmetic conditioning have markers in between.
    if !matches!(marker, 0xc0..=0xcf) || matches!(marker, 0xc4 | 0xc8 | 0xcc) {
        return None;
    }
    let &[precision, y1, y0, x1, x0, components, ..] = segment else {
        return None;
    };
    Some(FrameHeader {
        width: usize::from(u16::from_be_bytes([x1, x0])),
        height: usize::from(u16::from_be_bytes([y1, y0])),
        components: usize::from(components),
        precision,
        lossless: matches!(marker, 0xc3 | 0xc7 | 0xcb | 0xcf),
        marker,
    })
}

/// The marker segments before the first scan.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Problem> {
        match bytes {
            [0xff, 0xd8, ..] => Ok(Self { bytes, at: 2 }),
            _ => Err(damaged("it does not begin as an image")),
        }
    }

    /// The next marker and its segment; `None` at the end of the image.
    fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, Problem> {
        if self.bytes.get(self.at) != Some(&0xff) {
            return Err(damaged("a marker is missing"));
        }
        while self.bytes.get(self.at) == Some(&0xff) {
            self.at += 1;
        }
        let Some(&marker) = self.bytes.get(self.at) else {
            return Err(damaged("a marker is missing"));
        };
        self.at += 1;
        if marker == 0xd9 {
            return Ok(None);
        }
        let length = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        let length = length.map_or(0, |l| usize::from(u16::from_be_bytes(*l)));
        let segment = self
            .bytes
            .get(self.at..self.at + length)
            .and_then(|s| s.get(2..))
            .ok_or_else(|| damaged("a segment is cut short"))?;
        self.at += length;
        Ok(Some((marker, segment)))
    }
}

/// A Huffman table as the decoding procedure of T.81 section F.2.2.3 takes it.
#[derive(Clone, Default)]
struct Huffman {
    /// For each length: the largest code, the smallest code and its value's index.
    largest: [i32; 17],
    smallest: [i32; 17],
    first: [usize; 17],
    values: Vec<u8>,
}

impl Huffman {
    fn new(counts: &[u8], values: &[u8]) -> Self {
        let mut table = Self {
            largest: [-1; 17],
            values: values.to_vec(),
            ..Self::default()
        };
        let (mut code, mut index) = (0i32, 0usize);
        for (length, &count) in (1..=16).zip(counts) {
            table.smallest[length] = code;
            table.first[length] = index;
            code += i32::from(count);
            index += usize::from(count);
            if count > 0 {
                table.largest[length] = code - 1;
            }
            code <<= 1;
        }
        table
    }
}

/// Entropy-coded bits, without the stuffed zeros.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> Result<u32, Problem> {
        if self.count == 0 {
            let byte = match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(0xff), Some(0)) => {
                    self.at += 2;
                    0xff
                }
                (Some(0xff), _) | (None, _) => return Err(damaged("its pixels end too early")),
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.held = u32::from(byte);
            self.count = 8;
        }
        self.count -= 1;
        Ok(self.held >> self.count & 1)
    }

    /// A value of so many bits, extended by the rule of T.81 figure F.12.
    fn value(&mut self, size: u32) -> Result<i32, Problem> {
        let mut value = 0i32;
        for _ in 0..size {
            value = value << 1 | self.bit()? as i32;
        }
        Ok(if size > 0 && value < 1 << (size - 1) {
            value - (1 << size) + 1
        } else {
            value
        })
    }

    fn symbol(&mut self, table: &Huffman) -> Result<u8, Problem> {
        let mut code = 0i32;
        for length in 1..=16 {
            code = code << 1 | self.bit()? as i32;
            if code <= table.largest[length] {
                let index = table.first[length] + (code - table.smallest[length]) as usize;
                return table
                    .values
                    .get(index)
                    .copied()
                    .ok_or_else(|| damaged("a code is unknown"));
            }
        }
        Err(damaged("a code is unknown"))
    }

    /// Goes past a restart marker.
    fn restart(&mut self) -> Result<(), Problem> {
        self.count = 0;
        match self.bytes.get(self.at..self.at + 2) {
            Some([0xff, 0xd0..=0xd7]) => {
                self.at += 2;
                Ok(())
            }
            _ => Err(damaged("a restart marker is missing")),
        }
    }
}

/// Natural order of the zigzag sequence (T.81 figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

struct Tables {
    quantisation: [[f32; 64]; 4],
    dc: [Huffman; 4],
    ac: [Huffman; 4],
    restart: usize,
}

/// Decodes a 12-bit image of one component. The caller has compared its size with what is expected.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<u16>, Problem> {
    let mut segments = Segments::new(bytes)?;
    let mut tables = Tables {
        quantisation: [[1.0; 64]; 4],
        dc: Default::default(),
        ac: Default::default(),
        restart: 0,
    };
    let mut frame = None;
    while let Some((marker, segment)) = segments.next()? {
        match marker {
            0xdb => quantisation(segment, &mut tables.quantisation)?,
            0xc4 => huffman(segment, &mut tables)?,
            0xdd => {
                let interval = segment.first_chunk().map(|b| u16::from_be_bytes(*b));
                tables.restart = usize::from(interval.unwrap_or(0));
            }
            0xc0..=0xcf => {
                let table = segment.get(8).copied().unwrap_or(0);
                frame = header_of(marker, segment).map(|header| (header, usize::from(table & 3)));
            }
            0xda => {
                let Some((header, table)) = frame else {
                    return Err(damaged("its pixels come before its size"));
                };
                if header.marker != 0xc1 || header.precision != 12 || header.components != 1 {
                    return Err("its JPEG image is of a kind that is not read; transcode it with dcmdjpeg of dcmtk".to_owned());
                }
                let &[1, _, selectors, 0, 63, 0, ..] = segment else {
                    return Err(damaged("its scan is not of one component"));
                };
                let rest = bytes.get(segments.at..).unwrap_or_default();
                let selectors = [usize::from(selectors >> 4 & 3), usize::from(selectors & 3)];
                return scan(rest, &header, &tables, table, selectors);
            }
            _ => {}
        }
    }
    Err(damaged("it has no pixels"))
}

fn quantisation(mut segment: &[u8], tables: &mut [[f32; 64]; 4]) -> Result<(), Problem> {
    while let Some((&kind, rest)) = segment.split_first() {
        let bytes = if kind >> 4 == 0 { 1 } else { 2 };
        let Some((values, rest)) = rest.split_at_checked(64 * bytes) else {
            return Err(damaged("a quantisation table is cut short"));
        };
        let table = &mut tables[usize::from(kind & 3)];
        for (place, value) in ZIGZAG.into_iter().zip(values.chunks_exact(bytes)) {
            table[place] = value.iter().fold(0.0, |n, &b| 256.0 * n + f32::from(b));
        }
        segment = rest;
    }
    Ok(())
}

fn huffman(mut segment: &[u8], tables: &mut Tables) -> Result<(), Problem> {
    while let Some((&kind, rest)) = segment.split_first() {
        let short = || damaged("a Huffman table is cut short");
        let (counts, rest) = rest.split_at_checked(16).ok_or_else(short)?;
        let total = counts.iter().map(|c| usize::from(*c)).sum();
        let (values, rest) = rest.split_at_checked(total).ok_or_else(short)?;
        let table = Huffman::new(counts, values);
        let slot = usize::from(kind & 3);
        match kind >> 4 {
            0 => tables.dc[slot] = table,
            _ => tables.ac[slot] = table,
        }
        segment = rest;
    }
    Ok(())
}

/// Decodes the blocks of a scan into rows of samples.
fn scan(
    bytes: &[u8],
    header: &FrameHeader,
    tables: &Tables,
    quantisation: usize,
    [dc, ac]: [usize; 2],
) -> Result<Vec<u16>, Problem> {
    let (width, height) = (header.width, header.height);
    let across = width.div_ceil(8);
    let mut samples = vec![0u16; width * height];
    let mut bits = Bits {
        bytes,
        at: 0,
        held: 0,
        count: 0,
    };
    let cosines = cosines();
    let mut previous = 0i32;
    for block in 0..across * height.div_ceil(8) {
        if tables.restart > 0 && block > 0 && block % tables.restart == 0 {
            bits.restart()?;
            previous = 0;
        }
        let mut coefficients = [0f32; 64];
        let size = u32::from(bits.symbol(&tables.dc[dc])?);
        if size > 15 {
            return Err(damaged("a code is unknown"));
        }
        previous = previous.wrapping_add(bits.value(size)?);
        let table = &tables.quantisation[quantisation];
        coefficients[0] = previous as f32 * table[0];
        let mut k = 1;
        while k < 64 {
            let symbol = bits.symbol(&tables.ac[ac])?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run < 15 {
                    break;
                }
                k += 16;
                continue;
            }
            k += run;
            let Some(&place) = ZIGZAG.get(k) else {
                return Err(damaged("a block is too long"));
            };
            coefficients[place] = bits.value(size)? as f32 * table[place];
            k += 1;
        }
        let block_samples = inverse_transform(&coefficients, &cosines);
        let (top, left) = (block / across * 8, block % across * 8);
        for (y, row) in block_samples.chunks_exact(8).enumerate().take(height - top) {
            let from = (top + y) * width + left;
            let within = (width - left).min(8);
            samples[from..from + within].copy_from_slice(&row[..within]);
        }
    }
    Ok(samples)
}

/// `C(u) / 2 * cos((2x + 1) u pi / 16)` at `[x][u]` (T.81 section A.3.3).
fn cosines() -> [[f32; 8]; 8] {
    std::array::from_fn(|x| {
        std::array::from_fn(|u| {
            let scale = if u == 0 { 0.5f64.sqrt() } else { 1.0 };
            let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0;
            (0.5 * scale * angle.cos()) as f32
        })
    })
}

fn inverse_transform(coefficients: &[f32; 64], cosines: &[[f32; 8]; 8]) -> [u16; 64] {
    let mut rows = [0f32; 64];
    for (row, coefficients) in rows.chunks_exact_mut(8).zip(coefficients.chunks_exact(8)) {
        for (value, cosines) in row.iter_mut().zip(cosines) {
            *value = cosines.iter().zip(coefficients).map(|(c, f)| c * f).sum();
        }
    }
    std::array::from_fn(|place| {
        let (y, x) = (place / 8, place % 8);
        let sum: f32 = (0..8).map(|v| cosines[y][v] * rows[8 * v + x]).sum();
        // Samples were shifted to be around zero.
        (sum + 2048.0).round().clamp(0.0, 4095.0) as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_images_are_errors() {
        for bytes in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8\xff\xc1\0\x0b\x0c",
            b"\xff\xd8\xff\xda\0\x08\x01\x01\0\0\x3f\0",
            b"\xff\xd8\xff\xd9",
        ] {
            assert!(decode(bytes).is_err() && frame_header(bytes).is_err());
        }
    }
}
