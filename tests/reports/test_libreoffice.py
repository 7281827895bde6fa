"""The monthly report of the demonstration's readings, opened by LibreOffice: the numbers are those that were sent."""

import csv
import io
import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import openpyxl
import pypdf
import pytest

from kernels.layout import CELL_NONE
from service.demo import street
from service.recordings import UCI_HOUSEHOLD
from service.reports.forms import MEDIA_TYPES
from service.settings import Settings
from service.settle.knowledge import load_knowledge
from service.store.page_batches import PageWriter
from tests.api.clients import application, client_of
from tests.api.seeding import SGCC, NewPoint, Seeder, pages_of
from tests.offline.test_household import hundredths, recompute
from tests.real.parts import read_parts
from tests.reports.test_files import rows_of

pytestmark = [pytest.mark.real, pytest.mark.integration, pytest.mark.timeout(600)]

MINUTE = timedelta(minutes=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = {"month": "2007-01"}  # from 16 December on
START_DAY = 16
STREET_DAY = datetime(2006, 12, 20, tzinfo=SHANGHAI).astimezone(UTC)
SIGNS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


def cell_of(voltage: int, nominal: int) -> int:
    """Return hundredths of a volt as a deviation in 0.01 % of nominal, rounded away from it."""
    off = abs(voltage - nominal * 100) * 10_000
    cells = -(-off // (nominal * 100))
    return cells if voltage >= nominal * 100 else -cells


def house() -> tuple[datetime, list[int]]:
    """Return the first minute of the recorded house, and its cells from there on."""
    zone = ZoneInfo(UCI_HOUSEHOLD.zone)
    value_at = {
        datetime.fromisoformat(row["ts"]).replace(tzinfo=zone).astimezone(UTC): hundredths(row["v"])
        for row in UCI_HOUSEHOLD.rows()
    }
    first, last = min(value_at), max(value_at)
    stamps = (first + i * MINUTE for i in range((last - first) // MINUTE + 1))
    return first, [cell_of(value_at[at], 230) if at in value_at else CELL_NONE for at in stamps]


def street_volts() -> dict[str, list[int | None]]:
    """Return hundredths of a volt of each meter of the street, minute by minute; None: it sent nothing."""
    made: dict[str, list[int | None]] = {
        one.device: [None] * street.N_MINUTES for one in street.meters()
    }
    first_ms = round(STREET_DAY.timestamp() * 1000)
    for message in street.street_messages(STREET_DAY):
        for device, stamp_ms, volts in zip(
            message.devices, message.stamp_ms.tolist(), message.volts.tolist(), strict=True
        ):
            if device in made:
                made[device][(stamp_ms - first_ms) // street.MINUTE_MS] = round(volts * 100)
    return made


async def seed(seeder: Seeder) -> None:
    """Put the house and the street into one month, as the demonstration sends them."""
    first, cells = house()
    meters, volts = street.meters(), street_volts()
    await seeder.points(
        NewPoint(
            point="uci-house",
            nominal_v=230,
            region="FR",
            feeder="F0",
            transformer="T0",
            valid_from=first,
            valid_to=first + len(cells) * MINUTE,
        ),
        *(
            NewPoint(
                point=one.point,
                feeder=one.feeder,
                transformer=one.transformer,
                area="rural" if one.feeder in street.RURAL_FEEDERS else "urban",
                valid_from=STREET_DAY,
                valid_to=STREET_DAY + timedelta(days=1),
            )
            for one in meters
        ),
    )
    await seeder.run("UPDATE customer SET valid_from = '2006-01-01'")
    known = await load_knowledge(seeder.pool, SGCC, await seeder.zone_name())
    writer = PageWriter(seeder.pool, await seeder.zone_name())
    await writer.write(pages_of(seeder.point_ids["uci-house"], first, [cells]), known.judge)
    for one in meters:
        sent = [CELL_NONE if v is None else cell_of(v, 220) for v in volts[one.device]]
        await writer.write(pages_of(seeder.point_ids[one.point], STREET_DAY, [sent]), known.judge)
    await seeder.reach(datetime(2007, 1, 16, tzinfo=SHANGHAI))
    await seeder.settle()


def residential(area: str) -> tuple[Fraction, int, int]:
    """Return the mean of the monitored meters of an area, how many these are, and their minutes over the band."""
    rates, n_over, volts = [], 0, street_volts()
    for one in street.meters():
        if (one.feeder in street.RURAL_FEEDERS) != (area == "rural"):
            continue
        known = [v for v in volts[one.device] if v is not None]
        judged = [v for v in known if v >= 2200]  # less is no supply
        n_over += sum(v > 23540 for v in judged)
        n_silent = street.N_MINUTES - len(known)
        if Fraction(len(judged), len(judged) + n_silent) >= Fraction(9, 10):
            rates.append(Fraction(sum(19800 <= v <= 23540 for v in judged), len(judged)))
    return sum(rates, Fraction(0)) / len(rates), len(rates), n_over


@pytest.fixture(scope="module")
def soffice(tmp_path_factory: pytest.TempPathFactory) -> "Office":
    return Office(tmp_path_factory.mktemp("office"))


class Office:
    """LibreOffice without a screen, with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = read_parts(os.environ)

    def convert(self, file: Path, form: str) -> None:
        """Convert a file into the folder."""
        profile = f"-env:UserInstallation=file://{self.folder}/profile"
        self._run(
            self._parts.soffice,
            profile,
            "--headless",
            "--convert-to",
            form,
            "--outdir",
            self.folder,
            file,
        )

    def pictures(self, file: Path) -> list[Path]:
        """Return a picture of each page of a PDF."""
        self._run(self._parts.pdftoppm, "-r", "60", "-png", file, self.folder / "page")
        return sorted(self.folder.glob("page-*.png"))

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr


async def workbook(settings: Settings, report: str) -> bytes:
    chosen = settings.model_copy(update={"month_start_day": START_DAY})
    async with client_of(application(chosen)) as client:
        answer: httpx.Response = await client.get(
            f"/v1/reports/{report}", params=MONTH, headers={"Accept": MEDIA_TYPES["xlsx"]}
        )
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_the_numbers_of_the_workbook_are_those_that_were_sent(seeded: Settings) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await workbook(seeded, "voltage")))
    rates = {row["指标"]: row for row in rows_of(book["汇总"])}
    minutes = {row["指标"]: row for row in rows_of(book["分钟统计"])}
    worst = {row["监测点"]: row for row in rows_of(book["最差监测点"])}
    house_of = recompute(20700, 24610)

    for area, name in (("urban", "城市居民端"), ("rural", "农村居民端")):
        rate, n_monitored, n_over = residential(area)
        assert rates[name]["合格率 (%)"] == float(rate)
        assert rates[name]["有效监测点"] == n_monitored
        assert minutes[name]["越上限 (分钟)"] == n_over
    n_judged = house_of.n_pass + house_of.n_over + house_of.n_under
    assert worst["uci-house"]["合格率 (%)"] == float(Fraction(house_of.n_pass, n_judged))
    assert worst["uci-house"]["越上限 (分钟)"] == house_of.n_over
    assert worst["uci-house"]["缺测 (分钟)"] == house_of.n_missing
    assert rates["综合合格率"]["缺的类别"] == "A, B, C"
    assert "2006-12-16 至 2007-01-15" in str(book["汇总"]["A2"].value)


@pytest.mark.parametrize("report", ["voltage", "supply"])
async def test_libreoffice_opens_the_workbook_and_reads_the_same(
    seeded: Settings, soffice: Office, report: str
) -> None:
    file = soffice.folder / f"{report}.xlsx"
    file.write_bytes(await workbook(seeded, report))
    book = openpyxl.load_workbook(file)

    soffice.convert(file, SIGNS)
    soffice.convert(file, "pdf")
    pictures = soffice.pictures(soffice.folder / f"{report}.pdf")

    for sheet in book.worksheets:
        text = (soffice.folder / f"{report}-{sheet.title}.csv").read_text(encoding="utf-8")
        found = list(csv.reader(io.StringIO(text)))
        held = [list(row) for row in sheet.iter_rows(values_only=True)]
        assert len(found) == len(held), sheet.title
        for seen, row in zip(found, held, strict=True):
            assert_same(seen, row)
    pages = pypdf.PdfReader(soffice.folder / f"{report}.pdf").pages
    assert len(pages) >= len(book.worksheets)
    assert len(pictures) >= len(pages)
    assert all(picture.stat().st_size > 2000 for picture in pictures)  # an empty page is smaller
    assert "月报" in pages[0].extract_text()


def assert_same(seen: Iterable[str], held: Iterable[object]) -> None:
    """Check what LibreOffice reads of a row against what the workbook holds."""
    cells: Mapping[int, str] = dict(enumerate(seen))
    for place, value in enumerate(held):
        text = cells.get(place, "")
        if value is None:
            assert text == ""
        elif isinstance(value, datetime):
            assert text.startswith(f"{value:%Y-%m-%d}")
        elif isinstance(value, int | float):
            assert float(text.rstrip("%")) / (100 if text.endswith("%") else 1) == pytest.approx(
                value, rel=1e-9
            )
        else:
            assert text == str(value)
