"""The identity of venues and artists: names without their spelling."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from functions.stages.collections import hash_id

if TYPE_CHECKING:
    from functions.stages.events import ExtractedVenue

_NOT_WORDS: Final = re.compile(r"[\W_]+")
_APOSTROPHE: Final = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]")
_ARTICLE: Final = re.compile(r"^the (?=.)")


def normalise_name(name: str) -> str:
    """Fold what sites spell differently: case, accents, punctuation, "&", a leading "the".

    A name of nothing but punctuation, such as "!!!", stays as it is.
    """
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    words = _NOT_WORDS.sub(" ", _APOSTROPHE.sub("", plain).replace("&", " and "))
    return _ARTICLE.sub("", words.strip()) or " ".join(decomposed.split())


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
