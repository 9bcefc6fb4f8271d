package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/problem"
)

// preconditions are the fields If-Match and If-None-Match of a request (RFC 9110 sections 13.1.1 and 13.1.2). nil: the field is not
// there.
type preconditions struct {
	match, noneMatch *tagList
}

// tagList is the value of one of the fields: "*", or a list of entity tags as they were sent.
type tagList struct {
	any  bool
	tags []string
}

// readPreconditions reads the fields. The error is a problem.
func readPreconditions(h http.Header) (p preconditions, err error) {
	if p.match, err = readTags(h, "If-Match"); err != nil {
		return p, err
	}
	p.noneMatch, err = readTags(h, "If-None-Match")
	return p, err
}

// readTags reads a field. Its lines are one list (RFC 9110 section 5.3).
func readTags(h http.Header, name string) (*tagList, error) {
	lines := h.Values(name)
	if len(lines) == 0 {
		return nil, nil //nolint:nilnil // the field is not there
	}
	const separators = " \t," // recipients accept empty elements (RFC 9110 section 5.6.1.2)
	rest := strings.Trim(strings.Join(lines, ","), separators)
	if rest == "*" {
		return &tagList{any: true}, nil
	}
	list := &tagList{}
	for rest != "" {
		tag, after, ok := cutTag(rest)
		rest = strings.TrimLeft(after, separators)
		if between := after[:len(after)-len(rest)]; !ok || rest != "" && !strings.Contains(between, ",") {
			return nil, malformedTags(name)
		}
		list.tags = append(list.tags, tag)
	}
	if len(list.tags) == 0 {
		return nil, malformedTags(name)
	}
	return list, nil
}

// cutTag cuts an entity tag off the beginning of text (RFC 9110 section 8.8.3).
func cutTag(text string) (tag, after string, ok bool) {
	quoted := strings.TrimPrefix(text, "W/")
	if !strings.HasPrefix(quoted, `"`) {
		return "", "", false
	}
	end := strings.IndexByte(quoted[1:], '"') + 1
	if end == 0 || strings.ContainsFunc(quoted[1:end], func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", "", false
	}
	length := len(text) - len(quoted) + end + 1
	return text[:length], text[length:], true
}

func malformedTags(name string) *problem.Details {
	return problem.New(http.StatusBadRequest, "malformed-request",
		"The field "+name+` has to be * or a list of entity tags, each in double quotes as the field ETag has it.`)
}

// hold reports whether the preconditions hold for a state with this tag; empty if there is no state.
func (p preconditions) hold(tag string) bool {
	if p.match != nil && !p.match.has(tag, false) {
		return false
	}
	return p.noneMatch == nil || !p.noneMatch.has(tag, true)
}

// has reports whether the list names the tag. Our tags are strong: a weak one in the list is equal only if weak says that the
// comparison is the weak one (RFC 9110 section 8.8.3.2).
func (l *tagList) has(tag string, weak bool) bool {
	return tag != "" && (l.any || slices.Contains(l.tags, tag) || weak && slices.Contains(l.tags, "W/"+tag))
}

// tagOf is the entity tag of a state, which differs for states that differ in JSON.
func tagOf(state any) string {
	text, err := json.Marshal(state)
	if err != nil {
		panic(err) // strings, numbers, times and lists of them: a mistake in this package
	}
	sum := sha256.Sum256(text)
	const enough = 16 // bytes: nobody gains by two states with one tag, whose author must be an administrator
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:enough]) + `"`
}

// precondition reads the fields into the precondition of a change. tag gives the entity tag of a state.
func precondition[T any](c *gin.Context, tag func(*T) string) (account.If[T], error) {
	p, err := readPreconditions(c.Request.Header)
	if err != nil || p == (preconditions{}) {
		return nil, err
	}
	return func(before *T) bool {
		if before == nil {
			return p.hold("")
		}
		return p.hold(tag(before))
	}, nil
}
