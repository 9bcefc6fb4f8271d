package meter

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errLocked = errors.New("locked by a living gateway")

// folder is one instance's folder under STATE_DIR. It is locked as long as it is open.
type folder struct {
	path     string
	instance string
	lock     *os.File
}

const (
	lockName      = "lock"
	routesName    = "routes"
	segmentSuffix = ".tally"
	// newPrefix marks folders that are being made. No other gateway delivers them.
	newPrefix = ".new-"
)

// newInstance makes an id that was never used before (a UUID, RFC 9562 version 4).
func newInstance() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func isInstance(name string) bool {
	return regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(name)
}

// createFolder makes the instance's folder. It is locked before it gets its name, so that no other
// gateway takes it for a dead one's.
func createFolder(stateDir, instance string) (*folder, error) {
	making := filepath.Join(stateDir, newPrefix+instance)
	if err := os.MkdirAll(making, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(making, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		if err = lockFile(lock); err == nil {
			path := filepath.Join(stateDir, instance)
			if err = os.Rename(making, path); err == nil {
				return &folder{path: path, instance: instance, lock: lock}, nil
			}
		}
		lock.Close()
	}
	_ = os.RemoveAll(making) // what stays behind is empty
	return nil, err
}

// takeFolder locks a folder that a dead gateway left. Errors: errLocked; fs.ErrNotExist if another gateway was quicker.
func takeFolder(stateDir, instance string) (*folder, error) {
	path := filepath.Join(stateDir, instance)
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		lock.Close()
		return nil, err
	}
	// Another gateway may have delivered and removed it after we opened the file and before we locked it.
	if _, err := os.Stat(lock.Name()); err != nil {
		lock.Close()
		return nil, err
	}
	return &folder{path: path, instance: instance, lock: lock}, nil
}

// removeUnfinished removes the folders that gateways were making when they died: nothing is counted in them. It keeps
// folders that are younger than madeBefore: a living gateway may not have locked them yet.
func removeUnfinished(stateDir string, madeBefore time.Time) error {
	entries, err := os.ReadDir(stateDir)
	errs := []error{err}
	for _, e := range entries {
		id, unfinished := strings.CutPrefix(e.Name(), newPrefix)
		if !unfinished || !isInstance(id) {
			continue
		}
		if info, err := e.Info(); err != nil || !info.ModTime().Before(madeBefore) {
			continue // another gateway was quicker, or the folder is too young
		}
		path := filepath.Join(stateDir, e.Name())
		if lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0o600); err == nil {
			err = lockFile(lock)
			lock.Close()
			if errors.Is(err, errLocked) {
				continue
			}
		}
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}

// others lists the instances of the folders that are not ours, of living and dead gateways.
func others(stateDir, instance string) ([]string, error) {
	entries, err := os.ReadDir(stateDir)
	var names []string
	for _, e := range entries {
		if e.IsDir() && isInstance(e.Name()) && e.Name() != instance {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (f *folder) segmentPath(number uint64) string {
	return filepath.Join(f.path, fmt.Sprintf("%016x%s", number, segmentSuffix))
}

func (f *folder) routesPath() string { return filepath.Join(f.path, routesName) }

// segments lists the numbers of the segments that are there, in order.
func (f *folder) segments() ([]uint64, error) {
	entries, err := os.ReadDir(f.path)
	var numbers []uint64
	for _, e := range entries {
		hex, ok := strings.CutSuffix(e.Name(), segmentSuffix)
		if number, err := strconv.ParseUint(hex, 16, 64); ok && err == nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// remove deletes the folder. The lock is deleted last, so that no other gateway takes the folder before.
func (f *folder) remove() error {
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != lockName {
			if err := os.Remove(filepath.Join(f.path, e.Name())); err != nil {
				return err
			}
		}
	}
	err = os.Remove(filepath.Join(f.path, lockName))
	if gone := os.Remove(f.path); !errors.Is(gone, fs.ErrNotExist) { // another gateway may have found it empty and removed it
		err = errors.Join(err, gone)
	}
	f.lock.Close()
	return err
}

// release unlocks the folder and leaves it to the next gateway.
func (f *folder) release() { f.lock.Close() }
