"""Hostile names and texts of wallets in every view of them."""

import msgspec
import pytest
from hostile_corpus import HOSTILE
from test_deck_hostile import forbidden, most_marks
from wallet_fakes import (
    RUNNING_SCAN,
    ended,
    scanned,
    seen,
    wallet_detail,
    wallet_row,
    wallets,
)

from app.engine.protocol_wallets import UnscoredWallet
from app.ui.panels.scan_metrics import scan_metrics_view
from app.ui.panels.wallet_detail import chases_view, positions_view, verdict_view, wallet_equity
from app.ui.panels.wallets import WalletKeys, wallets_note, wallets_view

KEYS = WalletKeys()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_harmless_in_every_view(text: str) -> None:
    row = wallet_row(1, address=text, alias=text, tag=text, origin=text, reason=text, profile=text)
    scan = msgspec.structs.replace(
        RUNNING_SCAN, message=text, budget_name=text, troubles=(text,), unscored=(UnscoredWallet(text, 1, text),)
    )
    told = wallets(rows=(row,), scan=scan, profile=text, waiting_for=text)
    detail = wallet_detail(1, address=text, row=row, note=text, waiting_for=text, unknown=(text,), copies_missing=text)
    shown = scanned(told, wallet=detail)
    for view in (seen(shown), ended(shown)):
        tables = (
            wallets_view(view, KEYS), verdict_view(view, text, 58), positions_view(view, text), chases_view(view, text),
            scan_metrics_view(view, 58, KEYS),
        )  # fmt: skip
        shown_cells = (cell for table in tables for row in table.rows for cell in row.cells)
        cells = (text for cell in shown_cells for text in (cell.text, cell.full) if text)
        heads = (text for table in tables for text in (table.title, table.empty))
        curve = wallet_equity(view, text)
        whole = "|".join((*heads, *cells, wallets_note(view, KEYS)[0], curve.title, curve.words, curve.empty))
        assert forbidden(whole) == []
        assert most_marks(whole) <= 2
