package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// sumsName is the file with the checksums, as sha256sum --check reads it.
const sumsName = "SHA256SUMS"

func writeSums(folder string, names []string) error {
	sums, err := checksums(folder, names)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, sumsName), sums, 0o644); err != nil { //nolint:gosec // anybody may read it
		return fmt.Errorf("write the checksums: %w", err)
	}
	return nil
}

func checksums(folder string, names []string) ([]byte, error) {
	var sums bytes.Buffer
	for _, name := range slices.Sorted(slices.Values(names)) {
		sum, err := checksum(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&sums, "%s  %s\n", sum, name)
	}
	return sums.Bytes(), nil
}

// checksum is the SHA-256 of a file, in hexadecimal.
func checksum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("add up a file: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("add up %s: %w", filepath.Base(path), err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
