"""Features of PyRadiomics (PyPI, 3.0.1) as JSON: `python run_pyradiomics.py IMAGE MASK PARAMETERS.yaml [LABEL]`."""

import json
import logging
import sys
import time

import radiomics
from radiomics import featureextractor

logging.disable(logging.CRITICAL)
image, mask, parameters = sys.argv[1:4]
extractor = featureextractor.RadiomicsFeatureExtractor(parameters)
label = int(sys.argv[4]) if len(sys.argv) > 4 else None
begin = time.perf_counter()
result = extractor.execute(image, mask, label=label)
seconds = time.perf_counter() - begin
features = {k: float(v) for k, v in result.items() if k.startswith("original_")}
print(json.dumps({"version": radiomics.__version__, "seconds": seconds, "features": features}))
