"""A program inside the sandbox that talks to a model route as a vendor's client does; see model_route_test.py.

  model_client.py ask VENDOR METHOD PATH [HEADER=VALUE...] [--body TEXT]    prints: status seconds, then the body
  model_client.py stream VENDOR                                            prints each event as it comes
  model_client.py reach tcp|udp HOST PORT                                  prints: outcome seconds; of UDP, an answer is wanted
"""

import http.client
import os
import socket
import sys
import time
import urllib.parse

VARIABLES = {"anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "x-api-key", ""),
             "openai": ("OPENAI_BASE_URL", "OPENAI_API_KEY", "authorization", "Bearer "),
             "gemini": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY", "x-goog-api-key", "")}


def connection(vendor):
    url = urllib.parse.urlsplit(os.environ[VARIABLES[vendor][0]])
    return http.client.HTTPConnection(url.hostname, url.port, timeout=45)


def headers_of(vendor):
    _, key, header, prefix = VARIABLES[vendor]
    return {header: prefix + os.environ[key]}


def ask(vendor, method, path, *more):
    headers, body, words = headers_of(vendor), None, list(more)
    key = os.environ[VARIABLES[vendor][1]]
    while words:
        word = words.pop(0)
        if word == "--body":
            body = words.pop(0).replace("PLACEHOLDER", key)
        else:
            name, value = word.split("=", 1)
            headers[name] = value.replace("PLACEHOLDER", key)
    began = time.monotonic()
    try:
        link = connection(vendor)
        link.request(method, path.replace("PLACEHOLDER", key), body, headers)
        answer = link.getresponse()
        text = answer.read().decode()
        print(answer.status, f"{time.monotonic() - began:.2f}")
        print(text)
    except (OSError, http.client.HTTPException) as error:
        print(type(error).__name__, f"{time.monotonic() - began:.2f}")


def stream(vendor):
    link = connection(vendor)
    link.request("GET", "/stream", headers=headers_of(vendor))
    answer = link.getresponse()
    while piece := answer.read1(65536):
        print(piece.decode().strip(), flush=True)
        other = connection(vendor)
        other.request("GET", "/next", headers=headers_of(vendor))
        other.getresponse().read()
    print("the end")


def reach(kind, host, port):
    began = time.monotonic()
    try:
        if kind == "tcp":
            socket.create_connection((host, int(port)), timeout=15).close()
        else:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as link:
                link.settimeout(15)
                link.connect((host, int(port)))
                link.send(b"?")
                link.recv(16)
        outcome = "connected"
    except OSError as error:
        outcome = type(error).__name__
    print(outcome, f"{time.monotonic() - began:.2f}")


if __name__ == "__main__":
    {"ask": ask, "stream": stream, "reach": reach}[sys.argv[1]](*sys.argv[2:])
