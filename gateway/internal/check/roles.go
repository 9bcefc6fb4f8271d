package check

import (
	"slices"
	"strings"
)

// Roles are what a user's roles are, as of one version of the user's record. They never change. nil is none.
type Roles struct {
	names []string
	// Text is the list with commas between the names.
	Text string
}

// NewRoles makes Roles of the names in a record. An administrator has one more, the name of that role.
func NewRoles(names []string, role string) *Roles {
	if role != "" && !slices.Contains(names, role) {
		names = append(slices.Clone(names), role)
	}
	if len(names) == 0 {
		return nil
	}
	return &Roles{names: names, Text: strings.Join(names, ",")}
}

// any reports whether one of the wanted names is among the roles.
func (r *Roles) any(wanted []string) bool {
	if r == nil {
		return false
	}
	for _, name := range wanted {
		if slices.Contains(r.names, name) {
			return true
		}
	}
	return false
}

// Require refuses a call that needs one of these roles: Valid asks for it, too. Without roles everybody may call. The error is
// ErrRole.
func (i *Identity) Require(roles []string) error {
	if len(roles) == 0 {
		return nil
	}
	if !i.Roles.any(roles) {
		return ErrRole
	}
	i.required = roles
	return nil
}
