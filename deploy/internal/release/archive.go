package release

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Entry is a file of an archive: its content is Data, or that of the file at Path. If Name ends with a slash, it is a folder, and if Link is
// set, a symbolic link.
type Entry struct {
	Name       string
	Path       string
	Data       []byte
	Link       string
	Executable bool
}

// WriteArchive writes a tar.gz with all entries in one folder. Its bytes depend on nothing but names, contents and the time: the
// order, the owner and the modes are always the same.
func WriteArchive(target, folder string, entries []Entry, made time.Time) (err error) {
	file, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644) //nolint:gosec // anybody may read what is published
	if err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return writeTar(file, below(folder+"/", entries), made)
}

func writeTar(w io.Writer, entries []Entry, made time.Time) error {
	// The header of gzip has no name and no time.
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	archive := tar.NewWriter(compressed)
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	for _, e := range sorted {
		if err := e.write(archive, made); err != nil {
			return fmt.Errorf("archive %s: %w", e.Name, err)
		}
	}
	return errors.Join(archive.Close(), compressed.Close())
}

func (e *Entry) write(archive *tar.Writer, made time.Time) error {
	data := e.Data
	if e.Path != "" {
		var err error
		if data, err = os.ReadFile(e.Path); err != nil {
			return err
		}
	}
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: e.Name, Size: int64(len(data)), Mode: 0o644, ModTime: made.UTC().Truncate(time.Second),
	}
	switch {
	case e.Link != "":
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, e.Link, 0o777
	case strings.HasSuffix(e.Name, "/"):
		header.Typeflag, header.Mode = tar.TypeDir, 0o755
	case e.Executable:
		header.Mode = 0o755
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(data)
	return err
}
