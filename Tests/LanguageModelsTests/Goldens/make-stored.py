# SPDX-License-Identifier: Apache-2.0
# Makes stored-*: a random model, quantised in several ways, beside what transformers computes in fp32
# with the values that each way's own library decodes (expected.json).
#
# python make-stored.py, in this directory. Needs what make-tiny.py and
# ../../CheckpointsTests/Goldens/make-quantised.py need, and accelerate.
import importlib.metadata
import importlib.util
import json
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM
from transformers.integrations.finegrained_fp8 import Fp8Dequantize


def module(path):
    spec = importlib.util.spec_from_file_location("loaded", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


sys.argv = [sys.argv[0], "none"]
tiny = module("make-tiny.py")
gptq_file = importlib.metadata.distribution("auto-gptq").locate_file(
    "auto_gptq/nn_modules/qlinear/qlinear_cuda.py")
torch.manual_seed(17)
config = LlamaConfig(**{**tiny.BASE, "hidden_size": 64, "intermediate_size": 96, "head_dim": 16})
config.architectures = ["LlamaForCausalLM"]


def plain():
    """A model in fp32 whose values are those of bf16, in which it is stored. (Were the model itself
    in bf16, so would be its rotary frequencies.)"""
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            value = (1.0 if "norm" in key else 0.0) + 0.2 * torch.randn_like(parameter)
            parameter.copy_(value.to(torch.bfloat16).float())
    return model


def stored(model):
    return {key: value.to(torch.bfloat16) for key, value in model.state_dict().items()}


def linear(model):
    return [name for name, layer in model.named_modules()
            if isinstance(layer, torch.nn.Linear) and name != "lm_head"]


def finish(name, model, quantisation=None, tensors=None):
    """Writes what is stored, and what the model with the decoded values computes."""
    directory = "stored-" + name
    if tensors is not None:
        shutil.rmtree(directory, ignore_errors=True)
        config.save_pretrained(directory)
        with open(directory + "/config.json") as file:
            keys = json.load(file)
        with open(directory + "/config.json", "w") as file:
            json.dump({**keys, "quantization_config": quantisation}, file, indent=1)
        save_file({k: v.contiguous() for k, v in tensors.items()}, directory + "/model.safetensors")
    tiny.tokenizer().save(directory + "/tokenizer.json")
    expected = []
    for ids in tiny.SEQUENCES:
        with torch.no_grad():
            logs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        values = logs[:-1].gather(1, torch.tensor(ids[1:]).reshape(-1, 1))[:, 0]
        expected.append({"ids": ids, "logprobs": values.tolist()})
    with open(directory + "/expected.json", "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


def bits_and_bytes(name, **keys):
    plain().to(torch.bfloat16).save_pretrained("scratch")
    quantised = AutoModelForCausalLM.from_pretrained(
        "scratch", quantization_config=BitsAndBytesConfig(**keys), dtype=torch.bfloat16,
        device_map="cpu")
    shutil.rmtree("stored-" + name, ignore_errors=True)
    quantised.save_pretrained("stored-" + name)
    shutil.rmtree("scratch")
    finish(name, quantised.dequantize(dtype=torch.float32).float().eval())


def gptq():
    model, layer_type = plain(), module(gptq_file).QuantLinear
    tensors = stored(model)
    for name in linear(model):
        weight = tensors.pop(name + ".weight")
        outputs, inputs = weight.shape
        layer = layer_type(4, 32, inputs, outputs, bias=False)
        layer.qweight = torch.randint(-(2**31), 2**31, layer.qweight.shape).to(torch.int32)
        layer.qzeros.fill_(0x77777777)
        layer.scales = (torch.rand(layer.scales.shape) / 30 + 0.01).half()
        tensors |= {f"{name}.{part}": getattr(layer, part).clone()
                    for part in ("qweight", "qzeros", "scales", "g_idx")}
        model.get_submodule(name).weight.data = layer.float()(torch.eye(inputs)).T
    finish("gptq", model, {"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": True,
                           "desc_act": False}, tensors)


def fp8():
    model = plain()
    tensors = stored(model)
    decode = Fp8Dequantize(None)._dequantize_one
    for name in linear(model):
        weight = tensors[name + ".weight"].float()
        rows, columns = weight.shape
        tiles = weight.reshape(rows // 16, 16, columns // 32, 32)
        scales = tiles.abs().amax((1, 3)) / 448
        codes = (tiles / scales[:, None, :, None]).to(torch.float8_e4m3fn).reshape(rows, columns)
        tensors[name + ".weight"], tensors[name + ".weight_scale_inv"] = codes, scales
        model.get_submodule(name).weight.data = decode(codes, scales, torch.float32)
    finish("fp8", model, {"quant_method": "fp8", "weight_block_size": [16, 32],
                          "activation_scheme": "dynamic"}, tensors)


bits_and_bytes("bnb4", load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
bits_and_bytes("bnb8", load_in_8bit=True)
gptq()
fp8()
