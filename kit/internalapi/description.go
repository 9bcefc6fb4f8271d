package internalapi

import _ "embed"

//go:embed openapi.yaml
var description []byte

// Description is the description of the calls, an OpenAPI 3.1 document in YAML. Callers must not change it.
func Description() []byte { return description }
