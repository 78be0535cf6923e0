"""A keyed hash of a text: what is stored where the text itself must not be."""

import hmac
import unicodedata

from pam.platform.observability import logger
from pam.platform.secret_key import SecretKey, SecretUnavailable


class TextHasher:
    """HMAC-SHA256 with a secret key: without it nobody can tell which text a hash belongs to by trying texts."""

    def __init__(self, key: SecretKey) -> None:
        """Reads no key."""
        self._key = key

    def digest(self, text: str, scope: str = "") -> str | None:
        """Return 64 hexadecimal digits, or None while the key can't be read. Hashes of different scopes differ.

        Texts that differ in compatibility forms or in whitespace alone have one hash. Upper and lower case are told
        apart: encoded text changes its meaning with them.
        """
        try:
            key = self._key.get()
        except SecretUnavailable as error:
            logger.warning("text not hashed", reason=str(error))
            return None
        normalised = " ".join(unicodedata.normalize("NFKC", text).split())
        # A JSON text may have a lone surrogate.
        message = f"{scope}\0{normalised}".encode("utf-8", "surrogatepass")
        return hmac.digest(key.encode(), message, "sha256").hex()
