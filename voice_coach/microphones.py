"""Two microphones, one nearer to each person: what either person's share of the sound is.

How much of what a person says arrives at the first microphone rather than at the second is a constant of the table,
crosstalk included, in every band of the spectrum. It is learnt from frames in which the voices tell who speaks alone;
as voices can be taken for each other, but places cannot, frames that sound as if from one place are then counted
together, and who sits there is whoever most of them sound like. From then on, the two energies of a band tell how much
of it comes from either person. Where both microphones hear both people alike, as in an ordinary stereo recording, there
is nothing to learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from voice_coach.acoustics import N_MELS, Floats

N_NEAR = 9
"""Features of one person's nearness: shares of eight groups of bands, and of the whole."""
_GROUPS = 8
_FLOOR_PERCENT, _ABOVE_FLOOR = 15, np.float32(1.5)
_APART = 0.17  # 3 dB: where the people's shares lie closer in most bands, there is nothing to learn
_ROUNDS = 4  # of counting frames together by place
_TOLD = 0.5  # probability from which a voice says something of a frame's place
_ALONE = 0.75  # of a frame's sound that comes from one place, for the frame to count as that person's alone
_LEAST_EVIDENCE = 50.0  # frames' worth of voices for either place, to say who sits there
_LEAST_LEANING = 0.3  # by which the two places must differ in whose voices are heard from them, of 2 at most
_LEAST_APART = 0.1  # a band in which they do tells nothing
_LEAST_SHARE = np.float32(1e-3)
_TINY = np.float32(1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Seats:
    """What two microphones hear of two people.

    Attributes
    ----------
    shares : float32 (2, 32), of either person's sound, how much of each band arrives at the first microphone.
    floor : float32 (2, 32), energy of each band at either microphone while nobody speaks.
    """

    shares: Floats
    floor: Floats

    @classmethod
    def found(cls, heard: Floats, alone: Floats, every: Floats) -> Seats | None:
        """From what was heard of both, not knowing surely whose it was; `None` where it cannot be told.

        Parameters
        ----------
        heard : energies (n, 2, 32) of loud frames.
        alone : probabilities (n, 2), by their voices, that the first and the second speaks alone.
        every : energies of all frames.
        """
        told = np.where(alone > _TOLD, alone, 0.0)
        rows = [told[:, person] > 0 for person in (0, 1)]
        for _ in range(_ROUNDS):
            if not all(row.any() for row in rows):
                return None
            seats = cls.of(heard[rows[0]], heard[rows[1]], every)
            if seats is None:
                return None
            share = seats.share(heard)
            rows = [share > _ALONE, share < 1 - _ALONE]
        sums = [told[row].sum(axis=0) for row in rows]
        if min(float(both.sum()) for both in sums) < _LEAST_EVIDENCE:
            return None
        leaning = [float((both[0] - both[1]) / both.sum()) for both in sums]
        if abs(leaning[0] - leaning[1]) < _LEAST_LEANING:
            return None
        first, second = (heard[row] for row in (rows if leaning[0] > leaning[1] else rows[::-1]))
        return cls.of(first, second, every)

    @classmethod
    def of(cls, first: Floats, second: Floats, every: Floats) -> Seats | None:
        """From energies (n, 2, 32) of each person alone, and of all frames; `None` where both are heard alike."""
        floor = np.percentile(every, _FLOOR_PERCENT, axis=0).astype(np.float32)
        shares = []
        for energies in (first, second):
            own = _above(energies, floor).sum(axis=0)
            shares.append(own[0] / own.sum(axis=0))
        if np.median(np.abs(shares[0] - shares[1])) < _APART:
            return None
        return cls(np.stack(shares).astype(np.float32), floor)

    def nearness(self, channels: Floats) -> tuple[Floats, Floats]:
        """Features (n, 9) of how much of each frame's sound (n, 2, 32) comes from either person.

        A band's energies are what both people give, each in their own proportion: two equations for two unknowns, whose
        solution is held between nothing and everything, and to the middle as far as the band holds noise.
        """
        share, energy = self._bands(channels)
        grouped = (len(channels), _GROUPS, N_MELS // _GROUPS)
        parts = (share * energy).reshape(grouped).sum(axis=2) / energy.reshape(grouped).sum(axis=2)
        whole = (share * energy).sum(axis=1) / energy.sum(axis=1)
        return _features(parts, whole), _features(1 - parts, 1 - whole)

    def share(self, channels: Floats) -> Floats:
        """How much of what can be told apart in each frame (n, 2, 32) comes from the first person, 0 to 1."""
        share, energy = self._bands(channels)
        telling = energy * (np.abs(self.shares[0] - self.shares[1]) > _LEAST_APART)
        return cast("Floats", (share * telling).sum(axis=1) / (telling.sum(axis=1) + _TINY))

    def _bands(self, channels: Floats) -> tuple[Floats, Floats]:
        """How much of each band (n, 32) comes from the first person, and its energy without the noise."""
        heard = _above(channels, self.floor)
        energy = heard.sum(axis=1)
        apart = self.shares[0] - self.shares[1]
        telling = np.abs(apart) > _LEAST_APART
        solved = (heard[:, 0] / energy - self.shares[1]) / np.where(telling, apart, 1.0)
        sure = telling * energy / (energy + self.floor.sum(axis=0))
        return cast("Floats", 0.5 + sure * (np.clip(solved, 0.0, 1.0) - 0.5)), cast("Floats", energy)


def _above(energies: Floats, floor: Floats) -> Floats:
    """Energies (n, 2, 32) without the noise, which is a tenth of itself at least."""
    return cast("Floats", np.maximum(energies - _ABOVE_FLOOR * floor, floor / 10) + _TINY)


def _features(parts: Floats, whole: Floats) -> Floats:
    level = np.log(np.maximum(whole, _LEAST_SHARE)) / 3
    return np.column_stack((2 * parts - 1, level)).astype(np.float32)
