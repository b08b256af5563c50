"""Sample pages, a web site that serves them, and a run of the pipeline over both."""
