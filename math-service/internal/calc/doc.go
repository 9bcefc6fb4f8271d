// Package calc computes powers, correctly rounded, and parses numbers as people write them.
//
// It refuses to know HTTP and JSON. It does not use math.Pow: for everyday arguments that is wrong in the last place more
// often than not, and for some by millions of units.
package calc
