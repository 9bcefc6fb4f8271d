package tokentest

import (
	"fmt"
	"strings"

	"tallygate/kit/ticket"
)

// Vectors is the whole list.
func Vectors(p Params) []Vector {
	var all []Vector
	for _, group := range []func(Params) []Vector{accepted, headerAttacks, shapeAttacks, jsonAttacks, timeAttacks, claimAttacks, fieldAttacks, ticketAttacks, keyAttacks} {
		all = append(all, group(p)...)
	}
	return all
}

func one(name, token string, accept bool) Vector {
	return Vector{Name: name, Authorization: []string{token}, Accept: accept}
}

func accepted(p Params) []Vector {
	claims, token := mustJSON(p.Claims()), p.Token()
	return []Vector{
		one("bare token", token, true),
		one("Bearer token", "Bearer "+token, true),
		one("scheme in lower case", "bearer "+token, true),
		one("scheme in upper case", "BEARER "+token, true),
		one("several spaces after the scheme", "Bearer   "+token, true),
		one("other member order in the header", p.Sign(`{"typ":"JWT","alg":"HS256"}`, claims), true),
		one("white space in both JSON texts", p.Sign(" {\n\t\"alg\" : \"HS256\" }\r\n", "  "+strings.ReplaceAll(claims, ",", " ,\n ")+"\n"), true),
		one("no typ", p.Sign(`{"alg":"HS256"}`, claims), true),
		one("unknown header members", p.Sign(`{"alg":"HS256","x":{"y":[1,2]},"cty2":null}`, claims), true),
		one("unknown claims", p.TokenWith(map[string]any{"x": map[string]any{"y": []int{1}}, "EXP": 1, "email": "a@b"}), true),
		one("escaped member names", p.Sign(`{"\u0061lg":"HS256"}`, strings.Replace(claims, `"exp"`, `"\u0065xp"`, 1)), true),
		one("nbf in the past", p.TokenWith(map[string]any{"nbf": p.Now.Unix() - 60}), true),
		one("aud is a list with ours in it", p.TokenWith(map[string]any{"aud": []string{"other", p.Audience}}), true),
		one("exp with a fraction", p.TokenWith(map[string]any{"exp": float64(p.Now.Unix()) + 30.5}), true),
		one("no iat and no jti", p.TokenWith(map[string]any{"iat": nil, "jti": nil}), true),
		one("b64 true", p.Sign(`{"alg":"HS256","b64":true}`, claims), true),
		one("jku and x5u are not followed", p.Sign(fmt.Sprintf(`{"alg":"HS256","jku":%q,"x5u":%q}`, p.TrapURL, p.TrapURL), claims), p.Key == nil),
		one("kid names no key", p.Sign(`{"alg":"HS256","kid":"other"}`, claims), true),
		one("kid is a path", p.Sign(`{"alg":"HS256","kid":"../../../../dev/null"}`, claims), true),
		one("kid is SQL", p.Sign(`{"alg":"HS256","kid":"x' UNION SELECT 'secret' --"}`, claims), true),
	}
}

func headerAttacks(p Params) []Vector {
	claims := mustJSON(p.Claims())
	var all []Vector
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "HS256 ", " HS256", "hs256", "Hs256", "HS-256", "none\u0000"} {
		header := fmt.Sprintf(`{"alg":%s,"typ":"JWT"}`, mustJSON(alg))
		all = append(all,
			one(fmt.Sprintf("alg %q without signature", alg), b64(header)+"."+b64(claims)+".", false),
			one(fmt.Sprintf("alg %q with a good signature", alg), p.signAs(header, claims), false))
	}
	for _, alg := range []string{"HS256", "Ed25519", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS512", "EdDSA", "HS1", "dir", "A256KW", "PBES2-HS256+A128KW"} {
		if alg != p.alg() {
			all = append(all, one("alg "+alg+" with a good signature", p.signAs(fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, alg), claims), false))
		}
	}
	return append(all,
		one("HS384 with the right secret", sign384(p.Secret, `{"alg":"HS384","typ":"JWT"}`, claims), false),
		one("HS512 with the right secret", sign512(p.Secret, `{"alg":"HS512","typ":"JWT"}`, claims), false),
		one("HS512 MAC under an HS256 header", sign512(p.Secret, goodHeader, claims), false),
		one("no alg", p.Sign(`{"typ":"JWT"}`, claims), false),
		one("alg in another case", p.Sign(`{"ALG":"HS256"}`, claims), false),
		one("alg is a number", p.Sign(`{"alg":256}`, claims), false),
		one("alg is null", p.Sign(`{"alg":null}`, claims), false),
		one("alg is a list", p.Sign(`{"alg":["HS256"]}`, claims), false),
		one("alg twice", p.Sign(`{"alg":"HS256","alg":"HS256"}`, claims), false),
		one("alg twice, once none", p.Sign(`{"alg":"none","alg":"HS256"}`, claims), false),
		one("alg twice, once escaped", p.Sign(`{"alg":"HS256","\u0061lg":"none"}`, claims), false),
		one("typ at+jwt", p.Sign(`{"alg":"HS256","typ":"at+jwt"}`, claims), false),
		one("typ logout+jwt", p.Sign(`{"alg":"HS256","typ":"logout+jwt"}`, claims), false),
		one("typ JWE", p.Sign(`{"alg":"HS256","typ":"JWE"}`, claims), false),
		one("typ is a number", p.Sign(`{"alg":"HS256","typ":1}`, claims), false),
		one("typ is null", p.Sign(`{"alg":"HS256","typ":null}`, claims), false),
		one("typ is empty", p.Sign(`{"alg":"HS256","typ":""}`, claims), false),
		one("crit with an unknown member", p.Sign(`{"alg":"HS256","crit":["x"],"x":1}`, claims), false),
		one("crit is empty", p.Sign(`{"alg":"HS256","crit":[]}`, claims), false),
		one("crit with exp", p.Sign(`{"alg":"HS256","crit":["exp"],"exp":1}`, claims), false),
		one("crit with b64", p.Sign(`{"alg":"HS256","crit":["b64"],"b64":true}`, claims), false),
		one("b64 false", p.Sign(`{"alg":"HS256","b64":false}`, claims), false),
		one("b64 false and crit", p.Sign(`{"alg":"HS256","crit":["b64"],"b64":false}`, claims), false),
		one("enc makes it a JWE", p.Sign(`{"alg":"HS256","enc":"A128GCM"}`, claims), false),
		one("kid is a number", p.Sign(`{"alg":"HS256","kid":1}`, claims), false),
		one("kid is a list", p.Sign(`{"alg":"HS256","kid":["x"]}`, claims), false),
		one("kid of 100 kB", p.Sign(`{"alg":"HS256","kid":"`+strings.Repeat("k", 100_000)+`"}`, claims), false),
		one("kid is a path and the MAC is over an empty key", Sign("", `{"alg":"HS256","kid":"/dev/null"}`, claims), false),
		one("jwk holds the key that signed", Sign("attacker-attacker-attacker-attacker", `{"alg":"HS256","jwk":{"kty":"oct","k":"`+b64("attacker-attacker-attacker-attacker")+`"}}`, claims), false),
		one("jku names the key that signed", Sign("attacker-attacker-attacker-attacker", fmt.Sprintf(`{"alg":"HS256","jku":%q}`, p.TrapURL), claims), false),
		one("x5c holds the key that signed", Sign("attacker-attacker-attacker-attacker", `{"alg":"HS256","x5c":["AAAA"]}`, claims), false),
		one("empty header", p.Sign(`{}`, claims), false),
		one("header is a list", p.Sign(`["HS256"]`, claims), false),
		one("header is a string", p.Sign(`"HS256"`, claims), false),
		one("header is null", p.Sign(`null`, claims), false))
}

func shapeAttacks(p Params) []Vector {
	token := p.Token()
	parts := strings.Split(token, ".")
	header, claims, mac := parts[0], parts[1], parts[2]
	wrong := strings.Split(Sign("another secret of more than 32 bytes", goodHeader, mustJSON(p.Claims())), ".")[2]
	return []Vector{
		one("plain words instead of a token", "Hello I am a really legit token", false),
		one("signature of another secret", header+"."+claims+"."+wrong, false),
		one("empty signature", header+"."+claims+".", false),
		one("no signature", header+"."+claims, false),
		one("signature cut short", header+"."+claims+"."+mac[:len(mac)-2], false),
		one("signature half", header+"."+claims+"."+mac[:22], false),
		one("signature extended", header+"."+claims+"."+mac+"AA", false),
		one("signature doubled", header+"."+claims+"."+mac+mac, false),
		one("signature with unused bits set", header+"."+claims+"."+nonCanonical(mac), false),
		one("signature with padding", token+"=", false),
		one("header with padding", header+"=."+claims+"."+mac, false),
		one("standard base64 alphabet", header+"."+claims+"."+"+/"+mac[2:], false),
		one("line end inside", header+"."+claims[:4]+"\n"+claims[4:]+"."+mac, false),
		one("carriage return inside", header+"."+claims[:4]+"\r"+claims[4:]+"."+mac, false),
		one("space inside", header+". "+claims+"."+mac, false),
		one("tab inside", header+"."+claims+"\t."+mac, false),
		one("NUL inside", header+"."+claims+"\x00."+mac, false),
		one("no-break space after the scheme", "Bearer\u00a0"+token, false),
		one("percent-encoded dot", header+"%2e"+claims+"."+mac, false),
		one("dot at the end", token+".", false),
		one("dot at the start", "."+token, false),
		one("two dots together", header+".."+mac, false),
		one("only dots", "..", false),
		one("ten thousand dots", strings.Repeat(".", 10_000), false),
		one("five parts, as a JWE", header+"."+claims+"."+claims+"."+claims+"."+mac, false),
		one("JSON serialisation", fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, claims, header, mac), false),
		one("general JSON serialisation", fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, claims, header, mac), false),
		one("claims swapped under a good signature", header+"."+b64(mustJSON(map[string]any{"sub": "1"}))+"."+mac, false),
		one("quoted", `"`+token+`"`, false),
		one("nine kilobytes", p.TokenWith(map[string]any{"pad": strings.Repeat("p", 9_000)}), false),
		one("one megabyte", p.TokenWith(map[string]any{"pad": strings.Repeat("p", 1_000_000)}), false),
	}
}

// nonCanonical sets an unused bit of the last character: decoders that are not strict see the same bytes.
func nonCanonical(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + string(alphabet[last|1])
}

func fieldAttacks(p Params) []Vector {
	token := p.Token()
	return []Vector{
		{Name: "no Authorization"},
		one("empty Authorization", "", false),
		one("only the scheme", "Bearer", false),
		one("scheme twice", "Bearer Bearer "+token, false),
		one("no space after the scheme", "Bearer"+token, false),
		one("tab after the scheme", "Bearer\t"+token, false),
		one("word after the token", "Bearer "+token+" x", false),
		one("Basic", "Basic "+token, false),
		one("Token", "Token "+token, false),
		one("JWT", "JWT "+token, false),
		one("DPoP", "DPoP "+token, false),
		one("Digest", `Digest username="x", response="`+token+`"`, false),
		one("comma-joined", "Bearer "+token+", Bearer "+token, false),
		one("comma-joined without space", token+","+token, false),
		{Name: "the good token twice", Authorization: []string{"Bearer " + token, "Bearer " + token}},
		{Name: "a good token and a bad one", Authorization: []string{"Bearer " + token, "Bearer x.y.z"}},
		{Name: "a bad token and a good one", Authorization: []string{"Bearer x.y.z", "Bearer " + token}},
		{Name: "an empty field and a good token", Authorization: []string{"", "Bearer " + token}},
	}
}

// ticketAttacks are tickets in place of tokens. They are sealed with the secret that tokens are signed with, which no
// installation allows: not even then is one a token.
func ticketAttacks(p Params) []Vector {
	keys, err := ticket.NewKeys([]string{p.Secret})
	if err != nil {
		panic(err) // a mistake in the test, as in mustJSON
	}
	sealed, err := keys.Seal(ticket.Ticket{ExpiresAt: p.Now.Add(ticket.Life), Token: p.Token()})
	if err != nil {
		panic(err)
	}
	bare := strings.TrimPrefix(sealed, ticket.Prefix)
	return []Vector{
		one("a ticket", sealed, false),
		one("a ticket as a bearer", "Bearer "+sealed, false),
		one("a ticket without its prefix", bare, false),
		one("a ticket with a scheme of its own", "Ticket "+sealed, false),
		one("a ticket as claims", p.Sign(goodHeader, mustJSON(sealed)), false),
		one("a ticket in the shape of a token", strings.Join([]string{bare[:20], bare[20:40], bare[40:]}, "."), false),
		one("a token behind a ticket's prefix", ticket.Prefix+p.Token(), false),
		one("a ticket as a parameter", "ticket="+sealed, false),
	}
}
