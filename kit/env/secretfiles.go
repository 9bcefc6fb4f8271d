package env

import (
	"errors"
	"strings"

	"tallygate/kit/follow"
)

// SecretFiles follows the files of secrets that are put in force together. After a change, use puts in force what the
// secrets are now, or returns why it cannot: then the old values stay in use, and use is called again at each look. A
// rotation that is half written, one of two files replaced, is such a state. A file that cannot be read is an error, and
// the other secrets are put in force all the same.
func SecretFiles(use func() error, secrets ...*Secret) follow.Source {
	names := make([]string, len(secrets))
	for i, s := range secrets {
		names[i] = s.Name()
	}
	pending := false // something has changed and is not in force
	return follow.Source{Name: strings.Join(names, " and "), Reload: func(bool) (bool, error) {
		var errs []error
		for _, s := range secrets {
			changed, err := s.Reload()
			if err != nil {
				errs = append(errs, err)
			}
			pending = pending || changed
		}
		if !pending {
			return false, errors.Join(errs...)
		}
		err := use()
		pending = err != nil
		return err == nil, errors.Join(append(errs, err)...)
	}}
}
