//! Products of matrices: the one place where numbers meet the `gemm` crate, and with it the one `unsafe` call for products.
//!
//! A product that is shared out is cut into blocks of rows of the result ([`block`]), whatever the number of threads, and each block is one
//! single-threaded call. So each number of a result comes from the same call with the same operands always.

use rayon::prelude::*;

/// Rows of a sum or of a norm that are one task.
pub(crate) const ROWS: usize = 64;

/// Rows of a product that are one task: every task packs the right-hand matrix anew, which few rows would not repay. An even number of
/// tasks of about 192 rows; it depends on the size of the product alone.
pub(crate) fn block(rows: usize) -> usize {
    let blocks = rows.div_ceil(192).max(4).next_multiple_of(2);
    rows.div_ceil(blocks).max(96)
}

/// A matrix in a slice: the number at (i, j) lies at `i * row + j * column`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    data: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> View<'a> {
    /// Rows of `row` numbers, one after the other; only the first columns may be used.
    pub(crate) fn rows(data: &'a [f32], row: usize) -> Self {
        Self {
            data,
            row,
            column: 1,
        }
    }

    /// The transpose of [`View::rows`].
    pub(crate) fn columns(data: &'a [f32], column: usize) -> Self {
        Self {
            data,
            row: 1,
            column,
        }
    }

    /// The matrix from row `from` on.
    fn skip_rows(self, from: usize) -> Self {
        Self {
            data: self.data.get(from * self.row..).unwrap_or_default(),
            ..self
        }
    }

    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0
            || columns == 0
            || (rows - 1) * self.row + (columns - 1) * self.column < self.data.len()
    }
}

/// Whether a product replaces what stands in its place or is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Into {
    Replace,
    Add,
}

/// `out[m, n] (+)= scale * a[m, k] b[k, n]`, on this thread; the rows of `out` are `stride` numbers apart.
pub(crate) fn multiply(
    [m, n, k]: [usize; 3],
    (out, stride): (&mut [f32], usize),
    into: Into,
    scale: f32,
    a: View<'_>,
    b: View<'_>,
) {
    let room = m == 0 || n == 0 || (m - 1) * stride + n <= out.len();
    assert!(
        room && (m <= 1 || n <= stride) && a.holds(m, k) && b.holds(k, n),
        "operands hold the product's numbers"
    );
    #[expect(unsafe_code, reason = "the product takes pointers and strides")]
    // SAFETY: the assertion just above keeps every index of the three matrices within their slices, `out` is borrowed alone, and its rows
    // do not overlap.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            into == Into::Add,
            a.data.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.data.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// `out[m, n] (+)= a[m, k] b[k, n]`, shared out by rows of the (dense) result.
pub(crate) fn multiply_shared(
    [n, k]: [usize; 2],
    out: &mut [f32],
    into: Into,
    a: View<'_>,
    b: View<'_>,
) {
    if n == 0 {
        return;
    }
    let block = block(out.len() / n);
    out.par_chunks_mut(block * n)
        .enumerate()
        .for_each(|(number, out)| {
            let rows = out.len() / n;
            multiply(
                [rows, n, k],
                (out, n),
                into,
                1.0,
                a.skip_rows(number * block),
                b,
            );
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_agree_with_the_definition_in_all_layouts() {
        let (m, n, k) = (130, 7, 19);
        let number = |i: usize| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0;
        let a: Vec<f32> = (0..m * k).map(number).collect();
        let b: Vec<f32> = (0..k * n).map(|i| number(i + 5)).collect();
        let mut at = vec![0.0; m * k];
        for i in 0..m {
            for j in 0..k {
                at[j * m + i] = a[i * k + j];
            }
        }
        for view in [View::rows(&a, k), View::columns(&at, m)] {
            let mut out = vec![1.0; m * n];
            multiply_shared([n, k], &mut out, Into::Add, view, View::rows(&b, n));
            for i in 0..m {
                for j in 0..n {
                    let expected: f32 =
                        1.0 + (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f32>();
                    assert!((out[i * n + j] - expected).abs() < 1e-4);
                }
            }
        }
    }
}
