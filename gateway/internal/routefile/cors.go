package routefile

import (
	"regexp"
	"time"

	"tallygate/gateway/internal/route"
)

// originForm is what browsers send in the Origin field: in lower case, without a path.
var originForm = regexp.MustCompile(`^(\*|[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?)$`)

// cors reads which origins may call.
func (o *object) cors(r *route.Route) {
	from, ok := o.inner("cors", keys{needed: []string{"origins"}, others: []string{"headers", "expose", "max_age"}})
	if !ok {
		return
	}
	r.CORS = &route.CORS{MaxAge: 10 * time.Minute}
	for _, list := range []struct {
		key  string
		form *regexp.Regexp
		what string
		into *[]string
	}{
		{"origins", originForm, `an origin is "*" or like https://app.example.org`, &r.CORS.Origins},
		{"headers", fieldForm, aboutField, &r.CORS.Headers},
		{"expose", fieldForm, aboutField, &r.CORS.Expose},
	} {
		for _, t := range from.list(list.key, false, list.form, list.what) {
			*list.into = append(*list.into, t.value)
		}
	}
	from.duration("max_age", &r.CORS.MaxAge)
}
