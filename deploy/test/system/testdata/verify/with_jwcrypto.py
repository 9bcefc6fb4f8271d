# jwcrypto: verifies each token on standard input with the JWKS at a URL. It prints the subject, or "refused" and why.
import json
import sys
import urllib.request

from jwcrypto import common, jwk, jwt

url, algorithm = sys.argv[1:3]
keys = jwk.JWKSet.from_json(urllib.request.urlopen(url).read())
checks = {"iss": "tallygate", "aud": "tallygate", "exp": None, "sub": None}
for text in sys.stdin.read().split():
    try:
        token = jwt.JWT(jwt=text, key=keys, algs=[algorithm], check_claims=checks)
        print(json.loads(token.claims)["sub"])
    except (common.JWException, ValueError) as refusal:
        print("refused:", " ".join(repr(refusal).split()))
