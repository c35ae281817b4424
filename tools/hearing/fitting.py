"""Training of networks on simulated talks: what the committee and the revisers share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tools.hearing.examples import NOT_THEM, Examples
from tools.hearing.network import CLASSES, VOICE, SpeakerNet, whole
from tools.hearing.revision import STEP_FRAMES, Reviser, Shape
from tools.hearing.simulate import IGNORE
from voice_coach.engines.voiceprint import N_OWN, N_SPECTRUM, STRANGER

log = logging.getLogger("hearing")
CLASS_WEIGHTS = (1.0, 1.0, 1.0, 1.3, 1.0)
VOICE_LOSS = 0.1
_AVERAGED = 0.995
"""Of the running mean of a reviser's weights, kept at each step: it forgets in 200 steps."""
_MICROPHONES_UNKNOWN = 0.2
_SCORED = 16  # talks at once


@dataclass(frozen=True, slots=True)
class Batch:
    """Some talks as tensors, frames last; `voices` (2 n,) is who of the corpus all first and all second people are."""

    common: Tensor
    first: Tensor
    second: Tensor
    spectra: Tensor
    speech: Tensor
    answers: Tensor | None
    labels: Tensor
    voices: Tensor


def batch(data: Examples, order: np.ndarray, microphones: np.ndarray) -> Batch:
    """Talks in an order; `microphones` (n,) is 1 where what is known of two of them may be used, and 0 elsewhere."""
    common, people, spectra, speech = (
        torch.from_numpy(part[order].astype(np.float32))
        for part in (data.common, data.people, data.spectra, data.speech)
    )
    people[:, :, N_OWN:] *= torch.from_numpy(microphones)[:, None, None, None]
    answers = None if data.answers is None else torch.from_numpy(data.answers[order].astype(np.float32))
    labels = torch.from_numpy(data.labels[order].astype(np.int64))
    voices = torch.from_numpy(data.voices[order].T.reshape(-1).astype(np.int64))
    return Batch(common, people[:, 0], people[:, 1], spectra, speech, answers, labels, voices)


def vary(common: Tensor, first: Tensor, second: Tensor, *, masked: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Differences between enrolment and talk that the simulator does not make: level, channel, strength of ratios.

    If `masked`, some bands and the detector are now and then missing altogether.
    """
    count = len(common)
    common = common.clone()
    common[:, :32] += torch.randn(count, 32, 1) * 0.12 + torch.randn(count, 1, 1) * 0.1
    common[:, 80] += torch.randn(count, 1) * 0.4
    for talk in range(count if masked else 0):
        if torch.rand(1) < 0.5:
            band = int(torch.randint(0, 28, (1,)))
            common[talk, band : band + int(torch.randint(1, 6, (1,)))] = 0
        if torch.rand(1) < 0.08:
            common[talk, 83] = -1.0 if torch.rand(1) < 0.5 else 1.0
    gain, offset = 1 + 0.2 * torch.randn(count, 1, 1), 0.15 * torch.randn(count, 1, 1)
    varied = []
    for features in (first, second):
        ratios = features[:, :N_OWN] * gain
        ratios[:, :4] += offset
        varied.append(torch.cat((ratios, features[:, N_OWN:]), 1))
    return common, varied[0], varied[1]


def frame_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy of frames, weighted by class; for `NOT_THEM`, of silence and other together."""
    chances = torch.log_softmax(logits, 1)
    known = labels.clamp(min=0, max=CLASSES - 1)
    loss = -chances.gather(1, known[:, None])[:, 0]
    loss = (1 - smoothing) * loss - smoothing * chances.mean(1)
    loss = torch.where(labels == NOT_THEM, -torch.logaddexp(chances[:, 0], chances[:, 4]), loss)
    weight = torch.tensor(CLASS_WEIGHTS)[known] * (labels != IGNORE)
    return (loss * weight).sum() / weight.sum()


@dataclass(frozen=True, slots=True)
class Score:
    """On development talks: loss, errors of frames (%), overlap by frames, and how much of others' is claimed (%)."""

    loss: float
    errors: float
    overlap_precision: float
    overlap_recall: float
    claimed: float


Answer = Callable[[Batch], Tensor]
"""From talks to logits (n, 5, t), aligned with their frames from the first on."""


def score(answer: Answer, data: Examples) -> Score:
    """How good answers are."""
    told, labels = [], []
    with torch.no_grad():
        for begin in range(0, len(data), _SCORED):
            order = np.arange(begin, min(begin + _SCORED, len(data)))
            talks = batch(data, order, np.ones(len(order), np.float32))
            told.append(answer(talks))
            labels.append(talks.labels[:, : told[-1].shape[2]])
    logits, true = torch.cat(told), torch.cat(labels)
    said, valid = logits.argmax(1), true != IGNORE
    errors = speech = 0.0
    for bit in (1, 2):
        claimed, actual = ((said & bit) > 0) & (said < 4), ((true & bit) > 0) & (true < 4) & valid
        errors += ((claimed != actual) & valid).sum().item()
        speech += actual.sum().item()
    both, said_both = true == 3, (said == 3) & valid
    right = (both & said_both).sum().item()
    others = true == 4
    claimed_others = (others & (said > 0) & (said < 4)).sum().item() / max(1, others.sum().item())
    return Score(
        frame_loss(logits, true, 0.0).item(), 100 * errors / speech, right / max(1, said_both.sum().item()),
        right / max(1, both.sum().item()), 100 * claimed_others,
    )  # fmt: skip


def fit_member(train: Examples, dev: Examples, seed: int, epochs: int) -> tuple[SpeakerNet, Score]:
    """Train one network of the committee, with voices as enrolled, and its score on the development talks."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, size, rate = SpeakerNet(), 12, 3e-3
    # Telling the corpus's voices apart is no aim, but it teaches the encoder what makes a voice.
    naming = nn.Linear(VOICE, int(train.voices.max()) + 1)
    parameters = [*model.parameters(), *naming.parameters()]
    steps = len(train) // size
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.15)

    def answer(talks: Batch) -> Tensor:
        return member_answers(model, talks, varied=False)[0]

    found = score(answer, dev)
    for epoch in range(epochs):
        model.train()
        began, order = time.monotonic(), rng.permutation(len(train))
        for step in range(steps):
            chosen = np.sort(order[step * size : (step + 1) * size])
            talks = batch(train, chosen, np.zeros(size, np.float32))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits, voices = member_answers(model, talks, varied=True)
            loss = frame_loss(logits.float(), talks.labels[:, : logits.shape[2]], 0.02)
            named = nn.functional.cross_entropy(naming(8.0 * torch.cat(voices).float()), talks.voices)
            optimiser.zero_grad()
            (loss + VOICE_LOSS * named).backward()
            nn.utils.clip_grad_norm_(parameters, 2.0)
            optimiser.step()
            schedule.step()
        model.eval()
        found = score(answer, dev)
        log.info("member %d epoch %d: dev %s; %.0f s", seed, epoch, found, time.monotonic() - began)
    return model, found


def member_answers(model: SpeakerNet, talks: Batch, *, varied: bool) -> tuple[Tensor, list[Tensor]]:
    """Logits of a member of the committee, and the voices (n, 24) of both people."""
    voices = [model.voice(talks.spectra[:, person], talks.speech[:, person]) for person in (0, 1)]
    features = (talks.common, talks.first, talks.second)
    common, first, second = vary(*features, masked=True) if varied else features
    return whole(model, (common[:, :STRANGER], first[:, :N_OWN], second[:, :N_OWN]), voices), voices


def fit_reviser(train: Examples, dev: Examples, shape: Shape, seed: int, epochs: int) -> tuple[Reviser, Score]:
    """Train one reviser, with voices as enrolled; returns the running mean of its weights, with its score."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, size, rate = Reviser(shape), 8, 2e-3
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGED), use_buffers=True)
    steps = len(train) // size
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.1)

    def answer(talks: Batch) -> Tensor:
        return revised(mean.module, talks, varied=False)

    mean.eval()
    found = score(answer, dev)
    log.info("%s: the committee alone: %s", shape, found)
    for epoch in range(epochs):
        model.train()
        began, order = time.monotonic(), rng.permutation(len(train))
        for step in range(steps):
            chosen = np.sort(order[step * size : (step + 1) * size])
            microphones = (rng.random(size) >= _MICROPHONES_UNKNOWN).astype(np.float32)
            talks = batch(train, chosen, microphones)
            logits = revised(model, talks, varied=True)
            loss = frame_loss(logits, talks.labels[:, : logits.shape[2]], 0.01)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            mean.update_parameters(model)
        mean.eval()
        found = score(answer, dev)
        log.info("seed %d epoch %d: dev %s; %.0f s", seed, epoch, found, time.monotonic() - began)
    return mean.module, found


def revised(model: Reviser, talks: Batch, *, varied: bool) -> Tensor:
    """Revised logits (n, 5, t - look-ahead) of whole talks."""
    assert talks.answers is not None  # noqa: S101
    frames = talks.answers.shape[2] - talks.answers.shape[2] % STEP_FRAMES
    answers, features = talks.answers[:, :, :frames], (talks.common, talks.first, talks.second)
    if varied:
        answers = answers * (1 + 0.1 * torch.randn(len(answers), 1, 1))
        features = vary(*features, masked=False)
    common, first, second = (values[:, :, :frames] for values in features)
    logits, _ = model(answers, common[:, N_SPECTRUM:STRANGER], first, second, model.empty_states(len(answers)))
    return logits[:, :, model.shape.look_ahead_frames :]
