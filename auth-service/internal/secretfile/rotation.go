package secretfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tallygate/kit/every"
)

// Rotation replaces a secret in its files while the services that read them run. It has three steps. First all services
// accept the next secret. Then it is put in force. When nothing that the old secret has made is needed any more, the old
// one is withdrawn. So no service ever makes what another refuses. The files say what the next step is, so an interrupted
// rotation continues where it was.
type Rotation struct {
	Dir    string
	Secret string        // JWT, Internal, Signing or HS256
	Life   time.Duration // how long what the old secret has made is valid
	Settle time.Duration // how long after a change every service has read it
	Kept   time.Duration // for how long others may keep the list of public keys
	Force  bool          // do not wait until what the old secret has made is no longer valid
	Out    io.Writer     // gets a line for each step
}

// The secrets that can be replaced.
const (
	JWT      = "jwt"
	Internal = "internal"
	Signing  = "signing" // the private key
	HS256    = "hs256"   // JWT_SECRET, which nothing replaces: a private key signs
)

// maxPause is the longest wait between two steps. If more is needed, the operator runs the command again.
const maxPause = time.Minute

// Run makes each step whose time has come, and waits for one that comes soon.
func (r Rotation) Run(ctx context.Context) error {
	switch r.Secret {
	case JWT:
		return rotation{Rotation: r, name: "jwt_secret", others: "jwt_other_secrets"}.run(ctx)
	case Internal:
		return rotation{Rotation: r, name: "internal_secret"}.run(ctx)
	case Signing:
		return keyRotation{rotation{Rotation: r, name: signingKeyFile}, keyFilesIn(r.Dir)}.run(ctx)
	case HS256:
		return r.withdrawHS256(ctx)
	}
	return fmt.Errorf("there is no secret %q to rotate: say jwt, internal, signing or hs256", r.Secret)
}

// rotation is a Rotation with the names of the files.
type rotation struct {
	Rotation
	name string // of the file with the secret in force
	// others names the file of the other accepted secrets. If it is empty, they are in the file of the secret in force,
	// after that secret.
	others string
}

func (r rotation) run(ctx context.Context) error {
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
				filepath.Join(r.Dir, r.acceptedFile()))
		case s.next == "":
			err = r.write(r.nextFile(), newSecret(), s.mode)
		case s.inForce != s.next && !slices.Contains(s.accepted, s.next):
			err = r.accept(s)
		case s.inForce != s.next:
			err = r.putInForce(ctx, s)
		case len(s.accepted) > 0:
			again, err := r.withdraw(ctx, s, began)
			if err != nil || !again {
				return err
			}
		default:
			fmt.Fprintf(r.Out, "%s: done.\n", r.name)
			err = os.Remove(filepath.Join(r.Dir, r.nextFile()))
		}
		if err != nil {
			return err
		}
		began = true
	}
}

// accept makes every service accept what either secret makes. The list has the old secret too, so that the next step
// changes one file only.
func (r rotation) accept(s state) error {
	list := []string{s.inForce, s.next}
	if r.others != "" {
		list = []string{s.next, s.inForce}
	}
	fmt.Fprintf(r.Out, "%s, step 1 of 3: from now on the next secret is accepted too.\n", r.name)
	return r.write(r.acceptedFile(), strings.Join(list, ","), s.mode)
}

func (r rotation) putInForce(ctx context.Context, s state) error {
	if err := r.pause(ctx, s.changed.Add(r.Settle)); err != nil {
		return err
	}
	list := []string{s.next}
	if r.others == "" {
		list = append(list, s.inForce)
	}
	fmt.Fprintf(r.Out, "%s, step 2 of 3: from now on the next secret is used, and the old one is still accepted.\n", r.name)
	return r.write(r.name, strings.Join(list, ","), s.mode)
}

// withdraw makes every service refuse the old secret. again reports whether there is more to do now.
func (r rotation) withdraw(ctx context.Context, s state, began bool) (again bool, err error) {
	if ready, err := r.due(ctx, s.changed, began); err != nil || !ready {
		return false, err
	}
	fmt.Fprintf(r.Out, "%s, step 3 of 3: from now on the old secret is refused.\n", r.name)
	list := ""
	if r.others == "" {
		list = s.inForce
	}
	return true, r.write(r.acceptedFile(), list, s.mode)
}

// due waits until what the old key has made is not needed any more. ready is false if that is too far off, and began says
// whether this run has done a step already; otherwise it is an error.
func (r rotation) due(ctx context.Context, changed time.Time, began bool) (ready bool, err error) {
	due := changed.Add(r.Settle)
	if !r.Force {
		due = due.Add(r.Life)
	}
	if time.Until(due) > maxPause {
		when := due.UTC().Truncate(time.Second).Add(time.Second).Format("2006-01-02 15:04:05 UTC")
		if !began {
			return false, fmt.Errorf("%s: the old secret has to be accepted until %s, when the last token that it signed has expired: "+
				"come back then, or use -force (make rotate-secret FORCE=1) to end those tokens now", r.name, when)
		}
		fmt.Fprintf(r.Out, "%s, step 3 of 3 is due after %s: run the same command again then, and it withdraws the old secret.\n", r.name, when)
		return false, nil
	}
	return true, r.pause(ctx, due)
}

// pause waits until the time has come.
func (r rotation) pause(ctx context.Context, until time.Time) error {
	wait := time.Until(until)
	if wait <= 0 {
		return nil
	}
	fmt.Fprintf(r.Out, "%s: waiting %s, until every service has read that.\n", r.name, wait.Round(time.Second/10))
	if !every.Sleep(ctx, wait) {
		return errors.New("interrupted: run the same command again to go on")
	}
	return nil
}
