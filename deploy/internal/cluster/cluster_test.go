package cluster_test

import (
	"net/http"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

func TestKilledProcessesComeBackWhereTheyWere(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]cluster.Config{
		"SQLite":                  {},
		"replicas, on PostgreSQL": {Postgres: true, Auths: 2, Gateways: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cluster.Start(t, cfg)
			who := contract.Credentials{Username: "ada", Password: "123456"}
			if got, err := contract.NewClient(c.Gateways[0].URL).Register(who); err != nil || got.Status != http.StatusCreated {
				t.Fatalf("got %d %s (%v), want 201", got.Status, got.Body, err)
			}
			all := c.Services()
			if c.Database != nil {
				all = append([]*cluster.Process{c.Database}, all...)
			}
			for _, p := range all {
				if err := p.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range all {
				if err := p.Start(); err != nil {
					t.Fatal(err)
				}
				if p.PID() == 0 {
					t.Errorf("%s does not run", p.Name)
				}
			}
			for _, p := range all {
				if err := p.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, gateway := range c.Gateways {
				client := contract.NewClient(gateway.URL)
				if got, err := client.Root(client.Token(t, who), "9", "0.5"); err != nil || got.Status != http.StatusOK {
					t.Errorf("%s: got %d %s (%v), want 200", gateway.Name, got.Status, got.Body, err)
				}
			}
		})
	}
}
