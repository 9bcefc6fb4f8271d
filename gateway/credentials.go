package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tallygate/gateway/internal/route"
	"tallygate/kit/follow"
)

// credentials are the files with the Authorization fields that upstreams get, by their paths.
type credentials map[string]*credential

// credential is one such file. It is reloaded when it changes.
type credential struct {
	follow.Files

	value string
}

func newCredential(path string) (*credential, error) {
	c := &credential{}
	c.Files = follow.Files{Paths: []string{path}, Settle: true, Use: func(contents [][]byte) error {
		value, err := fieldValue(contents[0])
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		c.value = value
		return nil
	}}
	_, err := c.Reload(true)
	return c, err
}

// maxCredentialBytes is far more than any credential has, and leaves room for other fields in a head.
const maxCredentialBytes = 8 << 10

// fieldValue is the text of a file as the value of a field. Its errors do not show the text, which is secret.
func fieldValue(content []byte) (string, error) {
	line := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case strings.TrimSpace(line) == "":
		return "", errors.New("it is empty")
	case strings.ContainsAny(line, "\r\n"):
		return "", errors.New("it has more than one line")
	case len(line) > maxCredentialBytes:
		return "", fmt.Errorf("it is larger than %d bytes", maxCredentialBytes)
	case strings.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }):
		return "", errors.New("it has characters that are not printable ASCII")
	case line != strings.TrimSpace(line):
		return "", errors.New("it begins or ends with a space")
	}
	return line, nil
}

// fill gives the routes of a new table their values, and returns the files that they come from. Files that are known are not
// read again.
func (c credentials) fill(table *route.Table) (credentials, error) {
	next := credentials{}
	var errs []error
	for _, r := range table.Routes() {
		path := r.AuthorizationFile
		if path == "" {
			continue
		}
		if next[path] == nil {
			next[path] = c[path]
		}
		if next[path] == nil {
			var err error
			if next[path], err = newCredential(path); err != nil {
				errs = append(errs, fmt.Errorf("route %s: authorization: %w", r.Name, err))
			}
		}
		r.Authorization = next[path].value
	}
	return next, errors.Join(errs...)
}

// reload looks at each file. A bad one does not hold back the others.
func (c credentials) reload(forced bool) (changed bool, err error) {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(c)) {
		one, err := c[path].Reload(forced)
		changed = changed || one
		errs = append(errs, err)
	}
	return changed, errors.Join(errs...)
}
