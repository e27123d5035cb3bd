"""The tones: told apart by their rhythm, never clipped, never clicking."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.signal import Pcm
from agent.response.tones import FULL, OVERTONES, RATE_HZ, SHAPES, Shape, Tone, silence, synthesise

STEEPEST = sum(n * share for n, share in enumerate(OVERTONES, 1)) / sum(OVERTONES)
EDGE = 0.02  # What the rise of the shortest pulse may add to the wave itself, of full scale.

shapes = st.builds(
    lambda pitch_hz, pulse_s, gap_s, count: Shape(
        pitch_hz, pulse_s, tuple(n * (pulse_s + gap_s) for n in range(count))
    ),
    st.floats(150, 1000),
    st.floats(0.05, 0.4),
    st.floats(0.0, 0.3),
    st.integers(1, 10),
)


def samples(pcm: Pcm) -> tuple[int, ...]:
    return struct.unpack(f"<{len(pcm.data) // 2}h", pcm.data)


def pulses(pcm: Pcm) -> int:
    """Count what an ear would: sound after at least 60 ms of silence."""
    heard, quiet = 0, RATE_HZ
    for sample in samples(pcm):
        if abs(sample) > 500:
            heard += quiet >= 0.06 * RATE_HZ
            quiet = 0
        else:
            quiet += 1
    return heard


@settings(max_examples=30)
@given(shapes, st.floats(0, 100))
def test_no_tone_clips_and_each_is_as_long_as_its_shape(shape: Shape, level_pct: float) -> None:
    pcm = synthesise(shape, level_pct)
    assert max(map(abs, samples(pcm))) <= FULL * level_pct / 100
    assert pcm.length_s == pytest.approx(shape.length_s, abs=1 / RATE_HZ)


@settings(max_examples=30)
@given(shapes, st.floats(20, 100))
def test_no_tone_clicks_at_its_ends_or_between_pulses(shape: Shape, level_pct: float) -> None:
    found = samples(synthesise(shape, level_pct))
    assert found[0] == found[-1] == 0
    steepest = max(abs(b - a) for a, b in pairwise(found))
    wave = STEEPEST * 2 * math.pi * shape.pitch_hz / RATE_HZ
    assert steepest <= FULL * level_pct / 100 * (wave + EDGE)
    pulse = int(shape.pulse_s * RATE_HZ)
    for begin_s in shape.begins_s:
        first = round(begin_s * RATE_HZ)
        assert found[first] == 0
        assert found[min(first + pulse, len(found)) - 1] == 0


@settings(max_examples=30)
@given(st.sampled_from(Tone), st.floats(10, 100), st.floats(10, 100))
def test_a_higher_level_is_louder(tone: Tone, one_pct: float, other_pct: float) -> None:
    quiet, loud = sorted([one_pct, other_pct])
    if loud - quiet > 1:
        assert max(samples(synthesise(SHAPES[tone], quiet))) < max(
            samples(synthesise(SHAPES[tone], loud))
        )


def test_an_urgent_tone_is_ten_pulses_a_medium_one_three_a_low_one_two() -> None:
    counted = {tone: pulses(synthesise(SHAPES[tone], 100)) for tone in Tone}
    assert counted == {Tone.HIGH: 10, Tone.MEDIUM: 3, Tone.LOW: 2, Tone.NOTE: 1}


def test_the_tones_differ_in_pitch_and_stay_where_old_ears_hear() -> None:
    pitches = [SHAPES[tone].pitch_hz for tone in (Tone.HIGH, Tone.MEDIUM, Tone.LOW, Tone.NOTE)]
    assert pitches == sorted(pitches, reverse=True)
    assert all(upper / lower > 1.1 for upper, lower in pairwise(pitches))
    assert all(150 <= pitch <= 1000 for pitch in pitches)


def test_a_loud_tone_uses_most_of_what_the_speaker_can() -> None:
    for tone in Tone:
        assert max(samples(synthesise(SHAPES[tone], 100))) > 0.5 * FULL


def test_silence_is_as_long_as_asked() -> None:
    assert silence(0.5).length_s == 0.5
    assert not any(silence(0.5).data)
