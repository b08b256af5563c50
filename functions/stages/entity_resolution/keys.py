"""The identity of venues and artists: names without their spelling."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from functions.stages.collections import hash_id

if TYPE_CHECKING:
    from functions.stages.events import ExtractedVenue

_ACCENTED: Final = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts in which names are written with and without their marks."""

_APOSTROPHE: Final = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]")
_ARTICLE: Final = re.compile(r"^the (?=.)")


def normalise_name(name: str) -> str:
    """Fold what sites spell differently: case, accents, punctuation, "&", a leading "the".

    A name of nothing but punctuation, such as "!!!", stays as it is.
    """
    folded = unicodedata.normalize("NFKD", name.casefold()).casefold()
    plain = _APOSTROPHE.sub("", _drop_accents(folded)).replace("&", " and ")
    words = "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in plain)
    return _ARTICLE.sub("", " ".join(words.split())) or " ".join(folded.split())


def _drop_accents(decomposed: str) -> str:
    """Drop the marks that are spelling; in other scripts they make other letters."""
    kept = []
    takes_accents = False
    for each in decomposed:
        if not unicodedata.category(each).startswith("M"):
            takes_accents = unicodedata.name(each, "").startswith(_ACCENTED)
        elif takes_accents:
            continue
        kept.append(each)
    return unicodedata.normalize("NFC", "".join(kept))


def identify_venue(name: str, city: str | None) -> str:
    """Return a venue's id: its name within its city."""
    return hash_id("venues", normalise_name(name), normalise_name(city or ""))


def name_venue(venue: ExtractedVenue) -> str | None:
    """Return what a venue is called: its name, or the street where a page gives it none.

    None where neither is given: a city, such as that of a show at a secret place, is no venue.
    """
    return venue.name or venue.street


def identify_artist(name: str) -> str:
    """Return an artist's id."""
    return hash_id("artists", normalise_name(name))
