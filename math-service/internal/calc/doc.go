// Package calc does the sums: powers, correctly rounded, and numbers as people write them.
//
// It refuses to know who asks and how: no HTTP, no JSON. The standard library's math.Pow is not used: it is wrong in the
// last place more often than not for everyday arguments, and by millions of units for some.
package calc
