package secretfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tallygate/auth-service/internal/issuer"
	"tallygate/kit/token"
)

// keyRotation replaces the private key. The steps are those of a Rotation: the public half of the next key is published,
// then that key signs, then the old one's public half is withdrawn.
type keyRotation struct {
	rotation

	files keyFiles
}

// keyState is what the files say.
type keyState struct {
	inForce, next issuer.Key // next has no id if no rotation is under way
	published     []token.PublicKey
	publishedAt   time.Time
	inForceAt     time.Time
	mode          fs.FileMode
}

func (r keyRotation) nextFile() string { return r.files.private + ".next" }

func (r keyRotation) run(ctx context.Context) error {
	began := false
	for {
		s, err := r.read()
		if err != nil {
			return err
		}
		switch isNew := s.inForce.ID() != s.next.ID(); {
		case s.next.ID() == "" && began:
			return nil
		case s.next.ID() == "" && (len(s.published) != 1 || !holds(s.published, s.inForce)):
			return fmt.Errorf("%s has to hold the public half of %s and nothing else before the key is replaced", r.files.public, r.files.private)
		case s.next.ID() == "":
			err = r.makeNext(s)
		case isNew && !holds(s.published, s.next):
			fmt.Fprintf(r.Out, "%s, step 1 of 3: from now on tokens of the next key are accepted too, and its public half is published.\n", r.name)
			err = r.files.publish(append(s.next.Public(), s.inForce.Public()...), s.mode)
		case isNew:
			err = r.putKeyInForce(ctx, s)
		case len(s.published) > 1:
			again, err := r.withdrawKey(ctx, s, began)
			if err != nil || !again {
				return err
			}
		default:
			fmt.Fprintf(r.Out, "%s: done.\n", r.name)
			err = os.Remove(r.nextFile())
		}
		if err != nil {
			return err
		}
		began = true
	}
}

func (r keyRotation) read() (s keyState, err error) {
	private, err := os.Stat(r.files.private)
	if err != nil {
		return s, err
	}
	if private.Size() == 0 {
		return s, fmt.Errorf("%s is empty: tokens are not signed with a private key (TOKEN_ALG)", r.files.private)
	}
	if s.inForce, err = readKey(r.files.private); err != nil {
		return s, err
	}
	s.inForceAt, s.mode = private.ModTime(), private.Mode().Perm()
	public, err := os.Stat(r.files.public)
	if err != nil {
		return s, err
	}
	s.publishedAt = public.ModTime()
	if s.published, err = r.files.published(); err != nil {
		return s, err
	}
	if s.next, err = readKey(r.nextFile()); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return s, err
}

func (r keyRotation) makeNext(s keyState) error {
	text, err := issuer.NewPrivateKey(s.inForce.Algorithm())
	if err != nil {
		return err
	}
	return replace(r.nextFile(), []byte(text), s.mode)
}

// putKeyInForce waits until everybody knows the next key, also those who keep the published list for a while.
func (r keyRotation) putKeyInForce(ctx context.Context, s keyState) error {
	due := s.publishedAt.Add(r.Settle)
	if !r.Force {
		due = due.Add(r.Kept)
	}
	if err := r.pause(ctx, due); err != nil {
		return err
	}
	text, err := os.ReadFile(r.nextFile())
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "%s, step 2 of 3: from now on the next key signs, and tokens of the old one are still accepted.\n", r.name)
	return replace(r.files.private, text, s.mode)
}

func (r keyRotation) withdrawKey(ctx context.Context, s keyState, began bool) (again bool, err error) {
	if ready, err := r.due(ctx, s.inForceAt, began); err != nil || !ready {
		return false, err
	}
	fmt.Fprintf(r.Out, "%s, step 3 of 3: from now on tokens of the old key are refused.\n", r.name)
	return true, r.files.publish(s.inForce.Public(), s.mode)
}

// withdrawHS256 empties the files of JWT_SECRET after a move to a private key: its last token has to have expired.
func (r Rotation) withdrawHS256(ctx context.Context) error {
	keys := keyFilesIn(r.Dir)
	info, err := os.Stat(keys.private)
	if ignoreMissing(err) != nil {
		return err
	}
	published, err := keys.published()
	if err != nil {
		return err
	}
	if info == nil || info.Size() == 0 || len(published) == 0 {
		return errors.New("jwt_secret: tokens are signed with it, and nothing else: start the services with TOKEN_ALG=EdDSA first")
	}
	if secret, err := os.Stat(filepath.Join(r.Dir, "jwt_secret")); err == nil && secret.Size() > 0 && secret.ModTime().After(info.ModTime()) {
		return errors.New("jwt_secret: it is newer than the private key, so it signs tokens: start the services with TOKEN_ALG=EdDSA first")
	}
	one := rotation{Rotation: r, name: "jwt_secret"}
	if ready, err := one.due(ctx, info.ModTime(), false); err != nil || !ready {
		return err
	}
	for _, name := range []string{"jwt_other_secrets", "jwt_secret"} { // no service has the first without the second
		mode := fs.FileMode(0o600)
		if info, err := os.Stat(filepath.Join(r.Dir, name)); err == nil {
			mode = info.Mode().Perm()
		}
		if err := replace(filepath.Join(r.Dir, name), nil, mode); err != nil {
			return err
		}
	}
	fmt.Fprintln(r.Out, "jwt_secret: from now on tokens that were signed with it are refused. Done.")
	return nil
}
