"""Lines of a stored file, and the ids remembered of them."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import RequestInvalid
from shared.domain.ids import SourceId
from shared.storage.memory.files import MemoryFiles
from shared.sync.csv_records import CsvRecords
from shared.sync.uploads import lines as lines_module
from shared.sync.uploads.first_lines import CompactFirstLines
from shared.sync.uploads.limits import MAX_LINE
from shared.sync.uploads.lines import BLOCK, FileLines, blocks_of

TEXTS = st.text(st.sampled_from('a",é😀\n\r\u2028\x85\x0b'), max_size=60)


class Measured(FileLines):
    """Knows the most bytes that it held: it holds no more than behind a block that it has just read."""

    most_held = 0

    def _read_on(self) -> None:
        super()._read_on()
        self.most_held = max(self.most_held, sum(map(len, self._held)))


def in_blocks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@given(TEXTS, st.integers(1, 7))
def test_lines_are_those_of_the_whole_text_wherever_blocks_end(text: str, size: int) -> None:
    found = list(FileLines(in_blocks(text.encode(), size)))
    assert found == list(io.StringIO(text, newline=""))


@given(TEXTS, st.integers(1, 7), st.sampled_from([None, 1, 2, 3]))
def test_csv_is_read_as_from_a_list_of_lines(text: str, size: int, width: int | None) -> None:
    """Also where a mark that is never closed makes it begin again some lines before."""
    lines = FileLines(in_blocks(text.encode(), size))
    streamed, listed = (
        CsvRecords(lines, lines.forget_before),
        CsvRecords(list(io.StringIO(text, newline=""))),
    )
    streamed.width = listed.width = width
    assert list(streamed) == list(listed)


def test_a_byte_order_mark_is_no_text() -> None:
    assert list(FileLines(iter([b"\xef\xbb\xbfid\n", b"1\n"]))) == ["id\n", "1\n"]


@pytest.mark.parametrize(
    ("blocks", "code", "words"),
    [
        ([b"PK\x03\x04rest"], "NOT_TEXT", "workbook"),
        ([b"\xff\xfei\x00d\x00"], "WRONG_ENCODING", "UTF-16"),
        ([b"\xff\xfe\x34\x12"], "WRONG_ENCODING", "UTF-16"),
        ([b"id\n1\n", b"2\x00\n"], "NOT_TEXT", "zero bytes"),
        ([b"id\n1\nM\xfcller\n"], "WRONG_ENCODING", "Line 3"),
        ([b"id\n", b"x" * (MAX_LINE + 1)], "LINE_TOO_LONG", "longer than"),
        ([b"x" * MAX_LINE + b"y\nid\n"], "LINE_TOO_LONG", "longer than"),
    ],
)
def test_what_is_no_text_is_refused(blocks: list[bytes], code: str, words: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        list(FileLines(iter(blocks)))
    assert refused.value.problem.code == code
    assert words in refused.value.problem.message


@pytest.mark.no_cover
def test_lines_that_are_done_with_are_not_held() -> None:
    content = b"".join(b"%d,%s\n" % (number, b"x" * 100) for number in range(60_000))
    files = MemoryFiles()
    files.put("key", content)
    stored = files.head("key")
    assert stored is not None
    lines = Measured(blocks_of(files, "key", stored.version))
    assert sum(1 for _ in CsvRecords(lines, lines.forget_before)) == 60_000
    assert 0 < lines.most_held <= BLOCK + MAX_LINE
    assert files.longest_read == lines_module.BLOCK < len(content)


@pytest.mark.no_cover
def test_a_mark_never_closed_swallows_no_more_than_a_longest_text() -> None:
    content = b'id,name\n1,"Pipe\n' + b"".join(b"%d,x\n" % number for number in range(100_000))
    lines = Measured(in_blocks(content, 65_536))
    rows = broken = 0
    for _, cells in CsvRecords(lines, lines.forget_before):
        rows += 1
        broken += cells is None
    assert (rows, broken) == (100_002, 1)
    assert 0 < lines.most_held < 300_000


@given(st.lists(st.text(max_size=4)))
def test_first_lines_are_remembered_as_by_a_dictionary(ids: list[str]) -> None:
    compact, plain = CompactFirstLines(), dict[str, int]()
    for line, one in enumerate(ids, start=1):
        assert compact.get(SourceId(one)) == plain.get(one)
        compact[SourceId(one)] = line
        plain[one] = line


@pytest.mark.no_cover
def test_first_lines_of_many_ids() -> None:
    compact = CompactFirstLines()
    for number in range(1, 50_001):
        compact[SourceId(f"I-{number}")] = number
    assert all(compact.get(SourceId(f"I-{number}")) == number for number in range(1, 50_001))
    assert compact.get(SourceId("I-0")) is None
