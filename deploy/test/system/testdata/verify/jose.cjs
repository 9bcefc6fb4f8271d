// jose: verifies each token on standard input with the JWKS at a URL. It prints the subject, or "refused" and why.
const jose = require("jose");
const [url, algorithm] = process.argv.slice(2);
const keys = jose.createRemoteJWKSet(new URL(url));
const tokens = require("fs").readFileSync(0, "utf8").trim().split("\n");
(async () => {
  for (const token of tokens) {
    try {
      const { payload } = await jose.jwtVerify(token, keys, { algorithms: [algorithm], issuer: "tallygate", audience: "tallygate" });
      console.log(payload.sub);
    } catch (refusal) {
      console.log(`refused: ${refusal}`);
    }
  }
})();
