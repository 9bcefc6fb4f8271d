package repository_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// A job that publishes may write where it publishes, and nowhere else.
func TestTheReleaseMayWriteOnlyWhatItPublishes(t *testing.T) {
	t.Parallel()
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Permissions map[string]string
			Steps       []struct {
				Uses, Run string
				Env       map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/release.yml")), &workflow); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"files":  {"contents": "write"},
		"images": {"contents": "read", "packages": "write"},
	}
	if len(workflow.Permissions) != 0 || len(workflow.Jobs) != len(want) {
		t.Errorf("got the permissions %v for all of %d jobs", workflow.Permissions, len(workflow.Jobs))
	}
	makefile := read(t, "Makefile")
	for name, job := range workflow.Jobs {
		if !maps.Equal(job.Permissions, want[name]) {
			t.Errorf("%s: got the permissions %v, want %v", name, job.Permissions, want[name])
		}
		for _, step := range job.Steps {
			// The shell would run what a tag is called.
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s: %q has a text of GitHub in a script: put it into a variable", name, step.Run)
			}
			if target, ok := strings.CutPrefix(step.Run, "make "); ok && !strings.Contains(makefile, "\n"+target+": ") {
				t.Errorf("%s: the Makefile has no target %s", name, target)
			}
		}
	}
}

// What is published is what docker-compose.yml takes: the same images, stages and arguments.
func TestThePublishedImagesAreThoseOfTheStack(t *testing.T) {
	t.Parallel()
	bake, stages := read(t, "deploy/docker-bake.hcl"), read(t, "deploy/Dockerfile")
	listed := regexp.MustCompile(`service = \[([^\]]*)\]`).FindStringSubmatch(bake)
	if listed == nil {
		t.Fatal("docker-bake.hcl lists no services")
	}
	services := strings.Split(strings.ReplaceAll(listed[1], `"`, ""), ", ")
	slices.Sort(services)
	if !slices.Equal(services, []string{"auth-service", "gateway", "math-service"}) {
		t.Errorf("got the images %v", services)
	}
	for _, service := range services {
		if !strings.Contains(stages, " AS "+service+"\n") {
			t.Errorf("deploy/Dockerfile has no stage %s", service)
		}
		if image := "${IMAGE_PREFIX:-tallygate}/" + service + ":${IMAGE_TAG:-dev}"; !strings.Contains(read(t, "docker-compose.yml"), image) {
			t.Errorf("docker-compose.yml has no %s", image)
		}
	}
	for _, argument := range regexp.MustCompile(`(?m)^    (\w+) +=`).FindAllStringSubmatch(bake, -1) {
		if !strings.Contains(stages, "ARG "+argument[1]+"=") {
			t.Errorf("deploy/Dockerfile has no argument %s", argument[1])
		}
	}
	if !strings.Contains(bake, `["${IMAGE_PREFIX}/${service}:${IMAGE_TAG}"]`) {
		t.Error("docker-bake.hcl gives the images other names")
	}
}
