"""What was released stays: clients are built from it (docs/grpc-compatibility.md)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)

from gateway.grpc.generate import describe

RELEASED = FileDescriptorSet.FromString((Path(__file__).parent / "released/portico_v1.binpb").read_bytes())


def file_facts(file: FileDescriptorProto) -> Iterator[str]:
    """Everything about a file that a client may rely on, each as one line."""
    for enum in file.enum_type:
        yield from enum_facts(file.package, enum)
    for message in file.message_type:
        yield from message_facts(file.package, message)
    for service in file.service:
        yield from service_facts(file.package, service)


def message_facts(scope: str, message: DescriptorProto) -> Iterator[str]:
    """The message, its fields, and what is nested in it."""
    name = f"{scope}.{message.name}"
    yield f"message {name}"
    for enum in message.enum_type:
        yield from enum_facts(name, enum)
    for nested in message.nested_type:
        yield from message_facts(name, nested)
    for field in message.field:
        kind = FieldDescriptorProto.Type.Name(field.type) + field.type_name
        label = FieldDescriptorProto.Label.Name(field.label)
        oneof = message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
        yield f"field {name}.{field.name} = {field.number} {label} {kind} {field.json_name} oneof:{oneof}"


def enum_facts(scope: str, enum: EnumDescriptorProto) -> Iterator[str]:
    """The enum and its values."""
    yield f"enum {scope}.{enum.name}"
    for value in enum.value:
        yield f"value {scope}.{enum.name}.{value.name} = {value.number}"


def service_facts(scope: str, service: ServiceDescriptorProto) -> Iterator[str]:
    """The service and its methods."""
    yield f"service {scope}.{service.name}"
    for method in service.method:
        ways = f"{method.client_streaming}, {method.server_streaming}"
        yield f"rpc {scope}.{service.name}.{method.name}({method.input_type}) {method.output_type} {ways}"


def lost(before: FileDescriptorProto, after: FileDescriptorProto) -> set[str]:
    """What was so before and is not any more."""
    return set(file_facts(before)) - set(file_facts(after))


def test_nothing_released_is_gone_or_changed(tmp_path: Path) -> None:
    """No message, field, enum value, service or rpc removed, renamed, renumbered, retyped or moved."""
    describe(tmp_path / "today.binpb")
    today = FileDescriptorSet.FromString((tmp_path / "today.binpb").read_bytes())
    files = {file.name: file for file in today.file}
    gone = {
        fact for file in RELEASED.file for fact in lost(file, files.get(file.name, FileDescriptorProto()))
    }
    assert set() == gone


CHANGES: tuple[Callable[[FileDescriptorProto], object], ...] = (
    lambda file: setattr(file.message_type[0].field[0], "name", "x"),
    lambda file: setattr(file.message_type[0].field[0], "number", 999),
    lambda file: setattr(file.message_type[0].field[0], "type", FieldDescriptorProto.TYPE_BYTES),
    lambda file: setattr(file.message_type[0].field[0], "label", FieldDescriptorProto.LABEL_REPEATED),
    lambda file: file.message_type[0].field.pop(),
    lambda file: file.message_type.pop(),
    lambda file: file.service[0].method.pop(),
    lambda file: setattr(file.service[0].method[0], "output_type", ".portico.v1.Order"),
    lambda file: setattr(file.service[0].method[0], "server_streaming", True),
    lambda file: setattr(file.enum_type[0].value[1], "number", 999),
    lambda file: file.enum_type[0].value.pop(),
)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_shows(change: Callable[[FileDescriptorProto], object]) -> None:
    """The comparison itself: whatever is edited is missed."""
    [released] = [file for file in RELEASED.file if file.name == "portico/v1/ingestions.proto"]
    changed = FileDescriptorProto()
    changed.CopyFrom(released)
    change(changed)
    assert lost(released, changed)


def test_what_is_added_is_no_change() -> None:
    """A field, a message, a method: the contract grows by them."""
    [released] = [file for file in RELEASED.file if file.name == "portico/v1/ingestions.proto"]
    grown = FileDescriptorProto()
    grown.CopyFrom(released)
    grown.message_type[0].field.add(name="new", number=999, type=9, label=1)
    grown.message_type.add(name="New")
    grown.service[0].method.add(name="New")
    assert set() == lost(released, grown)
