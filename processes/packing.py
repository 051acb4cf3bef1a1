"""Compression of what is stored by the million: zstd, with compressors a thread (making one costs several times its use)."""

from __future__ import annotations

import threading

import zstandard

FRAME = b"\x28\xb5\x2f\xfd"
"""What every frame begins with."""

_LEVEL, _THOROUGH = 1, 19


class _Contexts(threading.local):
    """Neither may be used by two threads at once."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(_LEVEL)
        self.thorough = zstandard.ZstdCompressor(_THOROUGH)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def compress(body: bytes) -> bytes:
    """A zstd frame."""
    return _contexts.compressor.compress(body)


def compress_for_good(body: bytes) -> bytes:
    """The same, as small as can be: for what is written once and kept for years. Takes milliseconds."""
    return _contexts.thorough.compress(body)


def plain(body: bytes) -> bytes:
    """What a frame holds; bytes that are none as they are."""
    return decompress(body) if body.startswith(FRAME) else body


def decompress(frame: bytes) -> bytes:
    """What :func:`compress` was given."""
    return _contexts.decompressor.decompress(frame)
