package env

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Secret is a setting that must not be shown. It comes from NAME, or from the file that NAME_FILE names. The file
// may change while the service runs. Safe for concurrent use.
type Secret struct {
	name, path string
	required   bool

	mu      sync.RWMutex
	value   string
	emptied bool // the last look has found an optional secret's file empty
}

// maxSecretBytes bounds a secret file, so that a wrong path (a device, a log) is an error and does not use up the memory.
const maxSecretBytes = 64 << 10

// Secret reads a secret that has to be set.
func (r *Reader) Secret(name string) *Secret {
	s := r.secret(name, true)
	r.Require(s, "")
	return s
}

// Require records a mistake if a secret has no value. instead, if not empty, says what else may be set.
func (r *Reader) Require(s *Secret, instead string) {
	if s.Value() == "" && !r.Failed(s.name) {
		r.Fail(s.name, "is required: set %s, or %s_FILE to the path of a file that holds it%s", s.name, s.name, instead)
	}
}

// OptionalSecret reads a secret that may be absent, or whose file may be empty. Its value is then empty.
func (r *Reader) OptionalSecret(name string) *Secret { return r.secret(name, false) }

func (r *Reader) secret(name string, required bool) *Secret {
	s := &Secret{name: name, required: required}
	value, direct := r.get(name)
	path, byFile := r.get(name + "_FILE")
	switch {
	case direct && byFile:
		r.Fail(name, "%s and %s_FILE are both set: keep one", name, name)
	case direct:
		s.value = value
	case byFile:
		s.path = path
		if _, err := s.Reload(); err != nil {
			r.errs = append(r.errs, err)
		}
	}
	return s
}

// Failed reports whether there is a mistake about a secret already.
func (r *Reader) Failed(name string) bool {
	for _, err := range r.errs {
		if strings.HasPrefix(err.Error(), name+":") || strings.HasPrefix(err.Error(), name+"_FILE:") {
			return true
		}
	}
	return false
}

// Name is the variable's name, without _FILE.
func (s *Secret) Name() string { return s.name }

// Setting is the name of the variable that is set: Name, or Name and _FILE.
func (s *Secret) Setting() string {
	if s.path != "" {
		return s.name + "_FILE"
	}
	return s.name
}

// Value is the secret as last read, with one line ending removed.
func (s *Secret) Value() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.value
}

// ChangedAt is when the secret's file was written last. It is not known for a secret that is not in a file.
func (s *Secret) ChangedAt() (at time.Time, known bool) {
	if s.path == "" {
		return time.Time{}, false
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return time.Time{}, false
	}
	return info.ModTime(), true
}

// String hides the value from logs and formatted errors.
func (s *Secret) String() string { return "[secret]" }

// GoString hides the value from %#v.
func (s *Secret) GoString() string { return "[secret]" }

// Reload reads the file again and reports whether the value changed. A file that cannot be read keeps the old value. An
// optional secret is withdrawn when two looks in a row have found its file empty: a file that is written in place is empty
// for a moment.
func (s *Secret) Reload() (changed bool, err error) {
	if s.path == "" {
		return false, nil
	}
	value, err := readSecretFile(s.path)
	if err == nil && value == "" && s.required {
		err = fmt.Errorf("%s is empty", s.path)
	}
	if err != nil {
		return false, fmt.Errorf("%s_FILE: %w", s.name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if value == "" && s.value != "" && !s.emptied {
		s.emptied = true
		return false, nil
	}
	s.emptied = false
	changed = value != s.value
	s.value = value
	return changed, nil
}

func readSecretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxSecretBytes {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxSecretBytes)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"), nil
}
