package follow

import (
	"bytes"
	"errors"
	"os"
	"slices"
)

// Files are read whole and put in force together. Their Reload makes a [Source]. Not safe for concurrent use.
type Files struct {
	Paths []string
	// Settle waits until two looks in a row have found the same contents.
	Settle bool
	// Use puts the contents in force, in the order of Paths, or returns why it cannot: the old values stay in use. See Retry.
	Use func(contents [][]byte) error

	used    [][]byte // the contents that Use last got; nil if the files could not be read since
	pending [][]byte // the contents at the last look, if Use has not got them yet
	err     error    // why the contents are not in force
}

// Retry marks an error of Use that has its cause outside of the files: Use gets the same contents again at each look.
func Retry(err error) error { return &retry{err} }

type retry struct{ error }

func (r *retry) Unwrap() error { return r.error }

// retried reports whether the contents that Use has refused may be good now.
func (f *Files) retried() bool {
	_, ok := errors.AsType[*retry](f.err)
	return ok
}

// Reload reads the files and calls Use if their contents have changed, or if forced. Contents that Use has refused are not
// tried again, unless the error is from Retry: until they change, Reload returns the same error. Files that could not be
// read and are back count as changed. A service that begins calls Reload(true).
func (f *Files) Reload(forced bool) (changed bool, err error) {
	contents := make([][]byte, len(f.Paths))
	for i, path := range f.Paths {
		if contents[i], err = os.ReadFile(path); err != nil {
			f.used, f.pending, f.err = nil, nil, err
			return false, err
		}
	}
	switch unchanged := same(contents, f.used); {
	case forced, unchanged && f.retried():
	case unchanged:
		f.pending = nil
		return false, f.err
	case f.Settle && !same(contents, f.pending):
		f.pending = contents
		return false, f.err
	}
	f.used, f.pending = contents, nil
	f.err = f.Use(contents)
	return f.err == nil, f.err
}

func same(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }
