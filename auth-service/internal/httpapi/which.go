package httpapi

import "tallygate/auth-service/internal/ledger"

// which reads which calls a report is about: route, key and group.
func (p parameters) which() (w ledger.Which, err error) {
	if w.Route, err = p.get("route"); err != nil {
		return w, err
	}
	key, err := p.get("key")
	if err != nil {
		return w, err
	}
	if p.values.Has("key") {
		if w.KeyID, err = readKeyID(key); err != nil {
			return w, invalid("key", `The parameter "key" has to be the id of an API key: a whole number from 1 to 2^63-1.`)
		}
	}
	group, err := p.get("group")
	if err != nil {
		return w, err
	}
	if w.ByKey = group == "key"; p.values.Has("group") && !w.ByKey {
		return w, invalid("group", `The parameter "group" can only be key.`)
	}
	return w, nil
}
