package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTheDocumentAboutProblemsHasTheTable(t *testing.T) {
	t.Parallel()
	got, err := os.ReadFile(filepath.Join("../..", problemsTarget))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, problems()) {
		t.Errorf("%s is not up to date: run `make openapi`", problemsTarget)
	}
}

func TestTheServedDescriptionIsTheJoinedOne(t *testing.T) {
	t.Parallel()
	const root = "../.."
	want, err := merge(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, target))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date: run `make openapi`", target)
	}
}
