"""The cell once more, written from docs/spec/onion.md alone: seals, wraps and opens the vectors of a folder, and compares. docs/spec/onion.md#vectors"""

import base64
import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ZEROS = bytes(16)


def blake2b(bits, message, key=b""):
    return hashlib.blake2b(message, digest_size=bits // 8, key=key).digest()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def stream(key, length):
    """ChaCha20's key stream; the library's nonce is counter and nonce."""
    return Cipher(algorithms.ChaCha20(key, ZEROS), mode=None).encryptor().update(bytes(length))


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret, point):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(point))


def hint_for(alpha, key):
    ident = blake2b(128, b"p3do-hint-v1" + key)
    return xor(Cipher(algorithms.AES(alpha), modes.ECB()).encryptor().update(ident), ident)


class Layer:
    """A hop of the vectors: its α, hint, secret and keys."""

    def __init__(self, hop):
        secret, ephemeral = bytes.fromhex(hop["secret"]), bytes.fromhex(hop["ephemeral"])
        self.alpha = public(ephemeral)
        if hop["kind"] == "one-time":
            self.s = secret
            self.hint = blake2b(128, b"p3do-one-time-v1", secret)
        else:
            key = public(secret)
            self.s = blake2b(256, b"p3do-dh-v1" + x25519(secret, self.alpha) + self.alpha + key)
            assert x25519(secret, self.alpha) == x25519(ephemeral, key)
            self.hint = hint_for(self.alpha, key) if hop["kind"] == "server" else blake2b(128, b"p3do-tag-v1", self.s)
        k = b"".join(blake2b(512, b"p3do-layer-v1" + bytes([i]), self.s) for i in range(4))
        self.mac_key, self.stream_key, self.body_keys = k[0:32], k[32:64], k[64:192]
        self.replay, self.seal_key, self.deposit = k[192:208], k[208:224], k[224:256]

    def mac(self, beta):
        return blake2b(128, self.alpha + self.hint + beta, self.mac_key)


def encipher(keys, body):
    k1, k2, k3, k4 = (keys[i : i + 32] for i in range(0, 128, 32))
    left, right = body[:32], body[32:]
    right = xor(right, stream(xor(left, k1), 3408))
    left = xor(left, blake2b(256, right, k2))
    right = xor(right, stream(xor(left, k3), 3408))
    return xor(left, blake2b(256, right, k4)) + right


def decipher(keys, body):
    k1, k2, k3, k4 = (keys[i : i + 32] for i in range(0, 128, 32))
    left, right = body[:32], body[32:]
    left = xor(left, blake2b(256, right, k4))
    right = xor(right, stream(xor(left, k3), 3408))
    left = xor(left, blake2b(256, right, k2))
    return left + xor(right, stream(xor(left, k1), 3408))


def seal_of(key, body):
    return blake2b(128, body, key)


def content_body(content, padding_seed):
    return ZEROS + len(content).to_bytes(2, "big") + content + stream(bytes.fromhex(padding_seed), 3422 - len(content))


def block(command, flags, delay_ms, expiry, field, following):
    head = bytes([command, flags]) + (delay_ms // 10).to_bytes(2, "big") + expiry.to_bytes(4, "big")
    return (head + field + bytes(8) + following).ljust(96, b"\0")


def hour(now):
    return (now // 3600 + 2) * 3600


def midnight(now):
    return -(-(now + 7 * 86400) // 86400) * 86400


def build_head(layers, blocks, padding_seed):
    """`blocks` take where to next, and give their 96 bytes."""
    n = len(layers)
    phi = b""
    for i, layer in enumerate(layers[:-1]):
        phi = xor(phi + bytes(96), stream(layer.stream_key, 576)[480 - 96 * i :])
    own = blocks[-1](b"") + stream(bytes.fromhex(padding_seed), 480 - 96 * n)
    beta = xor(own, stream(layers[-1].stream_key, len(own))) + phi
    for i in range(n - 2, -1, -1):
        after = layers[i + 1]
        plain = blocks[i](after.alpha + after.hint + after.mac(beta)) + beta[:384]
        beta = xor(plain, stream(layers[i].stream_key, 480))
    return layers[0].alpha + layers[0].hint + layers[0].mac(beta) + beta


def seal_route(route):
    hops, now = route["hops"], route["nowSeconds"]
    layers = [Layer(hop) for hop in hops]
    content = route["content"]
    content = bytes.fromhex(content) if isinstance(content, str) else stream(bytes.fromhex(content["seed"]), content["bytes"])
    body = content_body(content, route["contentPaddingSeed"])
    seals = [ZEROS]
    for layer in reversed(layers):
        body = encipher(layer.body_keys, body)
        seals.insert(0, seal_of(layer.seal_key, body))
    last = {"exit": 1, "discard": 2}[route["last"]]

    def told(i, hop):
        command = last if i == len(hops) - 1 else 0
        expiry = midnight(now) if hop["deposit"] else hour(now)
        return lambda following: block(command, int(hop["deposit"]), hop["delayMs"], expiry, seals[i + 1], following)

    head = build_head(layers, [told(i, hop) for i, hop in enumerate(hops)], route["headPaddingSeed"])
    return head + seals[0] + body, content


def make_ticket(ticket):
    hops, layers = ticket["hops"], [Layer(hop) for hop in ticket["hops"]]
    expiry = midnight(ticket["nowSeconds"])

    def told(i, hop):
        if i == len(hops) - 1:
            return lambda following: block(3, 0, 0, expiry, bytes.fromhex(ticket["id"]), following)
        return lambda following: block(0, 2, hop["delayMs"], expiry, layers[i + 1].seal_key, following)

    head = build_head(layers, [told(i, hop) for i, hop in enumerate(hops)], ticket["headPaddingSeed"])
    keys = stream(bytes.fromhex(ticket["bodyKeysSeed"]), 128)
    return head + keys + layers[0].seal_key + expiry.to_bytes(4, "big")


def answer(ticket, text):
    body = encipher(text[544:672], content_body(bytes.fromhex(ticket["content"]), ticket["contentPaddingSeed"]))
    return text[:544] + seal_of(text[672:688], body) + body


def undo(ticket, text, body):
    for hop in reversed(ticket["hops"]):
        body = encipher(Layer(hop).body_keys, body)
    body = decipher(text[544:672], body)
    assert body[:16] == ZEROS
    return body[18 : 18 + int.from_bytes(body[16:18], "big")]


def wrap(onion, envelope, context):
    pair, key = bytes.fromhex(envelope["ephemeral"]), public(context)
    alpha, decoy = public(pair), public(bytes.fromhex(envelope["decoy"]))
    secret = blake2b(256, b"p3do-envelope-v1" + x25519(pair, key) + alpha + key)
    hint = hint_for(alpha, key)
    sealed = ChaCha20Poly1305(secret).encrypt(bytes(12), onion, alpha + hint + decoy)
    ciphertext, tag = sealed[:4000], sealed[4000:]
    replay = blake2b(128, b"p3do-envelope-replay-v1", secret)
    return alpha + hint + tag + ciphertext[:32] + decoy + ciphertext[32:], replay


def bare(onion, filler):
    return public(bytes.fromhex(filler["forgotten"])) + stream(bytes.fromhex(filler["seed"]), 64) + onion


def travel(onion, hops, cells, context):
    """Opens the onion at each hop, comparing all that the vector says; the last hop's command and deciphered body."""
    for hop, cell in zip(hops, cells, strict=True):
        layer = Layer(hop)
        alpha, hint, mac, beta, seal, body = onion[:32], onion[32:48], onion[48:64], onion[64:544], onion[544:560], onion[560:]
        assert (alpha, hint, mac, seal) == (layer.alpha, layer.hint, layer.mac(beta), seal_of(layer.seal_key, body))
        enveloped, replay = wrap(onion, cell["envelope"], context)
        plain = xor(beta + bytes(96), stream(layer.stream_key, 576))
        told, beta_next = plain[:96], plain[96:]
        found = {
            "alpha": alpha,
            "hint": hint,
            "mac": mac,
            "betaDigest": blake2b(256, beta),
            "seal": seal,
            "bodyDigest": blake2b(256, body),
            "onionDigest": blake2b(256, onion),
            "layerSecret": layer.s,
            "replayTag": layer.replay,
            "deposit": layer.deposit,
            "block": told,
            "bareDigest": blake2b(256, bare(onion, cell["filler"])),
            "envelopedDigest": blake2b(256, enveloped),
        }
        for name, value in found.items():
            assert value.hex() == cell[name], name
        assert replay.hex() == cell["envelope"]["replayTag"]
        body = decipher(layer.body_keys, body)
        field = told[8:24]
        onion = told[32:96] + beta_next + (seal_of(field, body) if told[1] & 2 else field) + body
    return told[0], body


def main(folder):
    read = lambda name: json.loads((folder / name).read_text())
    routes, tickets, whole = read("routes.json"), read("tickets.json"), read("cells.json")
    context = bytes.fromhex(routes["context"])
    count = 0
    for route in routes["routes"]:
        onion, content = seal_route(route)
        command, body = travel(onion, route["hops"], route["cells"], context)
        assert command == 2 or body[:18] == ZEROS + len(content).to_bytes(2, "big")
        assert body[18:].startswith(content)
        count += len(route["cells"])
        if route["name"] == whole["route"]:
            assert bare(onion, route["cells"][0]["filler"]) == base64.b64decode(whole["bare"])
            assert wrap(onion, route["cells"][0]["envelope"], context)[0] == base64.b64decode(whole["enveloped"])
    for ticket in tickets["tickets"]:
        text = make_ticket(ticket)
        assert (text.hex(), int.from_bytes(text[688:], "big")) == (ticket["ticket"], ticket["expiry"])
        command, body = travel(answer(ticket, text), ticket["hops"], ticket["cells"], context)
        assert (command, blake2b(256, body).hex()) == (3, ticket["replyDigest"])
        assert undo(ticket, text, body).hex() == ticket["content"]
        count += len(ticket["cells"])
        if ticket["name"] == tickets["armour"]["of"]:
            letters = "".join(tickets["armour"]["text"].split("\n")[1:-2])
            versioned = b"\1" + text
            assert base64.b64decode(letters) == versioned + blake2b(256, versioned)[:4]
    print(f"{count} cells, {len(tickets['tickets'])} tickets")


main(pathlib.Path(sys.argv[1]))
