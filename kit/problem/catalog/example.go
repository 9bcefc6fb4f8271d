package catalog

import (
	"encoding/json"
	"net/http"
)

// tokenRefused is the name of the only problem whose body has no type.
const tokenRefused = "token-not-valid"

// Example is the body of a response with the problem, indented by two spaces.
func Example(e Entry) []byte {
	if e.Name == tokenRefused {
		return []byte(`{"message":"Token is not valid"}`)
	}
	text, _ := json.MarshalIndent(struct { // strings and an int: this cannot fail
		Type    string `json:"type"`
		Title   string `json:"title"`
		Status  int    `json:"status"`
		Detail  string `json:"detail"`
		Message string `json:"message"`
	}{e.Type(), http.StatusText(e.Statuses[0]), e.Statuses[0], e.Title + ".", e.Title + "."}, "", "  ")
	return text
}
