"""Models got, checked and removed, against a hub on this machine; nothing else opens a connection."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests import stubs
from tests.conftest import missing
from tests.hub import LocalHub
from tests.test_cli import run
from voice_coach.commands import models
from voice_coach.engines import moonshine
from voice_coach.engines.getting import download, manifest
from voice_coach.engines.getting.connection import Hub, Patience
from voice_coach.engines.getting.manifest import PINNED, PinnedFile, PinnedModel
from voice_coach.engines.model_store import RECORD_NAME, find_model, models_folder, own_folder, partial_folder
from voice_coach.engines.speed import remembered

pytestmark = pytest.mark.usefixtures("home", "stubbed_whisper")

NAME = "tiny.en"
CONTENT = {
    "config.json": b"{}",
    "model.bin": bytes(range(256)) * 800,
    "tokenizer.json": b'{"a": 1}',
    "vocabulary.txt": b"one\ntwo\n",
}
UNKNOWN = "tokenizer.json"
"""The file whose SHA-256 is not known before it comes."""


def pinned(content: dict[str, bytes]) -> PinnedModel:
    files = tuple(
        PinnedFile(name, len(data), None if name == UNKNOWN else hashlib.sha256(data).hexdigest())
        for name, data in content.items()
    )
    return PinnedModel(NAME, "people/tiny", "abc123", "English", files)


def path_of(name: str) -> str:
    return f"/people/tiny/resolve/abc123/{name}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub that has the model, and a manifest that pins it there."""
    if shutil.which("openssl") is None:
        missing("openssl is not installed")
    folder = tmp_path / "hub"
    folder.mkdir()
    with LocalHub({path_of(name): data for name, data in CONTENT.items()}, folder) as local:
        monkeypatch.setattr(manifest, "HOST", local.host)
        monkeypatch.setattr(models, "HOST", "localhost")
        monkeypatch.setattr(models, "HUB", Hub(("localhost",), local.context, Patience(5.0, 0.3, 2000.0)))
        monkeypatch.setitem(PINNED, NAME, pinned(CONTENT))
        yield local


def installed() -> dict[str, bytes]:
    """The files of the model that was got."""
    folder = models_folder() / NAME
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != RECORD_NAME} if folder.is_dir() else {}


def get(capsys: pytest.CaptureFixture[str], *more: str | Path) -> tuple[int, str, str]:
    return run(capsys, "models", "get", NAME, *more)


# What goes well


def test_a_model_is_got_and_told_of(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    code, out, err = get(capsys)
    assert (code, err) == (0, "")
    told, arrived = out.splitlines()
    assert told == f"{NAME}: 0 MB from localhost/people/tiny to {models_folder() / NAME}"
    assert f"Of {UNKNOWN} only the size was known before" in arrived
    assert installed() == CONTENT
    assert (models_folder() / NAME).stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (models_folder() / NAME).iterdir())
    assert not partial_folder(NAME).exists()
    asked = len(hub.asked)
    assert "is there already, and whole" in get(capsys)[1]
    assert len(hub.asked) == asked


def test_list_path_verify_and_remove(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    del hub
    assert "no model is in" in run(capsys, "models", "verify")[1]
    get(capsys)
    stubs.whisper_folder(own_folder() / "mine")
    rows = {row["name"]: row for row in json.loads(run(capsys, "models", "list", "--json")[1])}
    assert {name for name, row in rows.items() if row["folder"]} == {NAME, "mine"}
    assert set(rows) == {*PINNED, "mine"}
    out = run(capsys, "models")[1]
    assert all(name in out for name in rows)
    assert str(own_folder() / "mine") in "".join(out.split()), "the whole of it, on however many lines"
    assert run(capsys, "models", "path")[1].strip() == str(models_folder())
    assert run(capsys, "models", "path", "mine")[1].strip() == str(own_folder() / "mine")
    code, out, _ = run(capsys, "models", "verify")
    assert (code, out.splitlines()) == (
        0, ["mine was put there by hand: nothing is known to check it against", f"{NAME} is as it came"],
    )  # fmt: skip
    assert run(capsys, "models", "remove", NAME)[0] == 0
    assert find_model(NAME) is None
    assert run(capsys, "models", "remove", "mine")[0] == 3
    assert run(capsys, "models", "path", NAME)[0] == 3
    assert run(capsys, "models", "get", "enormous")[0] == 2


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_without_a_network(capsys: pytest.CaptureFixture[str], hub: LocalHub, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "stick" / "a model"
    folder.mkdir(parents=True)
    for name, data in CONTENT.items():
        (folder / name).write_bytes(data)
    (folder / "README.md").write_text("what is not pinned is not taken", encoding="utf-8")
    source = folder
    if kind == "zip":
        source = tmp_path / "model.zip"
        with zipfile.ZipFile(source, "w") as zipped:
            for path in folder.iterdir():
                zipped.write(path, f"deep/{path.name}")
    if kind == "tar":
        source = tmp_path / "model.tar.gz"
        with tarfile.open(source, "w:gz") as tarred:
            tarred.add(folder, "../outside")
    code, _, err = get(capsys, "--from-dir" if kind == "folder" else "--from-file", source)
    assert (code, err) == (0, "")
    assert installed() == CONTENT
    assert hub.asked == []


def test_a_redirect_within_the_hub_is_followed(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    hub.files["/store/1"] = hub.files.pop(path_of("model.bin"))
    hub.behaviour.redirects[path_of("model.bin")] = f"https://{hub.host}/store/1"
    assert get(capsys)[0] == 0
    assert installed() == CONTENT


def test_bench_says_which_engines_keep_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moonshine, "model_path", lambda: None)
    assert "no words engine is here" in run(capsys, "models", "bench")[1]
    stubs.whisper_folder(own_folder() / "mine")
    stubs.whisper_folder(own_folder() / "broken", "model.bin")
    code, out, err = run(capsys, "models", "bench")
    assert code == 0
    assert "broken does not load" in err
    assert re.fullmatch(r"whisper mine: 0\.\d\d s of work .*, \d+% of this machine; keeps up with a talk\n", out)
    assert set(remembered()) == {"whisper mine"}
    assert json.loads(run(capsys, "models", "bench", "--json")[1])["whisper mine"]["keeps_up"] is True


# What breaks off


def test_what_was_cut_off_is_gone_on_with_at_once(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    hub.behaviour.cut_after = 50_000
    assert get(capsys)[0] == 0
    assert installed() == CONTENT
    assert [start for path, start in hub.asked if path.endswith("model.bin")] == [0, 50_000]


def test_what_was_cut_off_again_and_again_is_gone_on_with_later(
    capsys: pytest.CaptureFixture[str], hub: LocalHub
) -> None:
    hub.behaviour.cut_after, hub.behaviour.cuts = 20_000, 3
    code, _, err = get(capsys)
    assert code == 4
    assert "try again, and it goes on" in err
    assert installed() == {}
    assert get(capsys)[0] == 0
    assert installed() == CONTENT
    assert [start for path, start in hub.asked if path.endswith("model.bin")] == [0, 20_000, 40_000, 60_000]


def test_a_server_without_ranges_begins_anew(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    hub.behaviour.cut_after, hub.behaviour.knows_ranges = 50_000, False
    assert get(capsys)[0] == 0
    assert installed() == CONTENT


def test_a_server_that_drips_is_not_waited_for(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    hub.behaviour.drip_seconds = 0.02
    code, _, err = get(capsys)
    assert code == 4
    assert "sends almost nothing" in err
    assert installed() == {}


@pytest.mark.parametrize("status", [404, 503])
def test_a_server_that_refuses(capsys: pytest.CaptureFixture[str], hub: LocalHub, status: int) -> None:
    hub.behaviour.status = status
    code, _, err = get(capsys)
    assert code == 4
    assert f"localhost answered {status}" in err


def test_no_server_at_all(capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> None:
    del hub
    monkeypatch.setattr(manifest, "HOST", "localhost:9")
    code, _, err = get(capsys)
    assert code == 4
    assert "cannot be reached" in err


# What must not be


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/x", "http://localhost/x", "https://localhost.elsewhere.example/x"]
)
def test_a_redirect_elsewhere_is_not_followed(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, elsewhere: str
) -> None:
    hub.behaviour.redirects[path_of("config.json")] = elsewhere
    code, _, err = get(capsys)
    assert code == 3
    assert "where nothing is fetched from" in err
    assert installed() == {}


def test_only_https_to_the_hub_is_opened(tmp_path: Path) -> None:
    del tmp_path
    for url in ("http://huggingface.co/x", "https://huggingface.co.elsewhere.example/x", "file:///etc/passwd"):
        with pytest.raises(Exception, match="where nothing is fetched from"), Hub().open(url, 0):
            pass


def test_another_certificate_is_not_trusted(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "HUB", Hub(("localhost",)))
    code, _, err = get(capsys)
    assert code == 4
    assert "certificate" in err.lower()
    assert hub.asked == []


@pytest.mark.parametrize("change", [bytes.swapcase, lambda data: data + b"more", lambda data: data[:-1]])
@pytest.mark.parametrize("name", ["model.bin", "vocabulary.txt"])
def test_another_file_is_dropped(capsys: pytest.CaptureFixture[str], hub: LocalHub, change: Any, name: str) -> None:
    hub.files[path_of(name)] = change(CONTENT[name])
    assert get(capsys)[0] in {3, 4}
    assert installed() == {}
    hub.files[path_of(name)] = CONTENT[name]
    assert get(capsys)[0] == 0
    assert installed() == CONTENT


def test_what_is_pinned_at_first_download_is_checked_from_then_on(
    capsys: pytest.CaptureFixture[str], hub: LocalHub
) -> None:
    get(capsys)
    (models_folder() / NAME / UNKNOWN).write_bytes(b'{"a": 2}')
    code, _, err = run(capsys, "models", "verify", NAME)
    assert code == 3
    assert f"{UNKNOWN} is not the file that it was" in err
    assert "models remove" in err
    assert get(capsys)[0] == 0  # it is not whole, so it is got again
    assert installed() == CONTENT
    assert len(hub.asked) == 2 * len(CONTENT)


def test_a_damaged_model_is_not_loaded(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.sounds import babble, write_wave  # noqa: PLC0415
    from voice_coach.engines import moonshine  # noqa: PLC0415

    del hub
    get(capsys)
    monkeypatch.setattr(moonshine, "model_path", lambda: None)
    with (models_folder() / NAME / "model.bin").open("r+b") as file:
        file.write(b"damage")
    talk = write_wave(tmp_path / "talk.wav", babble(20.0))
    code, _, err = run(capsys, "analyze", talk, "--words", "whisper", "--mute", "--out", tmp_path / "out")
    assert code == 4
    assert "is damaged (model.bin is not the file that it was)" in err


def test_a_wrong_archive(capsys: pytest.CaptureFixture[str], hub: LocalHub, tmp_path: Path) -> None:
    del hub
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("config.json", b"{}")
        zipped.writestr("other/config.json", b"{}")
    code, _, err = get(capsys, "--from-file", archive)
    assert code == 3
    assert "holds 2 files called config.json" in err
    archive.write_bytes(b"no archive")
    code, _, err = get(capsys, "--from-file", archive)
    assert (code, err) == (3, f"voice-coach: {archive} is neither a zip nor a tar file\n")
    assert "No such file" in get(capsys, "--from-file", tmp_path / "nowhere.zip")[2]
    assert get(capsys, "--from-dir", tmp_path / "nowhere")[0] == 3
    assert get(capsys, "--from-dir", tmp_path, "--from-file", archive)[0] == 2


# A full disk, and two at once


def test_too_little_room_is_told_before_anything_comes(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    code, _, err = get(capsys)
    assert code == 4
    assert "has 0 MB left" in err
    assert hub.asked == []


def test_a_disk_that_fills_up_on_the_way(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """A file on a full disk."""

        def __init__(self, file: IO[bytes]) -> None:
            self._file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, f"no space for {len(data)} bytes")

    writer = download._writer
    monkeypatch.setattr(download, "_writer", lambda path, begin: Full(writer(path, begin)))
    code, _, err = get(capsys)
    assert code == 4
    assert "is full; free some space, and try again" in err
    monkeypatch.undo()
    assert len(hub.asked) == 1


def test_two_at_once_are_told_of_each_other(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    hub.behaviour.go_on.clear()
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(models.models(models_chosen())))
    first.start()
    try:
        while not hub.asked:
            first.join(0.01)
        code, _, err = get(capsys)
        assert code == 3
        assert f"another voice-coach is getting {NAME} just now" in err
    finally:
        hub.behaviour.go_on.set()
        first.join()
    assert codes == [0]
    assert installed() == CONTENT


def models_chosen() -> Any:
    from voice_coach.cli import build_parser  # noqa: PLC0415

    return build_parser().parse_args(["models", "get", NAME, "--quiet"])


# The manifest


def test_the_manifest_pins_what_it_promises() -> None:
    assert list(PINNED) == ["tiny.en", "base.en", "small.en", "distil-small.en", "base", "small"]
    for model in PINNED.values():
        assert len(model.revision) == 40
        names = {file.name for file in model.files}
        assert names >= {"model.bin", "config.json", "tokenizer.json"}
        assert names & {"vocabulary.txt", "vocabulary.json"}
        weights = next(file for file in model.files if file.name == "model.bin")
        assert weights.sha256 is not None
        assert all(file.sha256 is None or len(file.sha256) == 64 for file in model.files)
        assert all(model.url(file).startswith("https://huggingface.co/Systran/") for file in model.files)
    assert PINNED["base"].languages == "99 languages"


# What must not happen to other people's files


@pytest.mark.parametrize("name", ["{elsewhere}", "../../precious", ".", "..", "", ".tiny.en.part", "a/b"])
def test_only_models_are_removed(capsys: pytest.CaptureFixture[str], hub: LocalHub, tmp_path: Path, name: str) -> None:
    del hub
    get(capsys)
    elsewhere, beside = tmp_path / "elsewhere", models_folder().parent.parent / "precious"
    for folder in (elsewhere, beside):
        folder.mkdir(parents=True)
        (folder / "letters.txt").write_text("dear")
    code, _, err = run(capsys, "models", "remove", name.format(elsewhere=elsewhere))
    assert code == 2
    assert "not the name of a model" in err
    assert (elsewhere / "letters.txt").exists()
    assert (beside / "letters.txt").exists()
    assert installed() == CONTENT


def test_a_model_that_lacks_a_file_is_named_and_got_again(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    del hub
    get(capsys)
    (models_folder() / NAME / "model.bin").unlink()
    for arguments in (("models", "verify"), ("models", "verify", NAME)):
        code, _, err = run(capsys, *arguments)
        assert code == 3
        assert "model.bin cannot be read" in err
        assert f"models get {NAME}" in err
    assert get(capsys)[0] == 0
    assert installed() == CONTENT


def test_a_model_of_another_revision_is_told_of_and_got_anew(
    capsys: pytest.CaptureFixture[str], hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(capsys)
    newer = {**CONTENT, "model.bin": bytes(1000)}
    old = PINNED[NAME]
    monkeypatch.setitem(PINNED, NAME, PinnedModel(NAME, old.repository, "def456", old.languages, pinned(newer).files))
    hub.files |= {path_of(name).replace("abc123", "def456"): data for name, data in newer.items()}
    assert "another revision" in run(capsys, "models", "verify")[1]
    assert get(capsys)[0] == 0
    assert installed() == newer
    assert "another revision" not in run(capsys, "models", "verify")[1]


def test_a_record_that_was_changed_with_its_file_is_noticed(capsys: pytest.CaptureFixture[str], hub: LocalHub) -> None:
    del hub
    get(capsys)
    folder = models_folder() / NAME
    forged = bytes(len(CONTENT["model.bin"]))
    (folder / "model.bin").write_bytes(forged)
    record = (folder / RECORD_NAME).read_text()
    digests = [hashlib.sha256(data).hexdigest() for data in (CONTENT["model.bin"], forged)]
    (folder / RECORD_NAME).write_text(record.replace(*digests))
    code, _, err = run(capsys, "models", "verify")
    assert code == 3
    assert "model.bin is not the file that the model has" in err
    assert "there already" not in get(capsys)[1]
    assert installed() == CONTENT
