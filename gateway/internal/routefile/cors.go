package routefile

import (
	"regexp"
	"time"

	"tallygate/gateway/internal/route"
)

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
		{"origins", route.OriginForm, route.AboutOrigin, &r.CORS.Origins},
		{"headers", fieldForm, aboutField, &r.CORS.Headers},
		{"expose", fieldForm, aboutField, &r.CORS.Expose},
	} {
		for _, t := range from.list(list.key, false, list.form, list.what) {
			*list.into = append(*list.into, t.value)
		}
	}
	for i, origin := range r.CORS.Origins {
		r.CORS.Origins[i] = route.NormalOrigin(origin)
	}
	from.duration("max_age", &r.CORS.MaxAge)
}
