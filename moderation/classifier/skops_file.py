"""Reads the skops files that training writes, without skops: names, numbers and arrays, and nothing that could run.

A skops file is a zip archive: `schema.json` says how the objects are nested, and each array is a member of its own.
Here an object is a dictionary of its attributes, of a type that a model of ours has; any other is refused.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Collection, Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

SCHEMA = "schema.json"
LARGEST_UNPACKED = 64 * 1024 * 1024
"""Bytes of all members together; a model has 21 MB. What a small archive claims to unpack to is read before it is."""

# Fixed: a file that holds any other type of ours, or of anybody's, is refused. Never taken from the file itself.
TYPES = frozenset(
    {
        "sklearn.pipeline.Pipeline",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "moderation.classifier.features.NgramCounter",
        "moderation.classifier.heads.LabelHeads",
    }
)
NUMBERS = frozenset({"int32", "int64", "float32", "float64"})

Node = Mapping[str, Any]


def parse(data: bytes, *, without: Collection[str] = ()) -> Any:
    """What is in a skops file; of a dictionary without the parts of these names, which are not unpacked.

    Raises for anything unexpected: ValueError, or what archive and JSON readers raise.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST_UNPACKED:
            raise ValueError(f"more than {LARGEST_UNPACKED} bytes when unpacked")
        schema = json.loads(archive.read(SCHEMA))
        if without and schema["__loader__"] == "DictNode":
            schema["content"] = {name: part for name, part in schema["content"].items() if name not in without}
        return _value(schema, archive)


def _value(node: Node, archive: zipfile.ZipFile) -> Any:
    kind, type_ = node["__loader__"], f"{node['__module__']}.{node['__class__']}"
    match kind, type_:
        case "JsonNode", "builtins.str":
            return json.loads(node["content"])
        case ("ListNode", "builtins.list") | ("TupleNode", "builtins.tuple"):
            return [_value(part, archive) for part in node["content"]]
        case "DictNode", "builtins.dict":
            return {str(name): _value(part, archive) for name, part in node["content"].items()}
        case "NdArrayNode", "numpy.ndarray" if node["type"] == "numpy":
            with archive.open(node["file"]) as member:
                return _array(member)
        case "ObjectNode", _ if type_ in TYPES:
            return _value(node["content"], archive)
    raise ValueError(f"a {kind} of {type_}")


def _array(member: IO[bytes]) -> NDArray[Any]:
    # From the archive itself, piece by piece: unpacked whole first, the largest would stand in memory twice.
    numbers: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
    if not isinstance(numbers, np.ndarray) or numbers.dtype.name not in NUMBERS:
        raise ValueError("an array of no numbers")
    return numbers
