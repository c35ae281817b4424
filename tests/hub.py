"""A model hub on this machine: https, and every way of going wrong that a download may meet."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass
class Behaviour:
    """How the server answers. What is set to `None` or empty is usual.

    `cut_after` bytes a connection breaks off, for the next `cuts` answers. Every answer waits for `go_on`.
    """

    cut_after: int | None = None
    cuts: int = 1
    redirects: dict[str, str] = field(default_factory=dict)
    knows_ranges: bool = True
    status: int | None = None
    drip_seconds: float = 0.0
    go_on: threading.Event = field(default_factory=threading.Event)


class LocalHub:
    """Serves files by path; use it in a `with` statement.

    `asked` holds path and first byte of every request.
    """

    def __init__(self, files: Mapping[str, bytes], folder: Path) -> None:
        self.files, self.behaviour = dict(files), Behaviour()
        self.behaviour.go_on.set()
        self.asked: list[tuple[str, int]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                hub._answer(self)

        certificate = make_certificate(folder)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients go away, as they should
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.context = ssl.create_default_context(cafile=str(certificate))

    @property
    def host(self) -> str:
        """Host and port."""
        return f"localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.behaviour.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        behaviour = self.behaviour
        wanted = re.match(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and behaviour.knows_ranges else 0
        self.asked.append((request.path, start))
        behaviour.go_on.wait(20)
        if request.path in behaviour.redirects:
            request.send_response(302)
            request.send_header("Location", behaviour.redirects[request.path])
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        content = self.files.get(request.path)
        if content is None or behaviour.status is not None:
            request.send_error(behaviour.status or 404)
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        self._send(request, content[start:])

    def _send(self, request: BaseHTTPRequestHandler, content: bytes) -> None:
        behaviour = self.behaviour
        if behaviour.cut_after is not None and behaviour.cuts > 0 and len(content) > behaviour.cut_after:
            behaviour.cuts -= 1
            request.wfile.write(content[: behaviour.cut_after])
            request.wfile.flush()
            request.close_connection = True
            return
        if behaviour.drip_seconds:
            for byte in content:
                request.wfile.write(bytes([byte]))
                time.sleep(behaviour.drip_seconds)
            return
        request.wfile.write(content)


def make_certificate(folder: Path) -> Path:
    """A certificate of this machine for today, and its key, in one file."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *made, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
