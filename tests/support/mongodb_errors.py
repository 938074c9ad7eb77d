"""Errors that a MongoDB server answers with when it cannot write, put in place of the real server's answers:
the embedded server is one process, which has no other one to hand over to and no small disk."""

import struct
from dataclasses import dataclass

import bson

OP_MSG = 2013
HEADER = struct.Struct("<iiii")
WRITES = frozenset({"insert", "update", "delete"})


@dataclass(frozen=True)
class ServerError:
    """One error as the server's list of codes has it."""

    code: int
    name: str
    message: str


# MongoDB's error_codes.yml.
NOT_WRITABLE_PRIMARY = ServerError(10107, "NotWritablePrimary", "not primary")
STEPPED_DOWN = ServerError(11602, "InterruptedDueToReplStateChange", "operation was interrupted")
DISK_FULL = ServerError(14031, "OutOfDiskSpace", "No space left on device")


def write_in(message: bytes) -> int | None:
    """Return the request's id, if the message is a whole command that writes; else None."""
    if len(message) < HEADER.size + 5:
        return None
    length, request_id, _, code = HEADER.unpack_from(message)
    if code != OP_MSG or length != len(message) or message[HEADER.size + 4] != 0:
        return None
    (body_length,) = struct.unpack_from("<i", message, HEADER.size + 5)
    command = bson.decode(message[HEADER.size + 5 : HEADER.size + 5 + body_length])
    return int(request_id) if next(iter(command)) in WRITES else None


def refusal(request_id: int, error: ServerError) -> bytes:
    """Return the server's whole answer to a request."""
    body = {"ok": 0.0, "errmsg": error.message, "code": error.code, "codeName": error.name}
    payload = b"\x00\x00\x00\x00\x00" + bson.encode(body)
    return HEADER.pack(HEADER.size + len(payload), 1, request_id, OP_MSG) + payload
