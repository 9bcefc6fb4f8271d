package release

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// scripts are what dpkg runs, and the file for settings.
//
//go:embed debian
var scripts embed.FS

// debianPackage writes a package for Debian and systems like it, and returns its name: services and units, nothing that starts.
func (c *Config) debianPackage(p Platform, programs string, documents, units []Entry, made time.Time) (name string, err error) {
	version := DebianVersion(c.Version)
	services := slices.DeleteFunc(shipped(), func(p program) bool { return p.name == "tallygate" })
	content := slices.Concat(
		below("./usr/lib/tallygate/", binaries(programs, services)),
		below("./usr/lib/systemd/system/", units),
		below("./usr/share/doc/tallygate/", documents),
		[]Entry{
			{Name: "./usr/share/doc/tallygate/copyright", Path: filepath.Join(c.Root, "LICENSE")},
			{Name: "./usr/bin/tallygate-auth-service", Link: "../lib/tallygate/auth-service"},
			{Name: "./usr/bin/tallygate-gateway", Link: "../lib/tallygate/gateway"},
		})
	settings, err := script("tallygate.env")
	if err != nil {
		return "", err
	}
	content = append(content, Entry{Name: "./etc/tallygate/tallygate.env", Data: settings})
	content = append(content, folders(content)...)
	size, err := installedSize(content)
	if err != nil {
		return "", err
	}
	description := fmt.Sprintf(`Package: tallygate
Version: %s
Architecture: %s
Maintainer: The Tallygate authors <tallygate@localhost>
Installed-Size: %d
Depends: systemd (>= 250)
Section: net
Priority: optional
Description: sign-in and usage per user in front of HTTP APIs
 A gateway that checks the token of each call and counts what each user calls,
 and the service that has the users. Nothing starts by itself:
 systemctl enable --now tallygate.target
`, version, p.Arch, (size+1023)/1024)
	control := []Entry{{Name: "./control", Data: []byte(description)}, {Name: "./conffiles", Data: []byte("/etc/tallygate/tallygate.env\n")}}
	for _, name := range []string{"postinst", "prerm", "postrm"} {
		data, err := script(name)
		if err != nil {
			return "", err
		}
		control = append(control, Entry{Name: "./" + name, Data: data, Executable: true})
	}
	name = fmt.Sprintf("tallygate_%s_%s.deb", version, p.Arch)
	return name, writeDebian(filepath.Join(c.Out, name), control, content, made)
}

func script(name string) ([]byte, error) {
	data, err := scripts.ReadFile("debian/" + name)
	if err != nil {
		return nil, fmt.Errorf("read the package's %s: %w", name, err)
	}
	return data, nil
}

// folders are those that the entries are in: dpkg does not make them by itself.
func folders(entries []Entry) []Entry {
	seen := map[string]bool{}
	var all []Entry
	for _, e := range entries {
		for at, sign := range e.Name {
			if sign == '/' && !seen[e.Name[:at+1]] {
				seen[e.Name[:at+1]] = true
				all = append(all, Entry{Name: e.Name[:at+1]})
			}
		}
	}
	return all
}

func installedSize(entries []Entry) (int64, error) {
	total := int64(0)
	for _, e := range entries {
		total += int64(len(e.Data))
		if e.Path != "" {
			info, err := os.Stat(e.Path)
			if err != nil {
				return 0, err
			}
			total += info.Size()
		}
	}
	return total, nil
}

// DebianVersion orders versions as dpkg does: v1.2.3-rc1 is before 1.2.3, and v1.2.3-4-g0123abc, which is what git calls the fourth commit
// after it, is behind. A version without a number in front is before all others.
func DebianVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	if regexp.MustCompile(`^[0-9].*-[0-9]+-g[0-9a-f]+(-dirty)?$`).MatchString(version) {
		return strings.ReplaceAll(version, "-", "+")
	}
	version = strings.NewReplacer("-", "~", "_", "~").Replace(version)
	if !regexp.MustCompile(`^[0-9]+\.`).MatchString(version) {
		version = "0~" + version
	}
	return version
}

// writeDebian writes a package: an ar archive of a version, a tar with the description and a tar with the files (deb(5)).
func writeDebian(target string, control, content []Entry, made time.Time) (err error) {
	var archive bytes.Buffer
	archive.WriteString("!<arch>\n")
	if err := addMember(&archive, "debian-binary", []byte("2.0\n"), made); err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		entries []Entry
	}{{"control.tar.gz", control}, {"data.tar.gz", content}} {
		var tar bytes.Buffer
		if err := writeTar(&tar, part.entries, made); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := addMember(&archive, part.name, tar.Bytes(), made); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(target, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644) //nolint:gosec // anybody may read what is published
	if err != nil {
		return fmt.Errorf("make the package: %w", err)
	}
	_, err = file.Write(archive.Bytes())
	return errors.Join(err, file.Close())
}

// addMember adds a file to an ar archive. Each begins at an even byte.
func addMember(w io.Writer, name string, data []byte, made time.Time) error {
	pad := ""
	if len(data)%2 == 1 {
		pad = "\n"
	}
	_, err := fmt.Fprintf(w, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s%s", name, made.Unix(), 0, 0, "100644", len(data), data, pad)
	return err
}
