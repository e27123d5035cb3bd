"""Which language the command line speaks."""

from __future__ import annotations

from collections.abc import Mapping


def choose(
    *, asked: str | None, environment: Mapping[str, str], configured: str | None = None
) -> str:
    """Return "zh" or "en": what was asked for, else ANJU_LANG, else what the configuration says in
    so many words, else the system's language.

    >>> choose(asked=None, environment={"LANG": "zh_CN.UTF-8"})
    'zh'
    >>> choose(asked="en", environment={"ANJU_LANG": "zh"})
    'en'
    """
    system = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)),
        "",
    )
    chosen = asked or environment.get("ANJU_LANG") or configured or system
    return "zh" if chosen.lower().startswith("zh") else "en"
