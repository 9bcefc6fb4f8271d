package main

import (
	"io"
	"strings"
	"testing"
)

func TestTheServiceDoesNotStartWithOneSecretForTwoPurposes(t *testing.T) {
	t.Parallel()
	for variable, secrets := range map[string][3]string{
		"JWT_SECRET":        {goodSecret, "", goodSecret},
		"JWT_OTHER_SECRETS": {goodSecret, otherSecret, thirdSecret + "," + otherSecret},
	} {
		vars := settings(t)
		vars["JWT_SECRET"], vars["JWT_OTHER_SECRETS"], vars["INTERNAL_SECRET"] = secrets[0], secrets[1], secrets[2]
		err := run(t.Context(), lookup(vars), io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), "INTERNAL_SECRET") ||
			strings.Contains(err.Error(), goodSecret) || strings.Contains(err.Error(), otherSecret) {
			t.Errorf("%s: got %v, want an error that names both variables and shows no secret", variable, err)
		}
	}
}
