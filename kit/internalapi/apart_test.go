package internalapi_test

import (
	"strings"
	"testing"

	"tallygate/kit/internalapi"
	"tallygate/kit/token"
)

const three = "a1029384756afbecd0a1029384756afbecd0a102"

func ring(t *testing.T, secret string, others ...string) *token.Keyring {
	t.Helper()
	keys, err := token.NewKeyring(secret, others)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// refused checks an error about a secret with two purposes: it begins with the variable and shows no secret.
func refused(t *testing.T, err error, variable string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), "INTERNAL_SECRET") {
		t.Errorf("got %v, want an error about %s", err, variable)
		return
	}
	for _, secret := range []string{one, two, three} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func TestACommonSecretIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		tokens   *token.Keyring
		internal string
		variable string // at fault; empty: none
	}{
		{"all differ", ring(t, one, two), three, ""},
		{"all of several differ", ring(t, one), two + "," + three, ""},
		{"it signs", ring(t, one), one, "JWT_SECRET"},
		{"it verifies", ring(t, one, three, two), two, "JWT_OTHER_SECRETS: entry 2"},
		{"it signs, and is the next internal one", ring(t, one), two + ", " + one, "JWT_SECRET"},
		{"it is written with white space around it", ring(t, " "+one+"\t"), one, "JWT_SECRET"},
		{"JWT_SECRET has the same list, though as one secret", ring(t, one+","+two), one + "," + two, "JWT_SECRET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := internalapi.KeepApart(test.tokens, bearer(t, test.internal))
			if test.variable != "" {
				refused(t, err, test.variable)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACommonSecretIsRefusedWhenSecretsAreReplaced(t *testing.T) {
	t.Parallel()
	tokens, internal := ring(t, one), bearer(t, two)
	if err := internalapi.KeepApart(tokens, internal); err != nil {
		t.Fatal(err)
	}
	refused(t, tokens.Replace(two, nil), "JWT_SECRET")
	refused(t, tokens.Replace(three, []string{one, two}), "JWT_OTHER_SECRETS: entry 2")
	refused(t, internal.Replace(one), "INTERNAL_SECRET")
	refused(t, internal.Replace(two+","+one), "INTERNAL_SECRET")
	if !tokens.Holds(one) || tokens.Holds(two) || tokens.Holds(three) || internal.Header() != bearer(t, two).Header() {
		t.Error("a refused secret is in force")
	}
	if err := tokens.Replace(three, nil); err != nil {
		t.Error(err)
	}
	if err := internal.Replace(one); err != nil {
		t.Errorf("a secret that signs no longer: %v", err)
	}
}
