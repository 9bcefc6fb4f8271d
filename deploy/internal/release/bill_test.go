package release_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tallygate/deploy/internal/testbed"
)

// checkBill checks that a bill of materials has the form of CycloneDX, and names exactly the modules that each program uses.
func checkBill(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := billSchema(t).Validate(document); err != nil {
		t.Error(err)
	}

	var bill struct {
		Components []struct {
			Ref string `json:"bom-ref"`
		}
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal([]byte(content(t, path)), &bill); err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, component := range bill.Components {
		named[component.Ref] = true
	}
	used := map[string][]string{}
	for _, dependency := range bill.Dependencies {
		used[dependency.Ref] = dependency.DependsOn
		for _, ref := range dependency.DependsOn {
			if !named[ref] {
				t.Errorf("%s depends on %s, which is no component", dependency.Ref, ref)
			}
		}
	}
	for program, source := range map[string][2]string{
		"auth-service": {"auth-service", "."}, "gateway": {"gateway", "."}, "math-service": {"math-service", "."}, "tallygate": {"deploy", "./local"},
	} {
		want := modules(t, source[0], source[1])
		got := slices.DeleteFunc(slices.Clone(used["program:"+program]), func(ref string) bool { return strings.HasPrefix(ref, "pkg:golang/std@") })
		if len(got) == len(used["program:"+program]) {
			t.Errorf("%s: the standard library is not named", program)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got the modules\n%s\nwant\n%s", program, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// modules are the modules of a program's packages, as the go command lists them, without the program's own.
func modules(t *testing.T, module, path string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-tags", "nomsgpack", "-deps",
		"-f", "{{with .Module}}{{if not .Main}}{{if .Version}}pkg:golang/{{.Path}}@{{.Version}}{{else}}{{.Path}}{{end}}{{end}}{{end}}", path)
	cmd.Dir = filepath.Join(testbed.Root(), module)
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	refs := strings.Fields(strings.ReplaceAll(string(out), "+", "%2B"))
	for i, ref := range refs {
		if strings.HasPrefix(ref, "pkg:golang/tallygate/kit@") {
			refs[i] = "module:tallygate/kit"
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs)
}

// billSchema is the schema of CycloneDX 1.6, which comes with the library.
func billSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	folder := filepath.Join(strings.TrimSpace(output(t, testbed.Root(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")), "schema")
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		source, err := os.Open(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(source)
		source.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource("http://cyclonedx.org/schema/"+name, document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
