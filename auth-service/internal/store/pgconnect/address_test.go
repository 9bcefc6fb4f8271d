package pgconnect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/auth-service/internal/store/pgconnect"
)

func TestEveryMistakeInAnAddressIsNamedAndNoPasswordIs(t *testing.T) {
	t.Parallel()
	noCertificate := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noCertificate, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string][]string{
		"postgres://u:hunter2@h/db?sslmod=require":                          {`unknown option "sslmod"`, "sslmode is one"},
		"postgres://u:hunter2@h/db?frobnicate=1":                            {`unknown option "frobnicate"`, "options=-c"},
		"postgres://u:hunter2@h/db?pool_max_conns=4":                        {`unknown option "pool_max_conns"`},
		"postgres://u:hunter2@h/db?sslmode=yes":                             {"option sslmode", `"yes"`, "disable, allow, prefer, require, verify-ca, verify-full"},
		"postgres://u:hunter2@h/db?target_session_attrs=standby":            {"option target_session_attrs", "any, read-write, primary"},
		"postgres://u:hunter2@h/db?connect_timeout=5s":                      {"option connect_timeout", "whole number"},
		"postgres://u:hunter2@h/db?sslrootcert=/nowhere/ca.pem":             {"option sslrootcert", "/nowhere/ca.pem"},
		"postgres://u:hunter2@h/db?sslrootcert=" + noCertificate:            {"option sslrootcert", "no certificate"},
		"postgres://u:hunter2@h/db?sslcert=/nowhere/c.pem":                  {"option sslcert", "option sslkey"},
		"postgres://u:hunter2@h/db?sslmode=yes&sslmod=no&connect_timeout=x": {"option sslmode", `"sslmod"`, "option connect_timeout"},
		"postgres://u:hunter2@h/db?sslmode=require&sslmode=disable":         {"option sslmode", "twice"},
		"postgres://u:hunter2@h/db?port=0":                                  {"option port"},
		"postgres://u:hunter2@h:port/db":                                    {"port"},
		"postgres://u:hunter2@h:99999/db":                                   {"port"},
		"postgres://u:hun?ter2@h/db":                                        {"percent-encoded"},
		"postgres://u:hun?te&r2=@h/db":                                      {"percent-encoded"},
		"postgres://u:hun%ter2@h/db":                                        {"percent-encoded"},
		"postgres://u:hunter2@h/db?sslmode=%zz":                             {"percent-encoded"},
	} {
		_, err := pgconnect.Open(address)
		if err == nil {
			t.Errorf("%s: it was taken", address)
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: got %q, want it to contain %q", address, err, part)
			}
		}
		for _, secret := range []string{"hunter2", "hun", "ter2", "r2="} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %q contains a part of the password", address, err)
			}
		}
	}
}

func TestGoodAddressesAreTaken(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://u@h/db",
		"postgresql://u:p%40ss@h:5432/db?sslmode=verify-full&connect_timeout=3&application_name=x",
		"postgres://u@h1,h2:5433/db?target_session_attrs=read-write",
		"postgres://u@h1:5432,h2:5433/db?target_session_attrs=primary",
		"postgres:///db?host=/var/run/postgresql&user=u",
		"postgres://u@[::1]:5432,[::2]:5432/db",
		"postgres://u@h/db?statement_timeout=5000&search_path=tallygate&options=-c%20jit%3Doff&TimeZone=UTC",
	} {
		if _, err := pgconnect.Open(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
