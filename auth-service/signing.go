package main

import (
	"fmt"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/token"
)

// signingConfig says what signs tokens: JWT_SECRET, or a private key.
type signingConfig struct {
	alg string
	key *env.Secret // not looked at with HS256
}

func readSigning(r *env.Reader) signingConfig {
	return signingConfig{
		alg: r.OneOf("TOKEN_ALG", token.HS256, token.EdDSA, token.ES256),
		key: r.OptionalSecret("JWT_SIGNING_KEY"),
	}
}

// signingKey returns the key that signs tokens. If it is wrong, it adds an error to r that names the variable.
func (c *config) signingKey(r *env.Reader) issuer.Key {
	needed, why := c.JWTSecret, ""
	if c.signing.alg != token.HS256 {
		needed, why = c.signing.key, "; TOKEN_ALG="+c.signing.alg+" signs with it, and auth-service secrets init DIR makes it"
	}
	r.Require(needed, why)
	if needed.Value() == "" {
		return issuer.Key{}
	}
	key, err := c.signingKeyNow()
	r.Add(err)
	return key
}

// signingKeyNow is the key that the files hold now.
func (c *config) signingKeyNow() (issuer.Key, error) {
	if c.signing.alg != token.HS256 {
		key, err := issuer.ParseKey(c.signing.key.Value())
		if err == nil && key.Algorithm() != c.signing.alg {
			err = fmt.Errorf("is a key for %s, and TOKEN_ALG is %s", key.Algorithm(), c.signing.alg)
		}
		if err != nil {
			return issuer.Key{}, fmt.Errorf("%s: %w", c.signing.key.Setting(), err)
		}
		return key, nil
	}
	if c.JWTSecret.Value() == "" {
		return issuer.Key{}, fmt.Errorf("%s: is empty, and TOKEN_ALG is HS256", c.JWTSecret.Setting())
	}
	return issuer.SecretKey(c.JWTSecret.Value()), nil
}

// tokenKeys follows the files with the keys of tokens. Nothing is signed before it is accepted here.
func (k keys) tokenKeys(cfg *config, signer *issuer.Issuer) follow.Source {
	return env.SecretFiles(func() error {
		if err := cfg.askersApart(); err != nil {
			return err
		}
		key, err := cfg.signingKeyNow()
		if err != nil {
			return err
		}
		if err := cfg.ReplaceKeys(k.ring, key.Public()...); err != nil {
			return err
		}
		signer.Replace(key)
		return nil
	}, append(cfg.KeyFiles(), cfg.signing.key)...)
}
