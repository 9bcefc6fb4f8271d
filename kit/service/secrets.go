package service

import (
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/token"
)

// JWTSecrets follows the files of the JWT secrets. After a change it replaces the ring's secrets. If then is not nil, it
// is called next, with the secret that signs.
func (s *Settings) JWTSecrets(ring *token.Keyring, then func(secret string)) follow.Source {
	return env.SecretFiles(func() error {
		secret := s.JWTSecret.Value()
		if err := ring.Replace(secret, token.SplitSecrets(s.JWTOtherSecrets.Value())); err != nil {
			return err
		}
		if then != nil {
			then(secret)
		}
		return nil
	}, s.JWTSecret, s.JWTOtherSecrets)
}
