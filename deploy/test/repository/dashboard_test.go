package repository_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/metricdocs"
)

// dashboard is what Grafana reads of a file in deploy/observability/grafana, as far as its form matters here.
type dashboard struct {
	UID, Title    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               struct{ Type, UID string }
	Targets                  []struct {
		RefID, Expr string
		Datasource  struct{ UID string }
	}
	FieldConfig struct{ Defaults struct{ Unit string } }
}

// eachDashboard runs a test on each of the files.
func eachDashboard(t *testing.T, test func(t *testing.T, d dashboard)) {
	t.Helper()
	files := walk(t, "deploy/observability/grafana", func(name string) bool { return strings.HasSuffix(name, ".json") })
	if len(files) == 0 {
		t.Fatal("there is no dashboard")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			var d dashboard
			if err := json.Unmarshal([]byte(readFile(t, file)), &d); err != nil {
				t.Fatal(err)
			}
			if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) < 10 {
				t.Fatalf("got %q, %q, schema version %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
			}
			test(t, d)
		})
	}
}

func TestDashboardsAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	documented := metricdocs.Read(t)
	eachDashboard(t, func(t *testing.T, d dashboard) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				checkAsked(t, p.Title, target.Expr, documented)
			}
		}
	})
}

// TestDashboardsUseTheirVariables: the data source is the reader's, and an expression names no variable that is not there.
func TestDashboardsUseTheirVariables(t *testing.T) {
	t.Parallel()
	eachDashboard(t, func(t *testing.T, d dashboard) {
		known := []string{"__rate_interval"}
		for _, v := range d.Templating.List {
			known = append(known, v.Name)
			if v.Name == "datasource" && (v.Type != "datasource" || v.Query != "prometheus") {
				t.Errorf("the variable datasource is %s of %v", v.Type, v.Query)
			}
		}
		for _, p := range d.Panels {
			if p.Type != "row" && (p.Datasource.Type != "prometheus" || p.Datasource.UID != "${datasource}") {
				t.Errorf("%s has the data source %+v", p.Title, p.Datasource)
			}
			for _, target := range p.Targets {
				if target.Datasource.UID != "${datasource}" {
					t.Errorf("%s %s has the data source %s", p.Title, target.RefID, target.Datasource.UID)
				}
				for _, name := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
					if !slices.Contains(known, name[1]) {
						t.Errorf("%s: there is no variable %s", p.Title, name[1])
					}
				}
			}
		}
	})
}

func TestPanelsOfDashboardsAreWhole(t *testing.T) {
	t.Parallel()
	eachDashboard(t, func(t *testing.T, d dashboard) {
		ids := map[int]bool{}
		for _, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s has the id %d, which is taken or none", p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.Title == "" || !slices.Contains([]string{"row", "stat", "timeseries"}, p.Type) {
				t.Errorf("panel %d is a %q with the title %q", p.ID, p.Type, p.Title)
			}
			if p.Type == "row" {
				continue
			}
			if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 {
				t.Errorf("%s: description %q, unit %q, %d targets", p.Title, p.Description, p.FieldConfig.Defaults.Unit, len(p.Targets))
			}
			refs := map[string]bool{}
			for _, target := range p.Targets {
				if target.RefID == "" || refs[target.RefID] {
					t.Errorf("%s has two targets %q", p.Title, target.RefID)
				}
				refs[target.RefID] = true
			}
		}
	})
}

// Grafana moves panels that overlap.
func TestPanelsOfDashboardsDoNotOverlap(t *testing.T) {
	t.Parallel()
	eachDashboard(t, func(t *testing.T, d dashboard) {
		taken := map[[2]int]string{}
		for _, p := range d.Panels {
			g := p.GridPos
			if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
				t.Errorf("%s is at %+v, outside of 24 columns", p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other, ok := taken[[2]int{x, y}]; ok {
						t.Fatalf("%s and %s overlap", p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
	})
}
