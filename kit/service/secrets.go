package service

import (
	"tallygate/kit/env"
	"tallygate/kit/token"
)

// JWTSecrets are the secrets of tokens, for env.Watch, which replaces the ring's with them. then, if not nil, is told
// the one that signs, after the ring knows it.
func (s *Settings) JWTSecrets(ring *token.Keyring, then func(secret string)) env.Watched {
	return env.Watched{Secrets: []*env.Secret{s.JWTSecret, s.JWTOtherSecrets}, Use: func() error {
		secret := s.JWTSecret.Value()
		if err := ring.Replace(secret, token.SplitSecrets(s.JWTOtherSecrets.Value())); err != nil {
			return err
		}
		if then != nil {
			then(secret)
		}
		return nil
	}}
}
