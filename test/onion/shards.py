"""Shards once more, written from docs/spec/shards.md alone, with the pieces of zfec: cuts the vectors' messages, and compares."""

import hashlib
import json
import sys

import zfec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

DATA = 3363
NEEDED = 64


def stream(seed, length):
    return Cipher(algorithms.ChaCha20(bytes.fromhex(seed), bytes(16)), mode=None).encryptor().update(bytes(length))


def times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def value(coefficients, point):
    result = 0
    for coefficient in reversed(coefficients):
        result = times(result, point) ^ coefficient
    return result


class Draws:
    def __init__(self, seed):
        self.left = stream(seed, 100_000)

    def __call__(self, length):
        drawn, self.left = self.left[:length], self.left[length:]
        return drawn


def cut(vector):
    """The id, and for each block its key, m and contents."""
    draw = Draws(vector["seed"])
    ident = draw(16)
    written = b"\0" + stream(vector["message"]["seed"], vector["message"]["bytes"])
    blocks = -(-len(written) // (NEEDED * DATA - 16))
    each = -(-len(written) // blocks)
    for block in range(blocks):
        piece = written[block * each : (block + 1) * each]
        m = -(-(len(piece) + 16) // DATA)
        n = min(255, m + -(-m * vector["sparePercent"] // 100))
        key = draw(32)
        coefficients = [key] + [draw(32) for _ in range(m - 1)]
        name = ident + bytes([block, blocks, m, n]) + len(piece).to_bytes(4, "big")
        sealed = ChaCha20Poly1305(key).encrypt(bytes(12), piece, name)
        size = -(-len(sealed) // m)
        padded = sealed.ljust(m * size, b"\0")
        pieces = zfec.Encoder(m, n).encode([padded[i * size : (i + 1) * size] for i in range(m)])
        contents = []
        for index, data in enumerate(pieces):
            share = bytes(value([c[at] for c in coefficients], index + 1) for at in range(32))
            head = b"\0\1" + ident + bytes([block, blocks, m, n, index]) + len(piece).to_bytes(4, "big")
            contents.append(head + share + bytes(data))
        yield ident, key, m, contents


messages = json.load(open(sys.argv[1]))["messages"]
count = 0
for vector in messages:
    for (ident, key, m, contents), block in zip(cut(vector), vector["blocks"], strict=True):
        assert ident.hex() == vector["id"], vector["name"]
        assert (key.hex(), m) == (block["key"], block["m"]), vector["name"]
        assert [hashlib.blake2b(c, digest_size=32).hexdigest() for c in contents] == block["digests"], vector["name"]
        count += len(contents)
print(f"{len(messages)} messages, {count} shards")
