package tokentest

import (
	"fmt"
	"strings"
	"time"
)

func jsonAttacks(p Params) []Vector {
	claims := mustJSON(p.Claims())
	inner := claims[1 : len(claims)-1]
	signed := func(name, text string) Vector { return one(name, p.Sign(goodHeader, text), false) }
	return []Vector{
		signed("claim twice", `{`+inner+`,"sub":`+mustJSON(p.UserID)+`}`),
		signed("claim twice, once escaped", `{`+inner+`,"\u0073ub":"2"}`),
		signed("unknown claim twice", `{`+inner+`,"x":1,"x":2}`),
		signed("duplicate inside a nested object", `{`+inner+`,"x":{"a":1,"a":2}}`),
		signed("exp in another case", strings.Replace(claims, `"exp"`, `"EXP"`, 1)),
		signed("sub in another case", strings.Replace(claims, `"sub"`, `"Sub"`, 1)),
		signed("sub with a long s", strings.Replace(claims, `"sub"`, `"\u017fub"`, 1)),
		signed("invalid UTF-8 in a value", `{`+inner+",\"x\":\"\xff\"}"),
		signed("invalid UTF-8 in a name", `{`+inner+",\"x\xc0\xaf\":1}"),
		signed("lone surrogate", `{`+inner+`,"x":"\ud800"}`),
		signed("byte-order mark", "\ufeff"+claims),
		signed("UTF-16", utf16(claims)),
		signed("data after the object", claims+"{}"),
		signed("comma after the last member", `{`+inner+`,}`),
		signed("comment", `{`+inner+`/**/}`),
		signed("single quotes", strings.ReplaceAll(claims, `"`, `'`)),
		signed("NaN", `{`+inner+`,"x":NaN}`),
		signed("control character in a string", `{`+inner+",\"x\":\"\x01\"}"),
		signed("not closed", `{`+inner),
		signed("list", `[`+claims+`]`),
		signed("string", mustJSON(claims)),
		signed("null", `null`),
		signed("number", `1`),
		signed("empty object", `{}`),
		signed("1,000 levels of lists", `{`+inner+`,"x":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`),
		signed("500 levels of objects", `{`+inner+`,"x":`+strings.Repeat(`{"a":`, 500)+"1"+strings.Repeat("}", 500)+`}`),
		signed("5,000 levels not closed", strings.Repeat("[", 5000)),
	}
}

func utf16(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(0)
		b.WriteByte(text[i])
	}
	return b.String()
}

// claimWith is a token with another value of one claim.
func claimWith(p Params, name, claim string, value any) Vector {
	return one(name, p.TokenWith(map[string]any{claim: value}), false)
}

// claimText is a token with text, which need not be valid JSON, as the value of one claim.
func claimText(p Params, name, claim, text string) Vector {
	inner := strings.TrimPrefix(mustJSON(p.without(claim)), "{")
	return one(name, p.Sign(goodHeader, fmt.Sprintf(`{%q:%s,%s`, claim, text, inner)), false)
}

func timeAttacks(p Params) []Vector {
	now := p.Now.Unix()
	with := func(name, claim string, value any) Vector { return claimWith(p, name, claim, value) }
	raw := func(name, claim, text string) Vector { return claimText(p, name, claim, text) }
	life := int64(p.MaxLife / time.Second)
	return []Vector{
		with("no exp", "exp", nil),
		raw("exp is null", "exp", "null"),
		with("exp is a string", "exp", fmt.Sprint(now+60)),
		with("exp is a list", "exp", []int64{now + 60}),
		with("exp is true", "exp", true),
		with("exp is an object", "exp", map[string]any{}),
		raw("exp overflows a float", "exp", "1e400"),
		raw("exp is huge", "exp", "1e300"),
		raw("exp is the largest int64", "exp", "9223372036854775807"),
		raw("exp is over the largest int64", "exp", "9223372036854775808"),
		raw("exp is negative", "exp", "-1"),
		raw("exp is zero", "exp", "0"),
		raw("exp is minus zero", "exp", "-0"),
		raw("exp has a leading zero", "exp", fmt.Sprintf("0%d", now+60)),
		raw("exp is hexadecimal", "exp", "0x7fffffff"),
		with("expired an hour ago", "exp", now-3600),
		one("expired a second ago", p.TokenWith(map[string]any{"iat": now - 60, "exp": now - 1}), false),
		one("expires now", p.TokenWith(map[string]any{"iat": now - 60, "exp": now}), false),
		with("nbf in an hour", "nbf", now+3600),
		with("nbf in a minute", "nbf", now+60),
		with("nbf is a string", "nbf", "0"),
		raw("nbf is null", "nbf", "null"),
		raw("nbf overflows", "nbf", "1e999"),
		one("iat in an hour", p.TokenWith(map[string]any{"iat": now + 3600, "exp": now + 3660}), false),
		one("iat in a minute", p.TokenWith(map[string]any{"iat": now + 60, "exp": now + 120}), false),
		with("iat is a string", "iat", "now"),
		raw("iat is negative", "iat", "-1"),
		with("lives a second too long", "exp", now+life+1),
		with("lives for ten years", "exp", now+10*365*24*3600),
		one("lives too long and has no iat", p.TokenWith(map[string]any{"iat": nil, "exp": now + life + 3600}), false),
		one("lives too long, iat in the past", p.TokenWith(map[string]any{"iat": now - 86400*30, "exp": now + 60}), false),
	}
}

func claimAttacks(p Params) []Vector {
	with := func(name, claim string, value any) Vector { return claimWith(p, name, claim, value) }
	raw := func(name, claim, text string) Vector { return claimText(p, name, claim, text) }
	return []Vector{
		with("no sub", "sub", nil),
		raw("sub is null", "sub", "null"),
		with("sub is empty", "sub", ""),
		with("sub is a number", "sub", 1),
		with("sub is a list", "sub", []string{"1"}),
		with("sub is zero", "sub", "0"),
		with("sub is negative", "sub", "-1"),
		with("sub has a sign", "sub", "+1"),
		with("sub has a leading zero", "sub", "01"),
		with("sub has white space", "sub", "1 "),
		with("sub in other digits", "sub", "\u0661"),
		with("sub is a name", "sub", "eligijus"),
		with("sub is SQL", "sub", "1 OR 1=1"),
		with("sub is over int64", "sub", "9223372036854775808"),
		with("no iss", "iss", nil),
		with("other iss", "iss", "somebody"),
		with("iss in another case", "iss", strings.ToUpper(p.Issuer)),
		with("iss is a list", "iss", []string{p.Issuer}),
		with("no aud", "aud", nil),
		with("other aud", "aud", "somebody"),
		with("aud is an empty list", "aud", []string{}),
		with("aud is a list of others", "aud", []string{"a", "b"}),
		with("aud is a list with a number", "aud", []any{p.Audience, 1}),
		with("aud starts like ours", "aud", p.Audience+"-2"),
		with("jti is a number", "jti", 1),
		with("role is a list", "role", []string{"admin"}),
		with("key is a number", "key", 5),
		with("key is zero", "key", "0"),
		with("key has a leading zero", "key", "05"),
		with("key is empty", "key", ""),
		with("key is over int64", "key", "9223372036854775808"),
		raw("key is null", "key", "null"),
	}
}

// SessionVectors are tokens in which only gen or sid is missing or wrong. The gateway and auth-service, which know the
// user's state, refuse them. A service that verifies tokens alone accepts them. accept says which of the two is tested.
func SessionVectors(p Params, accept bool) []Vector {
	var all []Vector
	for _, claim := range []string{"gen", "sid"} {
		for _, value := range []any{nil, true, -1, 0.5, []any{}, map[string]any{"a": 1}} {
			name := fmt.Sprintf("%s is %v", claim, value)
			all = append(all, one(name, p.TokenWith(map[string]any{claim: value}), accept))
		}
		null := p.Sign(goodHeader, fmt.Sprintf(`{%q:null,%s`, claim, strings.TrimPrefix(mustJSON(p.without(claim)), "{")))
		all = append(all, one(claim+" is null", null, accept))
	}
	return append(all,
		one("gen is a string", p.TokenWith(map[string]any{"gen": "abc"}), accept),
		one("gen is a number in a string", p.TokenWith(map[string]any{"gen": "0"}), accept),
		one("gen is over int64", p.TokenWith(map[string]any{"gen": uint64(1 << 63)}), accept),
		one("sid is a number", p.TokenWith(map[string]any{"sid": 5}), accept),
		one("sid is empty", p.TokenWith(map[string]any{"sid": ""}), accept),
	)
}

func (p Params) without(claim string) map[string]any {
	claims := p.Claims()
	delete(claims, claim)
	return claims
}
