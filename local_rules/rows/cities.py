"""What the programmes of single cities ask for, as rows: they differ in water and in the door."""

from __future__ import annotations

from agent.core.text import Sentence
from local_rules.preset import Choice, Preset, by_id

_H = 3600.0
_METER = Sentence(
    "水表上报有延迟时，限值须长于延迟。",
    "Where the meter reports late, the limit must be longer than the delay.",
)

CITIES = by_id(
    (
        Preset(
            "shanghai",
            Sentence("上海", "Shanghai"),
            _METER,
            values={
                "no_water.limit_s": Choice(12 * _H, "0.3: < 0.01 m3 in 12 h, Jiangsu Rd [1]"),
                "door_unused.limit_s": Choice(24 * _H, "0.3: door < 1 time in 24 h [2]"),
            },
        ),
        Preset(
            "shenzhen",
            Sentence("深圳", "Shenzhen"),
            _METER,
            values={"no_water.limit_s": Choice(12 * _H, "0.3: 12 h, Longgang [3]")},
        ),
        Preset(
            "taicang",
            Sentence("太仓", "Taicang"),
            _METER,
            values={"no_water.limit_s": Choice(24 * _H, "0.3: < 0.01 m3 in 24 h [4]")},
        ),
        Preset(
            "anji",
            Sentence("安吉", "Anji"),
            _METER,
            values={"no_water.limit_s": Choice(24 * _H, "0.3: < 0.01 m3 in 24 h [6]")},
        ),
        Preset(
            "ningbo",
            Sentence("宁波", "Ningbo"),
            _METER,
            values={
                "no_water.limit_s": Choice(24 * _H, "0.3: < 8 L in 24 h, Haishu [7]"),
                "no_water.least": Choice(8, "0.3: < 8 L in 24 h, Haishu [7]"),
            },
        ),
        Preset(
            "hong_kong",
            Sentence("香港", "Hong Kong"),
            Sentence(
                "住户常整天不出门，门的限值放宽到 48 小时。",
                "People often stay in all day: the door is given 48 hours.",
            ),
            values={"door_unused.limit_s": Choice(48 * _H, "0.3: door none in 48 h [10]")},
        ),
    )
)
"""City -> what its programme asks for. A home without a city has the numbers of the table."""
