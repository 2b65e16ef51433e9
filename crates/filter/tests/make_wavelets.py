"""Writes src/wavelet_table.rs: low-pass decomposition filters of orthogonal wavelets, as PyWavelets gives them.

    python3 tests/make_wavelets.py > src/wavelet_table.rs && cargo fmt -p triher-filter

Needs PyWavelets (PyPI: pywavelets). Written with 1.8; the coefficients are those of Daubechies, Ten Lectures on Wavelets.
"""
import pywt

names = ["haar"] + [f"db{n}" for n in range(2, 11)] + [f"sym{n}" for n in range(4, 9)] + [f"coif{n}" for n in range(1, 6)]
print("//! Low-pass decomposition filters of orthogonal wavelets; written by `tests/make_wavelets.py` with PyWavelets.\n#![expect(clippy::approx_constant, reason = \"a table as it was written, whose first rows are Haar's\")]\n")
print("/// Name and low-pass decomposition filter.")
print("pub(crate) const WAVELETS: [(&str, &[f64]); %d] = [" % len(names))
for name in names:
    print('    ("%s", &[%s]),' % (name, ", ".join(repr(float(c)) for c in pywt.Wavelet(name).dec_lo)))
print("];")
