"""The admin pages as an API: the same things, in JSON, for programs."""
