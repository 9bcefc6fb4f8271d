package store

import "strings"

// names searches user names. Each database has its own fastest way.
type names interface {
	// contains is the condition that the column username contains a part, and the argument of the condition. The query has to be
	// planned for its own values.
	contains(part string) (condition string, arg any)
}

// postgresNames uses like: the planner estimates how many names match. It reads them in the order of an index where many do, and
// all of them at several processors where few do. Of the position of a text it always believes that a third match.
type postgresNames struct{}

func (postgresNames) contains(part string) (condition string, arg any) {
	return "username like ?", "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part) + "%"
}

type sqliteNames struct{}

func (sqliteNames) contains(part string) (condition string, arg any) {
	return "instr(username, ?) > 0", part
}
