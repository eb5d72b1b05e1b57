# SPDX-License-Identifier: Apache-2.0
# Makes the tensor goldens with the reference implementations: gguf 0.19.0 (blocks and their
# values), safetensors 0.8.0 (files, to the byte), numpy 2.4.6 and torch 2.15.0 (rounding).
# Usage: python make-tensors.py, in this directory.
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from gguf import GGUFValueType as V
from gguf import GGUFWriter, quants
from gguf.constants import GGML_QUANT_SIZES
from safetensors.torch import save_file

np.seterr(all="ignore")
rng = np.random.default_rng(20)
BRAIN_EDGES = [0x7F80, 0xFF80, 0x7FC0]
EDGES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]
# Where each block has its binary16 scales.
HALVES = {
    Q.Q8_0: [0], Q.Q4_0: [0], Q.Q4_1: [0, 2], Q.Q5_0: [0], Q.Q5_1: [0, 2],
    Q.Q2_K: [80, 82], Q.Q3_K: [108], Q.Q4_K: [0, 2], Q.Q5_K: [0, 2], Q.Q6_K: [208],
    Q.IQ1_S: [0], Q.IQ2_XXS: [0], Q.IQ2_XS: [0], Q.IQ2_S: [0], Q.IQ3_XXS: [0], Q.IQ3_S: [0],
    Q.IQ4_NL: [0], Q.IQ4_XS: [0], Q.TQ1_0: [52], Q.TQ2_0: [64],
    # The one spreads its scale over four words, the other has exponents.
    Q.IQ1_M: [], Q.MXFP4: [],
}


def blocks(kind):
    """Random blocks with finite scales, then one block for each edge of the scales' range."""
    elements, size = GGML_QUANT_SIZES[kind]
    plain = 24 if elements == 32 else 6
    data = rng.integers(0, 256, (plain + len(EDGES), size), dtype=np.uint8)
    for row in range(len(data)):
        for place, offset in enumerate(HALVES[kind]):
            bits = int(rng.integers(0, 0x7C00)) | int(rng.integers(0, 2)) << 15
            if row >= plain:
                # The second scale meets its edges in another order.
                bits = EDGES[(row - plain) * (1 + 2 * place) % len(EDGES)]
            data[row, offset : offset + 2] = (bits & 255, bits >> 8)
        if kind == Q.IQ1_M:
            bits = EDGES[row - plain] if row >= plain else int(rng.integers(0, 0x7C00))
            for part in range(4):
                data[row, 49 + 2 * part] &= 0x0F
                data[row, 49 + 2 * part] |= (bits >> 4 * part & 15) << 4
        if kind == Q.MXFP4:
            exponents = [0, 1, 2, 3, 127, 128, 252, 253, 254, 255]
            data[row, 0] = exponents[row - plain] if row >= plain else rng.integers(2, 250)
    # Two blocks to a row.
    return data.reshape(-1, 2 * size)


writer = GGUFWriter("blocks.gguf", "golden")
values = {}
for kind in HALVES:
    data = blocks(kind)
    writer.add_tensor(kind.name, data, raw_dtype=kind)
    values[kind.name] = quants.dequantize(data, kind)
sixteen = np.concatenate([EDGES + BRAIN_EDGES, rng.integers(0, 1 << 16, 243)]).astype(np.uint16)
for kind in (Q.F16, Q.BF16):
    data = sixteen.reshape(2, 4, 32)
    data = data.view(np.float16) if kind == Q.F16 else data.view(np.uint8)
    writer.add_tensor(kind.name, data, raw_dtype=kind)
    values[kind.name] = quants.dequantize(data, kind).reshape(2, 4, 32)
for kind in (np.float64, np.float32, np.int8, np.int16, np.int32, np.int64):
    data = np.arange(-6, 6).astype(kind).reshape(3, 2, 2) * (1 if kind == np.int8 else 111)
    name = {"f": "F", "i": "I"}[data.dtype.kind] + str(8 * data.itemsize)
    writer.add_tensor(name, data)
    values[name] = data.astype(np.float32)

scalars = {
    V.UINT8: 255, V.INT8: -128, V.UINT16: 65535, V.INT16: -32768, V.UINT32: 4294967295,
    V.INT32: -2147483648, V.FLOAT32: 0.1, V.BOOL: True, V.STRING: "naïve 🙂", V.UINT64: 2**64 - 1,
    V.INT64: -(2**63), V.FLOAT64: 0.1,
}
for kind, value in scalars.items():
    writer.add_key_value("scalar." + kind.name.lower(), value, kind)
writer.add_key_value("array.string", ["", "a", "Ġthe", "<0x00>"], V.ARRAY, V.STRING)
writer.add_key_value("array.int32", [-1, 0, 2**31 - 1], V.ARRAY, V.INT32)
writer.add_key_value("array.uint8", [0, 255], V.ARRAY, V.UINT8)
writer.add_key_value("array.uint64", [1, 2**64 - 1], V.ARRAY, V.UINT64)
writer.add_key_value("array.float32", [0.5, -1.0], V.ARRAY, V.FLOAT32)
writer.add_key_value("array.bool", [True, False], V.ARRAY, V.BOOL)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in values.items()},
          "blocks-values.safetensors")

# Every dtype that both sides know, a scalar, an empty tensor, and names that need care in JSON.
types = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "U8": torch.uint8,
    "BOOL": torch.bool,
}
source = torch.arange(6, dtype=torch.float64).reshape(2, 3) * 7
tensors = {name: source.to(dtype) for name, dtype in types.items()}
tensors["scalar"] = torch.tensor(2.5)
tensors["empty"] = torch.zeros(0, 3)
tensors['quote " slash \\ tab \t'] = torch.tensor([1.0])
tensors["名前.é\u0001"] = torch.tensor([2.0], dtype=torch.bfloat16)
save_file(tensors, "types.safetensors", metadata={"format": "pt"})
save_file({k: v.to(torch.float32) for k, v in tensors.items()}, "types-values.safetensors")
# Every code of the 8-bit floats.
codes = torch.arange(256, dtype=torch.uint8)
small = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
         "F8_E8M0": torch.float8_e8m0fnu}
save_file({n: codes.clone().view(d) for n, d in small.items()}, "small-floats.safetensors")
save_file({n: codes.view(d).float() for n, d in small.items()}, "small-floats-values.safetensors")

# Rounding: random bits, and the neighbourhood of every boundary.
bounds = [0.0, 2.0**-24, 2.0**-25, 2.0**-14, 65504.0, 65520.0, 65519.996, 1.0, 1.0009765625,
          1.00048828125, 1.00390625, 1.01171875, 3.3895314e38, 3.4028235e38, 1e-45, 1e-40]
bits = np.array(bounds, np.float32).view(np.uint32)
bits = np.concatenate([bits, bits + 1, np.maximum(bits, 1) - 1,
                       rng.integers(0x33000000, 0x47800000, 400), rng.integers(0, 1 << 31, 200)])
bits = bits.astype(np.uint32)
bits = np.concatenate([bits, bits | np.uint32(1 << 31)])
numbers = bits.view(np.float32)
halves = numbers.astype(np.float16)
save_file({"source": torch.from_numpy(numbers), "F16": torch.from_numpy(halves),
           "BF16": torch.from_numpy(numbers).to(torch.bfloat16)}, "rounding.safetensors")
