package apidoc

// Merge joins descriptions as a Keeper does.
var (
	NewOwn = newOwn
	Merge  = (*own).merge
)

// Calls lists the calls of an API with the paths of clients.
func (a *API) Calls() []string {
	var all []string
	for _, o := range a.operations {
		all = append(all, o.method+" "+o.path)
	}
	return all
}

// LeftOut is how many parts are left out.
func (a *API) LeftOut() int { return a.leftOut }
