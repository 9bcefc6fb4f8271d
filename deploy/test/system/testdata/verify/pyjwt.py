# PyJWT: verifies each token on standard input with the JWKS at a URL. It prints the subject, or "refused" and why.
import sys

import jwt

url, algorithm = sys.argv[1:3]
keys = jwt.PyJWKClient(url)
for token in sys.stdin.read().split():
    try:
        key = keys.get_signing_key_from_jwt(token).key
        claims = jwt.decode(token, key, algorithms=[algorithm], issuer="tallygate", audience="tallygate", options={"require": ["exp", "sub"]})
        print(claims["sub"])
    except jwt.exceptions.PyJWTError as refusal:
        print(f"refused: {refusal!r}")
