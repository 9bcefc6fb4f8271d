package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tallygate/kit/apikey"
	"tallygate/kit/internalapi/internalapitest"
	"tallygate/kit/token/tokentest"
)

// compareKeys is what a call with an API key costs beside one with a token: of the same users, at the same gateway, which forwards a
// token in both cases.
func compareKeys(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	keys, err := b.writeKeys(users)
	if err != nil {
		return err
	}
	g, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off")
	if err != nil {
		return err
	}
	defer g.stop()
	rows, err := b.measure(ctx, []subject{
		{"tokens", g.addr, path, tokens, []*process{g.process}},
		{"API keys", g.addr, path, keys, []*process{g.process}},
	})
	if err != nil {
		return err
	}
	printRows("API keys, access logs off:", rows)
	fmt.Printf("keys/tokens %.2f (bound 1.10)   questions about keys: %d for %d keys\n", rows[1].to(rows[0]), b.fake.KeyQuestions(), users)
	return nil
}

// writeKeys gives each user an API key, and writes a file with one on each line.
func (b *bench) writeKeys(users int) (string, error) {
	var lines strings.Builder
	for i := 1; i <= users; i++ {
		secret, err := apikey.New(rand.Reader)
		if err != nil {
			return "", err
		}
		lines.WriteString(secret + "\n")
		digest, id := apikey.Hash(secret), strconv.Itoa(1<<40+i)
		b.fake.SetUser(int64(i), internalapitest.Members{
			"generation": 1, "ended_sessions": []any{}, "monthly_quota": nil,
			"keys": []any{internalapitest.Members{
				"key_id": id, "hashes": []any{internalapitest.Members{"hash": digest.String(), "until": nil}},
				"expires_at": nil, "routes": nil, "monthly_quota": nil,
			}},
		})
		b.fake.SetKey(digest.String(), int64(i), internalapitest.Members{"key_id": id, "token": b.keyToken(i, id, digest)})
	}
	file := filepath.Join(b.dir, fmt.Sprintf("keys-%d", users))
	return file, os.WriteFile(file, []byte(lines.String()), 0o600)
}

// keyToken is a token that stands for a key: its id ends with the key's link.
func (b *bench) keyToken(user int, keyID string, digest apikey.Digest) string {
	link := digest.Link()
	id := make([]byte, 16)
	copy(id[len(id)-len(link):], link[:])
	p := tokentest.Params{
		Secret: b.secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: time.Now(),
		UserID: strconv.Itoa(user), SessionID: "key-" + keyID, Generation: 1,
	}
	return p.TokenWith(map[string]any{"key": keyID, "jti": base64.RawURLEncoding.EncodeToString(id)})
}
