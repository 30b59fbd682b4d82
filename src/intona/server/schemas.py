"""Response schemas, as the OpenAPI document shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
)

from intona.server.formats import clean
from intona.server.wire import InvalidError
from intona.tables import Reason

ANSWER: JsonValue = {
    "file": "clip.wav",
    "start": 0.0,
    "end": 3.4,
    "emotion": "happy",
    "confidence": 0.81,
    "status": "ok",
    "reason": None,
    "familiarity": 0.74,
    "arousal": 0.66,
    "valence": 0.71,
    "adapted": 0,
    "probabilities": {"happy": 0.81, "neutral": 0.12, "sad": 0.07},
}


FileName = Annotated[str, AfterValidator(clean)]
Label = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,60}$")]
HASH = r"^[0-9a-f]{16,64}$"
MOST_LABELS = 64
MOST_SEGMENTS = 200_000
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Adapted = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000,
        description="Utterances the model was adapted to: of a speaker, or of this sound; 0 when "
        "it was not.",
    ),
]


class Segment(BaseModel):
    """The emotion of one stretch of speech.

    ``status`` is ``ok``; ``unsure`` where the emotion is a guess, for ``reason``; or
    ``no_speech``, without an emotion.
    """

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [ANSWER]})

    file: FileName | None = Field(default=None, description="Name the client gave the recording.")
    start: float = Field(ge=0, le=1e7, allow_inf_nan=False, description="Begin, in seconds.")
    end: float = Field(ge=0, le=1e7, allow_inf_nan=False, description="End, in seconds.")
    emotion: Label | None = Field(default=None, description="Best guess; null without speech.")
    confidence: Probability | None = Field(
        default=None, description="Its calibrated probability; null without speech."
    )
    status: Literal["ok", "unsure", "no_speech"]
    reason: Reason | None = Field(default=None, description="Why it is unsure; else null.")
    familiarity: Probability | None = Field(
        default=None,
        description="How near the sound is to what the model was made from; null where the model "
        "does not say.",
    )
    arousal: Probability | None = Field(
        default=None,
        description="How activated the voice is, whatever the word for it; null where the model "
        "does not say.",
    )
    valence: Probability | None = Field(
        default=None,
        description="How pleasant the voice sounds; null where the model does not say.",
    )
    adapted: Adapted = 0
    channel: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="The channel it was heard in, from 1; absent where mixed."
    )
    speaker: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="Whose channel that is; absent where not known."
    )
    probabilities: dict[Label, Probability | None] = Field(
        max_length=MOST_LABELS,
        description="Calibrated probability of each emotion; null without speech.",
    )

    @field_validator("probabilities", mode="before")
    @classmethod
    def _few(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > MOST_LABELS:
            raise ValueError(f"at most {MOST_LABELS} emotions")
        return value


class Identity(BaseModel):
    """Which model answered; of hashes the first 16 digits, in ``/v1/model`` the whole."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, Field(max_length=100)] = Field(description="Of its recipe.")
    version: int | None = Field(default=None, ge=1, description="It rises with new content.")
    created: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="Day of this version, ISO 8601."
    )
    content: Annotated[str, Field(pattern=HASH)] = Field(description="SHA-256 of its content.")
    recipe: Annotated[str, Field(pattern=HASH)] = Field(description="SHA-256 of its recipe.")


Speaker = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
Warnings = Annotated[
    list[Annotated[str, Field(max_length=1000)]],
    Field(
        max_length=16,
        description="What is lost of a damaged recording, or odd about it, a sentence each.",
    ),
]
ADAPTED = "Speaker the model was adapted to; null when it was not."


class Answer(Segment):
    """The emotion of a clip as a whole."""

    model: Identity | None = Field(default=None, description="What answered.")
    profile: Speaker | None = Field(default=None, description=ADAPTED)
    warnings: Warnings = []


class Answers(BaseModel):
    """The emotion of each channel of a clip as a whole."""

    file: FileName | None = Field(default=None, description="Name the client gave the recording.")
    profile: Speaker | None = Field(default=None, description=ADAPTED)
    adapted: Adapted = 0
    warnings: Warnings = []
    channels: list[Segment] = Field(description="One for each, in their order.")


class Timeline(BaseModel):
    """Emotion over time: one segment per stretch of speech, in order."""

    model_config = ConfigDict(
        strict=True,
        json_schema_extra={
            "examples": [{"file": "meeting.mp3", "labels": ["happy"], "segments": [ANSWER]}]
        },
    )

    file: FileName | None = Field(default=None, description="Name the client gave the recording.")
    model: Identity | None = Field(default=None, description="What answered.")
    profile: Speaker | None = Field(default=None, description=ADAPTED)
    adapted: Adapted = 0
    warnings: Warnings = []
    labels: list[Label] = Field(
        description="The emotions it was to answer with.", max_length=MOST_LABELS
    )
    segments: list[Segment] = Field(max_length=MOST_SEGMENTS)

    @classmethod
    def of_json(cls, data: bytes) -> Timeline:
        """Return the timeline of a JSON document.

        Segments are looked at one by one: all that can be wrong with a hostile document takes
        a hundred times its size.

        Raises:
            InvalidError: it is none; the first thing that is wrong.
        """
        where = ""
        try:
            given = json.loads(data)
            segments = given["segments"] if isinstance(given, dict) else None
            if not isinstance(segments, list) or len(segments) > MOST_SEGMENTS:
                raise InvalidError(f"send an object with at most {MOST_SEGMENTS} segments")
            found = cls.model_validate(given | {"segments": []})
            for number, segment in enumerate(segments):
                where = f"segments.{number}."
                found.segments.append(Segment.model_validate(segment))
        except (KeyError, ValueError, RecursionError) as error:
            if isinstance(error, ValidationError):
                raise InvalidError(where + said(_errors(error))) from None
            raise InvalidError("this is no JSON document of a timeline") from None
        return found


class Remark(BaseModel):
    """How one thing about the voice differs from neutral speech."""

    aspect: str
    value: float
    unit: str
    difference: float = Field(description="From the median neutral, in the unit.")
    percentile: float = Field(ge=0, le=100, description="Among neutral utterances.")
    word: str = Field(description="For example 'very high'.")
    notable: bool = Field(description="Whether it is outside the middle half.")
    amount: str = Field(description="The value as people read it.")
    change: str = Field(description="The difference as people read it.")
    place: str = Field(description="The percentile as people read it.")


class Explanation(BaseModel):
    """Where in time and frequency the evidence for an emotion lies, and how it was said."""

    file: FileName | None = Field(description="Name the client gave the recording.")
    model: Identity | None = Field(default=None, description="What answered.")
    profile: Speaker | None = Field(default=None, description=ADAPTED)
    adapted: Adapted = 0
    warnings: Warnings = []
    emotion: str = Field(description="What it is evidence for.")
    probability: float = Field(description="Of the emotion, for the whole stretch.")
    times: list[float] = Field(description="Edges of the patches in seconds.")
    hz: list[float] = Field(description="Edges of the patches in Hz.")
    values: list[list[float]] = Field(
        description="Log-odds lost when a patch is silenced, per band and span: above 0 speaks "
        "for the emotion, below against it."
    )
    text: str = Field(description="The strongest evidence, in words.")
    manner: list[Remark] = Field(description="How it was said, against neutral speech.")
    neutral_of: str | None = Field(description="Whose neutral speech; null: many speakers'.")


class Limits(BaseModel):
    """What the service accepts."""

    upload_bytes: int
    clip_seconds: float
    explain_seconds: float
    recording_seconds: float
    streams: int


class ModelCard(BaseModel):
    """What answers: the model, how it was trained and measured, and what it may take."""

    name: str = Field(description="File name of the model.")
    labels: list[str]
    threshold: float = Field(description="Confidence below which an answer is unsure.")
    rate: int | None = Field(description="Sample rate it works at in Hz; null: the file's own.")
    identity: Identity
    metadata: dict[str, Any] = Field(
        description="What the model file says of itself; of speakers how many, not who."
    )
    version: str = Field(description="Version of intona.")
    profiles: list[str] = Field(
        default=[],
        description="Speakers it can adapt to; the first is the one it adapts to unasked.",
    )
    adaptable: bool = Field(
        default=False, description="Whether it can judge a recording against itself (adapt)."
    )
    formats: list[str] = Field(description="Formats a timeline can be had in.")
    limits: Limits


class Health(BaseModel):
    """A sign of life."""

    status: Literal["ok"]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


def _errors(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def said(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return the first errors of a validation as one line, cut where it gets long."""
    parts = [f"{'.'.join(map(str, item['loc']))[:200]}: {item['msg'][:200]}" for item in errors[:5]]
    return "; ".join(parts)
