"""The JSON that tests of SQL look into."""

from __future__ import annotations

DOCUMENT = '{"k":{"k":{"x":"5","n":7},"x":"3","n":4},"x":"1","n":2,"list":[{"id":"a"},{"id":"b"}]}'
