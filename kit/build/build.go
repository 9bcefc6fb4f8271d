// Package build says which build of Tallygate a program is: its version, its commit and the Go version that compiled it.
//
// It does not know which program it is in: all programs of one build say the same.
package build

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// The linker sets these two: see LDFLAGS in the Makefile.
var (
	version = "dev"
	commit  = ""
)

// Info is what identifies a build.
type Info struct {
	Version string // of the product; dev if nobody has set it
	Commit  string // the hash of the source, or unknown
	Go      string // like go1.26.0
}

// Current is the build of this program. A program that was built with `go build` in a clone has the commit from Go itself.
func Current() Info {
	info := Info{Version: version, Commit: commit, Go: runtime.Version()}
	if info.Version == "" {
		info.Version = "dev"
	}
	if info.Commit == "" {
		info.Commit = stamped()
	}
	return info
}

// String is the build in one line, as -version prints it after the program's name.
func (i Info) String() string {
	return fmt.Sprintf("%s (commit %s, %s)", i.Version, i.Commit, i.Go)
}

// stamped is the commit that the go command has written into the program.
func stamped() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}
