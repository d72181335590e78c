"""What a scan came to: the figures of `tapedeck scan`. Values, no I/O."""

from collections.abc import Sequence

import msgspec

from app.core.text import SafeText
from app.feeds.windows import Usage
from app.wallets.caches import CacheFigures
from app.wallets.scan_values import Finished, ScanProgress
from app.wallets.sources import SourceTrouble
from app.wallets.values import WalletVerdict, best_first

_WHOLE_APIS = frozenset({"data", "gamma"})
"""Every call counts in one of these two limits, and maybe in others below them."""


class StageReport(msgspec.Struct, frozen=True):
    """A stage: wallets that came into it and that left the scan there, and our own work in milliseconds a wallet.

    `ms` is the mean over wallets seen: decoding, measuring, judging; never the wait for the venue.
    """

    stage: int
    seen: int
    rejected: int
    not_scored: int
    ms: float


class LimitReport(msgspec.Struct, frozen=True):
    """One of the venue's limits: calls made, and what it allowed in the time from the first of them to the end.

    `whole_windows_pct` is the use of it over whole windows of ten seconds, the one of the last call left out.
    """

    group: str
    calls: int
    allowed: int
    whole_windows_pct: float


class ScanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan came to. `calls` counts every call to the venue, tries again included.

    `calls_allowed_pct` is the use of the tightest limit, which `tightest` names: 100 times the calls of that group by
    those its limit allowed, in whole windows of ten seconds since the group's first call. The window of the last call
    is left out, unless it is the only one. `wallets_per_minute` counts from the first wallet that was begun.
    `unchanged` wallets kept the verdict they had. `troubles` are sources, `unsaved` says what was not kept, and why.
    `stopped` says why the scan ended early. `damaged` rows of the database could not be read: what they were about was
    asked for again. `notes` name rules and entries of the list of viral wallets that cannot be used. `unlisted` wallets
    kept the verdict they had and are not among `verdicts`; `not_scored` may name the newest alone (see `unscored`).
    """

    wallets: int
    wallets_per_minute: float
    elapsed_s: float
    calls: int
    calls_allowed_pct: float
    tightest: str
    limits: tuple[LimitReport, ...]
    stages: tuple[StageReport, ...]
    unchanged: int
    resumed: bool
    targets: int
    watchlist: int
    verdicts: tuple[WalletVerdict, ...]
    not_scored: tuple[WalletVerdict, ...]
    origins: dict[str, str]
    troubles: tuple[SourceTrouble, ...]
    retries: int
    failures: int
    caches: dict[str, CacheFigures]
    average_ms: float
    stopped: SafeText = SafeText("")
    unsaved: SafeText = SafeText("")
    damaged: int = 0
    notes: tuple[SafeText, ...] = ()
    unlisted: int = 0

    @property
    def unscored(self) -> int:
        """How many wallets are not scored, of which `not_scored` may name a part."""
        return sum(stage.not_scored for stage in self.stages)

    @property
    def is_partial(self) -> bool:
        """Whether some of what was asked for is missing, or will be for the next scan.

        Notes count: a rule or a viral wallet that is left out may have kept somebody from being a TARGET.
        """
        return bool(self.unscored or self.troubles or self.stopped or self.unsaved or self.notes)


class Calls(msgspec.Struct, frozen=True):
    """Calls to the venue, as in `ScanReport`."""

    calls: int
    calls_allowed_pct: float
    tightest: str
    limits: tuple[LimitReport, ...]


class Work(msgspec.Struct):
    """Our own work so far, in nanoseconds by stage."""

    by_stage: list[int] = msgspec.field(default_factory=lambda: [0, 0, 0, 0])

    def stages(self, progress: ScanProgress) -> tuple[StageReport, ...]:
        """The stages with their work."""
        return tuple(
            StageReport(
                stage,
                count.seen,
                count.rejected,
                count.not_scored,
                round(self.by_stage[stage] / 1e6 / count.seen, 4) if count.seen else 0.0,
            )
            for stage, count in enumerate(progress.stages, 1)
        )

    def average_ms(self, wallets: int) -> float:
        """All our own work by wallets, in milliseconds."""
        return round(sum(self.by_stage) / 1e6 / wallets, 4) if wallets else 0.0


def calls_of(usage: Sequence[Usage]) -> Calls:
    """The calls of a carrier and the use of its limits; the tightest is the one of which most was used."""
    most = max(usage, key=lambda group: group.whole_share, default=None)
    return Calls(
        calls=sum(group.calls for group in usage if group.group in _WHOLE_APIS),
        calls_allowed_pct=round(100 * most.whole_share, 1) if most else 0.0,
        tightest=most.group if most else "",
        limits=tuple(
            LimitReport(group.group, group.calls, group.allowed, round(100 * group.whole_share, 1)) for group in usage
        ),
    )


def split(finished: Sequence[Finished]) -> tuple[tuple[WalletVerdict, ...], tuple[WalletVerdict, ...]]:
    """Verdicts, best first, and wallets that are not scored, as they came."""
    scored = [each.verdict for each in finished if each.verdict.verdict != "NOT SCORED"]
    scored.sort(key=best_first)
    return tuple(scored), tuple(each.verdict for each in finished if each.verdict.verdict == "NOT SCORED")
