"""Forms of payloads: every stage has one, and what it says becomes the payload."""

from __future__ import annotations

import json

import pytest

from functions.admin.payload_forms import describe_fields, read_fields, read_raw
from functions.pipeline import STAGES, Pipeline, Stage
from functions.runtime.handlers import load_payload
from functions.stages.payloads import RecordSources, SourcePage, WriteEntities


def stage(name: str) -> Stage:
    return Pipeline().stage(name)


@pytest.mark.parametrize("declared", STAGES, ids=lambda each: each.name)
def test_every_stage_has_a_form_of_the_fields_of_its_payload(declared: Stage) -> None:
    model = load_payload(declared)

    fields = describe_fields(model)

    assert set(model.model_fields) - {"ctx"} == {each.name for each in fields}
    kinds = {each.kind for each in fields}
    assert kinds <= {"text", "number", "checkbox", "choice", "json"}


def test_fields_say_what_they_take() -> None:
    [source] = describe_fields(SourcePage)
    [entities] = describe_fields(WriteEntities)
    _, unchanged = describe_fields(RecordSources)

    assert ("text", True, "1 to 200 characters") == (source.kind, source.is_required, source.hint)
    assert ("json", "a list of EntityRef") == (entities.kind, entities.hint)
    assert [{"kind": "…", "id": "…"}] == json.loads(entities.example)
    assert ("checkbox", False) == (unchanged.kind, unchanged.is_required)


def test_what_a_form_says_becomes_the_payload() -> None:
    form = {"field.resolution_id": "r1", "field.unchanged": "1", "field.other": "ignored"}
    reading = read_fields(stage("entity_source_mgmt"), form)
    entities = read_fields(
        stage("entity_writers"), {"field.entities": '[{"kind": "venues", "id": "v1"}]'}
    )

    assert RecordSources(resolution_id="r1", unchanged=True) == reading.payload
    assert isinstance(entities.payload, WriteEntities)
    assert ["venues/v1"] == [str(each) for each in entities.payload.entities]


def test_what_is_wrong_is_told_at_its_field_and_kept() -> None:
    reading = read_fields(stage("entity_writers"), {"field.entities": '[{"kind": "x"}]'})

    [field] = reading.fields
    assert (None, '[{"kind": "x"}]') == (reading.payload, field.value)
    assert ["0.kind", "0.id"] == [each.partition(":")[0] for each in field.faults]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "this is no JSON, from line 1, column 2"),
        ("{}", "source_id: Field required"),
        ('{"source_id": "a", "more": 1}', "more: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_with_json_is_told(text: str, told: str) -> None:
    reading = read_raw(stage("sourcing"), text)

    assert reading.payload is None
    assert reading.faults[0].startswith(told)


def test_json_becomes_the_payload() -> None:
    reading = read_raw(stage("sourcing"), '{"source_id": "s1"}')

    assert (SourcePage(source_id="s1"), ()) == (reading.payload, reading.faults)
