"""Carries out signed changes: opens, judges, tries, and keeps or undoes them.

Owns the site of this run and its trial. Tells the rest of the hub by `on_change` when something
else holds from now on; decides nothing about alarms.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from agent import kept_copy
from agent.config import Config
from agent.control.schema import ChangeResult, SignedParams, SiteInfo, UplinkReport, UplinkSettings
from agent.core.clock import Clock
from agent.core.errors import CommandRefused
from agent.core.row import Kind, Lane, Row
from agent.core.text import Sentence
from agent.journal.schema import Table
from agent.journal.store import JournalStore
from agent.journal.writer import Put
from agent.site import identity, overlay
from agent.site.signed import Document, Envelope, open_document, parsed
from agent.site.state import (
    Part,
    Site,
    begin,
    check_version,
    confirm,
    decode,
    encode,
    reach,
    roll_back,
)
from agent.transaction import Transaction
from local_rules.rule import RuleBook

log = logging.getLogger(__name__)

_SETTING = "site"
_COPY = "site"
PARTS = {
    "config.apply": Part.CONFIG,
    "rules.apply": Part.RULES,
    "identity.renew": Part.IDENTITY,
}


class _CsrStep(BaseModel):
    """First step of a new identity: make a key."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    step: str = Field(pattern="^csr$")


class _InstallStep(BaseModel):
    """Second step: the certificate for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    step: str = Field(pattern="^install$")
    certificate: str = Field(min_length=1, max_length=identity.CERTIFICATE_CHARS)


@dataclass(frozen=True, slots=True)
class Wish:
    """A signed change that was found good. `body` None: there is nothing to try, `csr` is it."""

    part: Part
    kid: str
    document: Document
    body: str | None
    over_link: bool = False
    csr: str = ""


class Changes:
    """What holds of the platform's wishes in this run, and the trial that is under way.

    `on_change` is called when something else holds from now on. `forgets` says what other rules
    would forget of the alarms of this moment, "" when nothing.
    """

    def __init__(self, clock: Clock, store: JournalStore, base: Config) -> None:
        self._clock = clock
        self._store = store
        self._base = base
        self._copy = base.hub.data_dir / "site.json"
        self._copying = threading.Lock()
        self.on_change: Callable[[], None] = lambda: None
        self.forgets: Callable[[RuleBook], Sentence | None] = lambda rules: None
        self.trouble = ""
        kept = _read(store.state[Table.SETTING].get(_SETTING, ""))
        self._from_copy = kept is None
        self.site = kept or _newest(self._copy) or Site()
        self._undone = self.site.trial
        if self.site.trial is not None:
            self.site = roll_back(self.site)
        self.config, self.rules = self._made(self.site)

    # --- what holds -------------------------------------------------------------------------------

    def info(self) -> SiteInfo:
        """Return the versions that hold."""
        held, trial = self.site.held, self.site.trial
        return SiteInfo(
            config_version=held[Part.CONFIG].version,
            rules_version=held[Part.RULES].version,
            identity_version=held[Part.IDENTITY].version,
            trial="" if trial is None else trial.part,
        )

    def uplink(self) -> UplinkSettings | None:
        """Return what link is to use, None for a hub that works alone."""
        uplink = self.config.uplink
        if uplink is None:
            return None
        version = self.site.held[Part.IDENTITY].version
        file = str(identity.pem_of(self._base.hub.data_dir, version)) if version else ""
        return UplinkSettings(
            serial=self.site.serial,
            host=uplink.host,
            port=uplink.port,
            protocol=uplink.protocol,
            keepalive_s=uplink.keepalive_s,
            reconnect_max_s=uplink.reconnect_max_s,
            bulk_rows_per_s=uplink.bulk_rows_per_s,
            identity_file=file,
        )

    def _made(self, site: Site) -> tuple[Config, RuleBook]:
        """Return settings and rules. What this release can no longer take, falls back to the
        installer's own: a hub never stays down because of a wish."""
        self.trouble = ""
        config, wish = self._base, {}
        try:
            config = overlay.settings_of(self._base, json.loads(site.held[Part.CONFIG].body))
        except CommandRefused as refused:
            self.trouble = f"settings of the platform are left out: {refused}"
        try:
            wish = json.loads(site.held[Part.RULES].body)
            return config, overlay.rules_of(config, wish)
        except CommandRefused as refused:
            self.trouble = f"rule limits of the platform are left out: {refused}"
            return config, overlay.rules_of(config, {})

    # --- a change ---------------------------------------------------------------------------------

    async def open(self, params: SignedParams) -> Wish:
        """Judge a signed request whole; nothing holds yet.

        Errors: CommandRefused with the code for the platform. OSError of the identity's files.
        """
        uplink, hub = self._base.uplink, self._base.hub
        # In a thread: the first signature of a run loads a large library.
        document = await asyncio.to_thread(
            open_document,
            params.document,
            params.kid,
            params.signature,
            {} if uplink is None else uplink.command_keys,
            Envelope(
                request=params.name,
                request_id=params.request_id,
                hub=hub.id,
                district=hub.district,
            ),
            self._clock.now(),
        )
        if self._store.file.fallback:
            raise CommandRefused(
                "unavailable", "the disk is away: a change could not outlast a power cut"
            )
        part = PARTS[params.name]
        check_version(self.site, part, document.version)
        if part is Part.IDENTITY:
            return await self._open_identity(params.kid, document)
        body = json.dumps(document.content, ensure_ascii=False)
        if part is Part.RULES:
            overlay.rules_of(self.config, document.content)
            return Wish(part, params.kid, document, body)
        wanted = overlay.settings_of(self._base, document.content)
        overlay.rules_of(wanted, json.loads(self.site.held[Part.RULES].body))
        return Wish(part, params.kid, document, body, overlay.needs_link(self.config, wanted))

    async def _open_identity(self, kid: str, document: Document) -> Wish:
        """Write what of an identity goes to files; in a thread, for a disk may take its time."""
        hub, uplink = self._base.hub, self._base.uplink
        content, version = json.dumps(document.content), document.version
        try:
            if document.content.get("step") == "csr":
                parsed(_CsrStep, content)
                csr = await asyncio.to_thread(
                    identity.request_certificate, hub.data_dir, version, hub.id, hub.district
                )
                # One key waits at a time: of several the latest is meant.
                held = self.site.held[Part.IDENTITY].version
                await asyncio.to_thread(
                    identity.keep_only, hub.data_dir, lambda v: v in (held, version)
                )
                return Wish(Part.IDENTITY, kid, document, None, csr=csr)
            step = parsed(_InstallStep, content)
            ca_file = None if uplink is None else uplink.ca_file
            await asyncio.to_thread(
                identity.install,
                hub.data_dir,
                version,
                step.certificate,
                ca_file,
                self._clock.now(),
            )
        except OSError as error:
            raise CommandRefused("unavailable", f"identity: {error}") from error
        return Wish(Part.IDENTITY, kid, document, "{}", over_link=True)

    def try_out(self, tx: Transaction, wish: Wish) -> tuple[ChangeResult, Callable[[], None]]:
        """Put a change on trial in `tx`; return the answer, and what makes it hold once `tx` is on
        disk. Errors: CommandRefused when another change has come in between, "not_allowed" when a
        rule is in the middle of what the change would forget."""
        document = wish.document
        check_version(self.site, wish.part, document.version)
        if wish.part is Part.RULES:
            forgotten = self.forgets(overlay.rules_of(self.config, document.content))
            if forgotten is not None:
                raise CommandRefused("not_allowed", forgotten.en)
        if wish.body is None:
            result = ChangeResult(
                part=wish.part, version=document.version, state="csr", csr=wish.csr
            )
            return result, lambda: None
        site = begin(
            self.site,
            wish.part,
            document.version,
            wish.body,
            until_s=tx.stamp.at_s + document.trial_s,
            over_link=wish.over_link,
        )
        tx.add(_row(tx, wish.part, document.version, "trial", kid=wish.kid))
        tx.puts.append(Put(Table.SETTING, _SETTING, encode(site)))
        result = ChangeResult(
            part=wish.part,
            version=document.version,
            state="trial",
            until_at_s=tx.stamp.wall_s + document.trial_s,
        )
        return result, lambda: self._hold(site)

    # --- the trial --------------------------------------------------------------------------------

    def begin_run(self) -> None:
        """Write down what the start has found: a trial that was cut short, a site from its copy."""
        undone = self._undone
        if undone is not None:
            seen = self.site.held[undone.part].seen
            self._keep(undone.part, seen, "rolled_back", "guard started again during the trial")
        elif self._from_copy and self.site != Site():
            put = Put(Table.SETTING, _SETTING, encode(self.site))
            self._store.append((), [put], urgent=True)

    def heard(self, report: UplinkReport) -> None:
        """Take what link says of its connection: it may be the proof that a trial waits for."""
        trial = self.site.trial
        if trial is None or not trial.over_link or report.settings != self.site.serial:
            return
        if not report.connected:
            return
        version = self.site.held[trial.part].version
        if not trial.reached:
            # The platform has something to acknowledge over the new connection: this very row.
            self.site = reach(self.site)
            self._keep(trial.part, version, "reached", "")
        elif report.answered:
            self._pass()

    def look(self) -> None:
        """End a trial whose time is up."""
        trial = self.site.trial
        if trial is None or self._clock.now().at_s < trial.until_s:
            return
        if not trial.over_link:
            self._pass()
            return
        version = self.site.held[trial.part].version
        why = "no acknowledgement" if trial.reached else "no connection"
        self._hold(roll_back(self.site))
        self._keep(trial.part, version, "rolled_back", f"{why} of the platform during the trial")

    def write_copy(self) -> None:
        """Replace the copy beside the journal and let go of old identities. Errors: OSError."""
        site, data_dir = self.site, self._base.hub.data_dir
        if site.trial is not None or site == Site():
            return
        with self._copying:  # Two changes in quick succession would write the same file.
            kept_copy.write(self._copy, _COPY, encode(site))
            held = site.held[Part.IDENTITY]
            identity.keep_only(data_dir, lambda v: v == held.version or v > held.seen)

    def _pass(self) -> None:
        trial = self.site.trial
        assert trial is not None
        self._hold(confirm(self.site))
        self._keep(trial.part, self.site.held[trial.part].version, "confirmed", "")

    def _hold(self, site: Site) -> None:
        self.site = site
        self.config, self.rules = self._made(site)
        self.on_change()

    def _keep(self, part: Part, version: int, stage: str, why: str) -> None:
        """Write down a stage of a change together with the state that it leaves."""
        log.info("site.%s part=%s version=%d", stage, part, version)
        tx = Transaction(self._clock.now(), self._store)
        tx.add(_row(tx, part, version, stage, why=why))
        put = Put(Table.SETTING, _SETTING, encode(self.site))
        self._store.append(tx.rows, [put], urgent=True)


def _row(
    tx: Transaction, part: Part, version: int, stage: str, *, kid: str = "", why: str = ""
) -> Row:
    body: dict[str, object] = {"part": part.value, "version": version, "stage": stage}
    body |= {name: said for name, said in (("kid", kid), ("why", why)) if said}
    # Urgent: on trial the platform is to hear of it, and to answer, before any backlog.
    return Row(Kind.SITE_CHANGED, Lane.URGENT, tx.stamp, body)


def _read(text: str) -> Site | None:
    try:
        return decode(text) if text else None
    except (ValueError, TypeError, KeyError) as error:
        log.error("site.unreadable error=%s", error)
        return None


def _newest(copy: Path) -> Site | None:
    found = (_read(text) for text in kept_copy.read(copy, _COPY))
    site = next((one for one in found if one is not None), None)
    return None if site is None else replace(site, trial=None)
