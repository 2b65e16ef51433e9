//! The samples of a scan: context modelling, prediction, Golomb codes and runs (T.87, annex A).

use crate::JpegLsError;
use crate::bits::Bits;

/// Lengths of runs, as powers of two, by run index (T.87, A.2.1).
const RUN_ORDER: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// Contexts of the regular mode; two more interrupt runs.
const REGULAR: usize = 365;

/// Parameters of the coding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coding {
    near: i32,
    max: i32,
    thresholds: [i32; 3],
    reset: i32,
    range: i32,
    /// Bits of a mapped error that is written whole.
    error_bits: u32,
    limit: u32,
}

impl Coding {
    /// Defaults of T.87, C.2.4.1.1, where the preset has zeros.
    pub(crate) fn new(bits: u8, near: u32, preset: [u32; 5]) -> Result<Self, JpegLsError> {
        let full = (1i32 << bits) - 1;
        let max = if preset[0] == 0 {
            full
        } else {
            preset[0] as i32
        };
        let near = near as i32;
        if max > full || max < 1 || near > max / 2 || near > 255 {
            return Err(JpegLsError::Damaged("its parameters cannot be"));
        }
        let clamp = |value: i32, low: i32| {
            if value > max || value < low {
                low
            } else {
                value
            }
        };
        let defaults: [i32; 3] = if max >= 128 {
            let factor = (max.min(4095) + 128) / 256;
            [
                factor + 2 + 3 * near,
                factor * 4 + 3 + 5 * near,
                factor * 17 + 4 + 7 * near,
            ]
        } else {
            let factor = 256 / (max + 1);
            [
                (3 / factor + 3 * near).max(2),
                (7 / factor + 5 * near).max(3),
                (21 / factor + 7 * near).max(4),
            ]
        };
        let mut thresholds = [0; 3];
        let mut low = near + 1;
        for ((threshold, default), given) in thresholds.iter_mut().zip(defaults).zip(&preset[1..4])
        {
            *threshold = if *given == 0 {
                clamp(default, low)
            } else {
                *given as i32
            };
            if *threshold < low || *threshold > max.max(low) {
                return Err(JpegLsError::Damaged("its thresholds cannot be"));
            }
            low = *threshold;
        }
        let reset = if preset[4] == 0 { 64 } else { preset[4] as i32 };
        if !(3..=full.max(255)).contains(&reset) {
            return Err(JpegLsError::Damaged("its parameters cannot be"));
        }
        let range = (max + 2 * near) / (2 * near + 1) + 1;
        let ceil_log2 = |n: i32| 32 - (n - 1).leading_zeros();
        let sample_bits = ceil_log2(max + 1).max(2);
        Ok(Self {
            near,
            max,
            thresholds,
            reset,
            range,
            error_bits: ceil_log2(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
        })
    }

    /// A gradient as one of nine levels.
    fn level(&self, gradient: i32) -> i32 {
        let [t1, t2, t3] = self.thresholds;
        let size = gradient.abs();
        let level = match size {
            s if s <= self.near => 0,
            s if s < t1 => 1,
            s if s < t2 => 2,
            s if s < t3 => 3,
            _ => 4,
        };
        if gradient < 0 { -level } else { level }
    }

    /// The sample from its prediction and error, brought back into range.
    fn sample(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut value = predicted + error * step;
        if value < -self.near {
            value += self.range * step;
        } else if value > self.max + self.near {
            value -= self.range * step;
        }
        value.clamp(0, self.max)
    }
}

/// Statistics of the contexts.
struct Model {
    coding: Coding,
    a: Vec<i32>,
    b: Vec<i32>,
    c: Vec<i32>,
    n: Vec<i32>,
    /// Negative errors that interrupted runs.
    negative: [i32; 2],
    run_index: usize,
}

/// Decodes `height` lines.
pub(crate) fn decode(
    coding: Coding,
    data: &[u8],
    width: usize,
    height: usize,
) -> Result<Vec<u16>, JpegLsError> {
    let start = ((coding.range + 32) / 64).max(2);
    let mut model = Model {
        coding,
        a: vec![start; REGULAR + 2],
        b: vec![0; REGULAR],
        c: vec![0; REGULAR],
        n: vec![1; REGULAR + 2],
        negative: [0; 2],
        run_index: 0,
    };
    let mut bits = Bits::new(data);
    // Lines with one sample more on either side; before the first line all is zero.
    let mut above = vec![0i32; width + 2];
    let mut line = vec![0i32; width + 2];
    let mut samples = Vec::with_capacity(width * height);
    for _ in 0..height {
        above[width + 1] = above[width];
        line[0] = above[1];
        model.line(&mut bits, &above, &mut line, width)?;
        samples.extend(line[1..=width].iter().map(|&v| v as u16));
        std::mem::swap(&mut above, &mut line);
    }
    Ok(samples)
}

impl Model {
    fn line(
        &mut self,
        bits: &mut Bits<'_>,
        above: &[i32],
        line: &mut [i32],
        width: usize,
    ) -> Result<(), JpegLsError> {
        let near = self.coding.near;
        let mut x = 1;
        while x <= width {
            let (left, over, corner, right) = (line[x - 1], above[x], above[x - 1], above[x + 1]);
            let gradients = [right - over, over - corner, corner - left];
            if gradients.iter().all(|g| g.abs() <= near) {
                x = self.run(bits, above, line, x, width)?;
                continue;
            }
            let [q1, q2, q3] = gradients.map(|g| self.coding.level(g));
            let context = 81 * q1 + 9 * q2 + q3;
            let (context, sign) = if context < 0 {
                (-context as usize, -1)
            } else {
                (context as usize, 1)
            };
            let predicted = median(left, over, corner) + sign * self.c[context];
            let error = self.regular_error(bits, context)?;
            line[x] = self
                .coding
                .sample(predicted.clamp(0, self.coding.max), sign * error);
            x += 1;
        }
        Ok(())
    }

    /// A Golomb code with parameter `k`, whose zeros are limited.
    fn code(&self, bits: &mut Bits<'_>, k: u32, limit: u32) -> Result<i32, JpegLsError> {
        let longest = limit.saturating_sub(self.coding.error_bits + 1);
        let zeros = bits.zeros(longest)?;
        let value = if zeros < longest {
            u64::from(zeros) << k | u64::from(bits.take(k)?)
        } else {
            u64::from(bits.take(self.coding.error_bits)?) + 1
        };
        i32::try_from(value)
            .ok()
            .filter(|v| *v <= 1 << 18)
            .ok_or(JpegLsError::Damaged("an error is larger than can be"))
    }

    fn regular_error(&mut self, bits: &mut Bits<'_>, q: usize) -> Result<i32, JpegLsError> {
        let k = golomb(self.n[q], self.a[q]);
        let mapped = self.code(bits, k, self.coding.limit)?;
        let inverted = self.coding.near == 0 && k == 0 && 2 * self.b[q] <= -self.n[q];
        let error = match (mapped % 2 == 1, inverted) {
            (true, true) => (mapped - 1) / 2,
            (false, true) => -(mapped / 2) - 1,
            (false, false) => mapped / 2,
            (true, false) => -(mapped + 1) / 2,
        };
        self.b[q] += error * (2 * self.coding.near + 1);
        self.a[q] += error.abs();
        if self.n[q] == self.coding.reset {
            self.a[q] >>= 1;
            self.b[q] >>= 1;
            self.n[q] >>= 1;
        }
        self.n[q] += 1;
        // The bias of the prediction is moved by one step at a time.
        if self.b[q] <= -self.n[q] {
            self.b[q] = (self.b[q] + self.n[q]).max(1 - self.n[q]);
            self.c[q] = (self.c[q] - 1).max(-128);
        } else if self.b[q] > 0 {
            self.b[q] = (self.b[q] - self.n[q]).min(0);
            self.c[q] = (self.c[q] + 1).min(127);
        }
        Ok(error)
    }

    /// A run of the sample to the left, and the sample that ends it. Returns the next place.
    fn run(
        &mut self,
        bits: &mut Bits<'_>,
        above: &[i32],
        line: &mut [i32],
        start: usize,
        width: usize,
    ) -> Result<usize, JpegLsError> {
        let value = line[start - 1];
        let mut x = start;
        while bits.take(1)? == 1 {
            let whole = 1usize << RUN_ORDER[self.run_index];
            let length = whole.min(width + 1 - x);
            line[x..x + length].fill(value);
            x += length;
            if length == whole && self.run_index < 31 {
                self.run_index += 1;
            }
            if x > width {
                return Ok(x);
            }
        }
        let rest = bits.take(RUN_ORDER[self.run_index])? as usize;
        if x + rest > width {
            return Err(JpegLsError::Damaged("a run is longer than its line"));
        }
        line[x..x + rest].fill(value);
        x += rest;
        line[x] = self.interruption(bits, value, above[x])?;
        self.run_index = self.run_index.saturating_sub(1);
        Ok(x + 1)
    }

    fn interruption(
        &mut self,
        bits: &mut Bits<'_>,
        left: i32,
        over: i32,
    ) -> Result<i32, JpegLsError> {
        let same = (left - over).abs() <= self.coding.near;
        let kind = usize::from(same);
        let q = REGULAR + kind;
        let expected = if same {
            self.a[q] + (self.n[q] >> 1)
        } else {
            self.a[q]
        };
        let k = golomb(self.n[q], expected);
        let limit = self.coding.limit - RUN_ORDER[self.run_index] - 1;
        let mapped = self.code(bits, k, limit)?;
        let folded = mapped + kind as i32;
        let size = (folded + 1) / 2;
        let negative = (k != 0 || 2 * self.negative[kind] >= self.n[q]) == (folded % 2 == 1);
        let error = if negative { -size } else { size };
        if error < 0 {
            self.negative[kind] += 1;
        }
        self.a[q] += (mapped + 1 - kind as i32) >> 1;
        if self.n[q] == self.coding.reset {
            self.a[q] >>= 1;
            self.n[q] >>= 1;
            self.negative[kind] >>= 1;
        }
        self.n[q] += 1;
        let (predicted, sign) = match (same, left > over) {
            (true, _) => (left, 1),
            (false, true) => (over, -1),
            (false, false) => (over, 1),
        };
        Ok(self.coding.sample(predicted, sign * error))
    }
}

/// The smallest `k` with `n 2^k >= a`.
fn golomb(n: i32, a: i32) -> u32 {
    let mut k = 0;
    while i64::from(n) << k < i64::from(a) && k < 24 {
        k += 1;
    }
    k
}

/// The median edge detector.
fn median(left: i32, over: i32, corner: i32) -> i32 {
    let (low, high) = (left.min(over), left.max(over));
    if corner >= high {
        low
    } else if corner <= low {
        high
    } else {
        left + over - corner
    }
}
