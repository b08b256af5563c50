"""What the bodies of all resources share, and how they are checked."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from telemetry.emulator.http.refusals import Refusal

Content: TypeAlias = dict[str, Any]
"""A resource as it is kept, as JSON has it."""

Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=100_000)]
Sql = Annotated[str, Field(min_length=1, max_length=1_000_000)]
Environments = Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(max_length=100)]

_Checked = TypeVar("_Checked", bound=BaseModel)

BODY: Final = "body"


class Body(BaseModel):
    """Refuse what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def content(self) -> Content:
        """Return all of it, with the defaults."""
        return self.model_dump(mode="json")

    def given(self) -> Content:
        """Return the fields that were given, each as a whole."""
        return {
            name: value for name, value in self.content().items() if name in self.model_fields_set
        }


def check_body(model: type[_Checked], given: Any) -> _Checked:
    """Return a body that is as it must be.

    Raises:
        Refusal: It is not; the answer has FastAPI's form, and repeats nothing that was sent.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Refusal(422, [{**each, "loc": [BODY, *each["loc"]]} for each in found]) from error


def refuse_body(message: str, *place: str | int, kind: str = "value_error") -> Refusal:
    """Return the refusal of a body that is wrong at one place."""
    return Refusal(422, [{"type": kind, "loc": [BODY, *place], "msg": message}])
