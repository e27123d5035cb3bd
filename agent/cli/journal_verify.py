"""`anju journal verify`: is the record as it should be? Reads only, with the hub running or not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from agent.cli import text
from agent.cli.frame import EXIT_REFUSED, Command, common_options, json_option, option
from agent.cli.journal_files import Files, files_options
from agent.cli.progress import Progress
from agent.cli.session import echo_json
from agent.journal.findings import AlarmSaid, Finding, Report
from agent.journal.places import Place
from agent.journal.verify import verify as verify_file
from agent.response.record import alarm_from_body

BUDGET_S = 120
"""A million rows take some 10 s on a desktop machine; a small board is ten times as slow."""


@click.command(
    "verify",
    cls=Command,
    words=text.SUBCOMMANDS["journal verify"],
    example="anju journal verify --file /media/card/journal.db",
)
@option(
    "--budget",
    "budget_s",
    default=BUDGET_S,
    type=click.IntRange(1, 86_400),
    metavar="SECONDS",
    words=text.OPTION_BUDGET,
)
@json_option
@common_options
@files_options
@click.pass_context
def verify(ctx: click.Context, files: Files, *, budget_s: int, as_json: bool) -> None:
    """Check the files."""
    reports = [(place, _check(files, place, budget_s)) for place in files.places]
    if as_json:
        echo_json([_for_programs(place, report) for place, report in reports], line=False)
    else:
        for place, report in reports:
            _for_people(files, place, report, budget_s)
    if not all(report.ok and report.finished for _, report in reports):
        ctx.exit(EXIT_REFUSED)


def _check(files: Files, place: Place, budget_s: int) -> Report:
    progress = Progress()
    progress.show(lambda: files.say(text.CHECKING_PAGES, path=place.path))
    try:
        return verify_file(
            place.path,
            _read_alarm,
            budget_s=budget_s,
            on_page=lambda seq, last: progress.show(
                lambda: files.say(text.CHECKING, path=place.path, seq=seq, last=last)
            ),
        )
    finally:
        progress.end()


def _read_alarm(body: dict[str, Any]) -> AlarmSaid:
    alarm = alarm_from_body(body)
    return AlarmSaid(alarm.id, alarm.is_open)


def _for_programs(place: Place, report: Report) -> dict[str, Any]:
    return {
        "file": str(place.path),
        "role": place.role.value,
        "ok": report.ok,
        "finished": report.finished,
        "rows": report.rows,
        "journals": report.journals,
        "findings": [asdict(finding) for finding in report.findings],
        "more": report.more,
    }


def _for_people(files: Files, place: Place, report: Report, budget_s: int) -> None:
    verdict = text.VERIFY_OK if report.ok else text.VERIFY_WRONG
    if not report.finished:
        verdict = text.VERIFY_UNFINISHED if report.ok else text.VERIFY_WRONG_UNFINISHED
    click.echo(files.say(verdict, path=place.path, rows=f"{report.rows:,}", seconds=budget_s))
    for finding in report.findings:
        click.echo(f"  {_sentence(files, finding)}")
    for code, count in report.more.items():
        click.echo(f"  {files.say(text.VERIFY_MORE, count=count, code=code)}")
    if not report.ok:
        click.echo(files.say(text.VERIFY_NEXT, path=place.path))


def _sentence(files: Files, finding: Finding) -> str:
    says = files.say(text.FINDINGS[finding.code], about=finding.about, detail=finding.detail)
    mark = files.say(text.FAULT if finding.fault else text.NOTE)
    return f"{mark}: {says}"
