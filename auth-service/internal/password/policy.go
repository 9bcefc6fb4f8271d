package password

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed" // the list of common passwords
	"fmt"
	"strings"
)

//go:embed common-passwords.txt.gz
var commonList []byte

// RefusedError says why a password or an imported hash is refused, in words for people.
type RefusedError struct{ Reason string }

func (r *RefusedError) Error() string { return r.Reason }

// Policy is what new passwords have to meet. Passwords from before are not checked again.
type Policy struct {
	minLength int
	common    map[string]struct{}
}

// NewPolicy returns a policy that requires minLength characters and, if refuseCommon is true, refuses the passwords that
// everybody tries first.
func NewPolicy(minLength int, refuseCommon bool) (*Policy, error) {
	p := &Policy{minLength: minLength}
	if !refuseCommon {
		return p, nil
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(commonList))
	if err != nil {
		return nil, fmt.Errorf("common passwords: %w", err)
	}
	p.common = map[string]struct{}{}
	lines := bufio.NewScanner(unpacked)
	for lines.Scan() {
		p.common[lines.Text()] = struct{}{}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("common passwords: %w", err)
	}
	return p, nil
}

// Check checks a new password of the named user. The error is a *RefusedError.
func (p *Policy) Check(password Prepared, username string) error {
	if password.Len() < p.minLength {
		return &RefusedError{fmt.Sprintf("The password needs at least %d characters.", p.minLength)}
	}
	if p.common == nil {
		return nil
	}
	lower := strings.ToLower(password.text)
	if _, common := p.common[lower]; common {
		return &RefusedError{"The password is among the most common ones; choose another."}
	}
	if lower == username || lower == "tallygate" {
		return &RefusedError{"The password must be neither the user name nor the name of this service."}
	}
	return nil
}
