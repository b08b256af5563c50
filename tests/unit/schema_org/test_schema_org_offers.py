"""Prices and offers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.events import ExtractedOffer
from functions.stages.schema_org import read_events
from functions.stages.schema_org.offers import MAX_PRICE, read_price


@pytest.mark.parametrize(
    ("written", "price"),
    [
        ("12", "12"),
        (12, "12"),
        (12.5, "12.5"),
        (12.125, "12.125"),  # a JSON number has a decimal point, whatever follows it
        (0, "0"),
        ("12.50", "12.5"),
        ("12,50", "12.5"),
        ("1,234.50", "1234.5"),
        ("1.234,50", "1234.5"),
        ("1 234", "1234"),
        ("12.000", "12000"),  # three digits are thousands
        ("€ 15,-", "15"),
        ("£16.50", "16.5"),
        ("EUR 9", "9"),
        ("free", "0"),
        ("Gratis", "0"),
        ("", None),
        ("ask", None),
        ("10 - 15", None),
        ("-5", None),
        (-5, None),
        (True, None),
        (None, None),
        ("1,2345", None),
        (float("inf"), None),
        (float("nan"), None),
        ("99999999999", None),
    ],
)
def test_an_amount_is_read_or_refused(written: object, price: str | None) -> None:
    assert (Decimal(price) if price else None) == read_price(written)


@given(
    st.text(max_size=80) | st.text("0123456789.,' €-", max_size=30) | st.floats() | st.integers()
)
def test_any_value_is_a_price_within_bounds_or_none(written: object) -> None:
    price = read_price(written)
    assert price is None or 0 <= price <= MAX_PRICE


def read_offers(offers: Any) -> tuple[ExtractedOffer, ...]:
    event = {"@type": "Event", "name": "Gig", "startDate": "2027-01-01", "offers": offers}
    return read_events([event], page_url="https://tickets.example/").events[0].offers


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        (
            {
                "@type": "Offer",
                "price": "16.50",
                "priceCurrency": "gbp",
                "availability": "https://schema.org/SoldOut",
                "url": "/e/1",
            },
            [
                ExtractedOffer(
                    price=Decimal("16.5"),
                    currency="GBP",
                    availability="SoldOut",
                    url="https://tickets.example/e/1",
                )
            ],
        ),
        (
            {"@type": "AggregateOffer", "lowPrice": 9, "highPrice": 18, "priceCurrency": "EUR"},
            [ExtractedOffer(price=Decimal(9), high_price=Decimal(18), currency="EUR")],
        ),
        # the wrong way round
        (
            {"lowPrice": 18, "highPrice": 9, "priceCurrency": "EUR"},
            [ExtractedOffer(price=Decimal(9), high_price=Decimal(18), currency="EUR")],
        ),
        # the currency is in the price
        ({"price": "€ 12"}, [ExtractedOffer(price=Decimal(12), currency="EUR")]),
        # a dollar may be one of twenty
        ({"price": "$12"}, [ExtractedOffer(price=Decimal(12))]),
        # a specification
        (
            {"priceSpecification": {"price": 7, "priceCurrency": "GBP"}},
            [ExtractedOffer(price=Decimal(7), currency="GBP")],
        ),
        # offers within an offer
        (
            {"@type": "AggregateOffer", "offers": [{"price": 7}, {"price": 9}, {"price": 7}]},
            [ExtractedOffer(price=Decimal(7)), ExtractedOffer(price=Decimal(9))],
        ),
        # a term by reference, as RDFa gives it
        (
            {"availability": {"@id": "http://schema.org/InStock"}},
            [ExtractedOffer(availability="InStock")],
        ),
        # nothing said
        ({"@type": "Offer"}, []),
        ({"@type": "Offer", "priceCurrency": "GBP"}, []),
        ("ten pounds", []),
        ([], []),
    ],
)
def test_offers_are_read(offers: Any, expected: list[ExtractedOffer]) -> None:
    assert expected == list(read_offers(offers))
