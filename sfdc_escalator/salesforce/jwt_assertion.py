"""The signed word of the JWT bearer flow: who we are, for whom, until when."""

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sfdc_escalator.errors import Invalid

VALID = 170  # seconds; Salesforce takes 3 minutes at most (OAuth 2.0 JWT Bearer Flow)
LEAST_BITS = 2048


def assertion(client_id: str, username: str, audience: str, private_key: str, now: float) -> str:
    """RS256. Raises Invalid for what is no private key that can sign it, without a word of the key."""
    claims = {"iss": client_id, "sub": username, "aud": audience, "exp": int(now) + VALID}
    return jwt.encode(claims, rsa_key(private_key), algorithm="RS256")


def rsa_key(pem: str) -> RSAPrivateKey:
    if "PRIVATE KEY-----" not in pem:
        what = "a certificate, which the app gets" if "CERTIFICATE-----" in pem else "no PEM"
        raise Invalid(f"the private key is {what}; expected the key file, with -----BEGIN PRIVATE KEY----- in it")
    try:
        # In one line of a variable, line ends are often written as \n.
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except TypeError:
        raise Invalid(
            "the private key asks for a passphrase, which nobody can type at night: write a copy without it "
            "(openssl pkey -in KEY -out KEY.plain), make it mode 0600, and name that one"
        ) from None
    except ValueError:
        raise Invalid("the private key cannot be read: it is damaged, cut short, or no PEM") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise Invalid(f"the private key is not RSA with {LEAST_BITS} bits or more, which Salesforce asks for")
    return key
