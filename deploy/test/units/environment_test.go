package units_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/readyz"
)

// TestUnitsGiveTheProgramsWhatTheyNeed starts the programs with the environment of their units, and with the folders of secrets that
// their units show them. Only folders and ports are others.
func TestUnitsGiveTheProgramsWhatTheyNeed(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	secrets := filepath.Join(data, "secrets")
	share := strings.Fields(settings(t, unitFiles(t, "tallygate-secrets.service")[0])["ExecStart"][0])
	if share[0] != programFolder+"auth-service" || share[len(share)-1] != "/etc/tallygate/secrets" {
		t.Fatalf("the secrets are made by %q", share)
	}
	share[len(share)-1] = secrets
	if out, err := exec.CommandContext(t.Context(), testbed.Program("auth-service"), share[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	addrs := testbed.FreeAddresses(t, 6)
	for _, start := range []struct {
		unit string
		own  []string
	}{
		{"auth", []string{"ADDR=" + addrs[0], "PRIVATE_ADDR=" + addrs[1]}},
		{"math", []string{"ADDR=" + addrs[2], "PRIVATE_ADDR=" + addrs[3]}},
		{"gateway", []string{
			"ADDR=" + addrs[4], "PRIVATE_ADDR=" + addrs[5],
			"AUTH_URL=http://" + addrs[0], "AUTH_PRIVATE_URL=http://" + addrs[1], "MATH_URL=http://" + addrs[2],
		}},
	} {
		unit := settings(t, unitFiles(t, "tallygate-"+start.unit+".service")[0])
		seen := view(t, unit["BindReadOnlyPaths"], secrets)
		place := strings.NewReplacer("/run/tallygate/secrets", seen, "/var/lib", data)
		var environ []string
		for _, pair := range unit["Environment"] {
			environ = append(environ, place.Replace(pair))
		}
		for _, folder := range unit["StateDirectory"] {
			if err := os.Mkdir(filepath.Join(data, folder), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		p := testbed.Launch(t, testbed.Spec{
			Name: start.unit,
			Command: func() *exec.Cmd {
				cmd := exec.Command(strings.ReplaceAll(unit["ExecStart"][0], programFolder, testbed.Program("")+"/"))
				cmd.Env = slices.Concat(environ, start.own)
				return cmd
			},
			Ready: func(ctx context.Context) error {
				return readyz.Check(ctx, strings.TrimPrefix(start.own[1], "PRIVATE_ADDR="))
			},
		})
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	client, who := contract.NewClient("http://"+addrs[4]), contract.Credentials{Username: "ada", Password: "correct horse"}
	if got, err := client.Register(who); err != nil || got.Status != http.StatusCreated {
		t.Fatalf("got %+v, %v", got, err)
	}
	if got, err := client.Root(client.Token(t, who), "9", "0.5"); err != nil || got.Body != `{"root":3}` {
		t.Errorf("got %+v, %v", got, err)
	}
}

// view is a folder with links to the folders of secrets that a unit shows to its service.
func view(t *testing.T, binds []string, secrets string) string {
	t.Helper()
	seen := t.TempDir()
	for bind := range strings.FieldsSeq(strings.Join(binds, " ")) {
		from, to, _ := strings.Cut(bind, ":")
		name := strings.TrimPrefix(from, "/etc/tallygate/secrets/")
		if to != "/run/tallygate/secrets/"+name {
			t.Fatalf("got the bind %s, want one that keeps the folder's name", bind)
		}
		if err := os.Symlink(filepath.Join(secrets, name), filepath.Join(seen, name)); err != nil {
			t.Fatal(err)
		}
	}
	return seen
}
