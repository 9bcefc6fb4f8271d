package env_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/env"
	"tallygate/kit/follow"
)

// following follows two secrets that go together and one that stands alone. Values that begin with "bad" are refused.
type following struct {
	*follow.Follower

	dir  string
	log  strings.Builder
	used map[string][]string // the values that were put in force
}

func (f *following) file(name string) string { return filepath.Join(f.dir, name) }

func (f *following) source(name string, secrets ...*env.Secret) follow.Source {
	return env.SecretFiles(func() error {
		var values []string
		for _, s := range secrets {
			if strings.HasPrefix(s.Value(), "bad") {
				return errors.New(s.Name() + ": is bad")
			}
			values = append(values, s.Value())
		}
		f.used[name] = append(f.used[name], strings.Join(values, "+"))
		return nil
	}, secrets...)
}

func newFollowing(t *testing.T) *following {
	t.Helper()
	f := &following{dir: t.TempDir(), used: map[string][]string{}}
	vars := map[string]string{}
	for _, name := range []string{"A", "B", "C"} {
		write(t, f.file(name), "first")
		vars[name+"_FILE"] = f.file(name)
	}
	r := env.NewReader(lookup(vars))
	together, alone := f.source("A+B", r.Secret("A"), r.Secret("B")), f.source("C", r.Secret("C"))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	f.Follower = follow.New(slog.New(slog.NewTextHandler(&f.log, nil)), together, alone)
	return f
}

func TestOnlySecretsThatChangedArePutInForce(t *testing.T) {
	t.Parallel()
	f := newFollowing(t)
	f.Look(false)
	write(t, f.file("A"), "second")
	f.Look(false)
	write(t, f.file("C"), "second")
	f.Look(false)
	f.Look(false)
	f.Look(true) // forced, but nothing has changed
	if got := strings.Join(f.used["A+B"], " "); got != "second+first" {
		t.Errorf("A and B: got %q", got)
	}
	if got := strings.Join(f.used["C"], " "); got != "second" {
		t.Errorf("C: got %q", got)
	}
	if log := f.log.String(); !strings.Contains(log, `msg="A and B reloaded"`) || !strings.Contains(log, `msg="C reloaded"`) {
		t.Errorf("got the log\n%s", log)
	}
}

func TestARefusedOrUnreadableSecretDoesNotHoldBackOthers(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]string{"refused": "bad", "unreadable": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFollowing(t)
			write(t, f.file("A"), broken)
			write(t, f.file("C"), "second")
			f.Look(false)
			f.Look(false)
			write(t, f.file("A"), "second")
			f.Look(false)
			if got := strings.Join(f.used["C"], " "); got != "second" {
				t.Errorf("C: got %q", got)
			}
			if got := strings.Join(f.used["A+B"], " "); got != "second+first" {
				t.Errorf("A and B: got %q", got)
			}
			log := f.log.String()
			if got := strings.Count(log, "level=ERROR"); got != 1 || !strings.Contains(log, "the old values stay in use") || !strings.Contains(log, "A") {
				t.Errorf("the mistake is logged %d times, want once with its name:\n%s", got, log)
			}
		})
	}
}

func TestAnUnreadableSecretDoesNotHoldBackItsPartner(t *testing.T) {
	t.Parallel()
	f := newFollowing(t)
	write(t, f.file("A"), "")
	write(t, f.file("B"), "second")
	f.Look(false)
	f.Look(false)
	if got := strings.Join(f.used["A+B"], " "); got != "first+second" {
		t.Errorf("got %q, want the new B beside the old A, once", got)
	}
}

func TestAHalfWrittenRotationTakesEffectWhenItIsComplete(t *testing.T) {
	t.Parallel()
	f := newFollowing(t)
	write(t, f.file("A"), "bad without its other half")
	f.Look(false)
	write(t, f.file("B"), "second")
	write(t, f.file("A"), "second")
	f.Look(false)
	if got := strings.Join(f.used["A+B"], " "); got != "second+second" {
		t.Errorf("got %q", got)
	}
}
