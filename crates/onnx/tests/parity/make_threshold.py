"""Makes bright3d.onnx: a segmentation "network" whose answer is known, for the tests of `triher find --network`.

    python make_threshold.py

Needs onnx. One channel in; two maps out: zeros, and ten times what the mean of 3 x 3 x 3 voxels exceeds 2.5 by. With
a channel that has a mean of 0 and a standard deviation of 1, lesion is what lies more than 2.5 standard deviations above the mean.
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

WINDOW = [1, 1, 16, 32, 32]
kernel = numpy.zeros((2, 1, 3, 3, 3), numpy.float32)
kernel[1] = 10 / 27
bias = numpy.array([0.0, -25.0], numpy.float32)
graph = helper.make_graph(
    [helper.make_node("Conv", ["image", "kernel", "bias"], ["logits"], kernel_shape=[3, 3, 3], pads=[1] * 6)],
    "bright",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, WINDOW)],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2, *WINDOW[2:]])],
    [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(bias, "bias")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, pathlib.Path(__file__).parent / "bright3d.onnx")
