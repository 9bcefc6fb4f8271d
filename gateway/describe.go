package main

import (
	"strings"

	"tallygate/gateway/internal/apidoc"
	"tallygate/gateway/internal/console"
)

// describe makes the part that serves one OpenAPI description of the gateway's calls and the APIs behind it, if there are pages.
func (g *gateway) describe() error {
	own := []string{healthPath, g.cfg.keysPath()}
	for at, page := range g.cfg.pages {
		if !page.Yields {
			own = append(own, at)
		}
	}
	for at, page := range g.cfg.pages {
		if !strings.HasSuffix(at, console.DescriptionPath) || page.ContentType != "application/json" {
			continue
		}
		keeper, err := apidoc.New(apidoc.Config{
			Own: page.Body, Pages: own, Fetch: g.edge.Fetch, Log: g.log, Bound: g.cfg.memory.descriptions,
			Put: func(body []byte) { g.edge.SetDescription(at, body) },
		})
		if err != nil {
			return err
		}
		g.apidoc = keeper
		g.registry.MustRegister(keeper.Collector())
	}
	return nil
}
