package pgconnect

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// option is what may stand behind the question mark of an address.
type option struct {
	values []string                 // that are allowed; empty if check decides
	check  func(value string) error // may be nil: any value
}

// options are those of the connection. What a server itself is set to is in serverSettings.
func options() map[string]option {
	whole := option{check: wholeNumber}
	file := option{check: readable}
	return map[string]option{
		"host": {}, "port": {check: ports}, "user": {}, "password": {}, "dbname": {}, "database": {}, "passfile": file,
		"application_name": {}, "options": {}, "search_path": {}, "sslpassword": {},
		"connect_timeout": whole, "statement_cache_capacity": whole, "description_cache_capacity": whole,
		"sslrootcert": {check: rootCertificate}, "sslcert": file, "sslkey": file,
		"sslmode":                 {values: []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
		"sslcertmode":             {values: []string{"disable", "allow", "require"}},
		"sslsni":                  {values: []string{"0", "1"}},
		"sslnegotiation":          {values: []string{"postgres", "direct"}},
		"channel_binding":         {values: []string{"disable", "prefer", "require"}},
		"target_session_attrs":    {values: []string{"any", "read-write", "primary"}}, // it has to write
		"default_query_exec_mode": {values: []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}},
		"require_auth":            {},
		"min_protocol_version":    {values: []string{"3.0", "3.2", "latest"}},
		"max_protocol_version":    {values: []string{"3.0", "3.2", "latest"}},
	}
}

// serverSettings are settings of a session that an address may hold. The server checks their values. Any other is set with
// options=-c%20NAME=VALUE.
func serverSettings() []string {
	return []string{
		"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout",
		"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout", "client_connection_check_interval",
		"synchronous_commit", "work_mem", "maintenance_work_mem", "temp_buffers", "temp_file_limit", "default_transaction_isolation",
		"plan_cache_mode", "jit", "role", "timezone", "TimeZone", "datestyle", "DateStyle", "client_encoding", "log_statement",
		"log_min_duration_statement", "max_parallel_workers_per_gather", "random_page_cost",
	}
}

// parse reads an address. The error joins every mistake in it, each with the name of its option. No part of a password is in it.
func parse(address string) (*pgx.ConnConfig, error) {
	before, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	names := slices.Sorted(maps.Keys(values))
	// A password with a question mark in it looks like options: nothing of that may be repeated.
	if err != nil || slices.ContainsFunc(names, noName) || strings.Contains(query, "@") && !strings.Contains(before, "@") {
		return nil, errNoAddress
	}
	var mistakes []error
	known := options()
	for _, name := range names {
		mistakes = append(mistakes, checkOption(known, name, values[name]))
	}
	if values.Has("sslcert") != values.Has("sslkey") {
		mistakes = append(mistakes, errors.New("option sslcert and option sslkey belong together: set both or none"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	cfg, err := pgx.ParseConfig(address)
	switch {
	case err != nil && values.Has("sslcert"):
		return nil, errors.New("option sslcert and option sslkey: the files are no certificate and its key, or sslpassword does not open the key")
	case err != nil:
		return nil, errNoAddress
	}
	return cfg, nil
}

// errNoAddress does not say what is wrong with an address: that could be a part of the password.
var errNoAddress = errors.New("is not a postgres://user:password@host:port/database address: a port is a number from 1 to 65535, and " +
	"characters like # / ? % @ in a password have to be percent-encoded, or set DATABASE_PASSWORD")

// noName reports whether a word cannot be the name of an option.
func noName(word string) bool {
	return word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != ""
}

// rootCertificate reads what sslrootcert names: a file, or the authorities of the system.
func rootCertificate(path string) error {
	if path == "system" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return fmt.Errorf("%s has no certificate in PEM form", path)
	}
	return nil
}

func checkOption(known map[string]option, name string, values []string) error {
	o, ok := known[name]
	switch {
	case !ok && slices.Contains(serverSettings(), name):
		return nil
	case !ok:
		return fmt.Errorf("has an unknown option %q%s", name, nearest(known, name))
	case len(values) > 1:
		return fmt.Errorf("has the option %s twice", name)
	case len(o.values) > 0 && !slices.Contains(o.values, values[0]):
		return fmt.Errorf("option %s: %q is none of %s", name, values[0], strings.Join(o.values, ", "))
	case o.check != nil:
		if err := o.check(values[0]); err != nil {
			return fmt.Errorf("option %s: %w", name, err)
		}
	}
	return nil
}

// nearest proposes the option that was meant, if one differs by a letter or two.
func nearest(known map[string]option, name string) string {
	best, least := "", 3
	for candidate := range known {
		if d := distance(candidate, strings.ToLower(name)); d < least || d == least && best != "" && candidate < best {
			best, least = candidate, d
		}
	}
	if best == "" {
		return "; a setting of the server is set with options=-c%20NAME=VALUE"
	}
	return fmt.Sprintf(": %s is one", best)
}

// distance is how many letters have to be added, removed or replaced to make one word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

func wholeNumber(value string) error {
	if n, err := strconv.ParseInt(value, 10, 32); err != nil || n < 0 {
		return fmt.Errorf("%q is not a whole number", value)
	}
	return nil
}

func ports(value string) error {
	for port := range strings.SplitSeq(value, ",") {
		if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
			return errors.New("a port is a number from 1 to 65535")
		}
	}
	return nil
}

func readable(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}
