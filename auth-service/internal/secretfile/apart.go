package secretfile

import (
	"fmt"
	"slices"

	"tallygate/kit/token"
)

// keepApart refuses files that have a secret for two purposes: no service starts with them. read returns a file's content. The
// error names the files and shows no secret.
func keepApart(read func(name string) ([]byte, error)) error {
	internal, err := read("internal_secret")
	if err != nil {
		return err
	}
	for _, name := range []string{"jwt_secret", "jwt_other_secrets"} {
		tokens, err := read(name)
		if err != nil {
			return err
		}
		if inCommon(string(tokens), string(internal)) {
			return fmt.Errorf("%s and internal_secret have a secret in common: each needs random bytes of its own (openssl rand -hex 32 makes some)", name)
		}
	}
	return nil
}

// inCommon reports whether two lists share a secret.
func inCommon(one, other string) bool {
	secrets := token.SplitSecrets(other)
	return slices.ContainsFunc(token.SplitSecrets(one), func(secret string) bool { return slices.Contains(secrets, secret) })
}
