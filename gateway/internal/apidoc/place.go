package apidoc

import (
	"regexp"
	"slices"
	"strings"

	"tallygate/gateway/internal/route"
)

// place says where clients find the calls of an upstream.
type place struct {
	route  *route.Route
	table  *route.Table
	pages  []string // the gateway's own
	server string   // the path in the description's first server
}

const maxPath = 512 // bytes

var pathForm = regexp.MustCompile(`^/([^\x00-\x20"<>?#\\^` + "`" + `|]*)$`)

// public returns the path by which clients reach a path of the upstream; false if the route forwards it by none.
func (p *place) public(path string) (string, bool) {
	if !pathForm.MatchString(path) || len(path) > maxPath {
		return "", false
	}
	rest, ok := below(p.base()+path, p.route.BasePath)
	if !ok {
		return "", false
	}
	if p.route.Strip && p.route.Path != "/" {
		if rest == "/" {
			rest = ""
		}
		rest = p.route.Path + rest
	}
	return rest, p.plain(rest)
}

// below returns what follows a path.
func below(path, base string) (string, bool) {
	rest, ok := strings.CutPrefix(path, base)
	switch {
	case !ok || rest != "" && rest[0] != '/':
		return "", false
	case rest == "":
		return "/", true
	}
	return rest, true
}

// plain reports whether the gateway forwards the path: it refuses those that servers read in different ways.
func (p *place) plain(path string) bool {
	bare := templateForm.ReplaceAllString(path, "x")
	if strings.ContainsAny(bare, "{}%") {
		return false
	}
	if strings.Contains(bare+"/", "/./") || strings.Contains(bare+"/", "/../") {
		return false
	}
	return p.route.RawPaths || !strings.Contains(bare, "//") && !strings.Contains(bare, ";")
}

// forwards reports whether a call of the path goes to the route, and not to another one or a page.
func (p *place) forwards(path, method string) bool {
	match, ok := p.table.Find([]byte(path))
	if !ok || match.Path != path && slices.Contains(p.pages, path) {
		return false
	}
	r, _, ok := match.Route([]byte(method))
	return ok && r.Name == p.route.Name
}

// serverPath is the path in a description's first server, to which its paths are relative.
func serverPath(root object) string {
	servers, _ := root.get("servers").(list)
	if len(servers) == 0 {
		return ""
	}
	first, _ := servers[0].(object)
	at, _ := first.text("url")
	if len(at) > maxPath {
		return ""
	}
	if _, rest, absolute := strings.Cut(at, "://"); absolute {
		_, rest, _ = strings.Cut(rest, "/")
		at = "/" + rest
	}
	for _, v := range first.inner("variables") {
		def, _ := v.value.(object)
		text, _ := def.text("default")
		at = strings.ReplaceAll(at, "{"+v.name+"}", text)
		if len(at) > maxPath {
			return ""
		}
	}
	at, _, _ = strings.Cut(at, "?")
	at = strings.TrimRight(at, "/")
	if !strings.HasPrefix(at, "/") || strings.ContainsAny(at, "{}") {
		return ""
	}
	return at
}

// base is what goes before the description's paths. An upstream behind a prefix may name that as its server: it gets no path that has it.
func (p *place) base() string {
	if p.route.Strip && p.server == p.route.Path && p.route.BasePath != p.server {
		return ""
	}
	return p.server
}
