"""Sparkplug payloads by Google's own library: the schema written down once more, as a descriptor, for tests only."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_F = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _F.LABEL_OPTIONAL, _F.LABEL_REPEATED
_U32, _U64, _BOOL, _TEXT, _BYTES = _F.TYPE_UINT32, _F.TYPE_UINT64, _F.TYPE_BOOL, _F.TYPE_STRING, _F.TYPE_BYTES
_FLOAT, _DOUBLE, _MESSAGE = _F.TYPE_FLOAT, _F.TYPE_DOUBLE, _F.TYPE_MESSAGE

_METRIC: list[tuple[str, int, Any]] = [
    ("name", 1, _TEXT),
    ("alias", 2, _U64),
    ("timestamp", 3, _U64),
    ("datatype", 4, _U32),
    ("is_historical", 5, _BOOL),
    ("is_transient", 6, _BOOL),
    ("is_null", 7, _BOOL),
    ("properties", 9, "PropertySet"),
]
_VALUES: list[tuple[str, int, Any]] = [
    ("int_value", 10, _U32),
    ("long_value", 11, _U64),
    ("float_value", 12, _FLOAT),
    ("double_value", 13, _DOUBLE),
    ("boolean_value", 14, _BOOL),
    ("string_value", 15, _TEXT),
    ("bytes_value", 16, _BYTES),
    ("dataset_value", 17, "DataSet"),
    ("template_value", 18, "Template"),
]


def _make() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_test.proto", package="spb", syntax="proto2")

    def message(name: str, fields: list[tuple[str, int, Any, Any]]) -> Any:
        made = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            added = made.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = _MESSAGE, f".spb.{kind}"
            else:
                added.type = kind
        return made

    message("PropertyValue", [("type", 1, _U32, _ONE), ("is_null", 2, _BOOL, _ONE), ("int_value", 3, _U32, _ONE)])
    message("PropertySet", [("keys", 1, _TEXT, _MANY), ("values", 2, "PropertyValue", _MANY)])
    message("DataSet", [("num_of_columns", 1, _U64, _ONE), ("columns", 2, _TEXT, _MANY), ("types", 3, _U32, _MANY)])
    message("Template", [("version", 1, _TEXT, _ONE), ("metrics", 2, "Metric", _MANY)])
    metric = message("Metric", [(*field, _ONE) for field in [*_METRIC, *_VALUES]])
    metric.oneof_decl.add(name="value")
    for field in metric.field[len(_METRIC) :]:
        field.oneof_index = 0
    message(
        "Payload",
        [
            ("timestamp", 1, _U64, _ONE),
            ("metrics", 2, "Metric", _MANY),
            ("seq", 3, _U64, _ONE),
            ("uuid", 4, _TEXT, _ONE),
            ("body", 5, _BYTES, _ONE),
        ],
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("spb.Payload"))


Payload: Any = _make()
"""The message class: `Payload.FromString(bytes)`, `Payload(...).SerializeToString()`."""
