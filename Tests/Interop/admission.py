# SPDX-License-Identifier: Apache-2.0
# Runs the steps of action.yml and the entries of .pre-commit-hooks.yaml as their hosts do.
# Usage: .deps/interop/bin/python Tests/Interop/admission.py TEMPER TEMPER-VERIFY. Exit code 0 when all
# is well.
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import yaml

TEMPER, VERIFIER = (os.path.abspath(path) for path in sys.argv[1:3])
ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
count = 0


def expect(what, is_good):
    global count
    count += 1
    if not is_good:
        sys.exit(f"admission: {what}")


def filled(text, inputs):
    """A text with GitHub's expressions of inputs replaced."""
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], text)


def act(folder, **given):
    """Runs the action in a folder: its exit code, its output and its summary."""
    inputs = {name: entry.get("default", "") for name, entry in ACTION["inputs"].items()}
    inputs.update(executable=VERIFIER, **given)
    output, summary = folder / "output", folder / "summary"
    output.write_text("")
    summary.write_text("")
    for step in ACTION["runs"]["steps"]:
        if step.get("if") == "inputs.executable == ''":
            continue
        expect("a step holds an expression in its script", "${{" not in step["run"])
        result = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=folder, capture_output=True, text=True, env={
                "PATH": os.environ["PATH"], "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary),
                **{name: filled(value, inputs) for name, value in step["env"].items()}})
    return result.returncode, output.read_text(), summary.read_text(), result.stdout


def hook(folder, *arguments):
    """Runs each hook's entry with a user's arguments; files' names are not passed."""
    for entry in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        expect("a hook passes the names of files", entry["pass_filenames"] is False)
        command = [*shlex.split(entry["entry"]), *arguments]
        expect("another program", command[0] == "temper-verify")
        yield subprocess.run([VERIFIER, *command[1:]], cwd=folder, capture_output=True).returncode


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    model = folder / "a model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    (model / "weights").write_text("weights")
    for key in ("k", "other key"):
        subprocess.run([TEMPER, "keygen", "--out", folder / f"{key}.pem"], check=True,
                       capture_output=True)
    subprocess.run([TEMPER, "sign", model, "--key", folder / "k.pem"], check=True,
                   capture_output=True)
    (folder / "policy.yaml").write_text(
        "version: 1\nname: p\nsigners: [{name: lab, key: k.pub.pem}]\n")

    code, output, summary, log = act(folder, model="a model", key="other key.pub.pem\n\nk.pub.pem\n")
    expect("a signed model is not verified", code == 0 and output == "verified=true\n")
    expect("the summary lacks a line",
           "verified\n" in log and all(f"    {line}\n" in summary for line in log.splitlines()))
    code, output, _, _ = act(folder, model="a model", policy="policy.yaml")
    expect("a model that its policy admits is not verified",
           code == 0 and output == "verified=true\n")
    for given in [{"policy": "policy.yaml", "key": "k.pub.pem"}, {}, {"key": "nowhere"}]:
        code, output, _, _ = act(folder, model="a model", **given)
        expect(f"bad input {given} has an answer", code == 2 and output == "")
    code, output, _, _ = act(
        folder, model="$(touch injected)", key="`touch injected`; touch injected")
    expect("an input was run", code == 2 and not (folder / "injected").exists())
    expect("a hook refuses a signed model",
           set(hook(folder, "a model", "--policy", "policy.yaml")) == {0})

    (model / "weights").write_text("Weights")
    code, output, summary, _ = act(folder, model="a model", key="k.pub.pem")
    expect("an altered model is verified", code == 1 and output == "verified=false\n")
    expect("the summary lacks the reason", '    NO\tfiles\t' in summary)
    expect("a hook admits an altered model",
           set(hook(folder, "a model", "--policy", "policy.yaml")) == {1})
    print(f"the action and the hooks pass {count} checks")
