"""Makes rigid.json: SimpleITK's mutual information, and the motion it finds, on the phantom of phantom.rs. Needs numpy and SimpleITK."""

import json
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SIZE, SPACING = (44, 40, 24), (2.0, 2.0, 3.0)
CENTRE = np.array([(n - 1) / 2 * s for n, s in zip(SIZE, SPACING)])
# Ellipsoids: centre and half axes in mm from the middle, grey value inside, added.
PARTS = [
    ((0, 0, 0), (36, 32, 28), 60),
    ((-10, 6, 4), (16, 10, 12), 55),
    ((12, -10, -6), (9, 14, 10), -35),
    ((14, 12, 8), (6, 6, 7), 70),
    ((-16, -12, -10), (8, 5, 6), 90),
]
MOTIONS = [
    ((0.03, -0.02, 0.05), (1.5, -2.0, 1.0)),
    ((-0.06, 0.04, 0.02), (-4.0, 3.0, 2.5)),
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
]


def grey(points):
    total = np.full(points.shape[:-1], 10.0)
    for centre, axes, value in PARTS:
        distance = np.sqrt((((points - np.array(centre)) / np.array(axes)) ** 2).sum(-1))
        # An edge some voxels wide.
        total += value * 0.5 * (1 - np.tanh((distance - 1) * min(axes) / 2.5))
    return total


def noise(salt):
    k, j, i = np.meshgrid(*[np.arange(n, dtype=np.int64) for n in SIZE[::-1]], indexing="ij")
    return ((i * 7919 + j * 104729 + k * 1299709 + salt * 15485863) % 1009) / 1009 - 0.5


def image(values):
    made = sitk.GetImageFromArray(values.astype(np.float32))
    made.SetSpacing(SPACING)
    return made


def voxels():
    k, j, i = np.meshgrid(*[np.arange(n) for n in SIZE[::-1]], indexing="ij")
    return np.stack([i, j, k], -1) * np.array(SPACING)


def registration(fixed, moving):
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInterpolator(sitk.sitkLinear)
    return method


def main():
    points = voxels()
    fixed = image(grey(points - CENTRE) + 2 * noise(1))
    body = grey(points - CENTRE) > 30
    cases = []
    for angles, shift in MOTIONS:
        truth = sitk.Euler3DTransform(CENTRE.tolist(), *angles, shift)
        turn = np.array(truth.GetMatrix()).reshape(3, 3)
        back = (points - CENTRE - np.array(shift)) @ turn  # R^T from the left is R from the right
        plain = grey(back)
        # Contrast changes without order: bright turns middling, middling bright.
        moving = image(150 + 90 * np.sin(plain / 45) + 4 * noise(2))
        method = registration(fixed, moving)
        method.SetInitialTransform(sitk.Euler3DTransform(CENTRE.tolist(), 0, 0, 0, (0, 0, 0)))
        value = method.MetricEvaluate(fixed, moving)
        method = registration(fixed, moving)
        found = sitk.Euler3DTransform(CENTRE.tolist(), 0, 0, 0, (0, 0, 0))
        method.SetInitialTransform(found, inPlace=True)
        method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-4, 300, 0.5, 1e-8)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([4, 2, 1])
        method.SetSmoothingSigmasPerLevel([4, 2, 0])
        method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
        start = time.perf_counter()
        method.Execute(fixed, moving)
        seconds = time.perf_counter() - start
        matrix, offset = np.array(found.GetMatrix()).reshape(3, 3), np.array(found.GetTranslation())
        there = (points - CENTRE) @ matrix.T + CENTRE + offset
        true = (points - CENTRE) @ turn.T + CENTRE + np.array(shift)
        residual = np.linalg.norm(there - true, axis=-1)[body]
        print(f"{seconds:.2f} s, residual mean {residual.mean():.3f} max {residual.max():.3f} mm")
        cases.append(
            {
                "angles_rad": angles,
                "translation_mm": shift,
                "matrix": turn.ravel().tolist(),
                "mutual_information": -value,
                "residual_mean_mm": float(residual.mean()),
                "residual_max_mm": float(residual.max()),
            }
        )
    content = {"simpleitk": sitk.Version_VersionString(), "cases": cases}
    (Path(__file__).parent / "rigid.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
