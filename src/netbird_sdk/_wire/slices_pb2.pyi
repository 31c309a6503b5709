from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class MappingBatch(_message.Message):
    __slots__ = ("mapping", "initial_sync_complete")
    MAPPING_FIELD_NUMBER: _ClassVar[int]
    INITIAL_SYNC_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    mapping: _containers.RepeatedScalarFieldContainer[bytes]
    initial_sync_complete: bool
    def __init__(self, mapping: _Optional[_Iterable[bytes]] = ..., initial_sync_complete: bool = ...) -> None: ...

class MappingKey(_message.Message):
    __slots__ = ("type", "id", "auth_token")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    AUTH_TOKEN_FIELD_NUMBER: _ClassVar[int]
    type: int
    id: str
    auth_token: bytes
    def __init__(self, type: _Optional[int] = ..., id: _Optional[str] = ..., auth_token: _Optional[bytes] = ...) -> None: ...
