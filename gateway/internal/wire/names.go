package wire

const maxName = 64

// Names is a set of names of fields that is made when the program runs. It does not change; nil is an empty set.
type Names struct {
	folded map[string]struct{}
	maybe  [maxName + 1]uint32 // for each length a bit per first letter: most other names are not even folded
}

// NewNames makes a set of names up to 64 bytes long. It leaves out those that have a kind: the kind tells what they are.
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

// Has reports whether the set has the name of a field, in any case, or a name that servers like CGI take for it.
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
