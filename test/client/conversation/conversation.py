"""A conversation once more, written from docs/spec/conversations.md alone, on other libraries: makes the vectors of a file again, and compares. docs/spec/conversations.md#vectors"""

import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BODY, PART = 1964, 1947


def blake2b(length, message, key=b""):
    return hashlib.blake2b(message, digest_size=length, key=key).digest()


def derived(key, name, more=b""):
    return blake2b(32, b"p3do-conversation-" + name + b"-v1\0" + more, key)


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def shared(secret, key):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(key))


def step(root, secret):
    prk = hmac.new(root, secret, "sha256").digest()
    okm, block = b"", b""
    for index in (1, 2, 3):
        block = hmac.new(prk, block + b"p3do-conversation-root-v1" + bytes([index]), "sha256").digest()
        okm += block
    return okm[:32], okm[32:64], okm[64:]


def seal(key, salt, plain, aad):
    return ChaCha20Poly1305(derived(key, b"salted", salt)).encrypt(bytes(12), plain, aad)


class Talk:
    """What both sides know together: one root, and for each side its newest key and turn."""

    def __init__(self, vectors):
        prekey, secret = (bytes.fromhex(vectors[name]) for name in ("prekey", "secret"))
        self.root, self.addresses = derived(secret, b"invitation"), derived(secret, b"acceptance")
        self.keys = {"inviter": prekey}
        self.turns, self.last, self.binding = {}, None, None

    def say(self, message):
        by = message["by"]
        other = "accepter" if by == "inviter" else "inviter"
        identity, salt = bytes.fromhex(message["id"]), bytes.fromhex(message["salt"])
        if self.last != by:
            # A new turn, with a new key, that answers the newest of the other side.
            previous = self.turns.get(by, {"count": 0})["count"]
            self.keys[by] = bytes.fromhex(message["key"])
            common = shared(self.keys[by], public(self.keys[other]))
            assert common == shared(self.keys[other], public(self.keys[by]))
            self.root, chain, answers = step(self.root, common)
            self.turns[by] = {"chain": chain, "addresses": self.addresses, "count": 0, "previous": previous}
            self.addresses, self.last = answers, by
            if self.binding is None:
                pair = public(self.keys["inviter"]) + public(self.keys["accepter"])
                self.binding = blake2b(32, b"p3do-conversation-v1\0" + pair)
        turn = self.turns[by]
        text = message["text"].encode()
        body = bytes([0 if message["kind"] == "hello" else 1]) + identity + bytes([0, 1])
        body += message["hour"].to_bytes(4, "big") + len(text).to_bytes(2, "big") + text
        seed = Ed25519PrivateKey.from_private_bytes(derived(turn["addresses"], b"address"))
        address = seed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        said = public(self.keys[by]) + turn["previous"].to_bytes(4, "big")
        header = seal(
            derived(turn["addresses"], b"header"), salt, said, b"p3do-conversation-header-v1" + address
        )
        aad = b"p3do-conversation-body-v1" + self.binding + address + header
        value = salt + header + seal(derived(turn["chain"], b"message"), salt, body.ljust(BODY, b"\0"), aad)
        turn["chain"], turn["addresses"] = derived(turn["chain"], b"chain"), derived(turn["addresses"], b"addresses")
        turn["count"] += 1
        return {**message, "address": address.hex(), "value": blake2b(32, value).hex()}


def made(vectors):
    talk = Talk(vectors)
    prekey, secret = public(bytes.fromhex(vectors["prekey"])), bytes.fromhex(vectors["secret"])
    slip = blake2b(4, b"p3do-talk-v1" + vectors["domain"].encode() + prekey + secret)
    line = "p3do-talk-v1:" + vectors["domain"] + ":" + (prekey + secret + slip).hex()
    messages = [talk.say(message) for message in vectors["messages"]]
    return {**vectors, "line": line, "messages": messages, "binding": talk.binding.hex()}


with open(sys.argv[1]) as file:
    vectors = json.load(file)
if made(vectors) != vectors:
    sys.exit("the vectors are not what the page says")
print(len(vectors["messages"]), "messages")
