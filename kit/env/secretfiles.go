package env

import (
	"errors"
	"strings"

	"tallygate/kit/follow"
)

// SecretFiles follows the files of secrets that take effect together. After a change it calls use, which puts the new
// values in force. If use returns an error, the old values stay in force, and use is called again at each look: perhaps
// only one of two files has been replaced so far. A file that cannot be read is an error, but it does not hold back the
// other secrets.
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
