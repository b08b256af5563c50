"""The admin pages: failed tasks are seen, understood and brought back to life.

Server-rendered, in the frame of the console. They are a section of ``mystage up``, and an
application of their own behind Identity-Aware Proxy.
"""

from functions.admin.app import make_admin
from functions.admin.iap import IapIdentity
from functions.admin.identity import Identity, Role, Visitor
from functions.admin.local_login import LocalIdentity
from functions.admin.section import failed_tasks_section
from functions.admin.settings import AdminSettings

__all__ = [
    "AdminSettings",
    "IapIdentity",
    "Identity",
    "LocalIdentity",
    "Role",
    "Visitor",
    "failed_tasks_section",
    "make_admin",
]
