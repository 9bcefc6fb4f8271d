// Command release makes the files of a release from this clone: `make release`. With -check it makes them once more elsewhere and
// compares the bytes: `make release-check`.
//
// It publishes nothing. .github/workflows/release.yml does that.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"tallygate/deploy/internal/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	c := release.Config{Root: "."}
	flag.StringVar(&c.Out, "out", "dist", "the folder for the files")
	flag.StringVar(&c.Version, "version", "", "the version, like v1.2.3")
	flag.StringVar(&c.Commit, "commit", "", "the commit that the version is")
	host := flag.Bool("host", false, "for this platform alone")
	check := flag.Bool("check", false, "check that the files in the folder can be made again from the commit, byte for byte")
	flag.Parse()

	c.Platforms = release.Platforms()
	if *host {
		c.Platforms = []release.Platform{{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	}
	if *check {
		if err := release.Check(ctx, c); err != nil {
			return err
		}
		fmt.Printf("Another clone of %s gives the same bytes as %s.\n", c.Commit, c.Out)
		return nil
	}
	if err := release.Make(ctx, c); err != nil {
		return err
	}
	fmt.Printf("The release %s is in %s.\n", c.Version, c.Out)
	return nil
}
