"""Writes *.parquet and parquet.json beside this file.

    pip install pyarrow==26.0.1 && python make_parquet.py
"""

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


main()
