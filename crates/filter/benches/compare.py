"""Times MIRP's and SciPy's filters on the image of benches/filters.rs; run beside `cargo bench -p triher-filter`.

    python3 crates/filter/benches/compare.py

Needs numpy, scipy and mirp (PyPI). Prints the best of three runs in milliseconds.
"""
import time
import numpy as np
from scipy import ndimage
from mirp._images.generic_image import GenericImage
from mirp.settings.transformation_parameters import ImageTransformationSettingsClass
from mirp._imagefilters.gabor import GaborFilter
from mirp._imagefilters.laplacian_of_gaussian import LaplacianOfGaussianFilter
from mirp._imagefilters.laws import LawsFilter
from mirp._imagefilters.mean import MeanFilter
from mirp._imagefilters.nonseparable_wavelet import NonseparableWaveletFilter
from mirp._imagefilters.separable_wavelet import SeparableWaveletFilter

k, j, i = np.meshgrid(np.arange(64), np.arange(128), np.arange(128), indexing="ij")
voxels = ((i * 31 + j * 17 + k * 7) % 101).astype(np.float32)


def best(run):
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return 1000 * min(times)


print(f"scipy gaussian_laplace sigma 2: {best(lambda: ndimage.gaussian_laplace(voxels, 2.0)):.0f} ms")
print(f"scipy uniform_filter 5: {best(lambda: ndimage.uniform_filter(voxels, 5)):.0f} ms")
cases = {
    "mean": (MeanFilter, dict(mean_filter_kernel_size=5)),
    "laplacian_of_gaussian": (LaplacianOfGaussianFilter, dict(laplacian_of_gaussian_sigma=2.0, laplacian_of_gaussian_kernel_truncate=4.0)),
    "laws": (LawsFilter, dict(laws_kernel="L5E5E5", laws_compute_energy=True, laws_rotation_invariance=True, laws_delta=7, laws_pooling_method="max")),
    "gabor": (GaborFilter, dict(gabor_sigma=5.0, gabor_gamma=1.5, gabor_lambda=2.0, gabor_theta=0.0, gabor_theta_step=22.5, gabor_response="modulus", gabor_rotation_invariance=True, gabor_pooling_method="mean")),
    "separable_wavelet": (SeparableWaveletFilter, dict(separable_wavelet_families="db3", separable_wavelet_set="LLH", separable_wavelet_rotation_invariance=True, separable_wavelet_decomposition_level=1, separable_wavelet_pooling_method="mean")),
    "nonseparable_wavelet": (NonseparableWaveletFilter, dict(nonseparable_wavelet_families="simoncelli", nonseparable_wavelet_decomposition_level=1)),
}


class Settings:
    pass


for name, (kind, options) in cases.items():
    settings = Settings()
    settings.img_transform = ImageTransformationSettingsClass(by_slice=False, response_map_feature_families="statistics", boundary_condition="mirror", filter_kernels=name, **options)
    settings.general = Settings()
    settings.general.by_slice = False

    def run():
        image = GenericImage(image_data=voxels.copy(), image_spacing=(1.0, 1.0, 1.0), image_origin=(0.0, 0.0, 0.0), image_orientation=np.eye(3), image_dimensions=voxels.shape)
        for transform in kind(image=image, settings=settings, name=name).generate_object():
            transform.transform(image=image)

    print(f"mirp {name}: {best(run):.0f} ms")
