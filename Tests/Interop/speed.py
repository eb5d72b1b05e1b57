# SPDX-License-Identifier: Apache-2.0
# Times signing and verifying 512 MiB with temper and model_signing, in turns, whole processes from
# start to end, files in the page cache. Prints a Markdown table of medians with the fastest and the
# slowest round in brackets, and of the processor's time, which other work on the machine changes less.
# Usage: .deps/interop/bin/python Tests/Interop/speed.py TEMPER [ROUNDS [DIRECTORY]]
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TEMPER = sys.argv[1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 7
SIZE = 512 << 20


def timed(arguments):
    """Seconds from start to end, and seconds of all cores."""
    start = time.perf_counter()
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{arguments}: exit status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def cell(times):
    times, processor = zip(*times)
    return f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f}; processor " \
        f"{statistics.median(processor):.2f})"


def peer(*arguments):
    # The installed command, as its users start it.
    return [pathlib.Path(sys.executable).with_name("model_signing"), *arguments]


with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
    folder = pathlib.Path(folder)
    key, public = folder / "k.pem", folder / "k.pub.pem"
    subprocess.run([TEMPER, "keygen", "--out", key], check=True, capture_output=True)
    signature = folder / "signature"
    print("| 512 MiB | Temper | model_signing | ratio |\n| --- | --- | --- | --- |")
    for count in [1, 4]:
        model = folder / f"model-{count}"
        model.mkdir()
        for index in range(count):
            with open(model / f"{index}.safetensors", "wb") as file:
                for _ in range(SIZE // count >> 20):
                    file.write(os.urandom(1 << 20))
        own = {"sign": [TEMPER, "sign", model, "--key", key, "--out", signature],
               "verify": [TEMPER, "verify", model, "--key", public, "--signature", signature]}
        theirs = {
            "sign": peer("sign", "key", "--private_key", key, "--signature", signature, model),
            "verify": peer("verify", "key", "--public_key", public, "--signature", signature,
                           model)}
        for action in ["sign", "verify"]:
            for command in [own[action], theirs[action]]:
                timed(command)
            rounds = [(timed(own[action]), timed(theirs[action])) for _ in range(ROUNDS)]
            a, b = zip(*rounds)
            ratio = statistics.median(t for t, _ in b) / statistics.median(t for t, _ in a)
            files = "one file" if count == 1 else f"{count} files"
            print(f"| {action} {files} | {cell(a)} | {cell(b)} | **{ratio:.2f}** |", flush=True)
    path = model / "0.safetensors"
    for name, command in {"openssl dgst -sha256": ["openssl", "dgst", "-sha256", path],
                          "reading alone (cat)": ["cat", path]}.items():
        times = [timed(command) for _ in range(ROUNDS)]
        print(f"\n{name} of {path.stat().st_size >> 20} MiB: {cell(times)}")
