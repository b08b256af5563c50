"""The embedded default: the whole pipeline on one machine, with no account anywhere."""
