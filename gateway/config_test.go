package main

import (
	"io"
	"strings"
	"testing"
)

func TestAllMistakesInTheSettingsAreNamed(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"JWT_SECRET": "short", "AUTH_URL": "https://a", "TLS_CERT_FILE": "x", "TRUSTED_PROXIES": "all", "MAX_CONNECTIONS": "0", "HOSTS": "https://a", "HSTS": "on"}
	err := run(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, io.Discard)
	for _, name := range []string{"JWT_SECRET", "INTERNAL_SECRET", "AUTH_URL", "TLS_CERT_FILE", "TRUSTED_PROXIES", "MAX_CONNECTIONS", "HOSTS", "HSTS"} {
		if err == nil || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in\n%v", name, err)
		}
	}
}
