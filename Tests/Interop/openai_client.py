# SPDX-License-Identifier: Apache-2.0
# Asks 'temper serve-model' with OpenAI's own Python client: over TLS, with a token, every parameter
# that is supported, and a refusal that names each one that is not.
# Usage: .deps/interop/bin/python Tests/Interop/openai_client.py TEMPER. Exit code 0 when all is well.
import datetime
import ipaddress
import pathlib
import ssl
import sys
import tempfile
import urllib.request

import openai
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from served_model import Server

TEMPER = sys.argv[1]
TOKEN = "0123456789abcdef0123456789abcdef"
ASK = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
failures = []
checks = 0


def expect(what, is_good):
    global checks
    checks += 1
    if not is_good:
        failures.append(what)


def certificate(directory):
    """A certificate of localhost that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([
            x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256()))
    (directory / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "tls.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))


def refused(client, error, parameter, **changes):
    try:
        client.chat.completions.create(**{**ASK, **changes})
    except error as caught:
        expect(f"{changes}: the error names {caught.param}", caught.param == parameter)
        return
    except Exception as caught:
        expect(f"{changes}: {caught!r}", False)
        return
    expect(f"{changes}: is not refused", False)


def check(client):
    def create(**changes):
        return client.chat.completions.create(**{**ASK, **changes})

    expect("models are not listed", [model.id for model in client.models.list()] == ["tiny"])
    expect("the model is not described", client.models.retrieve("tiny").id == "tiny")
    try:
        client.models.retrieve("other")
        expect("another model is described", False)
    except openai.NotFoundError:
        pass

    plain = create()
    text = plain.choices[0].message.content
    expect("an answer ends otherwise", plain.choices[0].finish_reason == "length")
    expect("tokens are miscounted", plain.usage.completion_tokens == 8)
    expect("an answer does not repeat", create().choices[0].message.content == text)
    expect("there are log-probabilities", plain.choices[0].logprobs is None)

    stream = list(create(stream=True))
    expect("a stream differs", "".join(
        piece.choices[0].delta.content or "" for piece in stream) == text)
    expect("a stream tells usage", all(piece.usage is None for piece in stream))
    stream = list(create(stream=True, stream_options={"include_usage": True}))
    expect("a stream tells no usage", stream[-1].usage == plain.usage and not stream[-1].choices)
    expect("usage comes early", all(piece.usage is None for piece in stream[:-1]))

    sampled = create(n=3, temperature=1.5, seed=11)
    texts = [choice.message.content for choice in sampled.choices]
    expect("there are not three answers", len(set(texts)) == 3)
    expect("indices are wrong", [choice.index for choice in sampled.choices] == [0, 1, 2])
    expect("a seed does not repeat", texts == [
        choice.message.content for choice in create(n=3, temperature=1.5, seed=11).choices])
    expect("a seed changes nothing", texts != [
        choice.message.content for choice in create(n=3, temperature=1.5, seed=12).choices])

    scored = create(logprobs=True, top_logprobs=3).choices[0].logprobs.content
    expect("tokens lack scores", len(scored) == 8)
    expect("the greedy token is not the likeliest", all(
        token.logprob == token.top_logprobs[0].logprob for token in scored))
    expect("there are not three alternatives", all(len(t.top_logprobs) == 3 for t in scored))
    expect("there are alternatives", not create(
        logprobs=True).choices[0].logprobs.content[0].top_logprobs)

    long = create(max_tokens=64).choices[0].message.content
    penalised = create(max_tokens=64, frequency_penalty=2, presence_penalty=2)
    expect("penalties change nothing", penalised.choices[0].message.content != long)
    # The model writes half characters too.
    stop = next(letter for letter in long[4:] if letter.isascii())
    stopped = create(max_tokens=64, stop=[stop]).choices[0]
    expect("a stop text does not stop", stopped.message.content == long[:long.find(stop)])
    expect("a stop is no reason", stopped.finish_reason == "stop")

    expect("max_completion_tokens is not read", create(
        max_tokens=openai.NOT_GIVEN, max_completion_tokens=3).usage.completion_tokens == 3)
    answer = plain.choices[0].message
    talk = [{"role": "developer", "content": "Be brief."}, *ASK["messages"],
            answer.model_dump(), {"role": "assistant", "content": None},
            {"role": "user", "content": [{"type": "text", "text": "More"}]}]
    expect("a talk has no answer", create(messages=talk).usage.prompt_tokens > 20)
    create(top_p=1, tools=[], user="u", store=False, metadata={"a": "b"}, logit_bias={},
           response_format={"type": "text"}, service_tier="auto", prompt_cache_key="k")
    unsupported = [
        ("top_p", 0.5), ("logit_bias", {"65": 5}), ("reasoning_effort", "low"),
        ("verbosity", "low"), ("modalities", ["text", "audio"]), ("n", 100),
        ("response_format", {"type": "json_object"}), ("temperature", 3), ("top_logprobs", 3),
        ("tools", [{"type": "function", "function": {"name": "f"}}]), ("stop", ["a"] * 5),
        ("tool_choice", "required"), ("prediction", {"type": "content", "content": "x"}),
        ("presence_penalty", 3), ("frequency_penalty", -3), ("web_search_options", {}),
        ("stream_options", {"include_usage": True}), ("audio", {"voice": "a", "format": "wav"}),
        ("max_tokens", 0)]
    for name, value in unsupported:
        refused(client, openai.BadRequestError, name, **{name: value})
    refused(client, openai.BadRequestError, "top_k", extra_body={"top_k": 5})
    refused(client, openai.BadRequestError, "messages[0].role",
            messages=[{"role": "tool", "content": "x", "tool_call_id": "y"}])
    refused(client, openai.BadRequestError, "messages[0].content[0].type", messages=[
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}])
    refused(client, openai.NotFoundError, "model", model="other")
    refused(client, openai.APIStatusError, None, messages=[
        {"role": "user", "content": "x" * 300_000}])


with tempfile.TemporaryDirectory() as name:
    directory = pathlib.Path(name)
    certificate(directory)
    (directory / "token").write_text(TOKEN + "\n")
    with Server(
            TEMPER, "--token-file", directory / "token", "--tls-certificate", directory / "tls.pem",
            "--tls-key", directory / "tls.key", "--rate", 1_000_000) as server:
        trust = ssl.create_default_context(cafile=directory / "tls.pem")
        address = f"https://localhost:{server.port}/v1"

        def client(token):
            return openai.OpenAI(
                base_url=address, api_key=token, max_retries=0, timeout=60,
                http_client=openai.DefaultHttpxClient(verify=trust))

        check(client(TOKEN))
        refused(client(TOKEN + "0"), openai.AuthenticationError, None)
        health = f"https://localhost:{server.port}/health"
        with urllib.request.urlopen(health, context=trust, timeout=60) as answer:
            expect("health needs a token", answer.status == 200)
        code, _ = server.terminate(60)
        expect(f"the server ends with {code}", code == 0)

for failure in failures:
    print("openai client:", failure, file=sys.stderr)
print(f"openai client: {checks - len(failures)} of {checks} checks hold")
sys.exit(1 if failures else 0)
