//! One choice at run time: the vector instructions that the machine has. The only place with `unsafe`.
//!
//! The numeric loops of this crate are plain Rust over arrays of fixed length. Compiled for the instructions that every x86-64 machine
//! has, they would use a quarter of a newer one, so each loop is an [`Operation`] that is compiled twice and [`dispatch`] picks.

/// A numeric loop. `run` must be marked `#[inline(always)]`, as must all that it calls in its hot part: only then is
/// it compiled anew with the wider instructions.
pub(crate) trait Operation {
    /// What it gives.
    type Output;
    /// The loop. `FUSED` says whether the machine multiplies and adds with one rounding.
    fn run<const FUSED: bool>(self) -> Self::Output;
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
        return unsafe { with_avx2(operation) };
    }
    if cfg!(target_arch = "aarch64") {
        return operation.run::<true>();
    }
    operation.run::<false>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<O: Operation>(operation: O) -> O::Output {
    operation.run::<true>()
}

/// `a * b + c`, rounded once when `FUSED`.
#[inline(always)]
pub(crate) fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
