"""The one family of errors. How an error is to be handled is declared on its class, not guessed."""

from typing import ClassVar


class ServiceError(Exception):
    """Root of every error that Voltpass raises on purpose."""

    retryable: ClassVar[bool] = False  # the same call may succeed later
    code: ClassVar[str] = "service_error"  # stable; clients and alerts may depend on it


class SettingsError(ServiceError):
    """A setting is missing, unknown or out of its bounds; the message names each."""

    code = "settings_invalid"


class RuleSetDiffersError(SettingsError):
    """The rule set of this process is not the one that the stored pages are judged by."""

    code = "rule_set_differs"


# ------------------------------------------------------------------------------------ the database


class StoreError(ServiceError):
    """The database did not do what it was asked."""

    code = "store_error"


class StoreUnavailableError(StoreError):
    """The connection is lost or cannot be made; whether a commit came through is not known."""

    retryable = True
    code = "store_unavailable"


class StoreTimeoutError(StoreError):
    """A statement or a lock took longer than its limit, and was rolled back."""

    retryable = True
    code = "store_timeout"


class StoreConflictError(StoreError):
    """Another transaction was in the way (deadlock, serialization); this one was rolled back."""

    retryable = True
    code = "store_conflict"


class StoreRefusedError(StoreError):
    """The database refused a statement for good: a right, a constraint or an object is missing."""

    code = "store_refused"


class SchemaError(StoreError):
    """The schema of the database is not the one that this version needs."""

    code = "schema_mismatch"


class ZoneDataError(StoreError):
    """This process and the database server have different data of a time zone."""

    code = "zone_data_differ"


class FencedError(StoreError):
    """Another consumer owns a partition by now; drop what is in memory, leave the group and rejoin."""

    code = "fenced"


class JudgementMovedError(StoreError):
    """Registry, rules or declarations changed; load them, judge again, and store again."""

    code = "judgement_moved"

    def __init__(self, number: int) -> None:
        super().__init__(f"judgement number {number} is in force")
        self.number = number


# ------------------------------------------------------------------------- registry and judgement


class PhasesDifferError(ServiceError):
    """Pages of one phase and of three meet in one point and hour."""

    code = "phases_differ"


class DeclarationError(ServiceError):
    """A declaration names what does not exist, or contradicts itself."""

    code = "declaration_invalid"


class UnknownPlaceError(DeclarationError):
    """A declaration is for a feeder, region, point ... that no point of the registry belongs to."""

    code = "unknown_place"


class UnknownDeclarationError(DeclarationError):
    """No declaration has this number, or it was withdrawn before."""

    code = "unknown_declaration"


class UnknownCustomerError(DeclarationError):
    """A declaration names a customer that the registry does not have."""

    code = "unknown_customer"


class EntryExistsError(ServiceError):
    """The register has this entry already; the message names it."""

    code = "entry_exists"


class EntryError(ServiceError):
    """A fault call or dated promise contradicts itself, or names what the registry does not have."""

    code = "entry_invalid"


class UnknownEntryError(ServiceError):
    """No fault call, dated promise or incident has this number, or it was withdrawn before."""

    code = "unknown_entry"


class RegistryFileError(ServiceError):
    """A registry file cannot be read at all: its encoding, or its header."""

    code = "registry_file_invalid"


# ----------------------------------------------------------------------------------------- Kafka


class SourceError(ServiceError):
    """The Kafka client cannot go on: a right is missing, or it failed in a way it does not mend."""

    code = "source_error"


class SourceUnavailableError(SourceError):
    """No broker answers, or a topic does not exist yet."""

    retryable = True
    code = "source_unavailable"


class OffsetGoneError(SourceError):
    """The log does not have the offset that was asked for; whoever asked decides what that means."""

    code = "offset_gone"

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(f"{topic}/{partition} does not have offset {offset}")
        self.topic = topic
        self.partition = partition
        self.offset = offset


class DataGapError(SourceError):
    """Messages were deleted before they were read, and the settings say to stop then."""

    code = "data_gap"


class TopicRecreatedError(SourceError):
    """What was stored lies beyond the end of the log: this is not the log that was read before."""

    code = "topic_recreated"


class StalledError(ServiceError):
    """Nothing moves any more although there is work; the process has to be started again."""

    code = "stalled"


# --------------------------------------------------------------------------------- embedded parts


class EmbeddedPartError(ServiceError):
    """The embedded broker or database cannot be started, or ended by itself."""

    code = "embedded_part"


# ---------------------------------------------------------------------------------- rules, judging


class RuleSetError(ServiceError):
    """A rule set cannot be read; the message names each field and what is wrong with it."""

    code = "rule_set_invalid"

    def __init__(self, message: str, *problems: str) -> None:
        super().__init__(message)
        self.problems = problems or (message,)  # one for each field


class UnknownRuleSetError(RuleSetError):
    """No rule set has this name; the message lists those there are."""

    code = "unknown_rule_set"


class RuleSetNotJudgedError(RuleSetError):
    """No verdicts by this rule set are kept, and those that are do not stand for them."""

    code = "rule_set_not_judged"


class UnknownPointError(ServiceError):
    """A page belongs to a point that the registry in force does not know."""

    code = "unknown_point"


# ---------------------------------------------------------------------------------------- offline


class ScoreInputError(ServiceError):
    """A file, or what was said about it, cannot be worked out offline; the message says what to do."""

    code = "score_input"


# --------------------------------------------------------------------------------------- the API


class RequestError(ServiceError):
    """A request cannot be understood, or asks for what makes no sense; the message says what is."""

    code = "invalid_request"

    def __init__(self, message: str, *location: str) -> None:
        super().__init__(message)
        self.location = location  # of the value, for example "query", "from"


class RangeTooLongError(RequestError):
    """A request covers more time than one answer may."""

    code = "range_too_long"


class TooMuchError(RequestError):
    """A request chooses more points or groups than one answer may have."""

    code = "too_much"


class NotFoundError(ServiceError):
    """The registry does not have what is asked for."""

    code = "not_found"


class ScopeMissingError(ServiceError):
    """Who asks may not have this; the message names the scope that is missing."""

    code = "scope_missing"


class DeclarationsRefusedError(ServiceError):
    """This process logs in to the database with a name that may not write declarations."""

    code = "declarations_refused"


# --------------------------------------------------------------------------------- the command line


class ServeAnswerError(ServiceError):
    """The `serve` that a command asks does not answer, or refuses; the message says what it says."""

    code = "serve_answer"
