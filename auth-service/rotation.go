package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/token"
)

// rotation replaces a secret in its files while the services that read them run, in three steps, so that at no moment
// one service makes what another refuses: the next secret is accepted, then put in force, and when nothing that the old
// one has made is of use any more, the old one is withdrawn. What to do next stands in the files, so a rotation that was
// interrupted goes on where it was.
type rotation struct {
	dir  string
	name string // of the file with the secret in force
	// others is the file of the secrets that are accepted beside it, which may be empty. Without it they stand in the
	// secret's own file, after it.
	others string
	life   time.Duration // how long what the old secret has made is of use
	settle time.Duration // how long after a change every service has read it
	out    io.Writer
}

const (
	// defaultSettle is twenty times as long as the services take to see a changed file.
	defaultSettle = 20 * follow.Interval
	// maxPause is the longest wait between two steps; past that the operator comes back.
	maxPause = time.Minute
)

// rotateSecret rotates the kind of secret in dir, as far as is possible now.
func rotateSecret(ctx context.Context, kind, dir string, force bool, lookup env.Lookup, out io.Writer) error {
	r := env.NewReader(lookup)
	life := r.Duration("JWT_TTL", 60*time.Minute, time.Second)
	rot := rotation{dir: dir, settle: r.Duration("SECRETS_SETTLE", defaultSettle, 0), out: out}
	if err := r.Err(); err != nil {
		return err
	}
	switch kind {
	case "jwt":
		rot.name, rot.others, rot.life = "jwt_secret", "jwt_other_secrets", life
	case "internal":
		rot.name, rot.life = "internal_secret", replayWindow // refresh tokens that are given again derive from it
	default:
		return fmt.Errorf("there is no secret %q to rotate: say jwt or internal", kind)
	}
	return rot.run(ctx, force)
}

// rotationState is what the files say.
type rotationState struct {
	inForce  string
	accepted []string // beside it
	next     string   // empty: no rotation is under way
	changed  time.Time
	mode     fs.FileMode
}

// run makes every step whose time has come, and waits for one that comes soon. With force it does not wait for what the
// old secret has made to end.
func (r rotation) run(ctx context.Context, force bool) error {
	began := false
	for {
		s, err := r.read()
		if err != nil {
			return err
		}
		switch {
		case s.next == "" && began:
			return nil
		case s.next == "" && len(s.accepted) > 0:
			return fmt.Errorf("%s holds a secret that this command did not put there: remove it when nothing needs it any more, and rotate then",
				filepath.Join(r.dir, r.acceptedFile()))
		case s.next == "":
			err = r.write(r.nextFile(), newSecret(), s.mode)
		case s.inForce != s.next && !slices.Contains(s.accepted, s.next):
			err = r.accept(s)
		case s.inForce != s.next:
			err = r.putInForce(ctx, s)
		case len(s.accepted) > 0:
			again, err := r.withdraw(ctx, s, began, force)
			if err != nil || !again {
				return err
			}
		default:
			fmt.Fprintf(r.out, "%s: done.\n", r.name)
			err = os.Remove(filepath.Join(r.dir, r.nextFile()))
		}
		if err != nil {
			return err
		}
		began = true
	}
}

// accept makes every service take what either secret makes. The old one is listed too, so that the swap to come is the
// change of one file.
func (r rotation) accept(s rotationState) error {
	list := []string{s.inForce, s.next}
	if r.others != "" {
		list = []string{s.next, s.inForce}
	}
	fmt.Fprintf(r.out, "%s, step 1 of 3: from now on the next secret is accepted too.\n", r.name)
	return r.write(r.acceptedFile(), strings.Join(list, ","), s.mode)
}

func (r rotation) putInForce(ctx context.Context, s rotationState) error {
	if err := r.pause(ctx, s.changed.Add(r.settle)); err != nil {
		return err
	}
	list := []string{s.next}
	if r.others == "" {
		list = append(list, s.inForce)
	}
	fmt.Fprintf(r.out, "%s, step 2 of 3: from now on the next secret is used, and the old one is still accepted.\n", r.name)
	return r.write(r.name, strings.Join(list, ","), s.mode)
}

// withdraw makes every service refuse the old secret. again says whether there is more to do now.
func (r rotation) withdraw(ctx context.Context, s rotationState, began, force bool) (again bool, err error) {
	due := s.changed.Add(r.settle)
	if !force {
		due = due.Add(r.life)
	}
	if time.Until(due) > maxPause {
		when := due.UTC().Truncate(time.Second).Add(time.Second).Format("2006-01-02 15:04:05 UTC")
		if !began {
			return false, fmt.Errorf("%s: the old secret has to be accepted until %s, when the last token that it signed has expired: "+
				"come back then, or use -force (make rotate-secret FORCE=1) to end those tokens now", r.name, when)
		}
		fmt.Fprintf(r.out, "%s, step 3 of 3 is due after %s: run the same command again then, and it withdraws the old secret.\n", r.name, when)
		return false, nil
	}
	if err := r.pause(ctx, due); err != nil {
		return false, err
	}
	fmt.Fprintf(r.out, "%s, step 3 of 3: from now on the old secret is refused.\n", r.name)
	list := ""
	if r.others == "" {
		list = s.inForce
	}
	return true, r.write(r.acceptedFile(), list, s.mode)
}

// pause waits until the time has come.
func (r rotation) pause(ctx context.Context, until time.Time) error {
	wait := time.Until(until)
	if wait <= 0 {
		return nil
	}
	fmt.Fprintf(r.out, "%s: waiting %s, until every service has read that.\n", r.name, wait.Round(time.Second/10))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("interrupted: run the same command again to go on")
	}
}

func (r rotation) nextFile() string { return r.name + ".next" }

func (r rotation) acceptedFile() string {
	if r.others != "" {
		return r.others
	}
	return r.name
}

func (r rotation) read() (rotationState, error) {
	info, err := os.Stat(filepath.Join(r.dir, r.name))
	if err != nil {
		return rotationState{}, err
	}
	s := rotationState{changed: info.ModTime(), mode: info.Mode().Perm()}
	secrets, err := r.list(r.name)
	if err != nil {
		return s, err
	}
	if len(secrets) == 0 {
		return s, fmt.Errorf("%s is empty", filepath.Join(r.dir, r.name))
	}
	s.inForce, s.accepted = secrets[0], secrets[1:]
	if r.others != "" {
		if info, err := os.Stat(filepath.Join(r.dir, r.others)); err == nil && info.ModTime().After(s.changed) {
			s.changed = info.ModTime()
		}
		if s.accepted, err = r.list(r.others); err != nil {
			return s, err
		}
	}
	next, err := r.list(r.nextFile())
	if err != nil || len(next) == 0 {
		return s, err
	}
	s.next = next[0]
	return s, token.CheckSecret(s.next)
}

// list reads a file of secrets; one that is not there is empty.
func (r rotation) list(name string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return token.SplitSecrets(string(text)), nil
}

func (r rotation) write(name, content string, mode fs.FileMode) error {
	return replaceFile(filepath.Join(r.dir, name), []byte(content+"\n"), mode)
}
