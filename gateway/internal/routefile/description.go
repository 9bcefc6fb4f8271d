package routefile

import (
	"github.com/goccy/go-yaml/ast"

	"tallygate/gateway/internal/route"
)

const aboutDescription = "has to be true, false, a path of the upstream like /openapi.json, or a file like {file: api.yaml}"

// description reads what the gateway's OpenAPI description says about the route. Everybody may read that, so routes for some roles
// only are not in it unless the file says so.
func (o *object) description(r *route.Route) {
	node := o.values["openapi"]
	r.Description.Unlisted = node == nil && len(r.Roles) > 0
	if node == nil {
		return
	}
	switch n := o.resolve(node).(type) {
	case *ast.BoolNode:
		r.Description.Unlisted = !n.Value
	case *ast.MappingNode:
		if inner, ok := o.inner("openapi", keys{needed: []string{"file"}}); ok {
			file, _ := inner.text("file", filePathForm, "has to be the path of a file")
			r.Description.File = file.value
		}
	case *ast.StringNode:
		path, _ := o.text("openapi", healthForm, aboutDescription)
		r.Description.Path = path.value
	default:
		o.fail(place(node), "openapi: %s", aboutDescription)
	}
}
