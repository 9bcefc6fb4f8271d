package wire

const maxName = 64

// Names is a set of fields' names that are known only when the program runs. It does not change; nil has none.
type Names struct {
	folded map[string]struct{}
	maybe  [maxName + 1]uint32 // for each length a bit per first letter, so that other names are told at a glance
}

// NewNames makes a set of names up to 64 bytes long. It leaves out those that have a kind, which tells them anyway.
func NewNames(names []string) *Names {
	n := &Names{folded: map[string]struct{}{}}
	for _, name := range names {
		if kind, _ := kindOf([]byte(name)); kind != Other {
			continue
		}
		folded := make([]byte, len(name))
		for i := range folded {
			folded[i] = dashed(name[i])
		}
		n.folded[string(folded)] = struct{}{}
		n.maybe[len(name)] |= 1 << (folded[0] & 31)
	}
	return n
}

// Has reports whether the set has a field's name, in any case, or one that CGI and its like would take for it.
func (n *Names) Has(field []byte) bool {
	if n == nil || len(field) > maxName || n.maybe[len(field)]&(1<<(dashed(field[0])&31)) == 0 {
		return false
	}
	var folded [maxName]byte
	for i, c := range field {
		folded[i] = dashed(c)
	}
	_, has := n.folded[string(folded[:len(field)])]
	return has
}
