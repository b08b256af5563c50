"""Read what tickets cost: https://schema.org/Offer and https://schema.org/AggregateOffer."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from functions.stages.events import MAX_OFFERS, ExtractedOffer
from functions.stages.schema_org.graph import MAX_TRIES, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.stages.schema_org.graph import Graph

MAX_MENTIONS: Final = 2 * MAX_OFFERS
"""So many offers are looked at for one event, equal ones included."""

MAX_PRICE: Final = Decimal(10_000_000)
"""A ticket that costs more, in any currency, is a number out of place."""

_AMOUNT: Final = re.compile(r"[0-9]{1,9}(?:[.,' \N{NO-BREAK SPACE}][0-9]{1,3}){0,3}")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_SYMBOLS: Final = {"\N{EURO SIGN}": "EUR", "\N{POUND SIGN}": "GBP"}
"""The signs that stand for one currency only: a dollar sign stands for twenty."""

_CENTS: Final = 2
_SMALLEST: Final = Decimal("0.0001")


def read_offers(graph: Graph, offers: Sequence[Any]) -> tuple[ExtractedOffer, ...]:
    """Read offers that say a price, an availability or where to buy; each once.

    Args:
        graph: Resolves references.
        offers: The values of ``offers``.
    """
    found: dict[ExtractedOffer, None] = {}
    outer = [value for value in offers[:MAX_MENTIONS] if isinstance(value, Node)]
    inner = [offer for value in outer for offer in graph.nodes_of(value, "offers")[:MAX_OFFERS]]
    for offer in list(dict.fromkeys((*outer, *inner)))[:MAX_MENTIONS]:
        read = _read_offer(graph, offer)
        if read != ExtractedOffer():
            found[read] = None
    return tuple(found)[:MAX_OFFERS]


def _read_offer(graph: Graph, offer: Node) -> ExtractedOffer:
    specifications = graph.nodes_of(offer, "priceSpecification")[:MAX_TRIES]
    holders = (offer, *specifications)
    price = _first_price(graph, holders, "price", "lowPrice", "minPrice")
    high = _first_price(graph, holders, "highPrice", "maxPrice")
    if price is not None and high is not None and high < price:
        price, high = high, price
    return ExtractedOffer(
        price=price,
        high_price=high if high != price else None,
        currency=None if price is None and high is None else _currency(graph, holders),
        availability=next(iter(graph.terms(offer, "availability")), None),
        url=next(iter(graph.addresses(offer, "url")), None),
    )


def _first_price(graph: Graph, holders: Sequence[Node], *names: str) -> Decimal | None:
    for holder in holders:
        for name in names:
            for value in graph.values(holder, name)[:MAX_TRIES]:
                price = read_price(value)
                if price is not None:
                    return price
    return None


def read_price(written: object) -> Decimal | None:
    """Read an amount: a JSON number as it is, a text as people write it.

    ``12``, ``12.50``, ``EUR 1.234,50``, ``1,234.50`` and ``free`` are read. A separator before
    exactly three digits groups thousands; any other is a decimal point.

    Returns:
        The amount, or None where there is none or more than one.
    """
    if isinstance(written, int | float) and not isinstance(written, bool):
        return _bounded(Decimal(repr(written)))
    if not isinstance(written, str):
        return None
    text = written.strip()[:60]
    if text.casefold() in ("free", "gratis", "frei", "gratuit", "kostenlos"):
        return Decimal(0)
    amounts = _AMOUNT.findall(text)
    if len(amounts) != 1 or "-" in text.split(amounts[0])[0]:
        return None
    whole, *rest = re.split(r"[.,' \N{NO-BREAK SPACE}]", amounts[0])
    cents = ""
    if rest and len(rest[-1]) <= _CENTS:
        cents = rest.pop()
    if any(len(group) != len("000") for group in rest):
        return None
    return _bounded(Decimal(f"{whole}{''.join(rest)}.{cents or '0'}"))


def _bounded(price: Decimal) -> Decimal | None:
    if not price.is_finite() or not 0 <= price <= MAX_PRICE:
        return None
    return price.quantize(_SMALLEST).normalize() + 0  # + 0: no exponent, no negative zero


def _currency(graph: Graph, holders: Sequence[Node]) -> str | None:
    for holder in holders:
        written = graph.text(holder, "priceCurrency")
        if written and _CURRENCY.fullmatch(written.strip()):
            return written.strip().upper()
    signs = "".join(graph.text(holder, "price", "lowPrice") or "" for holder in holders)
    return next((code for sign, code in _SYMBOLS.items() if sign in signs), None)
