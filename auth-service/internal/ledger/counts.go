package ledger

// Counts are the numbers that the ledger keeps about calls.
type Counts struct {
	Requests     int64 // let through
	Units        int64 // what these cost
	ClientErrors int64 // of these, with a 4xx response
	ServerErrors int64 // of these, with a 5xx response
	RateLimited  int64 // refused with 429, not in Requests
	BytesIn      int64 // of request bodies
	BytesOut     int64 // of response bodies
}

// Plus is the sum.
func (c Counts) Plus(o Counts) Counts {
	return Counts{
		Requests: c.Requests + o.Requests, Units: c.Units + o.Units, ClientErrors: c.ClientErrors + o.ClientErrors,
		ServerErrors: c.ServerErrors + o.ServerErrors, RateLimited: c.RateLimited + o.RateLimited,
		BytesIn: c.BytesIn + o.BytesIn, BytesOut: c.BytesOut + o.BytesOut,
	}
}

// least and most are the smallest and the largest of the counts.
func (c Counts) least() int64 {
	return min(c.Requests, c.Units, c.ClientErrors, c.ServerErrors, c.RateLimited, c.BytesIn, c.BytesOut)
}

func (c Counts) most() int64 {
	return max(c.Requests, c.Units, c.ClientErrors, c.ServerErrors, c.RateLimited, c.BytesIn, c.BytesOut)
}

// less is the difference. It is never below zero.
func (c Counts) less(o Counts) Counts {
	return Counts{
		Requests: max(c.Requests-o.Requests, 0), Units: max(c.Units-o.Units, 0), ClientErrors: max(c.ClientErrors-o.ClientErrors, 0),
		ServerErrors: max(c.ServerErrors-o.ServerErrors, 0), RateLimited: max(c.RateLimited-o.RateLimited, 0),
		BytesIn: max(c.BytesIn-o.BytesIn, 0), BytesOut: max(c.BytesOut-o.BytesOut, 0),
	}
}
