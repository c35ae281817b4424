"""A connection to the model hub that goes nowhere else: https only, every redirect checked, and no dawdling."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from time import monotonic
from typing import IO
from urllib.parse import urlsplit

from voice_coach import __version__
from voice_coach.errors import InputError, MissingPart

HOSTS = ("huggingface.co", ".huggingface.co", "hf.co", ".hf.co")
"""Where the hub and its storage lie; one that begins with a dot stands for all below it."""
_CHUNK = 1 << 16
_REDIRECTS = 5


class Unreachable(MissingPart):
    """There is no connection, or it broke off; what has come so far is kept."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a silent server is waited for, and how slow one may be over how long."""

    timeout_seconds: float = 30.0
    watched_seconds: float = 60.0
    least_bytes_per_second: float = 1000.0


@dataclass(frozen=True, slots=True)
class Hub:
    """Opens files of the hub.

    Parameters
    ----------
    hosts : the only ones that are asked, whatever a redirect says.
    context : who is trusted; `None` for the machine's own authorities.
    """

    hosts: tuple[str, ...] = HOSTS
    context: ssl.SSLContext | None = None
    patience: Patience = field(default_factory=Patience)

    @contextmanager
    def open(self, url: str, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        """From which byte on the file comes, and its bytes in chunks; from `start` on, if the server can.

        Raises
        ------
        Unreachable
            If there is no connection, or it breaks off.
        InputError
            If the server leads elsewhere, or answers with something else.
        """
        _check(url, self.hosts)
        headers = {"User-Agent": f"voice-coach/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked above
        context = self.context or ssl.create_default_context()
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _Redirects(self.hosts))
        with _told(url):
            answer = opener.open(request, timeout=self.patience.timeout_seconds)
        with answer:
            yield _begin_of(answer, start), self._chunks(answer, url)

    def _chunks(self, answer: http.client.HTTPResponse, url: str) -> Iterator[bytes]:
        pace = _Pace(self.patience, monotonic)
        while True:
            with _told(url):
                chunk = answer.read1(_CHUNK)
            if not chunk:
                return
            pace.took(len(chunk), url)
            yield chunk


class _Pace:
    """Notices a server that keeps a connection alive and hardly sends anything."""

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self._patience, self._clock = patience, clock
        self._since, self._bytes = clock(), 0

    def took(self, count: int, url: str) -> None:
        """So many bytes came."""
        self._bytes += count
        passed = self._clock() - self._since
        if passed < self._patience.watched_seconds:
            return
        if self._bytes < self._patience.least_bytes_per_second * passed:
            raise Unreachable(f"{_host(url)} sends almost nothing; try again later, and it goes on where it stopped")
        self._since, self._bytes = self._clock(), 0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed hosts over https, and no others."""

    max_redirections = _REDIRECTS

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self._hosts = hosts

    def redirect_request(  # noqa: PLR0913, PLR0917 - the library's own signature
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        """The request that a redirect leads to."""
        _check(newurl, self._hosts)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _check(url: str, hosts: tuple[str, ...]) -> None:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    allowed = any(host == known or (known.startswith(".") and host.endswith(known)) for known in hosts)
    if parts.scheme != "https" or not allowed:
        raise InputError(f"the download leads to {parts.scheme}://{host}, where nothing is fetched from")


def _begin_of(answer: http.client.HTTPResponse, start: int) -> int:
    """From which byte on an answer goes."""
    if answer.status == http.client.OK:
        return 0
    stated = answer.headers.get("Content-Range", "")
    if answer.status == http.client.PARTIAL_CONTENT and stated.startswith(f"bytes {start}-"):
        return start
    raise InputError(f"{_host(answer.url)} answered with something else than the file ({answer.status})")


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Say what went wrong with a connection in one sentence."""
    host = _host(url)
    again = "try again, and it goes on where it stopped"
    try:
        yield
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise InputError(f"{host} has less of the file than is here already") from error
        raise Unreachable(f"{host} answered {error.code} {error.reason}; try again later") from error
    except urllib.error.URLError as error:
        raise Unreachable(f"{host} cannot be reached ({error.reason}); {again}") from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"the connection to {host} broke off ({error or type(error).__name__}); {again}") from error
