package main

import (
	"strings"
	"time"

	"tallygate/gateway/internal/route"
	"tallygate/kit/env"
)

// readOrigins reads which pages' scripts may call the built-in routes. Without the setting there are none, and it returns nil.
func readOrigins(r *env.Reader) *route.CORS {
	// Libraries in pages add fields of their own, for example for tracing. The built-in routes ignore those that they do not know.
	// Scripts need the ETag for If-Match.
	cors := &route.CORS{Headers: []string{"*"}, Expose: []string{"ETag"}, MaxAge: 10 * time.Minute}
	for origin := range strings.SplitSeq(r.String("CORS_ORIGINS", ""), ",") {
		switch origin = strings.TrimSpace(origin); {
		case origin == "":
		case !route.OriginForm.MatchString(origin):
			r.Fail("CORS_ORIGINS", "%q: %s", origin, route.AboutOrigin)
		default:
			cors.Origins = append(cors.Origins, route.NormalOrigin(origin))
		}
	}
	if len(cors.Origins) == 0 {
		return nil
	}
	return cors
}
