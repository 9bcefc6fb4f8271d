package env

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lookup finds a variable: the value and whether it is set. os.LookupEnv is one.
type Lookup func(name string) (string, bool)

// Reader reads settings and collects the mistakes. A variable that is set but empty counts as not set.
// It is not safe for concurrent use.
type Reader struct {
	lookup Lookup
	errs   []error
}

// NewReader returns a Reader over lookup; nil means the process's own environment.
func NewReader(lookup Lookup) *Reader {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	return &Reader{lookup: lookup}
}

// Err returns every mistake found so far, one a line, or nil.
func (r *Reader) Err() error { return errors.Join(r.errs...) }

// Fail records a mistake in the variable name, for checks that only the caller can make.
func (r *Reader) Fail(name, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
}

func (r *Reader) get(name string) (string, bool) {
	value, ok := r.lookup(name)
	return value, ok && value != ""
}

// String returns the variable's text, or def.
func (r *Reader) String(name, def string) string {
	if value, ok := r.get(name); ok {
		return value
	}
	return def
}

// OneOf returns the variable's text, which has to be one of allowed. The first of them is the default.
func (r *Reader) OneOf(name string, allowed ...string) string {
	value, ok := r.get(name)
	if !ok {
		return allowed[0]
	}
	if slices.Contains(allowed, value) {
		return value
	}
	r.Fail(name, "%q is not one of %s", value, strings.Join(allowed, ", "))
	return allowed[0]
}

// Bool reads on, off, true or false.
func (r *Reader) Bool(name string, def bool) bool {
	value, ok := r.get(name)
	if !ok {
		return def
	}
	switch strings.ToLower(value) {
	case "on", "true", "1", "yes":
		return true
	case "off", "false", "0", "no":
		return false
	}
	r.Fail(name, "%q is neither on nor off", value)
	return def
}

// Int reads a whole number from lowest to highest.
func (r *Reader) Int(name string, def, lowest, highest int) int {
	value, ok := r.get(name)
	if !ok {
		return def
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < lowest || n > highest {
		r.Fail(name, "%q is not a whole number from %d to %d", value, lowest, highest)
		return def
	}
	return n
}

// Duration reads a time like 90s, 60m or 24h, of at least lowest.
func (r *Reader) Duration(name string, def, lowest time.Duration) time.Duration {
	value, ok := r.get(name)
	if !ok {
		return def
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		r.Fail(name, "%q is not a duration like 90s or 60m", value)
		return def
	}
	if d < lowest {
		r.Fail(name, "%q is less than %s, the least value", value, lowest)
		return def
	}
	return d
}

// URL reads an absolute http or https address without path, query or user.
func (r *Reader) URL(name, def string) *url.URL {
	text := r.String(name, def)
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		r.Fail(name, "%q is not an address like %s", text, def)
		u, _ = url.Parse(def)
	}
	u.Path = ""
	return u
}

// Prefixes reads a comma-separated list of addresses and CIDR blocks. The word loopback stands for 127.0.0.0/8 and ::1,
// the word none for an empty list.
func (r *Reader) Prefixes(name, def string) []netip.Prefix {
	var list []netip.Prefix
	for word := range strings.SplitSeq(r.String(name, def), ",") {
		word = strings.TrimSpace(word)
		switch word {
		case "", "none":
			continue
		case "loopback":
			list = append(list, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
			continue
		}
		if prefix, err := netip.ParsePrefix(word); err == nil {
			list = append(list, prefix.Masked())
		} else if addr, err := netip.ParseAddr(word); err == nil {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
		} else {
			r.Fail(name, "%q is neither an address nor a block like 10.0.0.0/8", word)
		}
	}
	return list
}

// Add records mistakes that name their variables themselves.
func (r *Reader) Add(err error) {
	if err != nil {
		r.errs = append(r.errs, err)
	}
}
