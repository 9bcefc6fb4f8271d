package service

import (
	"fmt"

	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/token"
)

// Keyring returns the keys that verify tokens: the secrets, the public keys of the file, and the service's own ones. There
// has to be one. If something is wrong, it adds an error to r that names the variable.
func (s *Settings) Keyring(r *env.Reader, own ...token.PublicKey) *token.Keyring {
	public, err := s.publicKeys(own)
	if err != nil {
		r.Add(err)
		return nil
	}
	if len(public) == 0 {
		if r.Failed(s.JWTPublicKeys.Name()) {
			return nil
		}
		r.Require(s.JWTSecret, "; or JWT_PUBLIC_KEYS_FILE to that of a file with public keys, if TOKEN_ALG of auth-service is not HS256")
		if s.JWTSecret.Value() == "" {
			return nil
		}
	}
	ring, err := token.NewKeyring(s.JWTSecret.Value(), s.otherSecrets(), public...)
	r.Add(err)
	return ring
}

// ReplaceKeys puts the keys in force that the files hold now, and the service's own ones.
func (s *Settings) ReplaceKeys(ring *token.Keyring, own ...token.PublicKey) error {
	public, err := s.publicKeys(own)
	if err != nil {
		return err
	}
	return ring.Replace(s.JWTSecret.Value(), s.otherSecrets(), public...)
}

// KeyFiles are the settings with the keys that verify tokens.
func (s *Settings) KeyFiles() []*env.Secret {
	return []*env.Secret{s.JWTSecret, s.JWTOtherSecrets, s.JWTPublicKeys}
}

// Keys follows these files. After a change it replaces the ring's keys, and calls then, if that is not nil.
func (s *Settings) Keys(ring *token.Keyring, then func()) follow.Source {
	return env.SecretFiles(func() error {
		if err := s.ReplaceKeys(ring); err != nil {
			return err
		}
		if then != nil {
			then()
		}
		return nil
	}, s.KeyFiles()...)
}

func (s *Settings) otherSecrets() []string { return token.SplitSecrets(s.JWTOtherSecrets.Value()) }

func (s *Settings) publicKeys(own []token.PublicKey) ([]token.PublicKey, error) {
	keys, err := token.ParsePublicKeys(s.JWTPublicKeys.Value())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.JWTPublicKeys.Setting(), err)
	}
	return append(keys, own...), nil
}
