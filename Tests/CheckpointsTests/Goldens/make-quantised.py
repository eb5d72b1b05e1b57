# SPDX-License-Identifier: Apache-2.0
# Makes quantised/NAME/: layers as quantised checkpoints store them, beside the values that the
# reference implementations decode (values.safetensors).
#
# python make-quantised.py, in this directory. Needs auto-gptq 0.7.1, autoawq 0.2.9, bitsandbytes
# 0.50.2, compressed-tensors 0.20.1, transformers 5.23 and torch 2.15. Of the first two, single files
# are loaded: they are made for a transformers of long ago.
import importlib.metadata
import importlib.util
import json
import os

import bitsandbytes.functional as bnb
import torch
from compressed_tensors.compressors import (
    FloatQuantizationCompressor, IntQuantizationCompressor, NaiveQuantizationCompressor,
    PackedQuantizationCompressor)
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

torch.manual_seed(5)
os.makedirs("quantised", exist_ok=True)


def module(package, path):
    """One file of a package, without the package around it."""
    place = importlib.metadata.distribution(package).locate_file(path)
    spec = importlib.util.spec_from_file_location("reference", place)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def save(name, configuration, tensors, values):
    directory = "quantised/" + name
    os.makedirs(directory, exist_ok=True)
    with open(directory + "/config.json", "w") as file:
        json.dump({"quantization_config": configuration}, file, indent=1, sort_keys=True)
        file.write("\n")
    # What is not quantised is there too.
    tensors["norm.weight"] = values["norm.weight"] = torch.linspace(-1, 1, 7)
    pack = {k: v.contiguous().clone() for k, v in tensors.items()}
    save_file(pack, directory + "/model.safetensors")
    save_file({k: v.float().contiguous().clone() for k, v in values.items()},
              directory + "/values.safetensors")


def words(shape):
    return torch.randint(-(2**31), 2**31, shape, dtype=torch.int64).to(torch.int32)


def pack_columns(values, bits):
    """Packs along the second axis: one stream of bits to a row."""
    rows = []
    for row in values.tolist():
        stream = sum(value << bits * i for i, value in enumerate(row))
        count = -(-len(row) * bits // 32)
        rows.append([(stream >> 32 * i) & 0xFFFFFFFF for i in range(count)])
    return torch.tensor(rows, dtype=torch.int64).to(torch.int32)


def scales(*shape, dtype=torch.float16):
    return ((torch.rand(shape) + 0.1) * torch.where(torch.rand(shape) < 0.1, -1, 1)).to(dtype)


def gptq():
    reference = module("auto-gptq", "auto_gptq/nn_modules/qlinear/qlinear_cuda.py").QuantLinear
    outputs = 32
    for name, bits, size, inputs, version, ordered in [
        ("gptq-2", 2, 16, 64, "gptq", False), ("gptq-3", 3, 32, 64, "gptq", False),
        ("gptq-4", 4, 32, 96, "gptq", False), ("gptq-4-order", 4, 16, 64, "gptq", True),
        ("gptq-4-v2", 4, 32, 64, "gptq_v2", False), ("gptq-8", 8, -1, 64, "gptq", False),
    ]:
        groups = 1 if size == -1 else inputs // size
        layer = reference(bits, size, inputs, outputs, bias=False)
        zeros = torch.randint(1, 2**bits, (groups, outputs))
        layer.qweight = words((inputs * bits // 32, outputs))
        layer.qzeros = pack_columns(zeros - 1, bits)
        layer.scales = scales(groups, outputs)
        if ordered:
            layer.g_idx = layer.g_idx[torch.randperm(inputs)]
        tensors = {"q.qweight": layer.qweight, "q.scales": layer.scales, "q.bias": scales(outputs),
                   "q.qzeros": layer.qzeros if version == "gptq" else pack_columns(zeros, bits)}
        # Without an order, the list of groups may be missing.
        if ordered or bits != 8:
            tensors["q.g_idx"] = layer.g_idx
        value = layer.float()(torch.eye(inputs)).T
        save(name, {"quant_method": "gptq", "bits": bits, "group_size": size, "desc_act": ordered,
                    "sym": False, "checkpoint_format": version},
             tensors, {"q.weight": value, "q.bias": tensors["q.bias"]})


def awq():
    reference = module("autoawq", "awq/utils/packing_utils.py").dequantize_gemm
    for name, size in [("awq-32", 32), ("awq-all", -1)]:
        inputs, outputs = 64, 24
        groups = 1 if size == -1 else inputs // size
        tensors = {"q.qweight": words((inputs, outputs // 8)), "q.scales": scales(groups, outputs),
                   "q.qzeros": words((groups, outputs // 8))}
        value = reference(tensors["q.qweight"], tensors["q.qzeros"], tensors["q.scales"].float(), 4,
                          inputs // groups)
        save(name, {"quant_method": "awq", "bits": 4, "group_size": size, "version": "gemm",
                    "zero_point": True}, tensors, {"q.weight": value.T})


def bitsandbytes():
    for name, kind, nested, dtype, shape in [
        ("bnb-nf4", "nf4", False, torch.bfloat16, (12, 40)),
        ("bnb-nf4-nested", "nf4", True, torch.float16, (130, 160)),
        ("bnb-fp4", "fp4", False, torch.float32, (7, 33)),
        ("bnb-fp4-nested", "fp4", True, torch.bfloat16, (24, 96)),
    ]:
        weight = torch.randn(shape).to(dtype)
        codes, state = bnb.quantize_4bit(
            weight, blocksize=64, quant_type=kind, compress_statistics=nested)
        tensors = {"q.weight": codes}
        for key, value in state.as_dict(packed=True).items():
            tensors["q.weight." + key] = value
        save(name, {"quant_method": "bitsandbytes", "load_in_4bit": True},
             tensors, {"q.weight": bnb.dequantize_4bit(codes, state)})
    codes = torch.randint(-127, 128, (9, 20), dtype=torch.int8)
    statistics = torch.rand(9) * 3
    save("bnb-8", {"load_in_8bit": True},
         {"q.weight": codes, "q.SCB": statistics, "q.weight_format": torch.tensor(0, dtype=torch.uint8)},
         {"q.weight": bnb.int8_vectorwise_dequant(codes, statistics)})


def fp8():
    every = torch.arange(256, dtype=torch.uint8)
    finite = {}
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        values = every.view(dtype)
        finite[dtype] = values[values.float().isfinite()]

    def codes(shape, dtype=torch.float8_e4m3fn):
        few = finite[dtype]
        return few.view(torch.uint8)[torch.randint(0, len(few), shape)].view(dtype)

    decode = Fp8Dequantize(None)._dequantize_one
    blocks, whole = codes((24, 32)), codes((6, 16), torch.float8_e5m2)
    experts, powers = codes((2, 8, 16)), torch.randint(100, 140, (4, 2), dtype=torch.uint8)
    tensors = {
        "q.weight": blocks, "q.weight_scale_inv": scales(3, 2, dtype=torch.float32),
        "k.weight": whole, "k.weight_scale_inv": scales(dtype=torch.float32),
        "experts": experts, "experts_scale_inv": scales(2, 2, 2, dtype=torch.bfloat16),
        "v.weight": codes((8, 16)), "v.weight_scale_inv": powers, "v.input_scale": torch.tensor(2.0)}
    values = {name: decode(tensors[name], tensors[name + "_scale_inv"], torch.float32)
              for name in ("q.weight", "k.weight", "experts", "v.weight")}
    # Blocks that the matrix does not fill, as DeepSeek's own kernel counts them.
    ragged, grid = codes((20, 40)), scales(3, 3, dtype=torch.float32)
    full = grid.repeat_interleave(8, 0).repeat_interleave(16, 1)[:20, :40]
    tensors |= {"o.weight": ragged, "o.weight_scale_inv": grid}
    values["o.weight"] = ragged.float() * full
    save("fp8", {"quant_method": "fp8", "activation_scheme": "dynamic",
                 "weight_block_size": [8, 16]}, tensors, values)


def mxfp4():
    blocks = torch.randint(0, 256, (2, 6, 2, 16), dtype=torch.uint8)
    exponents = torch.randint(1, 250, (2, 6, 2), dtype=torch.uint8)
    value = convert_moe_packed_tensors(blocks, exponents, dtype=torch.float32)
    save("mxfp4", {"quant_method": "mxfp4"},
         {"experts.down_proj_blocks": blocks, "experts.down_proj_scales": exponents},
         {"experts.down_proj": value})


def compressed_tensors():
    def args(**keys):
        return QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**keys))

    def layer(scheme, compressor, shape, scale_shape, zero=None):
        state = {"weight": torch.randn(shape), "weight_scale": scales(*scale_shape).abs() / 4}
        if zero is not None:
            state["weight_zero_point"] = zero
        packed = compressor.compress(state, scheme)
        full = {k: v.float() if k == "weight_scale" else v for k, v in packed.items()}
        return packed, compressor.decompress(full, scheme)["weight"]

    def directory(name, kind, compressor, **layers):
        tensors, values, groups = {}, {}, {}
        for owner, (scheme, *rest) in layers.items():
            packed, value = layer(scheme, compressor, *rest)
            tensors |= {f"{owner}.{key}": tensor for key, tensor in packed.items()}
            values[owner + ".weight"] = value
            groups["group_" + owner] = json.loads(scheme.model_dump_json())
        save(name, {"quant_method": "compressed-tensors", "format": kind, "config_groups": groups},
             tensors, values)

    def zeros(bits, *shape):
        half = 2 ** (bits - 1)
        return torch.randint(-half, half, shape, dtype=torch.int8)

    group = dict(strategy="group", group_size=32)
    directory(
        "ct-packed", "pack-quantized", PackedQuantizationCompressor,
        q=(args(num_bits=4, symmetric=True, **group), (12, 64), (12, 2)),
        k=(args(num_bits=4, symmetric=False, **group), (12, 96), (12, 3), zeros(4, 12, 3)),
        v=(args(num_bits=8, symmetric=True, strategy="channel"), (6, 40), (6, 1)),
        o=(args(num_bits=3, symmetric=True, **group), (5, 64), (5, 2)))
    directory(
        "ct-int", "int-quantized", IntQuantizationCompressor,
        q=(args(num_bits=8, symmetric=True, strategy="channel"), (12, 40), (12, 1)),
        k=(args(num_bits=8, symmetric=False, strategy="channel"), (9, 40), (9, 1), zeros(8, 9, 1)),
        v=(args(num_bits=8, symmetric=True, strategy="tensor"), (4, 24), (1,)))
    directory(
        "ct-float", "float-quantized", FloatQuantizationCompressor,
        q=(args(num_bits=8, type="float", symmetric=True, strategy="channel"), (12, 40), (12, 1)),
        k=(args(num_bits=8, type="float", symmetric=True, strategy="tensor"), (6, 24), (1,)),
        v=(args(num_bits=8, type="float", symmetric=True, strategy="block",
                block_structure=[8, 16]), (24, 48), (3, 3)))
    directory(
        "ct-naive", "naive-quantized", NaiveQuantizationCompressor,
        q=(args(num_bits=8, symmetric=True, **group), (12, 64), (12, 2)))


for make in (gptq, awq, bitsandbytes, fp8, mxfp4, compressed_tensors):
    make()
