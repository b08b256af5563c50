"""Values that a document can hold, for property tests."""

from __future__ import annotations

from datetime import UTC

from hypothesis import strategies as st

from functions.runtime.store.limits import MAX_INTEGER, MIN_INTEGER

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = texts.filter(lambda name: name and not (name.startswith("__") and name.endswith("__")))
# UTC has no time that comes twice, which is what fold tells apart.
times = st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
numbers = (
    st.integers(MIN_INTEGER, MAX_INTEGER)
    | st.floats()
    # Where integers and doubles are hard to tell apart.
    | st.builds(
        lambda near, by: max(MIN_INTEGER, min(MAX_INTEGER, near + by)),
        st.sampled_from([0, 2**53, -(2**53), 2**62, 2**63 - 513, -(2**63)]),
        st.integers(-1025, 1025),
    )
    | st.sampled_from([0.0, -0.0, 2.0**53, 2.0**62, 2.0**63, -(2.0**63)])
)
scalars = st.none() | st.booleans() | numbers | texts | st.binary(max_size=6) | times
maps = st.dictionaries(names, scalars, max_size=3)
lists = st.lists(scalars | maps, max_size=3)
values = scalars | lists | st.dictionaries(names, scalars | lists | maps, max_size=3)
fields = st.dictionaries(names, values, max_size=5)
