"""The microphone's supervision, over a device that does what tests tell it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice_coach.engines import clock, microphone
from voice_coach.engines.devices import Hear
from voice_coach.engines.microphone import ASLEEP, GONE, MUTED, PAUSED, SystemMicrophone
from voice_coach.errors import MissingPart
from voice_coach.events import AudioBlock
from voice_coach.ports import Notice

RATE = 16_000


class FakeStream:
    """Calls back every 20 ms from a thread of its own, as long as it is let."""

    name = "fake"

    def __init__(self, devices: FakeDevices, hear: Hear) -> None:
        self.rate, self.channels = devices.rate, devices.channels
        self.is_active = True
        self._devices, self._hear = devices, hear
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due, kept = time.monotonic(), 0
        rng = np.random.default_rng(0)
        while self.is_active:
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            kept = kept + 1 if self._devices.keeps else 1
            if self._devices.is_held:
                continue
            for _ in range(kept):
                heard = rng.standard_normal((self.rate // 50, self.channels)).astype(np.float32) * 0.01
                began = time.perf_counter()
                self._call(heard * (not self._devices.is_muted))
                self._devices.callbacks.append(time.perf_counter() - began)
            kept = 0

    def _call(self, heard: np.ndarray) -> None:
        """As PortAudio does: an error in the callback ends the stream."""
        try:
            self._hear(heard)
        except MemoryError:
            self.is_active = False

    def close(self) -> None:
        self.is_active = False


class FakeDevices:
    """Devices of which one can be told what to do."""

    def __init__(self) -> None:
        self.rate, self.channels = RATE, 1
        self.is_there = True
        self.is_held = self.is_muted = self.keeps = False
        self.opened: list[FakeStream] = []
        self.callbacks: list[float] = []
        """How long each took, s."""
        self.found_anew = 0

    def find_anew(self) -> None:
        self.found_anew += 1

    def open_input(self, wanted: str, hear: Hear) -> FakeStream:
        if not self.is_there:
            raise MissingPart("this machine has no microphone; cure: connect one")
        self.opened.append(FakeStream(self, hear))
        return self.opened[-1]


class Listening:
    """A microphone that listens, and all that it delivers and tells."""

    def __init__(self, devices: FakeDevices) -> None:
        self.devices = devices
        self.microphone = SystemMicrophone(devices)  # type: ignore[arg-type]
        self.blocks: list[AudioBlock] = []
        self.notices: list[tuple[float, str]] = []
        self.microphone.start(self.blocks.append, self._tell)
        self.began = clock.now()

    def _tell(self, notice: Notice) -> None:
        self.notices.append((clock.now(), notice.text))

    def wait(self, condition: Callable[[], object], seconds: float = 6.0) -> float:
        """Wait until something is so; returns how long that took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, "it did not come about"
            time.sleep(0.01)
        return time.monotonic() - began

    def heard(self, samples: int) -> None:
        """Wait until so much more was heard."""
        target = self.position + samples
        self.wait(lambda: self.position >= target and len(self.blocks[-1].samples))

    @property
    def position(self) -> int:
        return self.blocks[-1].start_sample + len(self.blocks[-1].samples) if self.blocks else 0

    @property
    def lost(self) -> dict[str, int]:
        lost: dict[str, int] = {}
        for block in self.blocks:
            if block.lost_samples:
                lost[block.lost_by] = lost.get(block.lost_by, 0) + block.lost_samples
        return lost

    def check(self) -> None:
        """Every sample of the clock is accounted for."""
        position = 0
        for block in self.blocks:
            assert block.start_sample == position + block.lost_samples
            position = block.start_sample + len(block.samples)
        passed = round((clock.now() - self.began) * RATE)
        assert position == pytest.approx(passed, abs=0.35 * RATE)


@pytest.fixture
def devices() -> FakeDevices:
    return FakeDevices()


@pytest.fixture
def listening(devices: FakeDevices) -> Iterator[Listening]:
    listening = Listening(devices)
    listening.wait(lambda: listening.position > RATE // 2)
    yield listening
    listening.microphone.close()
    assert not any(stream.is_active for stream in devices.opened)


def test_what_is_heard_is_delivered_whole(listening: Listening) -> None:
    listening.heard(RATE // 2)
    assert listening.lost == {}
    listening.check()
    assert listening.microphone.sample_at(clock.now()) == pytest.approx(listening.position, abs=0.1 * RATE)


def test_no_microphone_is_said_with_its_cure(devices: FakeDevices) -> None:
    devices.is_there = False
    with pytest.raises(MissingPart, match="cure"):
        SystemMicrophone(devices).start(lambda _: None, lambda _: None)  # type: ignore[arg-type]


def test_a_callback_that_stalls_is_noticed_and_mended(listening: Listening) -> None:
    listening.devices.is_held = True
    assert listening.wait(lambda: listening.notices) < 2.0
    assert "gone" in listening.notices[0][1]
    listening.devices.is_held = False
    assert listening.wait(lambda: listening.notices[-1][1] == "") < 5.0
    listening.heard(RATE // 2)
    assert list(listening.lost) == [GONE]
    listening.check()


@pytest.mark.parametrize("why", ["it ends by itself", "an exception in the callback"])
def test_a_stream_that_ends_is_opened_again(listening: Listening, why: str) -> None:
    if why == "it ends by itself":
        listening.devices.opened[-1].is_active = False
    else:
        listening.devices.opened[-1]._hear = _fails
    assert listening.wait(lambda: listening.notices) < 2.0
    assert listening.wait(lambda: listening.notices[-1][1] == "") < 5.0
    listening.heard(RATE // 2)
    assert len(listening.devices.opened) == 2
    assert set(listening.lost) <= {GONE}
    listening.check()


def _fails(heard: np.ndarray) -> None:
    raise MemoryError


def test_a_device_that_goes_is_looked_for_until_it_is_back(listening: Listening) -> None:
    listening.devices.is_there = False
    listening.devices.opened[-1].is_active = False
    listening.wait(lambda: listening.lost.get(GONE, 0) > 1.5 * RATE)
    assert listening.devices.found_anew >= 2
    listening.devices.is_there = True
    assert listening.wait(lambda: listening.notices[-1][1] == "") < 5.0
    listening.heard(RATE // 2)
    listening.check()


def test_a_machine_that_is_busy_loses_nothing(listening: Listening) -> None:
    listening.devices.keeps = True
    listening.devices.is_held = True
    time.sleep(0.8)
    listening.devices.is_held = False
    listening.heard(RATE)
    assert listening.lost == {}
    listening.check()


def test_no_callback_waits_for_whoever_is_slow(devices: FakeDevices) -> None:
    """Neither for one who takes blocks slowly, nor for one who computes: each is over within its block of 20 ms."""
    microphone, over = SystemMicrophone(devices), threading.Event()  # type: ignore[arg-type]

    def compute() -> None:
        numbers = np.ones(100_000)
        while not over.is_set():
            np.sort(numbers)
            sum(range(20_000))

    workers = [threading.Thread(target=compute) for _ in range(2)]
    for worker in workers:
        worker.start()
    microphone.start(lambda _: time.sleep(0.3), lambda _: None)
    time.sleep(2.5)
    microphone.close()
    over.set()
    for worker in workers:
        worker.join()
    assert len(devices.callbacks) > 50
    assert np.percentile(devices.callbacks, 98) < 0.02, "98 of 100: a busy machine may put any thread aside"


def test_exact_silence_is_no_silence(listening: Listening) -> None:
    listening.devices.is_muted = True
    assert listening.wait(lambda: listening.notices) < 2.0
    assert "exact silence" in listening.notices[0][1]
    assert "cure" in listening.notices[0][1]
    listening.wait(lambda: listening.lost.get(MUTED, 0) > RATE // 2)
    listening.devices.is_muted = False
    listening.wait(lambda: listening.notices[-1][1] == "")
    listening.heard(RATE // 2)
    assert list(listening.lost) == [MUTED]
    listening.check()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_cure_for_silence_is_that_of_the_system(platform: str) -> None:
    assert "muted" in microphone.cure_for_silence(platform)


def test_paused_nothing_is_kept_anywhere(listening: Listening) -> None:
    listening.microphone.pause()
    heard = sum(len(block.samples) for block in listening.blocks)
    listening.wait(lambda: listening.lost.get(PAUSED, 0) > RATE)
    assert sum(len(block.samples) for block in listening.blocks) <= heard + RATE // 20  # one that was on its way
    listening.microphone.resume()
    listening.heard(RATE // 2)
    assert list(listening.lost) == [PAUSED]
    listening.check()


def test_a_machine_that_sleeps_has_a_gap_and_no_silence(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    before = clock.now
    monkeypatch.setattr(clock, "now", lambda: before() + 100.0)
    monkeypatch.setattr(clock, "asleep", lambda: 100.0 + before() - time.monotonic())
    listening.wait(lambda: listening.lost.get(ASLEEP, 0) > 0)
    listening.heard(RATE)
    assert listening.lost[ASLEEP] == pytest.approx(100 * RATE, abs=0.5 * RATE)
    assert set(listening.lost) == {ASLEEP}
    assert [text for _, text in listening.notices] == ["The machine slept; that time is not counted.", ""]


def test_nobody_can_set_the_clock_back(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    listening.heard(RATE)
    assert listening.lost == {}
    listening.check()


@pytest.mark.parametrize("channels", [1, 2])
def test_a_microphone_that_refuses_16_khz_is_resampled(devices: FakeDevices, channels: int) -> None:
    devices.rate, devices.channels = 44_100, channels
    listening = Listening(devices)
    listening.wait(lambda: listening.position > RATE)
    listening.microphone.close()
    assert listening.lost == {}
    assert listening.blocks[0].samples.shape[1:] == ((2,) if channels == 2 else ())
    listening.check()


def test_whoever_is_slow_to_take_blocks_loses_none(devices: FakeDevices) -> None:
    microphone = SystemMicrophone(devices)  # type: ignore[arg-type]
    taken: list[AudioBlock] = []

    def slow(block: AudioBlock) -> None:
        time.sleep(0.5 if len(taken) == 20 else 0.0)
        taken.append(block)

    microphone.start(slow, lambda _: None)
    deadline = time.monotonic() + 8
    while sum(len(block.samples) for block in taken) < 2 * RATE and time.monotonic() < deadline:
        time.sleep(0.01)
    microphone.close()
    assert sum(block.lost_samples for block in taken) == 0
