"""Make pages by the hundred, each with the truth about its events, for benchmarks and load tests.

Everything is made up: venues, artists and towns are put together from word lists, and every address
ends in ``.example`` (https://www.rfc-editor.org/rfc/rfc2606). A page depends on its number and the
seed only. Neighbouring pages tell of the same venues and artists, as real sites do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from random import Random
from typing import Final, Literal

Kind = Literal[
    "single JSON-LD", "graph", "JSON-LD listing", "microdata listing", "both syntaxes", "prose"
]

_KINDS: Final[tuple[Kind, ...]] = (
    *("single JSON-LD", "graph", "JSON-LD listing", "microdata listing", "single JSON-LD"),
    *("graph", "both syntaxes", "JSON-LD listing", "microdata listing", "prose"),
)
"""The mixture: page ``n`` is of kind ``n % 10``."""

_SMALLEST: Final = 30_000
_LARGEST: Final = 120_000
_FIRST_DAY: Final = date(2027, 1, 1)
_DAYS: Final = 360

_FIRST: Final = (
    *("Copper", "Velvet", "Paper", "Static", "Gilded", "Hollow", "Marble", "Tin", "Amber", "Quiet"),
    *("Northern", "Second", "Wooden", "Electric", "Salted", "Borrowed", "Winter", "Crooked"),
)
_SECOND: Final = (
    *("Weather", "Ledger", "Orchard", "Almanac", "Moth", "Telegraph", "Lantern", "Ferry", "Choir"),
    *("Signal", "Kites", "Understudy", "Clockwork", "Barometer", "Harbour", "Parade", "Meridian"),
)
_HOUSES: Final = (
    *("Rooms", "Hall", "Boathouse", "Foundry", "Attic", "Glasshouse", "Signal Box", "Granary"),
    *("Pump House", "Observatory", "Corn Exchange", "Depot"),
)
_TOWNS: Final = (
    *("Oakmere", "Saltmarsh", "Wharfdale", "Port-l'Étang", "Lindenau am See", "Kilbrack"),
    *("Monteventoso", "Ringhaven"),
)
_WORDS: Final = (
    *("the", "a", "of", "and", "with", "for", "from", "under", "after", "into", "between"),
    *("stage", "river", "winter", "record", "voice", "string", "brass", "evening", "harbour"),
    *("crowd", "season", "ticket", "door", "corner", "lamp", "street", "tide", "garden", "bell"),
    *("plays", "returns", "begins", "carries", "turns", "listens", "opens", "wanders", "hums"),
    *("slow", "bright", "early", "late", "small", "loud", "patient", "distant", "warm", "odd"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeEvent:
    """Be one event as it is told on a made page."""

    name: str
    date: date
    time: str
    venue: str
    city: str
    artists: tuple[str, ...]
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePage:
    """Be the truth about a made page.

    Attributes:
        events: What its structured data tells, in order; empty for a page of prose.
        size: How many bytes it should have, about.
    """

    filename: str
    url: str
    kind: Kind
    events: tuple[MadeEvent, ...]
    size: int


def make_page(number: int, *, seed: int) -> tuple[str, bytes]:
    """Make one page of 30 to 120 kB.

    Returns:
        A file name, different for each number, and the page in UTF-8.
    """
    page = plan_page(number, seed=seed)
    random = Random(f"{seed}/{number}/words")  # noqa: S311 - made-up words are no secret
    return page.filename, _Writer(page, random).write().encode()


def plan_page(number: int, *, seed: int) -> MadePage:
    """Say what ``make_page`` puts on the page of this number."""
    random = Random(f"{seed}/{number}/plan")  # noqa: S311 - the same
    kind = _KINDS[number % len(_KINDS)]
    count = random.randint(15, 40) if "listing" in kind else random.randint(1, 2)
    site = number // len(_KINDS)
    venue, city = _venue(seed, site)
    days = sorted(random.sample(range(_DAYS), count))
    slug = f"{venue} {number}".lower().replace(" ", "-")
    return MadePage(
        filename=f"{slug}.html",
        url=f"https://{_domain(venue)}/{slug}",
        kind=kind,
        events=()
        if kind == "prose"
        else tuple(_event(random, _FIRST_DAY + timedelta(day), venue, city) for day in days),
        size=random.randint(_SMALLEST, _LARGEST),
    )


def _venue(seed: int, site: int) -> tuple[str, str]:
    random = Random(f"{seed}/{site}/venue")  # noqa: S311 - the same
    return f"The {random.choice(_FIRST)} {random.choice(_HOUSES)}", random.choice(_TOWNS)


def _domain(venue: str) -> str:
    return f"{venue.lower().replace(' ', '-')}.example"


def _event(random: Random, day: date, venue: str, city: str) -> MadeEvent:
    artists = tuple(
        dict.fromkeys(
            f"{random.choice(_FIRST)} {random.choice(_SECOND)}"
            for _ in range(random.choice((1, 1, 1, 2, 3)))
        )
    )
    return MadeEvent(
        name=" + ".join(artists) + random.choice(("", "", " live", ": album launch")),
        date=day,
        time=f"{random.randint(18, 22)}:{random.choice(('00', '30'))}",
        venue=venue,
        city=city,
        artists=artists,
        price=random.randint(5, 45),
    )


class _Writer:
    """Write one page.

    Args:
        page: What it tells.
        random: Where the words between come from.
    """

    def __init__(self, page: MadePage, random: Random) -> None:
        self._page = page
        self._random = random

    def write(self) -> str:
        head = self._head()
        body = f'{self._header()}\n<main id="content">\n{self._content()}\n</main>'
        foot = self._footer()
        missing = self._page.size - len(head) - len(body) - len(foot)
        return f'{head}\n<body class="page">\n{body}\n{self._filler(missing)}\n{foot}'

    def _head(self) -> str:
        page = self._page
        blocks = [json.dumps(block, ensure_ascii=False) for block in self._json_ld()]
        scripts = "\n".join(
            f'<script type="application/ld+json">{block}</script>' for block in blocks
        )
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{escape(self._sentence(4))} | {escape(page.filename)}</title>\n"
            f'<link rel="canonical" href="{page.url}">\n'
            f'<meta property="og:url" content="{page.url}">\n'
            f'<meta name="csrf-token" content="{self._random.getrandbits(128):x}">\n'
            f"<style>{self._styles()}</style>\n{scripts}\n</head>"
        )

    def _json_ld(self) -> list[dict[str, object]]:
        events = [self._as_json(event) for event in self._page.events]
        match self._page.kind:
            case "single JSON-LD" | "both syntaxes":
                return [{"@context": "https://schema.org", **event} for event in events]
            case "JSON-LD listing":
                elements = [
                    {"@type": "ListItem", "position": position, "item": event}
                    for position, event in enumerate(events, start=1)
                ]
                listing = {"@type": "ItemList", "itemListElement": elements}
                return [{"@context": "https://schema.org", **listing}]
            case "graph":
                url = self._page.url
                site = {"@type": "WebSite", "@id": f"{url}#site", "name": self._sentence(2)}
                about = {"@type": "WebPage", "@id": url, "isPartOf": {"@id": f"{url}#site"}}
                return [{"@context": "https://schema.org", "@graph": [about, site, *events]}]
            case _:
                return []

    def _as_json(self, event: MadeEvent) -> dict[str, object]:
        address = {"@type": "PostalAddress", "addressLocality": event.city}
        return {
            "@type": "MusicEvent",
            "name": event.name,
            "startDate": f"{event.date}T{event.time}",
            "description": self._paragraph(30),
            "location": {"@type": "MusicVenue", "name": event.venue, "address": address},
            "performer": [{"@type": "MusicGroup", "name": name} for name in event.artists],
            "offers": {"@type": "Offer", "price": event.price, "priceCurrency": "GBP"},
        }

    def _content(self) -> str:
        with_microdata = self._page.kind in ("microdata listing", "both syntaxes")
        cards = [self._card(event, microdata=with_microdata) for event in self._page.events]
        paragraphs = [f"<p>{self._paragraph(60)}</p>" for _ in range(4)]
        return "\n".join([f"<h1>{escape(self._sentence(4))}</h1>", *paragraphs, *cards])

    def _card(self, event: MadeEvent, *, microdata: bool) -> str:
        def scope(kind: str) -> str:
            return f' itemscope itemtype="https://schema.org/{kind}"' if microdata else ""

        def prop(name: str) -> str:
            return f' itemprop="{name}"' if microdata else ""

        performers = ", ".join(
            f"<span{prop('performer')}{scope('MusicGroup')}>"
            f"<span{prop('name')}>{escape(name)}</span></span>"
            for name in event.artists
        )
        return (
            f'<article class="card card--event"{scope("MusicEvent")}>\n'
            f'  <a class="card__link" href="/events/{event.date}"><h3{prop("name")}>'
            f"{escape(event.name)}</h3></a>\n"
            f'  <time{prop("startDate")} datetime="{event.date}T{event.time}">'
            f"{event.date:%d %B}, {event.time}</time>\n"
            f'  <div class="card__where"{prop("location")}{scope("MusicVenue")}>'
            f"<span{prop('name')}>{escape(event.venue)}</span>"
            f"<span{prop('address')}{scope('PostalAddress')}>, "
            f"<span{prop('addressLocality')}>{escape(event.city)}</span></span></div>\n"
            f'  <p class="card__who">With {performers}</p>\n'
            f'  <p class="card__text">{self._paragraph(35)}</p>\n'
            f'  <button type="button" data-id="{self._random.getrandbits(32)}">Book</button>\n'
            "</article>"
        )

    def _header(self) -> str:
        menus = "".join(
            f'<li class="menu__item"><a href="/{index}">{escape(self._sentence(2))}</a>'
            f'<ul class="menu__sub">{self._links(8)}</ul></li>'
            for index in range(7)
        )
        return (
            f'<header class="top"><a href="/" class="logo">{escape(self._sentence(2))}</a>'
            f'<nav aria-label="Main"><ul class="menu">{menus}</ul></nav></header>'
        )

    def _footer(self) -> str:
        columns = "".join(
            f'<div class="footer__column"><h4>{escape(self._sentence(2))}</h4>'
            f"<ul>{self._links(9)}</ul></div>"
            for _ in range(4)
        )
        return (
            f'<footer class="footer">{columns}<p>{self._paragraph(20)}</p></footer>\n'
            f"<script>{self._script(1_500)}</script>\n</body>\n</html>\n"
        )

    def _filler(self, size: int) -> str:
        """Write scripts, drawings and related items until the page has its size."""
        parts: list[str] = []
        while size > 0:
            part = self._random.choice(
                (
                    lambda: f"<script>{self._script(6_000)}</script>",
                    lambda: f'<aside class="related"><ul>{self._related(6)}</ul></aside>',
                    self._drawing,
                )
            )()
            parts.append(part)
            size -= len(part)
        return "\n".join(parts)

    def _related(self, count: int) -> str:
        return "".join(
            f'<li class="related__item"><a href="/r/{self._random.getrandbits(24)}">'
            f'<img src="/img/{self._random.getrandbits(24)}.jpg" alt="" loading="lazy">'
            f"<span>{escape(self._sentence(5))}</span></a></li>"
            for _ in range(count)
        )

    def _drawing(self) -> str:
        path = " ".join(
            f"{self._random.choice('LCQ')}{self._random.randint(0, 99)} "
            f"{self._random.randint(0, 99)}"
            for _ in range(400)
        )
        return f'<svg viewBox="0 0 99 99" aria-hidden="true"><path d="M0 0 {path}Z"/></svg>'

    def _script(self, size: int) -> str:
        lines: list[str] = []
        while size > 0:
            name, other = self._random.choices(_WORDS, k=2)
            line = f"window.{name}_{self._random.randint(0, 999)}=function(n){{return n<{other}}};"
            lines.append(line)
            size -= len(line)
        return "".join(lines)

    def _styles(self) -> str:
        return "".join(
            f".{word}__{index}{{margin:{index}px;color:#{self._random.getrandbits(24):06x}}}"
            for index, word in enumerate(self._random.choices(_WORDS, k=120))
        )

    def _links(self, count: int) -> str:
        return "".join(
            f'<li><a href="/l/{self._random.getrandbits(20)}">{escape(self._sentence(2))}</a></li>'
            for _ in range(count)
        )

    def _paragraph(self, words: int) -> str:
        return " ".join(self._sentence(10) + "." for _ in range(max(1, words // 10)))

    def _sentence(self, words: int) -> str:
        return " ".join(self._random.choices(_WORDS, k=words)).capitalize()
