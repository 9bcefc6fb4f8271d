// Package rate has the text form of a rate of calls: 100/s, 60/m or 1000/h. The gateway's routes file and auth-service's plans
// have the same form. It does not know what is limited, or how.
package rate

import (
	"regexp"
	"strconv"
	"time"
)

// Form is what a rate looks like. A rate of 0 is none.
var Form = regexp.MustCompile(`^([1-9][0-9]{0,8}) ?/ ?(s|m|h)$`)

// MaxBurst is the most that may come at once.
const MaxBurst = 999_999_999

// About says in words what Form is.
const About = "a rate is like 100/s, 60/m or 1000/h"

// Rate is a number of calls in a second, a minute or an hour.
type Rate struct {
	Calls int
	Per   time.Duration
}

// Parse reads the text form.
func Parse(text string) (r Rate, ok bool) {
	parts := Form.FindStringSubmatch(text)
	if parts == nil {
		return Rate{}, false
	}
	calls, err := strconv.Atoi(parts[1])
	if err != nil {
		return Rate{}, false
	}
	switch parts[2] {
	case "s":
		return Rate{Calls: calls, Per: time.Second}, true
	case "m":
		return Rate{Calls: calls, Per: time.Minute}, true
	}
	return Rate{Calls: calls, Per: time.Hour}, true
}

// String is the text form, without spaces.
func (r Rate) String() string {
	unit := map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}[r.Per]
	return strconv.Itoa(r.Calls) + "/" + unit
}
