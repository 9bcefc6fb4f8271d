package httpapi

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"tallygate/math-service/internal/calc"
)

type rootResponse struct {
	Root float64 `json:"root"`
}

// computeRoot responds to GET /root?number=&n= with number to the power n.
func computeRoot(c *gin.Context) error {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return errQuery
	}
	number, err := readNumber(query, "number")
	if err != nil {
		return err
	}
	n, err := readNumber(query, "n")
	if err != nil {
		return err
	}
	root, err := calc.Power(number, n)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, rootResponse{Root: root})
	return nil
}

// readNumber reads the one value of a query parameter.
func readNumber(query url.Values, name string) (float64, error) {
	switch values := query[name]; len(values) {
	case 0:
		return 0, &parameterError{name, errAbsent}
	case 1:
		if values[0] == "" {
			return 0, &parameterError{name, errEmpty}
		}
		value, err := calc.ParseNumber(values[0])
		if err != nil {
			return 0, &parameterError{name, err}
		}
		return value, nil
	}
	return 0, &parameterError{name, errRepeated}
}
