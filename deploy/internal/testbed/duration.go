package testbed

import (
	"os"
	"testing"
	"time"
)

// Duration is what an environment variable says, like 90s, or def if it is not set.
func Duration(t testing.TB, name string, def time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return def
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}
