package httpapi

import (
	_ "embed"
	"encoding/json"
)

// description describes every call of the API (OpenAPI 3.1). The address of its server, ".", is where it was read.
//
//go:embed openapi.json
var description string

// describe answers the description.
func (a *API) describe(*call) (any, error) { return json.RawMessage(description), nil }
