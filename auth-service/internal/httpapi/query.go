package httpapi

import (
	"fmt"
	"net/http"
	"net/url"

	"tallygate/kit/problem"
)

// parameters are the parameters of a query. A name that is read may occur only once.
type parameters struct{ values url.Values }

func readParameters(rawQuery string) (parameters, error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return parameters{}, problem.New(http.StatusBadRequest, "malformed-query", "The query is not well-formed: check its % signs and semicolons.")
	}
	return parameters{values}, nil
}

// get returns a parameter, or nothing if it is missing.
func (p parameters) get(name string) (string, error) {
	if len(p.values[name]) > 1 {
		return "", invalid(name, fmt.Sprintf("The parameter %q occurs more than once.", name))
	}
	return p.values.Get(name), nil
}

// csv reads whether the response is to be CSV and not JSON. It checks bom, too, which csvHeader reads.
func (p parameters) csv() (bool, error) {
	format, err := p.get("format")
	if err != nil {
		return false, err
	}
	mark, err := p.get("bom")
	switch {
	case err != nil:
		return false, err
	case format != "" && format != "json" && format != "csv":
		return false, invalid("format", `The parameter "format" has to be json or csv.`)
	case mark != "" && mark != "0" && mark != "1":
		return false, invalid("bom", `The parameter "bom" has to be 0 or 1.`)
	case mark == "1" && format != "csv":
		return false, invalid("bom", `The parameter "bom" is for format=csv: JSON has no byte-order mark.`)
	}
	return format == "csv", nil
}
