"""The signed assertion of the JWT bearer flow: client, user, audience, expiry."""

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sfdc_escalator.errors import Invalid

BEGIN = "-----BEGIN PRIVATE KEY-----"
VALID = 170  # seconds; Salesforce accepts at most 3 minutes (OAuth 2.0 JWT Bearer Flow)
LEAST_BITS = 2048
ASKED = f"an RSA key with {LEAST_BITS} bits or more"
NEW = "make a new one (openssl req -x509 -newkey rsa:2048 -nodes ...) and upload its certificate to the app"


def assertion(client_id: str, username: str, audience: str, private_key: str, now: float) -> str:
    """The assertion, signed with RS256. Raises Invalid for an unusable private key, without showing any of it."""
    claims = {"iss": client_id, "sub": username, "aud": audience, "exp": int(now) + VALID}
    return jwt.encode(claims, rsa_key(private_key), algorithm="RS256")


def rsa_key(pem: str) -> RSAPrivateKey:
    # In one line of a variable, line ends are often written as \n.
    text = pem.replace("\\r", "").replace("\\n", "\n")
    if "PRIVATE KEY-----" not in text:
        raise Invalid(f"the private key is {what_it_is(text)}; expected the key file, with {BEGIN} in it")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise Invalid(
            "the private key asks for a passphrase, which cron cannot type: write a copy without it "
            "(openssl pkey -in KEY -out KEY.plain), set its mode to 0600, and name that file"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(f"the private key cannot be read: it is {what_it_is(text)}; expected {ASKED}") from None
    if not isinstance(key, RSAPrivateKey):
        raise Invalid(f"the private key is not RSA: Salesforce asks for {ASKED}; {NEW}")
    if key.key_size < LEAST_BITS:
        raise Invalid(f"the private key has {key.key_size} bits: Salesforce asks for {ASKED}; {NEW}")
    return key


def what_it_is(pem: str) -> str:
    """A description of a text that is not a readable key."""
    kinds = {
        "CERTIFICATE": "a certificate, which belongs in the app",
        "PUBLIC KEY": "a public key",
        "OPENSSH": "in the format of OpenSSH",
    }
    found = (kind for mark, kind in kinds.items() if f"-----BEGIN {mark}" in pem)
    return next(found, "damaged, cut short, or of an unknown kind" if "-----BEGIN" in pem else "not a PEM file")
