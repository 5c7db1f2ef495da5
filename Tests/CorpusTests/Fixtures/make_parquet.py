"""Writes *.parquet and parquet.json beside this file.

    pip install pyarrow==26.0.1 && python make_parquet.py
"""

import decimal
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
TEXTS = ["Hello", "", "é\u0301 👍🏽\0x", None, "line\r\nbreak", "the same", "the same", "abc" * 40] * 5


def main():
    rows = len(TEXTS)
    table = pa.table({
        "text": pa.array(TEXTS, pa.string()),
        "n": pa.array([i * 7 - 90 for i in range(rows)], pa.int64()),
        "small": pa.array([None if i % 4 == 0 else i for i in range(rows)], pa.int32()),
        "score": pa.array([i / 8 for i in range(rows)], pa.float64()),
        "single": pa.array([i / 4 for i in range(rows)], pa.float32()),
        "flag": pa.array([i % 3 == 0 for i in range(rows)], pa.bool_()),
    })
    write = lambda name, t=table, **o: pq.write_table(t, HERE / f"{name}.parquet", store_schema=False, **o)
    write("plain", compression="none", use_dictionary=False)
    write("dictionary", compression="none", use_dictionary=True)
    write("snappy", compression="snappy")
    write("v2", compression="snappy", data_page_version="2.0", use_dictionary=["text"])
    write("groups", compression="snappy", row_group_size=7)
    few = table.slice(0, 3)
    write("gzip", few, compression="gzip")
    write("zstd", few, compression="zstd")
    write("nested", pa.table({"a": [[1, 2], [3]]}))
    lines = [{k: v for k, v in row.items() if v is not None} for row in table.to_pylist()]
    (HERE / "parquet.json").write_text(json.dumps(lines, ensure_ascii=False, separators=(",", ":")))
    write("unsigned", unsigned(), version="2.6")
    decimals = {
        f"d{width}": pa.array(DECIMALS, pa.decimal128(width, 2)) for width in [9, 18, 38]}
    decimals["d76"] = pa.array(WIDE, pa.decimal256(76, 3))
    write("decimals", pa.table(decimals), store_decimal_as_integer=True)
    decimals_of_binary()
    write("empty", pa.table({"text": pa.array([], pa.string())}))
    write("binary", binary(), row_group_size=2)
    write("half", pa.table({"half": pa.array([1, 2], pa.float16())}))


def unsigned():
    types = {"u8": pa.uint8(), "u16": pa.uint16(), "u32": pa.uint32(), "u64": pa.uint64()}
    values = {"u8": 200, "u16": 60000, "u32": 3000000000, "u64": 2**63 + 5}
    columns = {name: pa.array([values[name], 7, None], types[name]) for name in types}
    columns["i8"] = pa.array([-128, 7, None], pa.int8())
    columns["i64"] = pa.array([-2**63, 2**53, None], pa.int64())
    return pa.table(columns)


D = decimal.Decimal
DECIMALS = [D("1.23"), D("-0.05"), D("0.00"), None, D("9999999.99"), D("-1234567.80")]
NINES = "9" * 73 + ".999"
WIDE = [D("-1.001"), D(NINES), D("-" + NINES), None, D("1000000000.000"), D("-2.560")]


def decimals_of_binary():
    """pyarrow writes no decimals as BYTE_ARRAY: the annotation (converted_type, scale, precision) is added to
    the footer's schema."""
    values = [b"\x7b", b"\xfb", b"\x00\x00", None, b"\xff\x00"]
    path = HERE / "decimals-binary.parquet"
    pq.write_table(pa.table({"amount": pa.array(values, pa.binary())}), path, store_schema=False)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    name = b"\x18\x06amount"
    footer = data[start:-8].replace(name + b"\x00", name + b"\x25\x0a\x15\x04\x15\x12\x00", 1)
    path.write_bytes(data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1")
    read = pq.read_table(path)["amount"].to_pylist()
    assert read == [D("1.23"), D("-0.05"), D("0.00"), None, D("-2.56")], read


def binary():
    """Only the last value of "img" is no UTF-8, in another row group than the first."""
    return pa.table({
        "text": ["a", "b", "c"],
        "img": [b"plain", None, b"\x89PNG\xff"],
        "hash": pa.array([b"\xff" * 4, b"abcd", b"abcd"], pa.binary(4)),
        "unsaid": ["é".encode(), b"", None],
        "code": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    })


main()
