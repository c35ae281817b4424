"""The plan of a talk: what two people write down together the evening before, in two minutes.

A plan is a value; where it is kept is the business of `preparation`. As TOML it looks like this, and everything in it
may be left out:

::

    minutes = 45
    break_minutes = 25
    rules = ["Phones are away.", "One speaks at a time."]

    [topics]
    Maya = "How we share the evenings."

    [hopes]
    Maya = "That we find one thing for next week."
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from voice_coach.errors import UsageError

DEFAULT_RULES = (
    "Phones are away.",
    "One speaks at a time.",
    "Let each other finish.",
    "Speak of yourself: “I”, rather than “you”.",
    "Say back what you heard before you answer.",
    "Either of you may ask for a break.",
)
"""Ground rules that couples' programmes agree on (speaker and listener of PREP, softened start-up of Gottman)."""
LONGEST_TEXT = 200
"""Characters of one sentence of a plan."""
LONGEST_MINUTES = 600
MOST_RULES = 16
_MOST_TEXTS = MOST_RULES + 4
"""Ground rules, and what each of the two wants to talk about and hopes for."""
_KEYS = ("topics", "hopes", "minutes", "rules", "break_minutes")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the two want to talk about and what they hope for, one sentence each, by the person's name.

    `minutes` is how long they want to talk, `break_minutes` after how many of them they want a break; `None` leaves
    either open. `rules` are their ground rules.

    Raises
    ------
    UsageError
        If a number or a text is out of bounds.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    hopes: Mapping[str, str] = field(default_factory=dict)
    minutes: int | None = None
    rules: tuple[str, ...] = DEFAULT_RULES
    break_minutes: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("minutes", self.minutes), ("break_minutes", self.break_minutes)):
            if value is not None and not 1 <= value <= LONGEST_MINUTES:
                raise UsageError(f"{name} is {value}, but must lie between 1 and {LONGEST_MINUTES}")
        if self.minutes is not None and self.break_minutes is not None and self.break_minutes >= self.minutes:
            raise UsageError(f"break_minutes is {self.break_minutes}, but the talk is to last {self.minutes} minutes")
        texts = [*self.topics.values(), *self.hopes.values(), *self.rules]
        if len(texts) > _MOST_TEXTS:
            raise UsageError(f"a plan holds at most {_MOST_TEXTS} sentences, and this one has {len(texts)}")
        for text in (*texts, *self.topics, *self.hopes):
            if not text.strip() or len(text) > LONGEST_TEXT:
                raise UsageError(f"{text!r} must hold between 1 and {LONGEST_TEXT} characters")


def plan_of(table: Mapping[str, object]) -> Plan:
    """A plan of a table as TOML gives it.

    Raises
    ------
    UsageError
        In one sentence, if something in it is unknown or of the wrong kind.
    """
    for key in table:
        if key not in _KEYS:
            raise UsageError(f"a plan has no {key}; it has {', '.join(_KEYS)}")
    rules = table.get("rules", list(DEFAULT_RULES))
    if not isinstance(rules, (list, tuple)) or not all(isinstance(rule, str) for rule in rules):
        raise UsageError("rules must be a list of texts")
    return Plan(
        topics=_texts(table, "topics"),
        hopes=_texts(table, "hopes"),
        minutes=_minutes(table, "minutes"),
        rules=tuple(rules),
        break_minutes=_minutes(table, "break_minutes"),
    )


def _texts(table: Mapping[str, object], key: str) -> dict[str, str]:
    texts = table.get(key, {})
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        raise UsageError(f"{key} must be a table of texts, one for each person")
    return {str(name): text for name, text in texts.items()}


def _minutes(table: Mapping[str, object], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise UsageError(f"{key} is {value!r}, but must be a whole number")
    return value


def opening_sentences(plan: Plan) -> tuple[str, ...]:
    """What may be said at the start, a sentence at a time; 12 words or fewer but for what people wrote themselves."""
    return tuple(_opening(plan))


def _opening(plan: Plan) -> Iterator[str]:
    if plan.minutes is not None:
        yield f"You have {plan.minutes} minutes."
    if plan.break_minutes is not None:
        yield f"After {plan.break_minutes} minutes there is time for a break."
    for name, topic in plan.topics.items():
        yield _ended(f"{name} wants to talk about this: {topic}")
    for name, hope in plan.hopes.items():
        yield _ended(f"{name} hopes for this: {hope}")
    if plan.rules:
        yield "These are your ground rules."
        yield from (_ended(rule) for rule in plan.rules)


def _ended(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
