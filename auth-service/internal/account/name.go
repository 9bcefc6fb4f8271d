package account

import (
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"tallygate/auth-service/internal/fault"
)

// MaxNameLength is the longest user name in characters, after preparation.
const MaxNameLength = 128

// maxNameBytes bounds the work of preparing a name. Preparation makes one character of a letter and its marks, which may be
// nine bytes in Hangul and in Greek.
const maxNameBytes = 16 * MaxNameLength

// preparations is how often a name may change under preparation before it counts as unstable (RFC 8264 section 7).
const preparations = 4

// PrepareName brings a user name into the one form that is stored and compared, RFC 8265's UsernameCaseMapped. So Ada and
// ada are one account. The error is a *fault.InvalidError.
func PrepareName(raw string) (string, error) {
	if raw == "" {
		return "", fault.Invalid("username", "The user name must not be empty.")
	}
	tooLong := fault.Invalid("username", "The user name is longer than 128 characters.")
	if len(raw) > maxNameBytes {
		return "", tooLong
	}
	name := raw
	for range preparations {
		next, err := precis.UsernameCaseMapped.String(name)
		if err != nil {
			break
		}
		if next == name {
			if utf8.RuneCountInString(name) > MaxNameLength {
				return "", tooLong
			}
			return name, nil
		}
		name = next
	}
	return "", fault.Invalid("username", "The user name may hold letters, digits and ASCII punctuation, but no spaces and no control characters.")
}
