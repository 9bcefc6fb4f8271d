package main

import (
	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/clientauth"
	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/internalapi"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
)

// keys are what is derived from the secrets. They change when the files of the secrets do.
type keys struct {
	signing  issuer.Key // at the start; the issuer has the one in force
	ring     *token.Keyring
	internal *internalapi.Bearer
	refresh  *account.RefreshKeys
	factors  *account.FactorKeys
	names    *account.NameHash
	tickets  *ticket.Keys
	askers   *clientauth.Secrets
}

// newKeys derives the keys. If a secret is wrong, it adds an error to r that names the variable.
func newKeys(cfg *config, r *env.Reader) keys {
	k := keys{signing: cfg.signingKey(r)}
	if k.signing.ID() != "" {
		k.ring = cfg.Keyring(r, k.signing.Public()...)
	}
	var err error
	k.askers, err = clientauth.New(cfg.askers.Value())
	if err == nil {
		err = cfg.askersApart()
	}
	r.Add(err)
	secret := cfg.internalSecret.Value()
	if secret == "" {
		return k // r has the error already
	}
	k.internal, err = internalapi.NewBearer(secret)
	if err == nil && k.ring != nil {
		err = internalapi.KeepApart(k.ring, k.internal)
	}
	r.Add(err)
	k.refresh, err = account.NewRefreshKeys(token.SplitSecrets(secret))
	r.Add(err)
	k.factors, err = account.NewFactorKeys(token.SplitSecrets(secret))
	r.Add(err)
	k.names, err = account.NewNameHash(newest(secret))
	r.Add(err)
	k.tickets, err = ticket.NewKeys(token.SplitSecrets(secret))
	r.Add(err)
	return k
}

// internalSecret follows the file of INTERNAL_SECRET and replaces the keys that are derived from it.
func (k keys) internalSecret(cfg *config) follow.Source {
	return env.SecretFiles(func() error {
		if err := cfg.askersApart(); err != nil {
			return err
		}
		secret := cfg.internalSecret.Value()
		if err := k.internal.Replace(secret); err != nil {
			return err
		}
		if err := k.names.Replace(newest(secret)); err != nil {
			return err
		}
		if err := k.factors.Replace(token.SplitSecrets(secret)); err != nil {
			return err
		}
		if err := k.tickets.Replace(token.SplitSecrets(secret)); err != nil {
			return err
		}
		return k.refresh.Replace(token.SplitSecrets(secret))
	}, cfg.internalSecret)
}

// newest is the first of the secrets in INTERNAL_SECRET. During a rotation there are two.
func newest(secret string) string {
	if all := token.SplitSecrets(secret); len(all) > 0 {
		return all[0]
	}
	return secret
}
