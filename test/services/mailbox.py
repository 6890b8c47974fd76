"""Addresses and values once more, written from docs/spec/mailbox.md alone, on other libraries: makes the vectors of a file again, and compares. docs/spec/mailbox.md#vectors"""

import hashlib
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def blake2b(message):
    return hashlib.blake2b(message, digest_size=32).digest()


def zeros(digest):
    return len(digest) * 8 - int.from_bytes(digest, "big").bit_length()


def work(domain, name, digest, hour, bits):
    challenge = b"p3do-mailbox-work-v1\0" + domain.encode() + b"\0" + name + digest + hour.to_bytes(4, "big")
    number = 0
    while zeros(blake2b(challenge + number.to_bytes(8, "big"))) < bits:
        number += 1
    return hour.to_bytes(4, "big") + number.to_bytes(8, "big")


def made(vector, domain):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"]))
    address = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    value = vector["text"].encode().ljust(2048, b"\0")
    name = blake2b(b"p3do-mailbox-name-v1" + address)
    proof = key.sign(b"p3do-mailbox-v1\0" + address + value)
    row = bytes([1]) + vector["day"].to_bytes(4, "big") + proof + value
    return {
        "seed": vector["seed"],
        "text": vector["text"],
        "address": address.hex(),
        "name": name.hex(),
        "proof": proof.hex(),
        "day": vector["day"],
        "row": blake2b(row).hex(),
        "hour": vector["hour"],
        "bits": vector["bits"],
        "work": work(domain, name, blake2b(value), vector["hour"], vector["bits"]).hex(),
    }


with open(sys.argv[1]) as file:
    vectors = json.load(file)
again = {**vectors, "values": [made(vector, vectors["domain"]) for vector in vectors["values"]]}
if again != vectors:
    sys.exit("the vectors are not what the page says")
print(len(vectors["values"]), "values")
