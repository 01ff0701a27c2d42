"""Connections to the port: nobody can hold them all by saying nothing."""

import socket
import time
import urllib.request

from harness import waiting


def connect(server) -> socket.socket:
    host, port = server.endpoint.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=waiting.LIMIT_S)


def healthy(server) -> bool:
    with urllib.request.urlopen(f"{server.endpoint}/healthz", timeout=waiting.LIMIT_S) as answer:
        return answer.read() == b"ok\n"


def test_who_does_not_finish_a_requests_headers_in_time_is_hung_up_on(new_server):
    server = new_server("server", "--max-connections", "3", "--header-timeout", "1").start()
    begun = time.monotonic()
    silent = [connect(server) for _ in range(3)]
    silent[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    # All places are taken; this one waits until one of them is free.
    assert healthy(server)
    assert time.monotonic() - begun >= 1
    for one in silent:
        assert one.recv(1) == b"", "it was closed without a word"
        one.close()


def test_a_connection_is_used_again_and_closed_at_the_end(new_server):
    server = new_server("server", "--max-connections", "1").start()
    with connect(server) as one:
        for _ in range(3):
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                answer += one.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        server.terminate()
        assert one.recv(1) == b""
