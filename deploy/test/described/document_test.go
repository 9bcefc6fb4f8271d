package described_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/problem/catalog"
)

// TestTheDescriptionIsOfThisGateway: it says which version it is of, where the calls are, and which problems there are.
func TestTheDescriptionIsOfThisGateway(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{Auth: cluster.CheapPasswords()})
	var doc struct {
		Info    struct{ Version string }
		Servers []struct{ URL, Description string }
		Tags    []struct{ Name, Description string }
		Paths   map[string]map[string]struct {
			OperationID string
			Tags        []string
		}
		Problems []struct {
			Type     string
			Statuses []int
		} `json:"x-problems"`
	}
	get(t, c.Gateways[0].URL+"/openapi.json").read(t, &doc)
	version, err := exec.CommandContext(t.Context(), testbed.Program("gateway"), "-version").Output()
	if err != nil || doc.Info.Version == "" || !slices.Contains(strings.Fields(string(version)), doc.Info.Version) {
		t.Errorf("the version is %q, want one of %q, %v", doc.Info.Version, version, err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL == "" {
		t.Errorf("the servers are %+v", doc.Servers)
	}
	described := map[string]bool{}
	for _, tag := range doc.Tags {
		described[tag.Name] = tag.Description != ""
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths {
		for method, op := range item {
			if op.OperationID == "" || ids[op.OperationID] || len(op.Tags) != 1 || !described[op.Tags[0]] {
				t.Errorf("%s %s has the id %q, and the tags %q", method, path, op.OperationID, op.Tags)
			}
			ids[op.OperationID] = true
		}
	}
	for _, entry := range catalog.All() {
		at := -1
		for i, p := range doc.Problems {
			if p.Type == entry.Type() && slices.Equal(p.Statuses, entry.Statuses) {
				at = i
			}
		}
		if (at < 0) != entry.Internal {
			t.Errorf("x-problems has %s: %t", entry.Type(), at >= 0)
		}
	}
}
