"""Makes small grey images and their JPEG-LS streams with CharLS (PyPI: pyjpegls, numpy).

    python make_samples.py   # writes NAME.jls and NAME.raw (little-endian 16 bit) beside this file
"""

import pathlib

import jpeg_ls
import numpy

here = pathlib.Path(__file__).parent
random = numpy.random.default_rng(14495)


def image(width, height, bits, kind):
    y, x = numpy.mgrid[:height, :width]
    top = (1 << bits) - 1
    if kind == "smooth":
        values = (numpy.sin(x / 5) + numpy.cos(y / 7) + 2) / 4 * top
    elif kind == "noise":
        values = random.integers(0, top + 1, (height, width))
    else:  # flat areas with edges: runs
        values = ((x // 11 + y // 6) % 3) * (top // 3) + (random.random((height, width)) < 0.02) * 5
    dtype = numpy.uint8 if bits <= 8 else numpy.uint16
    return numpy.clip(values, 0, top).astype(dtype)


for width, height, bits, kind, near in [
    (31, 17, 8, "smooth", 0), (31, 17, 8, "flat", 0), (20, 9, 8, "noise", 0), (31, 17, 8, "flat", 3),
    (29, 13, 12, "smooth", 0), (29, 13, 12, "flat", 0), (17, 11, 16, "smooth", 0), (17, 11, 16, "noise", 0),
    (33, 12, 16, "flat", 0), (33, 12, 12, "smooth", 2), (3, 30, 8, "smooth", 0), (40, 3, 12, "smooth", 1),
]:
    pixels = image(width, height, bits, kind)
    packed = bytes(jpeg_ls.encode_array(pixels, lossy_error=near))
    decoded = jpeg_ls.decode(numpy.frombuffer(packed, dtype=numpy.uint8))
    name = f"{kind}-{width}x{height}-{bits}bit-near{near}"
    (here / f"{name}.jls").write_bytes(packed)
    (here / f"{name}.raw").write_bytes(numpy.asarray(decoded).reshape(height, width).astype("<u2").tobytes())
    print(name, len(packed), abs(decoded.reshape(height, width).astype(int) - pixels.astype(int)).max())
