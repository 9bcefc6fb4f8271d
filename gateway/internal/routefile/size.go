package routefile

import (
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// sizeForm bounds the digits, so that every size fits into an int64.
var sizeForm = regexp.MustCompile(`^(?:(0|[1-9][0-9]{0,11}) ?B?|(0|[1-9][0-9]{0,8}) ?([KMG]i?B)|(0|[1-9][0-9]{0,5}) ?(Ti?B))$`)

// size reads a number of bytes. Without a unit it may be a YAML number.
func (o *object) size(key string, into *int64) {
	const what = "a size is like 64KiB, 10MB or 2GiB"
	node := o.values[key]
	if node == nil {
		return
	}
	var written string
	if n, ok := o.resolve(node).(*ast.IntegerNode); ok {
		if written = n.Token.Value; !sizeForm.MatchString(written) {
			o.fail(place(node), "%s%s: %s: %s", o.prefix, key, written, what)
			return
		}
	} else if t, ok := o.text(key, sizeForm, what); ok {
		written = t.value
	} else {
		return
	}
	parts := sizeForm.FindStringSubmatch(written)
	n, _ := strconv.ParseInt(parts[1]+parts[2]+parts[4], 10, 64) // twelve digits fit
	*into = n * units[parts[3]+parts[5]]
}

// units are in bytes.
var units = map[string]int64{ //nolint:gochecknoglobals // a constant table
	"": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}
