package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/routefile"
	"tallygate/kit/env"
	"tallygate/kit/problem/catalog"
)

// fileFlag is the flag -check-routes: the file is its value, or comes after it, or is that of ROUTES_FILE.
type fileFlag struct {
	set  bool
	file string
}

// String implements flag.Value.
func (f *fileFlag) String() string { return f.file }

// Set implements flag.Value.
func (f *fileFlag) Set(value string) error {
	if f.set = true; value != "true" { // the flag package's word for no value
		f.file = value
	}
	return nil
}

// IsBoolFlag lets the flag stand without a value.
func (*fileFlag) IsBoolFlag() bool { return true }

// ownFlags adds -check-routes.
func ownFlags(flags *flag.FlagSet) func(context.Context, []string) (int, bool) {
	var check fileFlag
	flags.Var(&check, "check-routes", "check a routes `FILE` (by default that of ROUTES_FILE), print the routes that are in force with it, "+
		"and exit, 0 if it has no mistake")
	return func(_ context.Context, args []string) (int, bool) {
		if !check.set {
			return 0, false
		}
		if len(args) > 1 || len(args) == 1 && check.file != "" {
			fmt.Fprintln(os.Stderr, "-check-routes takes one file")
			return 2, true
		}
		if len(args) == 1 {
			check.file = args[0]
		}
		if err := checkRoutes(check.file, os.LookupEnv, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1, true
		}
		return 0, true
	}
}

// checkRoutes reports the mistakes of a routes file, or prints the table that is in force with it and the settings. Without a
// file it is that of ROUTES_FILE, or none.
func checkRoutes(path string, lookup env.Lookup, out io.Writer) error {
	r := env.NewReader(lookup)
	cfg := new(config)
	cfg.readBuiltins(r)
	cfg.pages = cfg.readPages(r)
	path = cmp.Or(path, r.String("ROUTES_FILE", ""))
	if err := r.Err(); err != nil {
		return err
	}
	builtin := cfg.builtins()
	table, err := readTable(path, builtin)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d routes, with the built-in ones\n", cmp.Or(path, "no file"), len(table.Routes()))
	_, err = credentials{}.fill(table)
	_, tlsErr := upstreamTLS{}.fill(table)
	if err := errors.Join(err, tlsErr); err != nil { // the file may be checked on a machine that must not have them
		fmt.Fprintf(out, "cannot be used on this machine, and is needed where the gateway runs:\n%v\n", err)
	}
	fmt.Fprintln(out)
	if err := printTable(out, table, cfg.pagePaths()); err != nil {
		return err
	}
	for _, r := range table.Routes() {
		for _, path := range r.Tallies {
			fmt.Fprintf(out, "GET %s is neither counted nor limited on the route %s: looking at one's own tally is free\n", path, r.Name)
		}
	}
	printOverlaps(out, overlapsOf(table, builtin, cfg.pagePaths()))
	return nil
}

func readTable(path string, builtin []*route.Route) (*route.Table, error) {
	if path == "" {
		return route.NewTable(builtin)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return routefile.Parse(path, text, builtin)
}

// printTable prints routes and pages, by their paths.
func printTable(out io.Writer, table *route.Table, pages []string) error {
	type row struct{ path, rest string }
	var rows []row
	for _, r := range table.Routes() {
		methods, token := cmp.Or(strings.Join(r.Methods, ","), "any"), "required"
		if r.Public {
			token = "public"
		}
		scheme := "http://"
		if r.TLS.On {
			scheme = "https://"
		}
		if strings.HasPrefix(r.Upstreams[0], "unix:") {
			scheme = ""
		}
		upstreams := scheme + strings.Join(r.Upstreams, ", "+scheme) + r.BasePath
		rows = append(rows, row{r.Where(), strings.Join([]string{methods, r.Where(), r.Name, token, upstreams}, "\t")})
	}
	for _, page := range pages {
		if !slices.ContainsFunc(table.Routes(), func(r *route.Route) bool { return r.Path == page }) {
			rows = append(rows, row{page, strings.Join([]string{"GET", page, route.PageName, "public", "the gateway"}, "\t")})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.path, b.path) })
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METHODS\tPATH\tROUTE\tTOKEN\tUPSTREAM")
	for _, r := range rows {
		fmt.Fprintln(t, r.rest)
	}
	fmt.Fprintln(t, "\n/... is everything below a path, and the path itself. The longest path counts, and an exact one before /... .")
	return t.Flush()
}

// pagePaths are the paths of the gateway's own pages, in order. Of those about problems there is the list alone.
func (c *config) pagePaths() []string {
	paths := slices.DeleteFunc(slices.Sorted(maps.Keys(c.pages)), func(path string) bool {
		return c.pages[path].Yields || strings.Contains(path, catalog.Path)
	})
	return append(paths, healthPath, c.keysPath())
}
