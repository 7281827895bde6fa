"""A CSV file as lines of text, packed or not: the only place here that opens files for reading."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from service.errors import ScoreInputError

_LINES_PER_BATCH = 100_000
_HEADER_CHARS_MAX = 100_000
_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines in a row, without their ends."""

    first: int  # number of the first one; the header is line 1
    texts: list[str]


@dataclass(frozen=True, slots=True)
class CsvText:
    """An open file: its header, and what follows."""

    header: str
    batches: Iterator[Lines]


@contextmanager
def open_csv(path: Path, example: str = "ts,v") -> Iterator[CsvText]:
    """Open a file of UTF-8 text, gzip or plain; what is not UTF-8 reads as U+FFFD.

    Args:
        path: The file.
        example: Its first line, as it may be.

    Raises:
        ScoreInputError: It cannot be read, or is empty; also while its batches are read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(2)
            if head in _UTF16_MARKS:
                raise ScoreInputError(f"{path} is UTF-16; save it as UTF-8")
            file.seek(0)
            with _text_of(file, is_packed=head == _GZIP_MAGIC) as text:
                header = text.readline(_HEADER_CHARS_MAX).rstrip("\n")
                if not header.strip():
                    raise ScoreInputError(
                        f"{path} is empty, or its first line is; that line names the columns, "
                        f"for example: {example}"
                    )
                yield CsvText(header, _batches(text))
    except FileNotFoundError as error:
        raise ScoreInputError(f"{path} does not exist") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ScoreInputError(f"{path} cannot be read: {reason}") from error


def _text_of(file: IO[bytes], *, is_packed: bool) -> io.TextIOWrapper:
    binary = gzip.GzipFile(fileobj=file, mode="rb") if is_packed else file
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline=None)


def _batches(text: io.TextIOWrapper) -> Iterator[Lines]:
    first = 2
    while texts := [line.rstrip("\n") for line in islice(text, _LINES_PER_BATCH)]:
        yield Lines(first, texts)
        first += len(texts)
