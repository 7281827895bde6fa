"""Points in breach as server-sent events: all of them first, then what changes."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field

from service.api.access import Asking
from service.api.context import Context
from service.api.lasting_access import LastingAccess
from service.api.live_desk import LiveDesk, LiveState
from service.api.parameters import Text
from service.api.problem import answer_of
from service.api.shapes import Shape, local
from service.clock import monotonic_s
from service.domain.access import Territory
from service.domain.live_breaches import BreachKind, LiveBreach
from service.errors import ServiceError
from service.logs import logger
from service.store.deployment_reads import reading

log = logger(__name__)
router = APIRouter(tags=["interruptions and events"])

LONGEST_S: Final = 3600  # then a client connects anew
_RETRY_MS: Final = 5000


class LiveBreachShape(Shape):
    """A point that is outside its band, or without supply, by its newest reading."""

    point: str = Field(description="identifier in the registry", examples=["P-0001"])
    kind: BreachKind = Field(
        description="under or over the band of single readings; high: above +20 %; interrupted: no voltage is measured"
    )
    seen_at: datetime = Field(description="end of the newest reading")
    region: str = Field(description="code of the region")
    region_name: str
    feeder: str = Field(description="code of the feeder")
    feeder_name: str
    transformer: str = Field(description="code of the transformer")
    transformer_name: str


class LiveSnapshot(Shape):
    """All points in breach: what is not in it is in none."""

    zone: str = Field(description="IANA zone in which times are shown")
    data_through: datetime | None = Field(description="up to where the data reach")
    breaches: list[LiveBreachShape] = Field(description="in the order of their points")
    left_out: int = Field(
        description="devices in breach that are too many to be shown, of the part that is heard"
    )


class BreachChangeShape(LiveBreachShape):
    """What became of one point."""

    change: Literal["began", "changed", "ended"]


class StreamRefusedShape(Shape):
    """Why a stream ended before its time."""

    code: str = Field(description="for programs, as in problems", examples=["unauthenticated"])
    detail: str = Field(description="what happened")
    next: str = Field(description="what to do now")


class _Place(NamedTuple):
    """Of which part of the network somebody wants to hear."""

    region: str | None
    feeder: str | None


def _place(
    region: Annotated[Text | None, Query(description="only points of this region")] = None,
    feeder: Annotated[Text | None, Query(description="only points of this feeder")] = None,
) -> _Place:
    return _Place(region, feeder)


class _Listener:
    """One listener: what it may and wants to hear, and what it has heard."""

    def __init__(
        self, desk: LiveDesk, asked: "_Asked", zone: ZoneInfo, territory: Territory
    ) -> None:
        self._desk = desk
        self._place = asked.place
        self._zone = zone
        self._territory = territory
        last_id = asked.last_id
        run, _, number = (last_id or "").partition("-")
        is_known = run == desk.run and number.isascii() and number.isdigit()
        self.heard: int | None = int(number) if is_known else None

    def events(self, state: LiveState) -> Iterator[ServerSentEvent]:
        """Yield what is new: the changes, or everything where changes are missing or too old."""
        changes = None if self.heard is None else self._desk.changes_since(self.heard)
        last_id = f"{self._desk.run}-{state.number}"
        if changes is None:
            yield ServerSentEvent(
                event="snapshot", id=last_id, retry=_RETRY_MS, data=self._snapshot(state)
            )
        else:
            first = state.number - len(changes)
            for nth, one in enumerate(changes, first + 1):
                if self._is_wanted(one.breach):
                    shape = BreachChangeShape.model_validate(
                        {"change": one.change, **self._fields(one.breach)}
                    )
                    yield ServerSentEvent(
                        event=one.change, id=f"{self._desk.run}-{nth}", data=shape
                    )
        self.heard = state.number

    def _snapshot(self, state: LiveState) -> LiveSnapshot:
        return LiveSnapshot(
            zone=self._zone.key,
            data_through=local(state.data_through, self._zone),
            breaches=[
                LiveBreachShape.model_validate(self._fields(one))
                for one in state.breaches.values()
                if self._is_wanted(one)
            ],
            left_out=sum(
                n_lanes for place, n_lanes in state.n_left_out.items() if self._is_inside(*place)
            ),
        )

    def _is_wanted(self, one: LiveBreach) -> bool:
        return self._is_inside(one.place.region, one.place.feeder)

    def _is_inside(self, region: str, feeder: str) -> bool:
        wanted = self._place
        is_there = wanted.region in {None, region} and wanted.feeder in {None, feeder}
        return is_there and self._territory.admits(region)

    def _fields(self, one: LiveBreach) -> dict[str, object]:
        return {**asdict(one.place), "kind": one.kind, "seen_at": local(one.seen_at, self._zone)}


class _Asked(NamedTuple):
    """What somebody wants to hear, and for how long."""

    place: _Place
    last_id: str | None
    seconds: int


def _asked(
    place: Annotated[_Place, Depends(_place)],
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=100,
            description="`id` of the last event that was heard: what changed since comes, not everything anew",
            examples=["3f9c0a1b2c4d-17"],
        ),
    ] = None,
    seconds: Annotated[
        int,
        Query(
            ge=1, le=LONGEST_S, description="how long the stream lasts, seconds", examples=[3600]
        ),
    ] = LONGEST_S,
) -> _Asked:
    return _Asked(place, last_event_id, seconds)


def _refusal(error: ServiceError) -> ServerSentEvent:
    log.info("listener_refused", code=error.code, error=str(error))
    why = StreamRefusedShape(code=error.code, detail=str(error), next=answer_of(type(error)).next)
    return ServerSentEvent(event="refused", data=why)


def _listening(context: Context) -> Iterator[LiveDesk]:
    """Lend a place among the listeners until the stream has ended."""
    with context.live.listening():
        yield context.live


@router.get(
    "/v1/breaches/live",
    summary="Points in breach, as they come and go",
    response_class=EventSourceResponse,
)
async def live_breaches(
    request: Request,
    context: Context,
    asking: Asking,
    asked: Annotated[_Asked, Depends(_asked)],
    desk: Annotated[LiveDesk, Depends(_listening)],
) -> AsyncIterator[ServerSentEvent]:
    """Return the points that are outside their bands or without supply now, as server-sent events.

    First comes `snapshot` with all of them, then `began`, `changed` (another kind) and `ended`, each with its point:
    within some seconds of the checkpoint that stored it. Every `id` can be given as `Last-Event-ID`; where changes
    since are no longer kept, a new snapshot comes. A comment every 15 s shows that the line is alive. The stream ends
    after an hour, and a client connects anew; whether the key or token is still good is looked at every 30 s, and the
    stream ends with `refused`, which says why, where it is not. Readings older than 30 minutes are no breach of now.
    """
    async with reading(context.reader) as snapshot:
        zone = snapshot.zone
    listener = _Listener(desk, asked, zone, asking.territory)
    lasting = LastingAccess(request, desk.ask_again_s)
    end_s = monotonic_s() + asked.seconds
    while (left_s := end_s - monotonic_s()) > 0:
        try:
            await lasting.confirm()
        except ServiceError as error:
            yield _refusal(error)
            return
        state = await desk.after(listener.heard, min(left_s, lasting.due_in_s))
        if state is not None:
            for event in listener.events(state):
                yield event
