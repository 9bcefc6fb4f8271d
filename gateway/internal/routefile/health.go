package routefile

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"

	"tallygate/gateway/internal/route"
)

var (
	healthForm = regexp.MustCompile(`^/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$`)
	statusForm = regexp.MustCompile(`^([2-5][0-9]{2})(-([2-5][0-9]{2}))?$`)
)

const (
	aboutHealth = "has to be a path like /livez, with other characters percent-encoded"
	aboutStatus = "a status is like 204, 200-399 or [200, 301-302], from 200 to 599"
	maxFailures = 10
)

// health reads how the replicas are checked: a path, or keys.
func (o *object) health(r *route.Route) {
	node := o.values["health"]
	if node == nil {
		return
	}
	if _, plain := o.resolve(node).(*ast.MappingNode); !plain {
		path, _ := o.text("health", healthForm, aboutHealth)
		r.Health = path.value
		return
	}
	from, ok := o.inner("health", keys{others: []string{"path", "host", "status", "interval", "timeout", "failures"}})
	if !ok {
		return
	}
	path, _ := from.text("path", healthForm, aboutHealth)
	r.Health = path.value
	if !from.has("path") {
		for _, key := range []string{"host", "status"} {
			if from.has(key) {
				o.fail(place(from.values[key]), "health.%s: has no effect without health.path: the check only connects", key)
			}
		}
	}
	if host, ok := from.text("host", hostForm, aboutHostName); ok && from.validHost(host, "health.host", aboutHostName) {
		r.Check.Host = host.value
	}
	r.Check.Status = from.statuses()
	from.duration("interval", &r.Check.Interval)
	from.duration("timeout", &r.Check.Timeout)
	r.Check.Failures = from.number("failures", 0, 1, maxFailures)
}

// statuses reads the statuses that are good, in ranges.
func (o *object) statuses() (ranges [][2]int) {
	node := o.values["status"]
	if node == nil {
		return nil
	}
	nodes := []ast.Node{node}
	if list, ok := o.resolve(node).(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	if len(nodes) == 0 {
		o.fail(place(node), "%sstatus: is an empty list", o.prefix)
	}
	for _, one := range nodes {
		var written string
		switch n := o.resolve(one).(type) {
		case *ast.IntegerNode:
			written = n.Token.Value
		case *ast.StringNode:
			written = n.Value
		}
		parts := statusForm.FindStringSubmatch(written)
		if parts == nil {
			o.fail(place(one), "%sstatus: %s", o.prefix, aboutStatus)
			continue
		}
		from, _ := strconv.Atoi(parts[1]) // three digits
		to := from
		if parts[3] != "" {
			to, _ = strconv.Atoi(parts[3])
		}
		if to < from {
			o.fail(place(one), "%sstatus: %q ends before it begins", o.prefix, written)
		}
		ranges = append(ranges, [2]int{from, to})
	}
	return ranges
}
