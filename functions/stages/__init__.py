"""The stages' handlers, and the libraries of reading, fetching and resolving they use."""
