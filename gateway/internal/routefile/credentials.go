package routefile

import (
	"regexp"

	"github.com/goccy/go-yaml/ast"

	"tallygate/gateway/internal/route"
)

var (
	filePathForm = regexp.MustCompile(`^[^\x00-\x1f]+$`)
	// plainPathForm is a path that no value of the field Authorization looks like.
	plainPathForm = regexp.MustCompile(`^(\.{0,2}/|[A-Za-z]:[/\\])[^\x00-\x1f]+$`)
	// fieldValueForm is how values of that field begin, and no path does.
	fieldValueForm = regexp.MustCompile(`(?i)^(basic|bearer|digest|negotiate|token) `)
)

const aboutAuthorization = "has to name the file with the field's value, like {file: /run/secrets/files}"

// credentials reads which Authorization field the upstream gets: none, the client's, or one of the gateway's own.
func (o *object) credentials(r *route.Route) {
	r.ForwardToken = o.flag("forward_token", false)
	r.AuthorizationFile = o.authorizationFile()
	switch {
	case o.has("forward_token") && r.Public:
		o.fail(place(o.values["forward_token"]), "forward_token: is not possible with auth: public, where no token is read")
	case o.has("authorization") && r.ForwardToken:
		o.fail(place(o.values["authorization"]), "authorization: is not possible with forward_token: true: the upstream gets one of the two")
	}
}

// authorizationFile reads {file: PATH}, or a path alone. A text that is no path may be the secret itself, so no error repeats it.
func (o *object) authorizationFile() string {
	node := o.values["authorization"]
	if node == nil {
		return ""
	}
	switch n := o.resolve(node).(type) {
	case *ast.MappingNode:
		inner, ok := o.inner("authorization", keys{needed: []string{"file"}})
		if !ok {
			return ""
		}
		file, _ := inner.text("file", filePathForm, "has to be the path of a file")
		if !fieldValueForm.MatchString(file.value) {
			return file.value
		}
	case *ast.StringNode:
		if plainPathForm.MatchString(n.Value) {
			return n.Value
		}
	}
	o.fail(place(node), "authorization: %s", aboutAuthorization)
	return ""
}
