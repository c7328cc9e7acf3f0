#!/bin/sh
# Which nodes onnxruntime's quantize_dynamic takes, if they are named in nodes_to_quantize and one of them is a Gemm.
# Guess: those that are named.
# Truth: onnxruntime 1.21.1 and 1.32.0 first turn Gemm into MatMul and Add and rename it NAME_MatMul; the given name fits nothing
# then, and the weights stay float32 without a word. quant_pre_process makes Gemm of MatMul and Add where the shape is fixed.
# Hence `write_int8` gives both names; with one, a file of 8.2 MB shrank to 7.6 MB instead of 4.0.
# Date: 2026-12-01. Source: run here.
# Needs python3 and the ordinary package registry; takes about a minute. Not in CI.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > try.py <<'END'
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 128]) for name in ("x", "y")]
weights = [numpy_helper.from_array(np.ones((128, 128), np.float32), "w"), numpy_helper.from_array(np.ones(128, np.float32), "b")]
node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="layer")
graph = helper.make_graph([node], "g", values[:1], values[1:], weights)
onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 18)]), "in.onnx")
for names in (["layer"], ["layer", "layer_MatMul"]):
    quantize_dynamic("in.onnx", "out.onnx", nodes_to_quantize=names)
    print(onnxruntime.__version__, *names, "->", "int8" if "MatMulInteger" in [n.op_type for n in onnx.load("out.onnx").graph.node] else "float32")
END
for pair in 1.21.1:1.17.0 1.32.0:1.23.2; do
  version=${pair%:*}
  python3 -m venv "own$version"
  "own$version/bin/pip" install --quiet "onnx==${pair#*:}" "onnxruntime==$version"
  "own$version/bin/python" try.py 2>/dev/null | tee -a seen.txt
done
for version in 1.21.1 1.32.0; do
  printf '%s layer -> float32\n%s layer layer_MatMul -> int8\n' "$version" "$version"
done | cmp - seen.txt
echo "as found: a Gemm that is named is not quantised under its own name"
