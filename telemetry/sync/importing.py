"""Objects of Logfire's as files that define them."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions import load_definitions
from telemetry.definitions.channels import DAYS
from telemetry.definitions.documents import SQL_KEYS
from telemetry.definitions.durations import format_short, parse_duration
from telemetry.definitions.yaml_writing import write_yaml
from telemetry.errors import InvalidDefinitions, InvalidTarget
from telemetry.sync.canonical import MASK, is_secret
from telemetry.sync.perses_reading import read_dashboard
from telemetry.sync.plan_file import replace_file
from telemetry.sync.resources import Kind
from telemetry.sync.shapes import as_list, as_mapping
from telemetry.sync.targets import SECRETS, make_targets

if TYPE_CHECKING:
    from telemetry.definitions import Names
    from telemetry.sync.remote import Observed

FOLDERS: Final = {Kind.DASHBOARD: "dashboards"}
"""Where definitions go, by kind; any other goes to alerts."""

_PREFIXES: Final = {Kind.CHANNEL: "channel-", Kind.SCHEDULE: "schedule-", Kind.SLO: "slo-"}
"""Of the names of files: an alert and a channel may be called the same."""

_NO_NAME: Final = re.compile(r"[^a-z0-9]+")
_MARKS: Final = ("{{", "{%", "{#")
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Hold the files that define an object.

    Attributes:
        files: Their texts, by their paths within the folder; the definition is the first.
        variables: The environment variables that its secrets have to be in.
        raw: Whether it is a dashboard that could only be kept as Perses JSON.
    """

    files: Mapping[str, str]
    variables: tuple[str, ...] = ()
    raw: bool = False


def write_definition(observed: Observed, names: Names) -> Written:
    """Return the files that define an object as it is, which has been tried.

    Args:
        observed: The object.
        names: What is declared; templates in the files may take it.

    Raises:
        InvalidTarget: No definition can say the same.
    """
    stem = f"{_PREFIXES.get(observed.kind, '')}{_stem(observed.identity)}"
    form = observed.canonical
    if observed.kind is Kind.DASHBOARD:
        data = read_dashboard(observed.identity, form)
        if data is not None:
            written = Written(files=_files(stem, data))
            if _defines(written, observed, names) is None:
                return written
        written = Written(files={f"{observed.identity}.json": _raw(observed)}, raw=True)
    else:
        written = _write(stem, observed)
    problem = _defines(written, observed, names)
    if problem is not None:
        raise InvalidTarget(
            f"the {observed.kind.title} {observed.identity!r} cannot be defined as it is: {problem}"
        )
    return written


def save_files(written: Written, folder: Path) -> list[Path]:
    """Write files, none of which may be there.

    Raises:
        FileExistsError: One is there; nothing is written.
        OSError: They cannot be written.
    """
    for name in written.files:
        if (folder / name).exists():
            raise FileExistsError(17, "it is there already", str(folder / name))
    paths = []
    # The definition last: it names the others.
    for name, text in reversed(list(written.files.items())):
        replace_file(folder / name, text)
        paths.append(folder / name)
    return paths[::-1]


def _write(stem: str, observed: Observed) -> Written:
    form = observed.canonical
    match observed.kind:
        case Kind.ALERT:
            return Written(files=_files(stem, _alert(form)))
        case Kind.SLO:
            return Written(files=_files(stem, _slo(form)))
        case Kind.SCHEDULE:
            return Written(files=_files(stem, _schedule(form)))
        case _:
            variable = f"{_stem(observed.identity).replace('-', '_').upper()}"
            return _channel(stem, variable, form)


def _alert(form: Mapping[str, Any]) -> dict[str, Any]:
    return _without_nothing(
        {
            "kind": "Alert",
            "name": form.get("name"),
            "description": form.get("description"),
            "active": None if form.get("active") else False,
            "window": _short(form.get("time_window")),
            "every": _short(form.get("frequency")),
            "watermark": _short(form.get("watermark")),
            "notify_when": form.get("notify_when"),
            "environments": form.get("environments"),
            "channels": form.get("channel_assignments"),
            "sql": form.get("query"),
        }
    )


def _slo(form: Mapping[str, Any]) -> dict[str, Any]:
    alerts = {
        speed: {"channels": as_mapping(each).get("channel_assignments")}
        for speed, each in as_mapping(form.get("alerts")).items()
        if as_mapping(each).get("channel_assignments")
    }
    seconds = form.get("rolling_window_seconds")
    return _without_nothing(
        {
            "kind": "SLO",
            "name": form.get("name"),
            "description": form.get("description"),
            "scope": form.get("scope_kind"),
            "scope_value": form.get("scope_value"),
            "source": form.get("source"),
            "aggregation": form.get("metric_aggregation"),
            "threshold": form.get("threshold"),
            "comparison": form.get("comparison"),
            "target": form.get("target_percent"),
            "window": format_short(seconds) if isinstance(seconds, int) else None,
            "environments": form.get("environments"),
            "alerts": alerts,
            "total": form.get("total_query"),
            "bad": form.get("bad_query"),
        }
    )


def _schedule(form: Mapping[str, Any]) -> dict[str, Any]:
    windows = [
        {
            "days": [DAYS[day - 1] for day in each["days"] if 1 <= day <= len(DAYS)],
            "start": each["start_time"],
            "end": each["end_time"],
        }
        for each in as_list(form, "windows")
    ]
    return {
        "kind": "Schedule",
        "label": form.get("label"),
        "timezone": form.get("timezone"),
        "windows": windows,
    }


def _channel(stem: str, variable: str, form: Mapping[str, Any]) -> Written:
    config = dict(as_mapping(form.get("config")))
    variables = []
    key = SECRETS.get(str(config.get("type")))
    if key is not None:
        name = variable if variable[:1].isalpha() else f"CHANNEL_{variable}"
        name = f"{name}_{'URL' if key == 'url' else 'KEY'}"
        config[key] = f"${{{name}}}"
        variables.append(name)
    data = {
        "kind": "Channel",
        "label": form.get("label"),
        "active": None if form.get("active") else False,
        "config": config,
    }
    return Written(files=_files(stem, _without_nothing(data)), variables=tuple(variables))


def _files(stem: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a definition: the YAML, and its SQL beside it."""
    others: dict[str, str] = {}
    one = len([key for key in data if key in SQL_KEYS]) == 1
    content = _move_sql(data, stem if one else f"{stem}.", others, top=one)
    return {f"{stem}.yaml": write_yaml(_without_templates(content)), **others}


def _move_sql(value: Any, stem: str, others: dict[str, str], *, top: bool = False) -> Any:
    """Return data with paths in the place of SQL, which goes to ``others``."""
    if isinstance(value, list | tuple):
        return [_move_sql(each, stem, others) for each in value]
    if not isinstance(value, Mapping):
        return value
    moved = {}
    for key, each in value.items():
        if key in SQL_KEYS and isinstance(each, str):
            if top:
                name = f"{stem}.sql"
            elif "name" in value and "kind" in value and key == "sql":
                name = _free(f"{stem.rstrip('.')}/{_stem(str(value['name']))}", others)
            else:
                name = f"{stem}{key}.sql"
            others[name] = f"{_plain(each)}\n"
            moved[key] = name
        elif key == "options":
            moved[key] = each  # whatever is called sql in there is none of ours
        else:
            moved[key] = _move_sql(each, stem, others)
    return moved


def _free(base: str, taken: Mapping[str, str]) -> str:
    name, number = f"{base}.sql", 1
    while name in taken:
        number += 1
        name = f"{base}-{number}.sql"
    return name


def _without_templates(value: Any) -> Any:
    """Return plain data whose texts templates leave as they are."""
    if isinstance(value, Mapping):
        return {key: _without_templates(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_templates(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text: str) -> str:
    """Return a text that templates leave as it is."""
    if not any(mark in text for mark in _MARKS):
        return text
    return f"{{% raw %}}{text}{{% endraw %}}"


def _raw(observed: Observed) -> str:
    definition = {
        "kind": "Dashboard",
        "metadata": {"name": observed.identity},
        **observed.canonical["definition"],
    }
    return json.dumps(definition, indent=2, ensure_ascii=False) + "\n"


def _defines(written: Written, observed: Observed, names: Names) -> str | None:
    """Return why files do not define an object as it is; None if they do."""
    with tempfile.TemporaryDirectory(prefix="mystage-import-") as folder:
        root = Path(folder)
        save_files(written, root)
        try:
            (target,) = make_targets(load_definitions([root], names).check())
        except InvalidDefinitions as error:
            return str(error).replace(f"{root}/", "")
        except ValueError:
            return "it is more than one definition"
    if (target.kind, target.identity) != (observed.kind, observed.identity):
        return "its name cannot be kept"
    if _masked(target.canonical) == _masked(observed.canonical):
        return None
    different = ", ".join(
        key
        for key in sorted({*target.canonical, *observed.canonical})
        if target.canonical.get(key) != observed.canonical.get(key)
    )
    return f"a definition cannot say its {different}"


def _masked(form: dict[str, Any]) -> dict[str, Any]:
    config = form.get("config")
    if not isinstance(config, dict):
        return form
    return {**form, "config": {key: MASK if is_secret(key) else config[key] for key in config}}


def _short(duration: Any) -> Any:
    """Return a duration as people write it; none where it is the usual one."""
    try:
        seconds = parse_duration(duration)
    except (ValueError, AttributeError):
        return duration
    return format_short(seconds) if seconds else None


def _without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _stem(name: str) -> str:
    """Return the name of a file for an object; it cannot lead to another folder."""
    return _NO_NAME.sub("-", name.lower()).strip("-")[:80] or "imported"


def choose(
    objects: Mapping[tuple[Kind, str], Observed], kind: Kind | None, name: str | None
) -> Iterator[Observed]:
    """Give the objects of a kind and name; all kinds, and all names, where none is said."""
    for (its_kind, identity), observed in sorted(objects.items()):
        if (kind is None or its_kind is kind) and (name is None or identity == name):
            yield observed
