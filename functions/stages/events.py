"""An event as a page tells it: what adapters and agents hand to entity resolution.

The models are frozen, bounded, and go to JSON and back unchanged, so they can travel in documents.
Property names follow schema.org (https://schema.org/Event) where it has one.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_NAME: Final = 300
MAX_ADDRESS_PART: Final = 300
MAX_DESCRIPTION: Final = 2_000
MAX_URL: Final = 2_048
MAX_ARTISTS: Final = 200
MAX_OFFERS: Final = 20
MAX_SAME_AS: Final = 20
MAX_EVENTS: Final = 1_000
"""Per page; a venue's whole year is a few hundred."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
AddressPart = Annotated[str, Field(min_length=1, max_length=MAX_ADDRESS_PART)]
WebAddress = Annotated[str, Field(max_length=MAX_URL, pattern=r"^https?://[^\s/]+[^\s]*$")]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
UtcOffset = Annotated[str, Field(pattern=r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$")]
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)]


class EventStatus(StrEnum):
    """Say whether an event takes place (https://schema.org/EventStatusType)."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    RESCHEDULED = "rescheduled"
    MOVED_ONLINE = "moved_online"


class ExtractedModel(BaseModel):
    """Freeze what was extracted, and refuse fields nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class ExtractedVenue(ExtractedModel):
    """Describe where an event takes place, in the page's own words.

    Attributes:
        name: None where the page gives an address and no name.
        room: The hall or stage within the venue, where the page nests one place in another.
        street: The whole address where the page gives it as one string.
        country: As the page writes it: a name or an ISO 3166 code.
        latitude: Degrees north, WGS 84; given together with ``longitude`` or not at all.
        longitude: Degrees east, WGS 84.
    """

    name: Name | None = None
    room: Name | None = None
    street: AddressPart | None = None
    city: AddressPart | None = None
    region: AddressPart | None = None
    postal_code: AddressPart | None = None
    country: AddressPart | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    url: WebAddress | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude go together")
        if not any((self.name, self.street, self.city, self.postal_code)) and self.latitude is None:
            raise ValueError("a venue needs a name, an address or coordinates")
        return self


class ExtractedArtist(ExtractedModel):
    """Name one performer of an event.

    Attributes:
        same_as: Pages that identify the artist elsewhere (https://schema.org/sameAs).
    """

    name: Name
    url: WebAddress | None = None
    same_as: Annotated[tuple[WebAddress, ...], Field(max_length=MAX_SAME_AS)] = ()


class ExtractedOffer(ExtractedModel):
    """Say what a ticket costs.

    Attributes:
        price: The price, or the lowest one of a range; 0 is free entry.
        high_price: The highest one of a range.
        currency: ISO 4217, such as ``EUR``.
        availability: The last part of https://schema.org/ItemAvailability, such as ``SoldOut``.
    """

    price: Price | None = None
    high_price: Price | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    availability: Annotated[str, Field(pattern=r"^[A-Za-z]{1,40}$")] | None = None
    url: WebAddress | None = None


class ExtractedEvent(ExtractedModel):
    """Describe one event at one date.

    Dates and times are the venue's own clock, as the page gives them: nothing is shifted from one
    zone to another. ``utc_offset`` is there only where the page states it for the start.

    Attributes:
        name: The event's name; its performers' names where it has none.
        kind: The schema.org type, such as ``MusicEvent``.
        end_date: The last day, where the page tells.
        doors_time: When the doors open, on the start date.
        previous_start_date: The former date of a rescheduled event.
        venue: None where the page names no place.
        artists: In the page's order, each once.
        part_of: The name of the festival or series it belongs to.
        online: It can be attended online, perhaps besides a venue.
    """

    name: Name
    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]{1,40}$")] = "Event"
    start_date: date
    start_time: Clock | None = None
    utc_offset: UtcOffset | None = None
    end_date: date | None = None
    end_time: Clock | None = None
    doors_time: Clock | None = None
    previous_start_date: date | None = None
    status: EventStatus = EventStatus.SCHEDULED
    venue: ExtractedVenue | None = None
    artists: Annotated[tuple[ExtractedArtist, ...], Field(max_length=MAX_ARTISTS)] = ()
    url: WebAddress | None = None
    description: Annotated[str, Field(min_length=1, max_length=MAX_DESCRIPTION)] | None = None
    offers: Annotated[tuple[ExtractedOffer, ...], Field(max_length=MAX_OFFERS)] = ()
    image: WebAddress | None = None
    organizer: Name | None = None
    identifier: Name | None = None
    part_of: Name | None = None
    online: bool = False

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.end_date is not None and self.end_date < self.start_date:
            raise ValueError(f"it ends on {self.end_date}, before it starts on {self.start_date}")
        return self


class RejectedEvent(ExtractedModel):
    """Say which event of a page could not be used, and why."""

    name: Name
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]


class EventReading(ExtractedModel):
    """Hold all that was found on one page, in the page's order."""

    events: Annotated[tuple[ExtractedEvent, ...], Field(max_length=MAX_EVENTS)] = ()
    rejected: Annotated[tuple[RejectedEvent, ...], Field(max_length=2 * MAX_EVENTS + 1)] = ()
