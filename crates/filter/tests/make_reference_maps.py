"""Writes tests/reference/maps.json: 100 voxels of each of the IBSI's 33 reference response maps of filters, with the map's range.

    python3 tests/make_reference_maps.py REFERENCE_RESPONSE_MAPS > tests/reference/maps.json

REFERENCE_RESPONSE_MAPS is the folder `reference_response_maps` of github.com/theibsi/ibsi_2_reference_data (CC0 1.0). Needs numpy and nibabel.
Half of the voxels are drawn from all of the map, half from where the response is in its upper or lower tenth, by a fixed seed.
"""
import json, pathlib, sys
import nibabel, numpy

maps = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*-ValidCRM.nii")):
    values = numpy.asarray(nibabel.load(path).dataobj).astype(numpy.float32)
    flat = values.ravel(order="F")
    random = numpy.random.default_rng(20260511)
    low, high = numpy.quantile(flat, [0.1, 0.9])
    strong = numpy.flatnonzero((flat <= low) | (flat >= high))
    chosen = numpy.concatenate([random.choice(flat.size, 50, False), random.choice(strong, 50, False)])
    chosen = numpy.unique(chosen)
    maps[path.name.removesuffix("-ValidCRM.nii")] = {
        "range": float(flat.max() - flat.min()),
        "voxels": [[int(o), float(f"{flat[o]:.9g}")] for o in chosen],
    }
json.dump(maps, sys.stdout, separators=(",", ":"))
print()
