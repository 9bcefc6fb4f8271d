package edge

import (
	"strings"

	"tallygate/gateway/internal/route"
	"tallygate/kit/rate"
)

// maxRatesBytes bounds the text of the rates. auth-service takes a head of 32 KiB.
const maxRatesBytes = 8 << 10

// ratesOf is a list of the rates of routes, like root=10/s:20,files=1/m:1.
func ratesOf(table *route.Table) string {
	var b strings.Builder
	for _, r := range table.Routes() {
		if r.Public || r.Rate.Requests <= 0 {
			continue
		}
		one := rate.Limit{Route: r.Name, Rate: rate.Rate{Calls: r.Rate.Requests, Per: r.Rate.Per}, Burst: r.Rate.Burst}.String()
		if b.Len()+1+len(one) > maxRatesBytes {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(one)
	}
	return b.String()
}
