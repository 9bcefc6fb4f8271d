package account

import (
	"fmt"
	"slices"
	"strings"

	"tallygate/auth-service/internal/fault"
)

// Bounds of a user's roles, and of the names of roles and plans.
const (
	MaxRoles = 32
	maxLabel = 64
)

// Roles are the names of a user's roles, sorted, with one space between them. What makes an administrator is not among
// them: that is User.Role.
type Roles string

// NewRoles checks and sorts names. A repeated one counts once. The error is a *fault.InvalidError.
func NewRoles(names []string) (Roles, error) {
	sorted := slices.Sorted(slices.Values(names))
	sorted = slices.Compact(sorted)
	if len(sorted) > MaxRoles {
		return "", fault.Invalid("roles", fmt.Sprintf("A user has at most %d roles.", MaxRoles))
	}
	for _, name := range sorted {
		switch {
		case !isLabel(name):
			return "", fault.Invalid("roles", fmt.Sprintf("The name of a role is 1 to %d of a-z, 0-9, hyphens and underscores.", maxLabel))
		case name == "admin", name == "user":
			return "", fault.Invalid("roles", fmt.Sprintf(`%q is no name for a role: the member "role" makes an administrator.`, name))
		}
	}
	return Roles(strings.Join(sorted, " ")), nil
}

// Names are the roles one by one. The list is never nil.
func (r Roles) Names() []string {
	if r == "" {
		return []string{}
	}
	return strings.Split(string(r), " ")
}

// String is the list as the audit log shows it.
func (r Roles) String() string {
	if r == "" {
		return "none"
	}
	return r.list()
}

// list is the list with commas, and empty if there are none.
func (r Roles) list() string { return strings.ReplaceAll(string(r), " ", ",") }

// isLabel reports whether text can be the name of a role or a plan.
func isLabel(text string) bool {
	if text == "" || len(text) > maxLabel {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
