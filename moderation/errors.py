"""Every error `moderation` raises on purpose.

BaithakError
├── InvalidSubmission       what a reader sent can't be a comment; says which rule of form it breaks
├── TermsNotAgreed          the author has not agreed to the terms in force
├── UnknownComment          no such comment, revision or author
├── IllegalTransition       a status was asked to move where it may not
├── StaleRevision           the author edited or withdrew meanwhile
├── AlreadyDecided          somebody else decided first; carries who and what
├── NotAllowed              this person may not do that
│   └── UndoRefused         there is nothing to undo, it is another's, or it is too late; says which
├── CommentsClosed          readers may not comment on this story any more
├── PublishingStopped       nothing is published now; carries who stopped it
├── BadSwitch               a switch was asked for that there can't be
├── UnknownSwitch           there is no such switch
├── ClassifierUnavailable   no usable model: every comment is held
├── PromotionRefused        a model may not take over: unknown, unusable, or judged worse than the one in use
├── AuditBroken             the audit is not as it was sealed
├── BackupRefused           a file is no backup, is damaged, or can't be restored here
├── QueueUnavailable        Redis can't be reached; the store still has the comment
├── PolicyError             policy or terms are not well formed
└── SettingsError           a setting is missing or can't be read; says what to do
"""

from __future__ import annotations

from collections.abc import Mapping


class BaithakError(Exception):
    """What every error of this project has in common: `code` is stable and may be shown to programs."""

    code = "error"


class InvalidSubmission(BaithakError):
    """The submission can't be a comment. `code` names the fault: `empty`, `too_long`, `not_text`, `bad_characters`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class TermsNotAgreed(BaithakError):
    """The author has not agreed to the terms in force; nothing was stored."""

    code = "terms_not_agreed"


class UnknownComment(BaithakError):
    """There is no such comment, or it is not this person's."""

    code = "unknown_comment"


class IllegalTransition(BaithakError):
    """A status was asked to move where the transitions do not allow it."""

    code = "illegal_transition"


class StaleRevision(BaithakError):
    """The revision is no longer the one to decide: its author edited or withdrew it meanwhile."""

    code = "stale_revision"


class AlreadyDecided(BaithakError):
    """Somebody decided first. `decided_by` is the person (`telegram:2001`) or `machine`; `status` what became of it."""

    code = "already_decided"

    def __init__(self, *, decided_by: str, name: str, status: str) -> None:
        super().__init__(f"already {status} by {name or decided_by}")
        self.decided_by = decided_by
        self.name = name
        self.status = status


class NotAllowed(BaithakError):
    """The person may not do this now."""

    code = "not_allowed"


class UndoRefused(NotAllowed):
    """A decision stays as it is. `why` is `nothing`, `others` or `late`."""

    code = "undo_refused"

    WHY: Mapping[str, str] = {
        "nothing": "there is no moderator's decision to undo",
        "others": "only who decided may undo it",
        "late": "the time to undo is over",
    }

    def __init__(self, why: str) -> None:
        super().__init__(self.WHY[why])
        self.why = why


class CommentsClosed(BaithakError):
    """Comments on the story are closed; nothing was stored."""

    code = "comments_closed"


class PublishingStopped(BaithakError):
    """Nothing is published until the stop is ended. `stopped_by` is the person's name, or else their id."""

    code = "publishing_stopped"

    def __init__(self, *, stopped_by: str) -> None:
        super().__init__(f"publishing was stopped by {stopped_by}: end the stop first")
        self.stopped_by = stopped_by


class BadSwitch(BaithakError):
    """There can't be such a switch; the message says why."""

    code = "bad_switch"


class UnknownSwitch(BaithakError):
    """There is no switch of this number."""

    code = "unknown_switch"


class ClassifierUnavailable(BaithakError):
    """There is no usable model, or it gave no usable score. Callers hold the comment."""

    code = "classifier_unavailable"


class PromotionRefused(BaithakError):
    """The model may not take over; the one in use stays. The message says why."""

    code = "promotion_refused"


class AuditBroken(BaithakError):
    """Rows of the audit, or its seals, were changed behind the system's back; the message says where."""

    code = "audit_broken"


class BackupRefused(BaithakError):
    """The backup can't be restored: no backup, damaged, another key, or not here. Nothing was changed."""

    code = "backup_refused"


class QueueUnavailable(BaithakError):
    """Redis can't be reached. The store has the comment; the sweeper queues it later."""

    code = "queue_unavailable"


class PolicyError(BaithakError):
    """Policy or terms are not well formed; the message names the file, the place and the mend."""

    code = "policy_error"


class SettingsError(BaithakError):
    """A setting is missing or unreadable; the message says what to do."""

    code = "settings_error"
