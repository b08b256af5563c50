"""The pipeline: its stages, the runtime they stand on, and the emulator that runs it locally."""
