package meter

import (
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// RouteID stands for a route's name on the hot path.
type RouteID uint16

// maxRoutes bounds the route names in the life of a gateway: reloads may add names. All routes past it count as one.
const maxRoutes = 1 << 15

// overflowRoute is the name of the routes past maxRoutes.
const overflowRoute = "other"

// routeNames numbers the routes' names. It keeps them in a file of the instance's folder, for the gateway that delivers
// after a crash.
type routeNames struct {
	mu    sync.Mutex
	ids   map[string]RouteID
	names []string
	file  *os.File // nil while there is no folder
}

func newRouteNames() *routeNames { return &routeNames{ids: map[string]RouteID{}} }

// id returns the name's number. On an error the name is not in the file; the number is valid all the same.
func (n *routeNames) id(name string) (RouteID, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, ok := n.ids[name]; ok {
		return id, nil
	}
	if len(n.names) == maxRoutes-1 {
		name = overflowRoute
		if id, ok := n.ids[name]; ok {
			return id, nil
		}
	}
	id := RouteID(len(n.names))
	n.ids[name] = id
	n.names = append(n.names, name)
	if n.file == nil {
		return id, nil
	}
	err := writeRoutes(n.file, int(id), name)
	if err != nil {
		n.file.Close()
		n.file = nil // keepIn writes a new file
	}
	return id, err
}

// keepIn writes the names to a file, and from then on each new name. If it does so already, it does nothing.
func (n *routeNames) keepIn(path string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file != nil {
		return nil
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := writeRoutes(file, 0, n.names...); err != nil {
		file.Close()
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		file.Close()
		return err
	}
	n.file = file
	return nil
}

func (n *routeNames) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clip(n.names)
}

func (n *routeNames) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file != nil {
		n.file.Close()
		n.file = nil
	}
}

// writeRoutes appends a line for each name: checksum, number, name in quotes. The checksum shows a line that a power failure
// has cut.
func writeRoutes(file *os.File, first int, names ...string) error {
	var b strings.Builder
	for i, name := range names {
		line := strconv.Itoa(first+i) + " " + strconv.Quote(name)
		fmt.Fprintf(&b, "%08x %s\n", crc32.ChecksumIEEE([]byte(line)), line)
	}
	if _, err := file.WriteString(b.String()); err != nil {
		return err
	}
	return file.Sync()
}

// readRoutes reads what writeRoutes wrote, up to the first damaged line.
func readRoutes(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		sum, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		number, quoted, _ := strings.Cut(rest, " ")
		name, err := strconv.Unquote(quoted)
		if err != nil || sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(rest))) || number != strconv.Itoa(len(names)) {
			break
		}
		names = append(names, name)
	}
	return names, nil
}
