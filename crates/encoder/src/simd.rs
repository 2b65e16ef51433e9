//! One choice at run time: the vector instructions that the machine has. The only place with `unsafe`.
//!
//! The numeric loops of this crate are plain Rust over arrays of fixed length. Compiled for the instructions that every x86-64 machine
//! has, they would use a quarter of a newer one, so each loop is an [`Operation`] that is compiled for each, and [`dispatch`] picks. The
//! innermost loop of all products, [`Instructions::tile`], is written out for AVX2 and for AVX-512.

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
    /// `out[from + j][lane] += sum_k x[k][lane] * rows[j][k]` for each of `outs`: the sum is a chain of multiply-adds in ascending k
    /// that begins with zero. The rows must be as long as `x`.
    fn tile<const N: usize>(
        self,
        outs: &mut [&mut [Lane]; N],
        from: usize,
        x: &[Lane],
        rows: [&[f32]; STRIP],
    );
    /// Whether a product and a sum are rounded once.
    const FUSED: bool;
}

/// Asks how the chosen instructions round.
pub(crate) struct Arithmetic;

impl Operation for Arithmetic {
    type Output = &'static str;
    #[inline(always)]
    fn run<I: Instructions>(self, _: I) -> &'static str {
        // The number counts the orders of sums that versions of this crate have had.
        if I::FUSED { "fused 2" } else { "separate 2" }
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
            reason = "functions compiled for more instructions than the caller"
        )]
        if std::is_x86_feature_detected!("avx512f") {
            // SAFETY: the machine has the instructions that the function was compiled for: this was asked just above.
            return unsafe { with_avx512(operation, Avx512(())) };
        } else {
            // SAFETY: as above.
            return unsafe { with_avx2(operation, Avx2(())) };
        }
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
    fn tile<const N: usize>(
        self,
        outs: &mut [&mut [Lane]; N],
        from: usize,
        x: &[Lane],
        rows: [&[f32]; STRIP],
    ) {
        let mut sums = [[0f32; LANES]; STRIP];
        for (k, x) in x.iter().enumerate() {
            for j in 0..STRIP {
                for l in 0..LANES {
                    sums[j][l] = if FUSED {
                        x[l].mul_add(rows[j][k], sums[j][l])
                    } else {
                        x[l] * rows[j][k] + sums[j][l]
                    };
                }
            }
        }
        for out in outs {
            for (out, sums) in out[from..from + STRIP].iter_mut().zip(&sums) {
                for l in 0..LANES {
                    out[l] += sums[l];
                }
            }
        }
    }
}

/// AVX2 and FMA; made by [`dispatch`] alone, when the machine has them.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

/// AVX-512F besides AVX2 and FMA; made by [`dispatch`] alone, when the machine has them.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

/// [`Instructions`] by a function that is compiled for more instructions than its callers.
#[cfg(target_arch = "x86_64")]
macro_rules! instructions {
    ($name:ident, $tile:ident) => {
        impl Instructions for $name {
            const FUSED: bool = true;

            #[inline(always)]
            fn tile<const N: usize>(
                self,
                outs: &mut [&mut [Lane]; N],
                from: usize,
                x: &[Lane],
                rows: [&[f32]; STRIP],
            ) {
                #[expect(
                    unsafe_code,
                    reason = "a function compiled for more instructions than the caller"
                )]
                // SAFETY: `self` exists, so the machine has the instructions.
                unsafe {
                    $tile(outs, from, x, rows);
                }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
instructions!(Avx2, tile_avx2);
#[cfg(target_arch = "x86_64")]
instructions!(Avx512, tile_avx512);

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<O: Operation>(operation: O, instructions: Avx2) -> O::Output {
    operation.run(instructions)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn with_avx512<O: Operation>(operation: O, instructions: Avx512) -> O::Output {
    operation.run(instructions)
}

/// Rows of one length, so that the loops need not ask whether a number is there.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn rows_of(mut rows: [&[f32]; STRIP], length: usize) -> [&[f32]; STRIP] {
    for row in &mut rows {
        *row = &row[..length];
    }
    rows
}

/// Twelve registers of sums, two of tokens, one of a weight.
///
/// Written without closures and `array::map`: those would be compiled for older machines and called, once a tile.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2,fma")]
fn tile_avx2<const N: usize>(
    outs: &mut [&mut [Lane]; N],
    from: usize,
    x: &[Lane],
    rows: [&[f32]; STRIP],
) {
    use std::arch::x86_64::{_mm256_add_ps, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};
    let mut sums = [[_mm256_setzero_ps(); 2]; STRIP];
    let rows = rows_of(rows, x.len());
    for (k, x) in x.iter().enumerate() {
        let [low, high] = load(x);
        for j in 0..STRIP {
            let weight = _mm256_set1_ps(rows[j][k]);
            sums[j][0] = _mm256_fmadd_ps(low, weight, sums[j][0]);
            sums[j][1] = _mm256_fmadd_ps(high, weight, sums[j][1]);
        }
    }
    for out in outs {
        let out = &mut out[from..from + STRIP];
        for j in 0..STRIP {
            let [low, high] = load(&out[j]);
            let sums = [
                _mm256_add_ps(low, sums[j][0]),
                _mm256_add_ps(high, sums[j][1]),
            ];
            store(&mut out[j], sums);
        }
    }
}

/// Six registers of sums, one of tokens; the weights come from memory with the multiplication.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx2,fma")]
fn tile_avx512<const N: usize>(
    outs: &mut [&mut [Lane]; N],
    from: usize,
    x: &[Lane],
    rows: [&[f32]; STRIP],
) {
    use std::arch::x86_64::{_mm512_add_ps, _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};
    let mut sums = [_mm512_setzero_ps(); STRIP];
    let rows = rows_of(rows, x.len());
    for (k, x) in x.iter().enumerate() {
        let x = load_512(x);
        for j in 0..STRIP {
            sums[j] = _mm512_fmadd_ps(x, _mm512_set1_ps(rows[j][k]), sums[j]);
        }
    }
    for out in outs {
        let out = &mut out[from..from + STRIP];
        for j in 0..STRIP {
            let sum = _mm512_add_ps(load_512(&out[j]), sums[j]);
            store_512(&mut out[j], sum);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn load_512(lane: &Lane) -> std::arch::x86_64::__m512 {
    #[expect(unsafe_code, reason = "the load takes a pointer")]
    // SAFETY: the pointer leads to the 16 numbers of `lane`; the load asks for no alignment.
    unsafe {
        std::arch::x86_64::_mm512_loadu_ps(lane.as_ptr())
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn store_512(lane: &mut Lane, sum: std::arch::x86_64::__m512) {
    #[expect(unsafe_code, reason = "the store takes a pointer")]
    // SAFETY: the pointer leads to the 16 numbers of `lane`, which is borrowed exclusively; the store asks for no alignment.
    unsafe {
        std::arch::x86_64::_mm512_storeu_ps(lane.as_mut_ptr(), sum);
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

    struct Tile<'a>(&'a mut [Lane], &'a [Lane], [&'a [f32]; STRIP]);

    impl Operation for Tile<'_> {
        type Output = ();
        #[inline(always)]
        fn run<I: Instructions>(self, instructions: I) {
            instructions.tile(&mut [self.0], 0, self.1, self.2);
        }
    }

    /// The best instructions give the bits of the definition; rounding twice differs in the last digits only.
    #[test]
    fn all_instructions_compute_the_same() {
        let number = |i: usize| ((i * 7919 % 1009) as f32 / 504.5 - 1.0).powi(3);
        let x: Vec<Lane> = (0..70)
            .map(|k| std::array::from_fn(|l| number(k * LANES + l)))
            .collect();
        let weights: Vec<f32> = (0..70 * STRIP).map(|i| number(i + 5000)).collect();
        let rows: [&[f32]; STRIP] = std::array::from_fn(|j| &weights[70 * j..][..70]);
        let start: [Lane; STRIP] = std::array::from_fn(|j| [number(j); LANES]);
        let (mut best, mut once, mut twice) = (start, start, start);
        dispatch(Tile(&mut best, &x, rows));
        Tile(&mut once, &x, rows).run(Portable::<true>);
        Tile(&mut twice, &x, rows).run(Portable::<false>);
        if dispatch(Arithmetic).starts_with("fused") {
            assert_eq!(best, once);
        }
        // A machine with AVX-512 is what the narrower path can be tried on, too.
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
            let mut narrow = start;
            Tile(&mut narrow, &x, rows).run(Avx2(()));
            assert_eq!(narrow, once);
        }
        assert_ne!(best, start);
        for (a, b) in once.iter().flatten().zip(twice.iter().flatten()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
}
