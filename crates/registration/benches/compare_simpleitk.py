"""Times in SimpleITK what registration.rs times here. Prints milliseconds (rigid: median of 3). Needs numpy and SimpleITK."""

import statistics
import time

import numpy as np
import SimpleITK as sitk

k, j, i = np.meshgrid(np.arange(40), np.arange(96), np.arange(96), indexing="ij")


def phase(moved):
    noise = ((i * 7919 + j * 104729 + k * 1299709) % 1009) / 1009
    p = [1.8 * (i - 47.5), 1.8 * (j - 47.5), 3.0 * (k - 19.5)]
    if moved:
        p = [p[0] - 2 - 0.03 * p[1], p[1] + 1.5 + 0.03 * p[0], p[2] - 1]
    radius = np.sqrt(sum(v * v for v in p))
    texture = np.sin(p[0] / 7) * np.cos(p[1] / 9) * np.cos(p[2] / 8)
    tissue = (100 + 50 * texture) / (1 + np.exp((radius - 55) / 2))
    image = sitk.GetImageFromArray((10 + (1.6 if moved else 1) * tissue + 6 * noise).astype(np.float32))
    image.SetSpacing((1.8, 1.8, 3.0))
    return image


def method():
    m = sitk.ImageRegistrationMethod()
    m.SetInterpolator(sitk.sitkLinear)
    m.SetShrinkFactorsPerLevel([4, 2, 1])
    m.SetSmoothingSigmasPerLevel([4, 2, 0])
    m.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    return m


def rigid(fixed, moving):
    m = method()
    m.SetMetricAsMattesMutualInformation(32)
    m.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 60, 0.5, 1e-8)
    m.SetOptimizerScalesFromPhysicalShift()
    m.SetInitialTransform(sitk.Euler3DTransform((85.5, 85.5, 58.5), 0, 0, 0, (0, 0, 0)), inPlace=True)
    return m.Execute(fixed, moving)


def deformable(fixed, moving):
    m = method()
    m.SetMetricAsANTSNeighborhoodCorrelation(2)
    m.SetOptimizerAsLBFGSB(numberOfIterations=60)
    # The lattice spacing that triher ends with, about 12 mm, on all levels: SimpleITK's L-BFGS-B does not take a lattice that becomes finer.
    m.SetInitialTransform(sitk.BSplineTransformInitializer(fixed, [15, 15, 10]), inPlace=True)
    return m.Execute(fixed, moving)


fixed, moving = phase(False), phase(True)
print("SimpleITK", sitk.Version_VersionString(), "threads", sitk.ProcessObject.GetGlobalDefaultNumberOfThreads())
for name, work, runs in [("rigid", rigid, 3), ("deformable", deformable, 1)]:
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work(fixed, moving)
        times.append(1000 * (time.perf_counter() - begin))
    print(f"{name:12} {statistics.median(times):9.0f} ms")
