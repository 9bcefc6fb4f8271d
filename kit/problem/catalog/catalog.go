package catalog

import (
	"slices"
	"strings"
)

// Entry is one type of problem.
type Entry struct {
	Name     string // the last part of the type
	Statuses []int  // the status codes that it is sent with
	Title    string // what has gone wrong, in a few words
	Cause    string // when it is sent
	Cure     string // what to do
	Internal bool   // only gateways and services with a secret of the operator's get it
}

// Type is the type of the problem.
func (e Entry) Type() string { return Type(e.Name) }

// All returns every type that there is, in the order of names.
func All() []Entry {
	all := slices.Concat(requests(), signIn(), rights(), administration(), limits(), availability(), numbers(), internal(), fields())
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return all
}
