//! One choice at run time: the vector instructions that the machine has. The only place with `unsafe`.
//!
//! The numeric loops of this crate are plain Rust over arrays of fixed length. Compiled for the instructions that every x86-64 machine
//! has, they would use a quarter of a newer one, so each loop is an [`Operation`] that is compiled twice, and [`dispatch`] picks. The
//! innermost loop of all products, [`Instructions::tile`], is written out for AVX2.

use crate::lanes::{LANES, Lane};

/// Columns that the innermost loop computes together: 6 by 16 sums fill the registers of AVX2.
pub(crate) const STRIP: usize = 6;

/// A numeric loop. `run` must be marked `#[inline(always)]`, as must all that it calls in its hot part: only then is
/// it compiled anew with the wider instructions.
pub(crate) trait Operation {
    /// What it gives.
    type Output;
    /// The loop.
    fn run<I: Instructions>(self, instructions: I) -> Self::Output;
}

/// Proof that a machine has certain instructions.
pub(crate) trait Instructions: Copy {
    /// `out[j][lane] += sum_k x[k][lane] * strip[k][j]`: a chain of multiply-adds in ascending k for each number.
    fn tile(self, out: &mut [Lane; STRIP], x: &[Lane], strip: &[[f32; STRIP]]);
    /// Whether a product and a sum are rounded once.
    const FUSED: bool;
}

/// Asks how the chosen instructions round: `fused` or `separate`.
pub(crate) struct Arithmetic;

impl Operation for Arithmetic {
    type Output = &'static str;
    #[inline(always)]
    fn run<I: Instructions>(self, _: I) -> &'static str {
        if I::FUSED { "fused" } else { "separate" }
    }
}

/// Runs an operation with the best instructions of this machine.
///
/// On x86-64 with AVX2 and FMA, and on aarch64, products are fused; the results have the same bits on all of
/// these. Older machines round each product, which differs in the last digits.
pub(crate) fn dispatch<O: Operation>(operation: O) -> O::Output {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        #[expect(
            unsafe_code,
            reason = "a function compiled for more instructions than the caller"
        )]
        // SAFETY: the machine has the instructions that the function was compiled for: this was asked just above.
        return unsafe { with_avx2(operation, Avx2(())) };
    }
    if cfg!(target_arch = "aarch64") {
        return operation.run(Portable::<true>);
    }
    operation.run(Portable::<false>)
}

/// What every machine has. `FUSED` says whether a product and a sum are rounded once.
#[derive(Clone, Copy)]
pub(crate) struct Portable<const FUSED: bool>;

impl<const FUSED: bool> Instructions for Portable<FUSED> {
    const FUSED: bool = FUSED;

    #[inline(always)]
    fn tile(self, out: &mut [Lane; STRIP], x: &[Lane], strip: &[[f32; STRIP]]) {
        let mut sums = *out;
        for (x, weights) in x.iter().zip(strip) {
            for j in 0..STRIP {
                for l in 0..LANES {
                    sums[j][l] = if FUSED {
                        x[l].mul_add(weights[j], sums[j][l])
                    } else {
                        x[l] * weights[j] + sums[j][l]
                    };
                }
            }
        }
        *out = sums;
    }
}

/// AVX2 and FMA; made by [`dispatch`] alone, when the machine has them.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Instructions for Avx2 {
    const FUSED: bool = true;

    #[inline(always)]
    fn tile(self, out: &mut [Lane; STRIP], x: &[Lane], strip: &[[f32; STRIP]]) {
        #[expect(
            unsafe_code,
            reason = "a function compiled for more instructions than the caller"
        )]
        // SAFETY: `self` exists, so the machine has AVX2 and FMA.
        unsafe {
            tile_avx2(out, x, strip);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<O: Operation>(operation: O, instructions: Avx2) -> O::Output {
    operation.run(instructions)
}

/// Twelve registers of sums, two of tokens, one of a weight.
///
/// Written without closures and `array::map`: those would be compiled for older machines and called, once a tile.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn tile_avx2(out: &mut [Lane; STRIP], x: &[Lane], strip: &[[f32; STRIP]]) {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};
    let mut sums = [[_mm256_setzero_ps(); 2]; STRIP];
    for j in 0..STRIP {
        sums[j] = load(&out[j]);
    }
    for (x, weights) in x.iter().zip(strip) {
        let [low, high] = load(x);
        for j in 0..STRIP {
            let weight = _mm256_set1_ps(weights[j]);
            sums[j][0] = _mm256_fmadd_ps(low, weight, sums[j][0]);
            sums[j][1] = _mm256_fmadd_ps(high, weight, sums[j][1]);
        }
    }
    for j in 0..STRIP {
        store(&mut out[j], sums[j]);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(lane: &Lane) -> [std::arch::x86_64::__m256; 2] {
    use std::arch::x86_64::_mm256_loadu_ps;
    #[expect(unsafe_code, reason = "the load takes a pointer")]
    // SAFETY: the pointers lead to the first and the second 8 of the 16 numbers of `lane`; the load asks for no alignment.
    unsafe {
        [
            _mm256_loadu_ps(lane.as_ptr()),
            _mm256_loadu_ps(lane.as_ptr().add(8)),
        ]
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(lane: &mut Lane, [low, high]: [std::arch::x86_64::__m256; 2]) {
    use std::arch::x86_64::_mm256_storeu_ps;
    #[expect(unsafe_code, reason = "the store takes a pointer")]
    // SAFETY: the pointers lead to the first and the second 8 of the 16 numbers of `lane`, which is borrowed
    // exclusively; the store asks for no alignment.
    unsafe {
        _mm256_storeu_ps(lane.as_mut_ptr(), low);
        _mm256_storeu_ps(lane.as_mut_ptr().add(8), high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tile<'a>(&'a mut [Lane; STRIP], &'a [Lane], &'a [[f32; STRIP]]);

    impl Operation for Tile<'_> {
        type Output = ();
        #[inline(always)]
        fn run<I: Instructions>(self, instructions: I) {
            instructions.tile(self.0, self.1, self.2);
        }
    }

    /// The best instructions give the bits of the definition; rounding twice differs in the last digits only.
    #[test]
    fn all_instructions_compute_the_same() {
        let number = |i: usize| ((i * 7919 % 1009) as f32 / 504.5 - 1.0).powi(3);
        let x: Vec<Lane> = (0..70)
            .map(|k| std::array::from_fn(|l| number(k * LANES + l)))
            .collect();
        let strip: Vec<[f32; STRIP]> = (0..70)
            .map(|k| std::array::from_fn(|j| number(k * STRIP + j + 5000)))
            .collect();
        let start: [Lane; STRIP] = std::array::from_fn(|j| [number(j); LANES]);
        let (mut best, mut once, mut twice) = (start, start, start);
        dispatch(Tile(&mut best, &x, &strip));
        Portable::<true>.tile(&mut once, &x, &strip);
        Portable::<false>.tile(&mut twice, &x, &strip);
        let fused = cfg!(target_arch = "aarch64");
        #[cfg(target_arch = "x86_64")]
        let fused = fused || std::is_x86_feature_detected!("fma");
        if fused {
            assert_eq!(best, once);
        }
        assert_ne!(best, start);
        for (a, b) in once.iter().flatten().zip(twice.iter().flatten()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
