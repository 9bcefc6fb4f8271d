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
	"slices"
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
	documents, err := c.documents(ctx)
	if err != nil {
		return nil, err
	}
	units, err := c.units(ctx)
	if err != nil {
		return nil, err
	}
	documents = append(documents, Entry{Name: "sbom.cdx.json", Data: bill})
	entries := slices.Concat(binaries(programs, shipped()), documents, below("systemd/", units))
	name := fmt.Sprintf("tallygate-%s-%s", c.Version, p)
	if err := WriteArchive(filepath.Join(c.Out, name+".tar.gz"), name, entries, made); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(c.Out, name+".cdx.json"), bill, 0o644); err != nil { //nolint:gosec // anybody may read it
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	names := []string{name + ".tar.gz", name + ".cdx.json"}
	if p.OS == "linux" {
		deb, err := c.debianPackage(p, programs, documents, units, made)
		if err != nil {
			return nil, err
		}
		names = append(names, deb)
	}
	return names, nil
}

// binaries are the compiled programs.
func binaries(folder string, programs []program) []Entry {
	var entries []Entry
	for _, program := range programs {
		entries = append(entries, Entry{Name: program.name, Path: filepath.Join(folder, program.name), Executable: true})
	}
	return entries
}

// documents are those that are part of the commit.
func (c *Config) documents(ctx context.Context) ([]Entry, error) {
	return c.committed(ctx, "", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "docs")
}

// units are those of systemd.
func (c *Config) units(ctx context.Context) ([]Entry, error) {
	return c.committed(ctx, "deploy/systemd/", "deploy/systemd")
}

// committed are the files at these paths that git knows, without a prefix of their names.
func (c *Config) committed(ctx context.Context, prefix string, paths ...string) ([]Entry, error) {
	listed, err := git(ctx, c.Root, append([]string{"ls-files", "-z", "--"}, paths...)...)
	if err != nil {
		return nil, err
	}
	if listed == "" {
		return nil, fmt.Errorf("the commit has no %s", strings.Join(paths, ", "))
	}
	var entries []Entry
	for file := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
		entries = append(entries, Entry{Name: strings.TrimPrefix(file, prefix), Path: filepath.Join(c.Root, filepath.FromSlash(file))})
	}
	return entries, nil
}

// below puts entries into a folder.
func below(folder string, entries []Entry) []Entry {
	moved := slices.Clone(entries)
	for i := range moved {
		moved[i].Name = folder + moved[i].Name
	}
	return moved
}
