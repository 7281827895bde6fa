"""Minutes as bytes: what a spreadsheet must not run, and how a stream says that it is not whole."""

import csv
from datetime import UTC, datetime
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.api.accepting import Format
from service.api.export_encoding import MinuteEncoder
from service.domain.minute_columns import ExportPoint, MinuteColumns

START = datetime(2024, 3, 1, 16, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
ONE_POINT = ExportPoint(
    point_id=1, point="=1+1", nominal_mv=220_000, valid_from=START, valid_to=None
)
ONE_MINUTE = MinuteColumns(
    place=np.zeros(1, np.int32),
    minute=np.full(1, 28_000_000, np.int64),
    verdict=np.zeros(1, np.uint8),
    cell=np.full((1, 3), -700, np.int16),
    rank=np.zeros((1, 3), np.uint8),
    judgement=np.ones(1, np.int64),
)


@pytest.mark.parametrize(("wanted", "name"), [("csv", "'=1+1"), ("parquet", "=1+1")])
def test_csv_of_minutes_holds_no_formulas(wanted: Format, name: str) -> None:
    encoder = MinuteEncoder(wanted, SHANGHAI, {})

    content = encoder.encode(ONE_MINUTE, [ONE_POINT])
    content += encoder.finish()

    if wanted == "csv":
        row = list(csv.reader(StringIO(content.decode(), newline="")))[1]
    else:
        row = list(pq.read_table(BytesIO(content)).to_pylist()[0].values())
    assert row[0] == name


@pytest.mark.parametrize("wanted", ["csv", "arrow", "parquet"])
def test_a_stream_that_ends_early_says_why_and_is_not_taken_for_whole(wanted: Format) -> None:
    encoder = MinuteEncoder(wanted, SHANGHAI, {})
    content = encoder.encode(ONE_MINUTE, [ONE_POINT], is_awaited=True)

    assert len(content) > 100  # also of Parquet, which would wait for more
    content += encoder.end_early('the key "x" was revoked')

    if wanted == "csv":
        *_, last = csv.reader(StringIO(content.decode(), newline=""))
        assert last == ["# ended early: the key 'x' was revoked"]
    elif wanted == "arrow":
        stream = pa.ipc.open_stream(BytesIO(content))
        assert stream.read_next_batch().num_rows == 1
        batch, said = stream.read_next_batch_with_custom_metadata()
        assert batch.num_rows == 0
        assert dict(said or {}) == {b"ended_early": b'the key "x" was revoked'}
    else:
        with pytest.raises(pa.ArrowInvalid, match="magic bytes"):
            pq.read_table(BytesIO(content))
