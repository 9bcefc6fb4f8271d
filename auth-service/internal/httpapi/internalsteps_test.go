package httpapi_test

import (
	"net/http"
	"strings"
)

// deliveries deliver a batch in every way.
func deliveries(method, batch string, text http.Header) []internalStep {
	const path = "/internal/usage"
	return []internalStep{
		{call{method: method, path: path, body: batch}, 204},
		{call{method: method, path: path, body: batch}, 204},
		{call{method: method, path: path, body: "{"}, 400},
		{call{method: method, path: path, body: batch, token: "none"}, 401},
		{call{method: method, path: path, body: batch + strings.Repeat(" ", 16<<20)}, 413},
		{call{method: method, path: path, body: batch, header: text}, 415},
		{call{method: method, path: path, body: "{}"}, 422},
	}
}

// rateReports reports calls under rates in every way.
func rateReports(calls string, text http.Header) []internalStep {
	const path = "/internal/rates"
	return []internalStep{
		{call{method: "POST", path: path, body: calls}, 200},
		{call{method: "POST", path: path, body: "{"}, 400},
		{call{method: "POST", path: path, body: calls, token: "none"}, 401},
		{call{method: "POST", path: path, body: calls + strings.Repeat(" ", 2<<20)}, 413},
		{call{method: "POST", path: path, body: calls, header: text}, 415},
		{call{method: "POST", path: path, body: "{}"}, 422},
	}
}

// gatewayReports reports the state of a gateway in every way.
func gatewayReports(report string, text http.Header) []internalStep {
	const path = "/internal/gateways/0f3a9c"
	return []internalStep{
		{call{method: "PUT", path: path, body: report}, 204},
		{call{method: "PUT", path: path, body: "{"}, 400},
		{call{method: "PUT", path: path, body: report, token: "none"}, 401},
		{call{method: "PUT", path: path, body: report + strings.Repeat(" ", 256<<10)}, 413},
		{call{method: "PUT", path: path, body: report, header: text}, 415},
		{call{method: "PUT", path: path, body: "{}"}, 422},
	}
}
