package release_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/deploy/internal/release"
)

// unpacked is a file of an archive.
type unpacked struct {
	header *tar.Header
	data   []byte
}

// read returns the files of an archive, in their order.
func read(t *testing.T, path string) []unpacked {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compressed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if !compressed.ModTime.IsZero() || compressed.Name != "" {
		t.Errorf("the header of gzip has the time %s and the name %q, want neither", compressed.ModTime, compressed.Name)
	}
	var all []unpacked
	for archive := tar.NewReader(compressed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, unpacked{header, data})
	}
}

func TestAnArchiveDependsOnNamesContentsAndTimeAlone(t *testing.T) {
	t.Parallel()
	made := time.Unix(1_700_000_000, 0)
	write := func(mode os.FileMode, modified time.Time, reverse bool) string {
		folder := t.TempDir()
		path := filepath.Join(folder, "program")
		if err := os.WriteFile(path, []byte("code"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
		entries := []release.Entry{{Name: "b", Path: path, Executable: true}, {Name: "a", Data: []byte("text")}}
		if reverse {
			entries[0], entries[1] = entries[1], entries[0]
		}
		target := filepath.Join(folder, "archive.tar.gz")
		if err := release.WriteArchive(target, "top", entries, made); err != nil {
			t.Fatal(err)
		}
		return target
	}
	one, other := write(0o600, time.Now(), false), write(0o755, time.Unix(1, 0), true)
	if a, b := content(t, one), content(t, other); a != b {
		t.Errorf("got %d and %d bytes that differ", len(a), len(b))
	}
	files := read(t, one)
	if len(files) != 2 || files[0].header.Name != "top/a" || files[1].header.Name != "top/b" || string(files[0].data) != "text" || string(files[1].data) != "code" {
		t.Fatalf("got %+v", files)
	}
	for i, mode := range []int64{0o644, 0o755} {
		h := files[i].header
		if h.Mode != mode || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(made) {
			t.Errorf("got mode %o, owner %d:%d %q:%q, time %s", h.Mode, h.Uid, h.Gid, h.Uname, h.Gname, h.ModTime)
		}
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
