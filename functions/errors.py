"""Every error the pipeline raises on purpose.

The tree::

    PipelineError
    ├── HandlerError            a stage handler's verdict on its task
    │   ├── RetryableError      try again, perhaps after a delay
    │   └── PermanentError      never try again: dead-letter at once
    ├── PayloadError            a task's body is not what its stage declares
    │   └── PayloadTooLarge     more than Cloud Tasks takes
    ├── FailedTaskError         what an operator asks about a failed task cannot be done
    │   ├── FailedTaskMissing   there is none of that id
    │   ├── FailedTaskTaken     it is not failed any more, or somebody else was quicker
    │   ├── FailedTaskStranded  its stage is not declared, so nothing could be sent to it
    │   └── BulkRetryRefused    what is asked of a bulk retry is more than there can be
    ├── IdentityError           whoever asks the admin pages is not let in
    │   ├── Unidentified        nothing proves who it is
    │   ├── NotPermitted        it is proven, and that one may not
    │   ├── IdentityUnavailable what would prove it cannot be had now
    │   └── AdminUnprotected    no settings say who may come in
    ├── DispatchError           the queue service did not take a task
    │   └── QueueMissing        … because the queue does not exist
    ├── StoreError              the document store
    │   ├── InvalidWrite        refused before anything was written
    │   │   ├── InvalidDocumentId
    │   │   ├── InvalidDocumentData
    │   │   ├── DocumentTooLarge
    │   │   └── BatchTooLarge
    │   ├── PreconditionFailed  somebody else was there first
    │   │   ├── DocumentExists
    │   │   ├── DocumentMissing
    │   │   └── DocumentChanged
    │   ├── InvalidQuery        refused before anything was read
    │   │   └── IndexMissing    … for want of a composite index
    │   ├── StoreUnavailable    try again later
    │   ├── StoreUnusable       its file is damaged, foreign or of another version
    │   └── BlobError           the blobs beside the documents
    │       ├── InvalidBlobKey  not a name that put() could have given
    │       ├── BlobMissing
    │       └── BlobCorrupt     its bytes are no longer those that were put
    ├── DeclarationError        functions/pipeline.py contradicts itself
    ├── EmulatorError           the emulator's data or port cannot be used
    │   └── CallRefused         the emulator's answer to a call it will not serve
    └── SourceError             a source given by a user cannot be one

A message says what failed, where, and what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class PipelineError(Exception):
    """Stand at the root of every error raised on purpose."""


class HandlerError(PipelineError):
    """Carry a stage handler's verdict on its task."""


class RetryableError(HandlerError):
    """Ask for another attempt.

    Args:
        message: What went wrong.
        after: Do not try again sooner than this; the queue's own back-off without it.
    """

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class PermanentError(HandlerError):
    """Give the task up: another attempt would fail the same way."""


class PayloadError(PipelineError):
    """Say that a task's body is not what its stage declares."""


class PayloadTooLarge(PayloadError):
    """Say that a task is larger than Cloud Tasks takes."""


class FailedTaskError(PipelineError):
    """Stand above what cannot be done about a failed task."""


class FailedTaskMissing(FailedTaskError):
    """Say that there is no failed task of that id."""


class FailedTaskTaken(FailedTaskError):
    """Say that a failed task is not failed any more, or that somebody else was quicker."""


class FailedTaskStranded(FailedTaskError):
    """Say that a failed task's stage is not declared: nothing can be sent to it."""


class BulkRetryRefused(FailedTaskError):
    """Say that a bulk retry of that rate or of so many tasks cannot be."""


class IdentityError(PipelineError):
    """Stand above what keeps somebody out of the admin pages."""


class Unidentified(IdentityError):
    """Say that nothing proves who asks."""


class NotPermitted(IdentityError):
    """Say that whoever asks is known, and may not."""


class IdentityUnavailable(IdentityError):
    """Say that what would prove who asks cannot be had now."""


class AdminUnprotected(IdentityError):
    """Refuse to serve the admin pages to whoever asks."""


class DispatchError(PipelineError):
    """Say that the queue service did not take a task."""


class QueueMissing(DispatchError):
    """Say that the queue a task was meant for does not exist."""


class StoreError(PipelineError):
    """Stand above everything the document store raises."""


class InvalidWrite(StoreError):
    """Refuse a batch before any of it is written."""


class InvalidDocumentId(InvalidWrite):
    """Refuse a collection name or document id that Firestore would refuse."""


class InvalidDocumentData(InvalidWrite):
    """Refuse a value that Firestore cannot hold."""


class DocumentTooLarge(InvalidWrite):
    """Refuse a document above Firestore's 1 MiB."""


class BatchTooLarge(InvalidWrite):
    """Refuse a batch of more writes than Firestore commits at once."""


class PreconditionFailed(StoreError):
    """Say that the batch's view of a document was out of date; nothing was written."""


class DocumentExists(PreconditionFailed):
    """Say that a document to be created is there already."""


class DocumentMissing(PreconditionFailed):
    """Say that a document to be updated is not there."""


class DocumentChanged(PreconditionFailed):
    """Say that a document was written by somebody else since it was read."""


class StoreUnavailable(StoreError):
    """Say that the store could not be reached or was busy for too long."""


class InvalidQuery(StoreError):
    """Refuse a query that Firestore would refuse, before anything was read."""


class IndexMissing(InvalidQuery):
    """Refuse a query that no declared composite index serves."""


class StoreUnusable(StoreError):
    """Say that the store's file is damaged, foreign, or written by another version."""


class BlobError(StoreError):
    """Stand above everything the blob store raises of its own."""


class InvalidBlobKey(BlobError):
    """Refuse a key that ``put`` could not have given."""


class BlobMissing(BlobError):
    """Say that no blob has this key."""


class BlobCorrupt(BlobError):
    """Say that a blob's bytes are no longer those that were put."""


class DeclarationError(PipelineError):
    """Say that ``functions/pipeline.py`` contradicts itself."""


class EmulatorError(PipelineError):
    """Say that an emulator cannot use its data folder or its port."""


class CallRefused(EmulatorError):
    """Answer a call to an emulator with a gRPC status other than OK.

    Args:
        status: The name of a ``grpc.StatusCode``, so that this module needs no gRPC.
        message: What the caller reads.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class SourceError(PipelineError):
    """Say that what a user gave as a source cannot be one."""
