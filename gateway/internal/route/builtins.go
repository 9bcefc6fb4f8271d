package route

// Builtins says which built-in routes a gateway has, and where.
type Builtins struct {
	Auth, Math string // host:port of the services
	Under      string // a path before those of all routes, like /auth; mostly empty
	NoRoot     bool   // without math-service's route
}

// Routes returns the routes.
func (b Builtins) Routes() []*Route {
	var routes []*Route
	for _, r := range Builtin(b.Auth, b.Math) {
		if b.NoRoot && r.Name == RootName {
			continue
		}
		r.Path, r.Under = b.Under+r.Path, b.Under
		routes = append(routes, r)
	}
	return routes
}
