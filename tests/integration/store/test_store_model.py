"""The contract of a document store: any history leaves what a plain dict would hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from functions.errors import DocumentChanged, DocumentExists, DocumentMissing
from functions.runtime.store import Create, Delete, Document, Filter, Order, Put, Update

if TYPE_CHECKING:
    from functions.runtime.store import DocumentStore, Write

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
UNKNOWN = datetime.max.replace(tzinfo=UTC)

ids = st.sampled_from(["a", "b", "c"])
data = st.fixed_dictionaries({"n": st.integers(0, 2)}, optional={"m": st.integers(0, 1)})
# What a write expects: nothing, the document as it is, or something else.
expects = st.sampled_from([None, "now", "else"])
writes = st.one_of(
    st.tuples(st.just(Create), ids, data, st.none()),
    st.tuples(st.just(Put), ids, data, expects),
    st.tuples(st.just(Update), ids, data, expects),
    st.tuples(st.just(Delete), ids, st.none(), expects),
)
runs = count()


def find_fault(write: Write, there: Document | None) -> type[Exception] | None:
    """Say which error the contract promises."""
    if isinstance(write, Create):
        return DocumentExists if there else None
    if there is None:
        missed = write.expect is not None or isinstance(write, Update)
        return DocumentMissing if missed else None
    return DocumentChanged if write.expect not in (None, there.update_time) else None


def carry_out(write: Write, there: Document | None, time: datetime) -> Document | None:
    """Return what the contract says a write leaves."""
    if isinstance(write, Delete):
        return None
    if isinstance(write, Update):
        contents = (there.data if there else {}) | dict(write.fields)
    else:
        contents = dict(write.data)
    if there is None:
        return Document(write.collection, write.id, contents, time, time)
    if there.data == contents:
        return there
    return replace(there, data=contents, update_time=time)


def stamp(document: Document, time: datetime) -> Document:
    """Fill in the commit time, which is known afterwards."""
    if document.create_time == UNKNOWN:
        document = replace(document, create_time=time)
    return replace(document, update_time=time) if document.update_time == UNKNOWN else document


class Model(RuleBasedStateMachine):
    """Write the same to a store and to a dict, and compare."""

    store: DocumentStore

    @initialize()
    def begin(self) -> None:
        self.collection = f"model{next(runs)}"
        self.documents: dict[str, Document] = {}
        self.latest = LONG_AGO

    @rule(batch=st.lists(writes, max_size=4))
    def commit(self, batch: list[tuple[type, str, Any, str | None]]) -> None:
        made = [self.make(*each) for each in batch]
        after: dict[str, Document | None] = {**self.documents}
        error = None
        for write in made:
            error = error or find_fault(write, after.get(write.id))
            after[write.id] = carry_out(write, after.get(write.id), UNKNOWN)
        if error:
            with pytest.raises(error):
                self.store.commit(made)
            return
        time = self.store.commit(made)
        assert time > self.latest
        self.latest = time
        self.documents = {
            each: stamp(document, time) for each, document in after.items() if document
        }

    def make(self, kind: type, document_id: str, fields: Any, expect: str | None) -> Write:
        known = self.documents.get(document_id)
        options = {} if expect is None else {"expect": known.update_time if known else LONG_AGO}
        if expect == "else":
            options = {"expect": LONG_AGO}
        contents = () if kind is Delete else (fields,)
        write: Write = kind(self.collection, document_id, *contents, **options)
        return write

    @rule(document_id=ids)
    def read_one(self, document_id: str) -> None:
        assert self.documents.get(document_id) == self.store.get(self.collection, document_id)

    @rule(number=st.integers(0, 2))
    def ask(self, number: int) -> None:
        where = [Filter("n", "==", number)]
        matching = [each for _, each in sorted(self.documents.items()) if each.data["n"] == number]
        assert matching == self.store.query(self.collection, where=where)
        assert len(matching) == self.store.count(self.collection, where=where)

    @rule()
    def read_in_order(self) -> None:
        ordered = sorted(
            (each for each in self.documents.values() if "m" in each.data),
            key=lambda each: (each.data["m"], each.id),
        )
        assert ordered == self.store.query(self.collection, order_by=[Order("m")])

    @invariant()
    def all_is_as_in_the_model(self) -> None:
        keys = [(self.collection, each) for each in "abc"]
        assert [self.documents.get(each) for each in "abc"] == self.store.get_all(keys)


def test_any_history_leaves_what_a_dict_would_hold(store: DocumentStore) -> None:
    run_state_machine_as_test(
        type("ModelOfStore", (Model,), {"store": store}),
        settings=settings(
            max_examples=60,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
