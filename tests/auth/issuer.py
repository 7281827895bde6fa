"""A small OIDC issuer on this machine: real keys, real HTTP, real signatures."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE: Final = "voltpass"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass
class Issuer:
    """What it serves can be changed while it runs."""

    url: str
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    n_asked: int = 0  # for its keys
    is_away: bool = False
    may_answer: threading.Event = field(default_factory=threading.Event)  # cleared: it lets wait
    said_issuer: str | None = None  # by its discovery, where that is another one

    def token(
        self, kid: str = "rsa-1", *, signed_by: PrivateKey | None = None, **claims: Any
    ) -> str:
        """Return a good token, changed as asked; a claim that is None is left out."""
        now = datetime.now(UTC)
        found = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "zhang.san",
            "iat": now,
            "exp": now + timedelta(minutes=5),
            "scope": "openid voltpass:read:customer",
            "voltpass_regions": ["R-OWN"],
            **claims,
        }
        key = signed_by or self.keys[kid]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        content = {name: value for name, value in found.items() if value is not None}
        return jwt.encode(content, key, algorithm=algorithm, headers={"kid": kid})

    def forged(self, algorithm: str, secret: bytes) -> str:
        """Return a token with the header of another algorithm, signed with a secret, or not at all."""
        header, content, _ = self.token().split(".")
        header = _encoded(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "rsa-1"}).encode())
        signed = f"{header}.{content}"
        signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
        return f"{signed}.{_encoded(signature)}"

    def public_pem(self, kid: str) -> bytes:
        """Return a public key as everybody can have it."""
        return (
            self.keys[kid]
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    def answer(self, path: str) -> dict[str, Any] | None:
        """Return what stands at a path; None: nothing does."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.said_issuer or self.url, "jwks_uri": f"{self.url}/jwks"}
        if path != "/jwks":
            return None
        self.n_asked += 1
        return {"keys": [_jwk(kid, key) for kid, key in self.keys.items()]}


def rsa_key() -> rsa.RSAPrivateKey:
    """Return a new key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """Run an issuer with an RSA key and one on a curve, on a port of its own."""
    issuer = Issuer(url="")
    issuer.may_answer.set()

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.may_answer.wait(30)
            found = None if issuer.is_away else issuer.answer(self.path)
            body = json.dumps(found).encode()
            self.send_response(503 if issuer.is_away else 404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    issuer.keys = {"rsa-1": rsa_key(), "ec-1": ec.generate_private_key(ec.SECP256R1())}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        issuer.may_answer.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _jwk(kid: str, key: PrivateKey) -> dict[str, Any]:
    algorithm = jwt.get_algorithm_by_name(
        "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    )
    public: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))
    return public | {"kid": kid, "use": "sig"}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
