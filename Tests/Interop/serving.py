# SPDX-License-Identifier: Apache-2.0
# Puts 'temper serve-model' under load: many requests of mixed kinds, and clients that do their worst
# while a well-behaved one must be served; and ends it by SIGTERM meanwhile.
# Usage: python3 Tests/Interop/serving.py TEMPER [REQUESTS [SECONDS]]. Exit code 0 when all is well.
import json
import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from served_model import Server

TEMPER = sys.argv[1]
REQUESTS = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 5
HOSTILE = 256
GRACE = 3
LARGE = b"x" * 300_000
# A server that answers nobody shows in time.
LIMIT = 30
failures = []


def expect(what, is_good):
    if not is_good:
        failures.append(what)


def request(method, path, body=None, host="localhost", kind="application/json", extra=()):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *extra]
    if body is None:
        return ("\r\n".join(lines) + "\r\n\r\n").encode()
    lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def chat(tokens, **more):
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": tokens, **more}
    return request("POST", "/v1/chat/completions", json.dumps(body).encode())


POST = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = (POST + "Transfer-Encoding: chunked\r\n\r\n").encode()
# What is sent, and the statuses that may come; None: the client hangs up without reading.
KINDS = [
    (request("GET", "/health"), {200}), (request("GET", "/metrics"), {200}),
    (request("GET", "/v1/models"), {200}), (request("GET", "/v1/models/tiny"), {200}),
    (request("GET", "/nowhere"), {404}), (request("PUT", "/health", b"{}"), {404, 405}),
    (request("GET", "/health", host="attacker.example"), {403}),
    (request("GET", "/health", extra=["Origin: null"]), {403}),
    (chat(1), {200, 503}), (chat(2, stream=True), {200, 503}), (chat(1, n=2), {200, 503}),
    (chat(1, top_p=0.5), {400}), (chat(1, model="other"), {404}),
    (request("POST", "/v1/chat/completions", b"{"), {400}),
    (request("POST", "/v1/chat/completions", b"{}", kind="text/plain"), {415}),
    (request("POST", "/v1/chat/completions", LARGE), {413}),
    ((POST + f"Content-Length: {len(LARGE)}\r\n\r\nx").encode(), {413}),
    (CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(LARGE), LARGE), {413}),
    (b"NONSENSE\r\n\r\n", {400}), (b"\x16\x03\x01" + bytes(64), {400}),
    (request("GET", "/v1/models") * 3, {200}),
    (b"", None), (b"GET /health HT", None), ((POST + "Content-Length: 9\r\n\r\nx").encode(), None),
    (CHUNKED + b"5\r\nab", None), (chat(200), None), (chat(200, stream=True), None),
]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT)


def answer(port, data):
    """Sends a request and reads to the end of the answer."""
    with connect(port) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A server that refuses early need not read the rest.
        received = b""
        try:
            while block := connection.recv(65536):
                received += block
        except ConnectionResetError:
            pass
        return received


def status(received):
    parts = received.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[0].startswith(b"HTTP/") else None


def ask(port, index):
    data, wanted = KINDS[index % len(KINDS)]
    try:
        if wanted is None:
            with connect(port) as connection:
                connection.sendall(data)
            return
        found = status(answer(port, data))
        expect(f"{data[:60]!r} has status {found}", found in wanted)
    except OSError as error:
        expect(f"{data[:60]!r}: {error!r}", False)


def ask_mutated(port, index):
    """A request with some bytes changed: any answer will do but an error of the server."""
    source = random.Random(index)
    data = bytearray(source.choice(KINDS)[0][:3000] or b"\r\n")
    for _ in range(source.randint(1, 5)):
        place = source.randrange(len(data))
        change = source.randrange(3)
        if change == 0:
            data[place] = source.randrange(256)
        elif change == 1:
            data[place:place] = source.choice([b"\r\n", b" ", b":", b"\0", b"0", b"chunked", b"\xff"])
        else:
            del data[place:place + source.randint(1, 9)]
            data = data or bytearray(b"\n")
    try:
        with connect(port) as connection:
            connection.sendall(data)
            # The server need not wait for the rest of what lacks its end now.
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while block := connection.recv(65536):
                received += block
        found = status(received)
        expect(f"{bytes(data[:200])!r} has status {found}", found is None or found in (
            200, 400, 401, 403, 404, 405, 413, 415, 503))
    except (BrokenPipeError, ConnectionResetError):
        pass
    except OSError as error:
        expect(f"{bytes(data[:200])!r}: {error!r}", False)


def open_connections(port):
    for line in answer(port, request("GET", "/metrics")).decode().splitlines():
        if line.startswith("temper_open_connections "):
            return int(float(line.split()[1]))
    return None


def mixed(server):
    """Many requests; afterwards there are as many connections and descriptors as before."""
    # One of each kind opens what stays open.
    for index in range(len(KINDS)):
        ask(server.port, index)
    before = server.descriptors()
    start = time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        def turn(index):
            (ask_mutated if index % 8 == 7 else ask)(server.port, index)

        list(pool.map(turn, range(REQUESTS)))
    rate = REQUESTS / (time.monotonic() - start)
    for _ in range(100):
        left = open_connections(server.port)
        # The one that asks is open itself, and its descriptor is not when we count.
        if left == 1 and server.descriptors() <= before:
            break
        time.sleep(0.1)
    expect(f"{left} connections are left", left == 1)
    after = server.descriptors()
    expect(f"{before} descriptors were open, and {after} are", after <= before)
    print(
        f"serving: {REQUESTS} requests of {len(KINDS)} kinds, an eighth of them mutated, "
        f"{rate:.0f} a second")


class Hostile(threading.Thread):
    """Clients that hold connections: silent, dripping, too long, not reading, hanging up."""

    OPENINGS = [
        b"", b"GET /health HTTP/1.1\r\nX: ", (POST + "Content-Length: 9000\r\n\r\n").encode(),
        (POST + f"Content-Length: {len(LARGE)}\r\n\r\n").encode() + b"x" * 5000,
        CHUNKED + b"ffff\r\n", b"\x16\x03\x01",
    ]

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ends = port, threading.Event()
        self.opened = 0

    def run(self):
        clients = []
        while not self.ends.is_set():
            while len(clients) < HOSTILE and not self.ends.is_set():
                try:
                    client = connect(self.port)
                    client.sendall(self.OPENINGS[self.opened % len(self.OPENINGS)])
                except OSError:
                    break
                client.setblocking(False)
                clients.append(client)
                self.opened += 1
            for client in list(clients):
                try:
                    client.send(b"x")
                except BlockingIOError:
                    continue
                except OSError:
                    clients.remove(client)
                    client.close()
            self.ends.wait(0.1)
        for client in clients:
            client.close()


def hostile(server):
    """A well-behaved client is served throughout; then the server ends in its time."""
    # Two that ask for much and read nothing.
    readers = [connect(server.port) for _ in range(2)]
    for reader in readers:
        reader.sendall(chat(1024, stream=True, logprobs=True, top_logprobs=20))
    crowd = Hostile(server.port)
    crowd.start()
    end = time.monotonic() + SECONDS
    served, longest = 0, 0.0
    while time.monotonic() < end:
        for data in (request("GET", "/health"), chat(2)):
            start = time.monotonic()
            try:
                found = status(answer(server.port, data))
            except OSError as error:
                found = repr(error)
            longest = max(longest, time.monotonic() - start)
            expect(f"beside hostile clients, {data[:30]!r} has status {found}", found == 200)
            served += 1
        time.sleep(0.02)
    expect(f"an answer took {longest:.1f} s beside hostile clients", longest < 10)
    code, seconds = server.terminate(60)
    expect(f"the server ends with {code}: {server.said()}", code == 0)
    expect(f"the server ends after {seconds:.1f} s", seconds < GRACE + 10)
    crowd.ends.set()
    crowd.join()
    for reader in readers:
        reader.close()
    print(
        f"serving: {served} requests beside {HOSTILE} hostile clients ({crowd.opened} connections) "
        f"in {SECONDS:.0f} s, the longest in {longest:.2f} s; SIGTERM took {seconds:.1f} s")


with Server(TEMPER, "--rate", 1_000_000_000, "--grace", GRACE) as server:
    mixed(server)
    if not failures:
        hostile(server)
for failure in sorted(set(failures))[:40]:
    print("serving:", failure, file=sys.stderr)
sys.exit(1 if failures else 0)
