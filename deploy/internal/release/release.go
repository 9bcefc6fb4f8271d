// Package release makes the files of a release from a clone of the repository: an archive and a bill of materials for each
// platform, and their checksums. The same commit, version and Go version always give the same bytes.
//
// It publishes nothing, and it does not know what the programs do.
package release

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Config says what to make.
type Config struct {
	Root      string // of the clone
	Out       string // the folder for the files
	Version   string // it stands in the files' names
	Commit    string
	Platforms []Platform
}

// Platform is what programs are compiled for, in Go's words.
type Platform struct{ OS, Arch string }

// Platforms are those of a release.
func Platforms() []Platform {
	return []Platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}}
}

func (p Platform) String() string { return p.OS + "-" + p.Arch }

// Make writes the files of a release, and SHA256SUMS with their checksums.
func Make(ctx context.Context, c Config) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+~-]*$`).MatchString(c.Version) {
		return fmt.Errorf("the version %q cannot stand in the name of a file: set VERSION, like VERSION=v1.2.3", c.Version)
	}
	made, err := commitTime(ctx, c.Root, c.Commit)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil { //nolint:gosec // anybody may read what is published
		return fmt.Errorf("make the folder for the release: %w", err)
	}
	var names []string
	for _, platform := range c.Platforms {
		written, err := c.platform(ctx, platform, made)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		names = append(names, written...)
	}
	return writeSums(c.Out, names)
}

// platform makes the files of one platform and returns their names.
func (c *Config) platform(ctx context.Context, p Platform, made time.Time) ([]string, error) {
	programs, err := os.MkdirTemp("", "tallygate-release-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the programs: %w", err)
	}
	defer os.RemoveAll(programs) //nolint:errcheck // a leftover in the folder for temporary files
	if err := c.compile(ctx, p, programs); err != nil {
		return nil, err
	}
	bill, err := billOfMaterials(programs, c.Version, made)
	if err != nil {
		return nil, err
	}
	entries, err := c.entries(ctx, programs, bill)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("tallygate-%s-%s", c.Version, p)
	if err := WriteArchive(filepath.Join(c.Out, name+".tar.gz"), name, entries, made); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(c.Out, name+".cdx.json"), bill, 0o644); err != nil { //nolint:gosec // anybody may read it
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	return []string{name + ".tar.gz", name + ".cdx.json"}, nil
}

// entries are the files of an archive: the programs, the bill of materials, and the documents that are part of the commit.
func (c *Config) entries(ctx context.Context, programs string, bill []byte) ([]Entry, error) {
	entries := []Entry{{Name: "sbom.cdx.json", Data: bill}}
	for _, program := range shipped() {
		entries = append(entries, Entry{Name: program.name, Path: filepath.Join(programs, program.name), Executable: true})
	}
	listed, err := git(ctx, c.Root, "ls-files", "-z", "--", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "docs")
	if err != nil {
		return nil, err
	}
	for file := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
		entries = append(entries, Entry{Name: file, Path: filepath.Join(c.Root, filepath.FromSlash(file))})
	}
	return entries, nil
}
