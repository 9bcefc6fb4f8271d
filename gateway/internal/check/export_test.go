package check

// Remembers reports whether the token is in the table of verified tokens.
func (c *Checker) Remembers(raw string) bool { return c.tokens.get(raw) != nil }
