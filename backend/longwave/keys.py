"""Subkeys of the installation's secret key, one for each purpose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from longwave.domain.errors import ConfigurationError

_NONCE_BYTES = 12


class Purpose(Enum):
    """What a subkey is for; a key never serves two purposes."""

    CONTACT = "contact"
    DUPLICATES = "duplicates"
    LINK = "link"
    COOKIE = "cookie"
    SEALED = "sealed"
    TRAIL = "trail"
    PERSONAL = "personal"
    SAMPLING = "sampling"
    CODE = "code"
    CALENDAR = "calendar"
    PAGE = "page"
    RATE = "rate"


class KeyRing:
    """Encrypts, signs and derives, under HKDF-SHA-256 subkeys (RFC 5869) of one secret."""

    def __init__(self, secret: str) -> None:
        self._keys = {
            purpose: HKDF(
                algorithm=SHA256(), length=32, salt=None, info=f"longwave/{purpose.value}".encode()
            ).derive(secret.encode())
            for purpose in Purpose
        }

    def encrypt(self, purpose: Purpose, plain: bytes, context: str) -> bytes:
        """Encrypt with AES-256-GCM; ``context`` must be given again to decrypt."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._keys[purpose]).encrypt(nonce, plain, context.encode())

    def decrypt(self, purpose: Purpose, sealed: bytes, context: str) -> bytes:
        """Decrypt what `encrypt` made.

        Raises
        ------
        ConfigurationError
            If the secret key is not the one it was encrypted under, or the bytes were changed.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self._keys[purpose]).decrypt(nonce, body, context.encode())
        except InvalidTag:
            raise ConfigurationError(
                "A stored value cannot be decrypted.",
                "Check that LONGWAVE_SECRET_KEY is the key that this database was filled under.",
            ) from None

    def mac(self, purpose: Purpose, message: str) -> str:
        """Return the HMAC-SHA-256 of ``message`` as 64 hexadecimal digits."""
        return self.begin_mac(purpose, message).hexdigest()

    def begin_mac(self, purpose: Purpose, message: str) -> hmac.HMAC:
        """Return the HMAC-SHA-256 of ``message`` and of whatever it is updated with."""
        return hmac.new(self._keys[purpose], message.encode(), hashlib.sha256)

    def link_token(self, uid: str) -> str:
        """Return the secret part of the link to an assessment: 192 bits that only we can derive.

        The database holds its SHA-256 alone, so that a reminder can repeat the link though
        nobody who reads the database can follow it.
        """
        digest = hmac.new(self._keys[Purpose.LINK], uid.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:24]).decode()

    def sign(self, value: str) -> str:
        """Return ``value`` with a signature that `unsign` checks; for cookies."""
        return f"{value}.{self.mac(Purpose.COOKIE, value)}"

    def unsign(self, signed: str) -> str | None:
        """Return the value that `sign` signed, or None if this is not one."""
        value, _, signature = signed.rpartition(".")
        expected = self.mac(Purpose.COOKIE, value)
        return value if hmac.compare_digest(signature.encode(), expected.encode()) else None


def token_hash(token: str) -> str:
    """Return the SHA-256 under which a token is stored, as 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
