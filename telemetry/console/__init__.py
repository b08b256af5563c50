"""The pages of ``mystage up``: what is looked at rather than typed.

Server-rendered, with nothing from outside and no build step. A section of the console is a part of
its navigation with pages of its own; ``functions`` adds sections of its own to those of this
package, and uses the same templates.
"""

from telemetry.console.app import Section, make_console, render

__all__ = ["Section", "make_console", "render"]
