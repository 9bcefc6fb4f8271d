package system_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestARestoredBackUpGivesNobodyToSomebodyElse: after the back-up, a user registers, and calls that are not in the ledger
// yet. The back-up is restored while a gateway runs that knows this user. The next user gets nothing of it.
func TestARestoredBackUpGivesNobodyToSomebodyElse(t *testing.T) {
	t.Parallel()
	for name, postgres := range map[string]bool{"SQLite": false, "PostgreSQL": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster.Start(t, cluster.Config{Postgres: postgres, Auth: cluster.CheapPasswords()})
			c.CreateAdmin(t, "root", "correct horse")
			r := &restored{Cluster: c, client: contract.NewClient(c.Gateways[0].URL)}
			r.register(t, "ada")
			kept := r.signIn(t, "ada")
			backUp := r.backUp(t)

			bob := r.register(t, "bob")
			bobs, lost := r.signIn(t, "bob"), r.signIn(t, "ada")
			for _, token := range []string{kept, bobs, lost} {
				if got := r.call(t, token); got != http.StatusOK {
					t.Errorf("before the restore: got %d", got)
				}
			}
			c.CutOff() // from here on usage waits in STATE_DIR
			const calls = 5
			for range calls {
				if got := r.call(t, bobs); got != http.StatusOK {
					t.Errorf("cut off: got %d", got)
				}
			}
			r.restore(t, backUp)
			c.Reconnect()

			eve := r.register(t, "eve")
			if eve == bob {
				t.Fatalf("eve has bob's id %d", bob)
			}
			eves := r.signIn(t, "eve")
			if got := r.call(t, eves); got != http.StatusOK {
				t.Errorf("eve: got %d", got)
			}
			for name, token := range map[string]string{"bob": bobs, "ada's session from after the back-up": lost} {
				testbed.Eventually(t, name+" to be refused", func() error {
					if got := r.call(t, token); got != http.StatusUnauthorized {
						return fmt.Errorf("got %d", got)
					}
					return nil
				})
			}
			if got := r.call(t, kept); got != http.StatusOK {
				t.Errorf("ada's session from before the back-up: got %d", got)
			}
			admin := r.signIn(t, "root")
			testbed.Eventually(t, "the calls of both to be in the ledger, each under an id of their own", func() error {
				bobs, eves := r.usage(t, fmt.Sprintf("/admin/users/%d/usage", bob), admin), r.usage(t, "/users/me/usage", eves)
				if bobs < calls || eves == 0 {
					return fmt.Errorf("bob has %d, eve %d", bobs, eves)
				}
				return nil
			})
			if got := r.usage(t, "/users/me/usage", eves); got != 1 {
				t.Errorf("eve has %d calls, want 1", got)
			}
		})
	}
}

// restored is a cluster whose database is restored.
type restored struct {
	*cluster.Cluster
	client *contract.Client
}

func (r *restored) register(t *testing.T, name string) int64 {
	t.Helper()
	var user struct {
		ID int64 `json:"user_id"`
	}
	r.post(t, "/users/register", name, http.StatusCreated, &user)
	return user.ID
}

func (r *restored) signIn(t *testing.T, name string) string {
	t.Helper()
	var pair struct{ Token string }
	r.post(t, "/token", name, http.StatusOK, &pair)
	return pair.Token
}

func (r *restored) post(t *testing.T, path, name string, status int, into any) {
	t.Helper()
	got, err := r.client.Post(path, contract.Credentials{Username: name, Password: "correct horse"})
	if err != nil || got.Status != status {
		t.Fatalf("%s %s: got %d %s, %v", path, name, got.Status, got.Body, err)
	}
	if err := json.Unmarshal([]byte(got.Body), into); err != nil {
		t.Fatal(err)
	}
}

// call is the status of a call of /root.
func (r *restored) call(t *testing.T, token string) int {
	t.Helper()
	got, err := r.client.Root(token, "9", "0.5")
	if err != nil {
		t.Fatal(err)
	}
	return got.Status
}

// usage is how many calls the ledger has.
func (r *restored) usage(t *testing.T, path, token string) int64 {
	t.Helper()
	got, err := r.client.Do(http.MethodGet, path, http.Header{"Authorization": {token}}, nil)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", path, got.Status, got.Body, err)
	}
	var report struct{ Total struct{ Requests int64 } }
	if err := json.Unmarshal([]byte(got.Body), &report); err != nil {
		t.Fatal(err)
	}
	return report.Total.Requests
}

// backUp returns the back-up of the database.
func (r *restored) backUp(t *testing.T) []byte {
	t.Helper()
	if r.Database != nil {
		out, err := exec.CommandContext(t.Context(), "pg_dump", "-Fc", "-d", r.DatabaseURL).Output()
		if err != nil {
			t.Fatalf("pg_dump: %v %s", err, stderr(err))
		}
		return out
	}
	r.stopAuth(t)
	content, err := os.ReadFile(r.file())
	if err != nil {
		t.Fatal(err)
	}
	r.startAuth(t)
	return content
}

// restore restores a back-up as docs/operate.md says.
func (r *restored) restore(t *testing.T, backUp []byte) {
	t.Helper()
	r.stopAuth(t)
	if r.Database != nil {
		cmd := exec.CommandContext(t.Context(), "pg_restore", "--clean", "--if-exists", "-d", r.DatabaseURL)
		cmd.Stdin = bytes.NewReader(backUp)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("pg_restore: %v %s", err, out)
		}
	} else {
		err := os.WriteFile(r.file(), backUp, 0o600)
		for _, beside := range []string{"-wal", "-shm"} {
			if gone := os.Remove(r.file() + beside); !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	r.startAuth(t)
}

func (r *restored) file() string { return strings.TrimPrefix(r.DatabaseURL, "sqlite:") }

func (r *restored) stopAuth(t *testing.T) {
	t.Helper()
	if err := r.Auths[0].Stop(); err != nil {
		t.Fatal(err)
	}
}

func (r *restored) startAuth(t *testing.T) {
	t.Helper()
	if err := errors.Join(r.Auths[0].Start(), r.Auths[0].Ready(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// stderr is what a program wrote before it failed.
func stderr(err error) []byte {
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.Stderr
	}
	return nil
}
