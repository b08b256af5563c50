"""Plans as files: made in one place, looked at in another, carried out in a third."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from telemetry.definitions.models import secret_variable
from telemetry.errors import InvalidPlan
from telemetry.sync.plan import Action, Change, Plan
from telemetry.sync.remote import Project
from telemetry.sync.resources import Kind
from telemetry.sync.targets import SECRETS

VERSION: Final = 1
_MOST_BYTES: Final = 64 << 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Action(_Strict):
    change: Literal["add", "change"]
    kind: Kind
    identity: Annotated[str, Field(min_length=1)]
    body: dict[str, Any]
    before: dict[str, Any] | None
    seen: str
    adopts: bool
    sets_secret: bool
    place: str


class _Project(_Strict):
    id: str
    name: str


class _File(_Strict):
    version: Literal[1]
    url: str
    project: _Project
    unchanged: int
    actions: list[_Action]


def save_plan(plan: Plan, file: Path) -> None:
    """Write a plan to a file, whole or not at all. It holds no secrets.

    Raises:
        OSError: It cannot be written.
    """
    data = {
        "version": VERSION,
        "url": plan.url,
        "project": {"id": plan.project.id, "name": plan.project.name},
        "unchanged": plan.unchanged,
        "actions": [_describe(action) for action in plan.actions],
    }
    replace_file(file, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def replace_file(file: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
        temporary.chmod(0o644)
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _describe(action: Action) -> dict[str, Any]:
    return {
        "change": action.change,
        "kind": action.kind,
        "identity": action.identity,
        "body": dict(action.body),
        "before": None if action.before is None else dict(action.before),
        "seen": action.seen,
        "adopts": action.adopts,
        "sets_secret": action.sets_secret,
        "place": action.place,
    }


def load_plan(file: Path) -> Plan:
    """Return the plan that a file holds.

    Raises:
        InvalidPlan: It holds none, or one of another version.
    """
    advice = f"Make a new one with `mystage plan --out {file}`"
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InvalidPlan(f"{file} is no plan: it is larger than {_MOST_BYTES >> 20} MiB")
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidPlan(f"{file} cannot be read: {error.strerror}. {advice}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidPlan(f"{file} is no plan: it is no JSON. {advice}") from error
    if isinstance(data, dict) and data.get("version", VERSION) != VERSION:
        raise InvalidPlan(f"{file} is a plan of another version of mystage. {advice}")
    try:
        read = _File.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "its top"
        raise InvalidPlan(f"{file} is no plan: {where}: {first['msg']}. {advice}") from error
    return Plan(
        url=read.url,
        project=Project(read.project.id, read.project.name),
        unchanged=read.unchanged,
        actions=tuple(_read_action(each, file) for each in read.actions),
    )


_NEEDED: Final = {
    Kind.ALERT: ("channel_assignments", list),
    Kind.SLO: ("alerts", dict),
    Kind.CHANNEL: ("config", dict),
    Kind.DASHBOARD: ("definition", dict),
}
"""What of a body is completed before it is sent."""


def _read_action(read: _Action, file: Path) -> Action:
    key, shape = _NEEDED.get(read.kind, ("", object))
    part: Any = read.body.get(key)
    if key and not isinstance(part, shape):
        raise InvalidPlan(f"{file}: the body of {read.identity!r} is none: make a new plan")
    if read.kind is Kind.DASHBOARD and not isinstance(part.get("spec"), dict):
        raise InvalidPlan(f"{file}: the dashboard {read.identity!r} has no spec: make a new plan")
    if read.kind is Kind.CHANNEL:
        secret = SECRETS.get(str(part.get("type")))
        try:
            secret_variable(str(part.get(secret)) if secret else "${NONE}")
        except ValueError:
            # Whatever stands there is not repeated: it may be the secret.
            raise InvalidPlan(f"{file}: the secret of {read.identity!r} is no reference") from None
    return Action(**{**read.model_dump(), "change": Change(read.change), "kind": read.kind})
