//! Products with weights as PyTorch stores them, the only place with `unsafe`.

use gemm::{Parallelism, gemm};
use rayon::prelude::*;

/// Columns of the result that one task computes. It does not depend on the number of threads, so that every
/// number comes from the same sequence of operations whoever computes it.
const COLUMNS: usize = 384;

/// `out[r][c] = sum_k x[r][k] w[c][k] (+ bias[c])` for `rows` rows: a linear layer.
///
/// `x` is `rows x inner`, `w` is `columns x inner` (PyTorch's `Linear.weight`), both row-major; `out` is
/// `rows x columns` and is overwritten.
pub(crate) fn linear(
    out: &mut [f32],
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    rows: usize,
    inner: usize,
) {
    let columns = w.len() / inner;
    assert!(x.len() == rows * inner && w.len() == columns * inner && out.len() == rows * columns);
    if let Some(bias) = bias {
        assert_eq!(bias.len(), columns);
        out.par_chunks_mut(columns)
            .for_each(|row| row.copy_from_slice(bias));
    }
    let target = Target(out.as_mut_ptr());
    (0..columns.div_ceil(COLUMNS))
        .into_par_iter()
        .for_each(|block| {
            let start = block * COLUMNS;
            let width = COLUMNS.min(columns - start);
            let weights = &w[start * inner..(start + width) * inner];
            product(Product {
                out: target.column(start),
                out_stride: columns,
                add: bias.is_some(),
                a: x,
                a_stride: inner,
                b: weights,
                b_strides: (inner, 1),
                size: (rows, width, inner),
            });
        });
}

/// A pointer to a result whose columns are shared out between threads.
#[derive(Clone, Copy)]
struct Target(*mut f32);

#[expect(
    unsafe_code,
    reason = "tasks write disjoint columns of one matrix, which slices cannot express"
)]
// SAFETY: the pointer is only used to write columns that no other task touches, while the exclusive
// borrow of the result is held by `linear`.
unsafe impl Send for Target {}
#[expect(unsafe_code, reason = "as above")]
// SAFETY: as for `Send`.
unsafe impl Sync for Target {}

impl Target {
    fn column(self, start: usize) -> *mut f32 {
        self.0.wrapping_add(start)
    }
}

/// `out = a b` or `out += a b`, single-threaded, row-major with strides.
pub(crate) struct Product<'a> {
    pub(crate) out: *mut f32,
    /// Distance between rows of the result.
    pub(crate) out_stride: usize,
    /// Whether the product is added to what stands in the result.
    pub(crate) add: bool,
    pub(crate) a: &'a [f32],
    /// Distance between rows of `a`; its columns are next to each other.
    pub(crate) a_stride: usize,
    pub(crate) b: &'a [f32],
    /// Distances between columns and between rows of `b`.
    pub(crate) b_strides: (usize, usize),
    /// Rows and columns of the result, and the length of the sums.
    pub(crate) size: (usize, usize, usize),
}

/// Computes a [`Product`]; the caller vouches for `out`.
pub(crate) fn product(p: Product<'_>) {
    let (m, n, k) = p.size;
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let (b_columns, b_rows) = p.b_strides;
    assert!(p.a.len() >= (m - 1) * p.a_stride + k);
    assert!(p.b.len() > (n - 1) * b_columns + (k - 1) * b_rows);
    #[expect(unsafe_code, reason = "the gemm crate takes pointers")]
    // SAFETY: the strides and sizes were checked against both operands above; `out` points to a matrix of
    // at least m rows of `out_stride` and n columns that nobody else reads or writes meanwhile (both callers in
    // this crate pass a part of a slice they hold exclusively).
    unsafe {
        gemm(
            m,
            n,
            k,
            p.out,
            1,
            p.out_stride as isize,
            p.add,
            p.a.as_ptr(),
            1,
            p.a_stride as isize,
            p.b.as_ptr(),
            b_columns as isize,
            b_rows as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
