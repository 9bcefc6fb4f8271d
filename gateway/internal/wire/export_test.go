package wire

import "maps"

// SpecialNames are all names that have a kind; those of families end in "-*".
func SpecialNames() map[string]Kind {
	all := maps.Clone(fieldKinds)
	for _, f := range families {
		all[f.prefix+"*"] = f.kind
	}
	return all
}
