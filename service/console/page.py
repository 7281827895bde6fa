"""One request for a page: who asks, in which language, and how the answer is rendered."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Annotated, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.console import packaged
from service.console.charts import Chart
from service.console.context import ConsoleContext, context_of
from service.console.formats import Formats
from service.console.navigation import ENTRIES
from service.console.sessions import access_asking, is_signed_in
from service.console.texts import COOKIE, LANGUAGES, Language, Texts, language_of, read_texts
from service.domain.access import NOBODY, Access, Scope
from service.domain.rules import RuleSet
from service.errors import ScopeMissingError
from service.store.deployment_reads import Snapshot, reading

_YEAR_S: Final = 365 * 86_400
_UTC: Final = ZoneInfo("UTC")

_TWO_TITLES: Final = re.compile(
    r"(?P<en>[^(]*[^( ]) *[(](?P<zh>[^()]*[\u4e00-\u9fff][^()]*)[)](?P<rest>.*)"
)

# Nothing comes from elsewhere, nothing inline runs, nobody frames it. Only charts set styles of elements: plotly
# writes them as attributes.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self' data:{images}; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A request for a page."""

    request: Request
    context: ConsoleContext
    access: Access
    texts: Texts

    @property
    def language(self) -> Language:
        """The language of the page."""
        return self.texts.language

    @property
    def base(self) -> str:
        """Where the console is, without a slash at the end: /console."""
        path: str = self.request.scope.get("root_path", "")
        return path

    @property
    def fewest(self) -> int:
        """How many members a group needs to be shown to who asks."""
        return 0 if self.access.may("read:customer") else self.context.fewest_in_group

    def reading(self) -> AbstractAsyncContextManager[Snapshot]:
        """Return a snapshot of the database, of which who asks sees their territory only; it ends with the block."""
        return reading(self.context.reader.within(self.access.territory))

    def formats(self, zone: ZoneInfo) -> Formats:
        """Return how figures and times are written."""
        return Formats(self.language, zone)

    def title_of(self, rule_set: RuleSet) -> str:
        """Return the title of a rule set in the language of the page, where it has one in each."""
        both = _TWO_TITLES.match(rule_set.title)
        if both is None:
            return self.texts.source(rule_set.title)
        return both["zh"] if self.language == "zh" else f"{both['en']}{both['rest']}"

    def query(self, **changes: str | None) -> str:
        """Return the query of this page with some values changed, or taken out: ``?a=b``, or nothing."""
        values: dict[str, str] = {**self.request.query_params}
        for name, value in changes.items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value
        return f"?{urlencode(values)}" if values else "?"

    def show(
        self,
        template: str,
        snapshot: Snapshot | None,
        values: Mapping[str, object],
        *,
        charts: Sequence[Chart] = (),
        status: int = 200,
    ) -> HTMLResponse:
        """Return the page.

        Args:
            template: Its name in ``templates``.
            snapshot: What its figures were read from: the page names its zone and how far its data reach; None
                where it has no figures.
            values: What the template shows.
            charts: Its figures; the template places each with ``chart(name)``.
            status: Of the answer.
        """
        zone = snapshot.zone if snapshot else _UTC
        found = _environment().get_template(template)
        html = found.render(
            {
                "page": self,
                "t": self.texts,
                "fmt": self.formats(zone),
                "base": self.base,
                "zone": snapshot.zone.key if snapshot else None,
                "data_through": snapshot.data_through if snapshot else None,
                "charts": {one.name: one for one in charts},
                "entries": [one for one in ENTRIES if self.access.may(one.scope)],
                "languages": LANGUAGES,
                "asset": packaged.address_of,
                "plotly": packaged.PLOTLY,
                "signed_in": is_signed_in(self.request),
                "release": version("voltpass"),
                **values,
            }
        )
        answer = HTMLResponse(html, status_code=status, headers=_headers(bool(charts)))
        asked = self.request.query_params.get("lang")
        if asked in LANGUAGES:
            answer.set_cookie(
                COOKIE, asked, max_age=_YEAR_S, path=self.base or "/", httponly=True, samesite="lax"
            )
        return answer


def page_of(request: Request, access: Access) -> Page:
    """Return the page that a request asks for."""
    language = language_of(
        request.query_params.get("lang"),
        request.cookies.get(COOKIE),
        request.headers.get("accept-language", ""),
    )
    return Page(request=request, context=context_of(request), access=access, texts=_texts(language))


def needs(scope: Scope) -> "_Needs":
    """Return the dependency of a page that needs a scope; it gives the ``Page``."""
    return _Needs(scope)


@dataclass(frozen=True, slots=True)
class _Needs:
    scope: Scope

    async def __call__(self, request: Request) -> Page:
        """Find out who asks, and whether the page may answer them.

        Raises:
            UnauthenticatedError: Nobody is signed in, where that is needed.
            ScopeMissingError: They may not see this page.
        """
        access = await access_asking(request)
        request.state.access = access  # for the page of an error, too
        if not access.may(self.scope):
            raise ScopeMissingError(
                f"this page needs the scope {self.scope}, which {access.principal} does not have"
            )
        return page_of(request, access)


async def _anybody(request: Request) -> Page:
    return page_of(request, NOBODY)


OfAggregates = Annotated[Page, Depends(needs("read:aggregate"))]
OfCustomers = Annotated[Page, Depends(needs("read:customer"))]
OfAnybody = Annotated[Page, Depends(_anybody)]


def _headers(with_charts: bool) -> dict[str, str]:
    policy = _POLICY.format(
        styles=" 'unsafe-inline'" if with_charts else "", images=" blob:" if with_charts else ""
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "Vary": "Cookie, Accept-Language",
    }


@lru_cache(maxsize=len(LANGUAGES))
def _texts(language: Language) -> Texts:
    return read_texts(language)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("service.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
