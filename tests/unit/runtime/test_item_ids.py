"""Spans tell the ids of what a task is about: those that its payload declares."""

from __future__ import annotations

from functions.pipeline import STAGES
from functions.runtime.handlers import load_payload
from functions.runtime.payload import MAX_IDS, read_item_ids
from functions.stages.payloads import EntityRef, RecordSources, ScheduleSources, WriteEntities
from telemetry import semconv
from telemetry.definitions import load_names


def attributes_of_stages() -> dict[str, set[str]]:
    """Return what the payloads of each stage mark as ids, by constructing one of each."""
    refs = [{"kind": "venues", "id": "v1"}]
    found = {}
    for stage in STAGES:
        model = load_payload(stage)
        fields = {
            name: refs if name == "entities" else "i1"
            for name, field in model.model_fields.items()
            if field.is_required()
        }
        found[stage.name] = set(read_item_ids(model.model_validate(fields)))
    return found


def test_each_stage_tells_what_it_works_on_and_semconv_knows_all_of_it() -> None:
    found = attributes_of_stages()

    assert {"scheduling"} == {stage for stage, ids in found.items() if not ids}
    assert {*semconv.ITEM_IDS, semconv.ENTITY_IDS} == set().union(*found.values())


def test_sql_may_ask_for_every_id() -> None:
    assert {*semconv.ITEM_IDS, semconv.ENTITY_IDS} <= load_names().attributes


def test_other_fields_are_not_told() -> None:
    assert {"resolution_id": "r1"} == read_item_ids(
        RecordSources(resolution_id="r1", unchanged=True)
    )
    assert {} == read_item_ids(ScheduleSources(ctx={"traceparent": "x"}))


def test_entities_are_told_with_their_kinds_and_not_without_end() -> None:
    refs = tuple(EntityRef(kind="venues", id=f"v{number}") for number in range(MAX_IDS + 1))
    ids = read_item_ids(WriteEntities(entities=refs))[semconv.ENTITY_IDS]

    assert (MAX_IDS, "venues/v0") == (len(ids), ids[0])
