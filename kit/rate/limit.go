package rate

import (
	"strconv"
	"strings"
)

// Limit is the rate of a route.
type Limit struct {
	Route string
	Rate
	Burst int // how many calls may come at once, from 1 to MaxBurst
}

// AboutLimit says in words what a Limit's text form is.
const AboutLimit = "like root=10/s, or root=10/s:20 with a burst; " + About

// ParseLimit reads the text form. A limit without a burst has the rate's number. The route may have any characters but = and
// those that the caller splits lists at.
func ParseLimit(text string) (l Limit, ok bool) {
	route, of, _ := strings.Cut(text, "=")
	form, burst, hasBurst := strings.Cut(of, ":")
	l = Limit{Route: route}
	if l.Rate, ok = Parse(form); !ok || route == "" {
		return Limit{}, false
	}
	l.Burst = l.Calls
	if hasBurst {
		n, err := strconv.Atoi(burst)
		if err != nil || n < 1 || n > MaxBurst {
			return Limit{}, false
		}
		l.Burst = n
	}
	return l, true
}

// String is the text form, with the burst.
func (l Limit) String() string { return l.Route + "=" + l.Rate.String() + ":" + strconv.Itoa(l.Burst) }
