"""Boxes once more, written from docs/spec/pigeonhole.md alone, on other libraries: makes the vectors of a file again, and compares. docs/spec/pigeonhole.md#vectors"""

import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PART = 1975


def blake2b(bits, message, key=b""):
    return hashlib.blake2b(message, digest_size=bits // 8, key=key).digest()


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def u32(value):
    return value.to_bytes(4, "big")


def u64(value):
    return value.to_bytes(8, "big")


def extract(suite, salt, label, ikm):
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256").digest()


def expand(suite, prk, label, info, length):
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.new(prk, labeled + b"\x01", "sha256").digest()[:length]


def hpke_seal(ephemeral, public, info, aad, plaintext):
    """RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    pair = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = raw(pair)
    dh = pair.exchange(X25519PublicKey.from_public_bytes(public))
    shared = expand(kem, extract(kem, b"", b"eae_prk", dh), b"shared_secret", enc + public, 32)
    context = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plaintext, aad)


def zeros(digest):
    return len(digest) * 8 - int.from_bytes(digest, "big").bit_length()


def arguments(order):
    if order["kind"] == "make":
        return u32(order["bits"])
    if order["kind"] == "close":
        return b""
    reader = bytes.fromhex(order["reader"])
    if order["kind"] == "leave":
        return reader
    return reader + u64(order["number"]) + u64(order["acknowledged"]) + u64(order["after"]) + u32(order["limit"])


def main(file):
    with open(file, encoding="ascii") as opened:
        vectors = json.load(opened)
    root, domain = bytes.fromhex(vectors["root"]), vectors["domain"].encode()
    seed = blake2b(256, b"p3do-pigeonhole-sign-v1", root)
    secret = blake2b(256, b"p3do-pigeonhole-seal-v1", root)
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    keys = raw(signer) + raw(X25519PrivateKey.from_private_bytes(secret))
    name = blake2b(256, b"p3do-pigeonhole-box-v1" + keys)
    assert (seed.hex(), secret.hex(), keys.hex()) == (vectors["seed"], vectors["secret"], vectors["keys"])
    assert name.hex() == vectors["name"]
    assert f"psyc://{vectors['domain']}/$pigeonhole#{keys.hex()}" == vectors["address"]
    for order in vectors["orders"]:
        method = b"_request_box_" + order["kind"].encode()
        signed = b"p3do-pigeonhole-v1\0" + domain + b"\0" + keys + method + b"\0" + u32(order["day"]) + arguments(order)
        assert signer.sign(signed).hex() == order["proof"]
    for work in vectors["works"]:
        proof = bytes.fromhex(work["proof"])
        assert proof[:4] == u32(work["hour"])
        head = b"p3do-pigeonhole-work-v1\0" + domain + b"\0" + name + bytes.fromhex(work["digest"])
        assert zeros(blake2b(256, head + proof)) == work["bits"]
    deposits = 0
    for message in vectors["messages"]:
        drawn, hour = bytes.fromhex(message["drawn"]), u32(message["hour"])
        whole = drawn[:16] + bytes.fromhex(message["content"])
        ident = blake2b(128, b"p3do-pigeonhole-message-v1\0" + hour + whole)
        parts = [whole[at : at + PART] for at in range(0, len(whole), PART)]
        made = []
        for index, part in enumerate(parts):
            head = b"\x01" + hour + ident + bytes([index, len(parts)]) + len(part).to_bytes(2, "big")
            plain = (head + part).ljust(2000, b"\0")
            ephemeral = drawn[16 + 32 * index : 48 + 32 * index]
            sealed = hpke_seal(ephemeral, keys[32:], b"p3do-pigeonhole-deposit-v1", domain + b"\0" + keys, plain)
            assert len(sealed) == 2048
            made.append(blake2b(256, sealed).hex())
        assert made == message["deposits"]
        deposits += len(made)
    print(f"{len(vectors['orders'])} orders, {len(vectors['works'])} proofs of work, {deposits} deposits")


main(sys.argv[1])
