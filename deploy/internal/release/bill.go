package release

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"maps"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// billOfMaterials lists what the programs in a folder are made of, in CycloneDX JSON: the modules that Go's linker has written into
// each of them, and the standard library.
func billOfMaterials(folder, version string, made time.Time) ([]byte, error) {
	bom := cyclonedx.NewBOM()
	root := cyclonedx.Component{BOMRef: "tallygate", Type: cyclonedx.ComponentTypeApplication, Name: "tallygate", Version: version}
	bom.Metadata = &cyclonedx.Metadata{Timestamp: made.UTC().Format(time.RFC3339), Component: &root}

	var components []cyclonedx.Component
	libraries := map[string]cyclonedx.Component{}
	var refs []string
	uses := []cyclonedx.Dependency{{}}
	for _, program := range shipped() {
		path := filepath.Join(folder, program.name)
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read what %s is made of: %w", program.name, err)
		}
		sum, err := checksum(path)
		if err != nil {
			return nil, err
		}
		components = append(components, cyclonedx.Component{
			BOMRef: "program:" + program.name, Type: cyclonedx.ComponentTypeApplication, Name: program.name, Version: version,
			Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: sum}},
		})
		linked := librariesOf(info, version)
		maps.Copy(libraries, linked)
		refs = append(refs, "program:"+program.name)
		used := slices.Sorted(maps.Keys(linked))
		uses = append(uses, cyclonedx.Dependency{Ref: "program:" + program.name, Dependencies: &used})
	}
	uses[0] = cyclonedx.Dependency{Ref: root.BOMRef, Dependencies: &refs}
	for _, ref := range slices.Sorted(maps.Keys(libraries)) {
		components = append(components, libraries[ref])
		uses = append(uses, cyclonedx.Dependency{Ref: ref})
	}
	bom.Components, bom.Dependencies = &components, &uses

	var out bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	return out.Bytes(), nil
}

// librariesOf are the components that a program is linked from, by reference.
func librariesOf(info *debug.BuildInfo, version string) map[string]cyclonedx.Component {
	all := []cyclonedx.Component{goModule("std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	for _, module := range info.Deps {
		if module.Replace != nil && module.Replace.Sum != "" {
			module = module.Replace
		}
		if module.Replace != nil { // kit, which is in the same repository
			all = append(all, cyclonedx.Component{
				BOMRef: "module:" + module.Path, Type: cyclonedx.ComponentTypeLibrary, Name: module.Path, Version: version,
			})
			continue
		}
		all = append(all, goModule(module.Path, module.Version, module.Sum))
	}
	byRef := map[string]cyclonedx.Component{}
	for _, component := range all {
		byRef[component.BOMRef] = component
	}
	return byRef
}

// goModule is a module with its package URL. sum is its line of go.sum, which is no checksum of a file.
func goModule(path, version, sum string) cyclonedx.Component {
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	component := cyclonedx.Component{BOMRef: url, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: url}
	if sum != "" {
		component.Properties = &[]cyclonedx.Property{{Name: "tallygate:go.sum", Value: sum}}
	}
	return component
}
