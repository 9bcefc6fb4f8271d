package ledger

// Spans, Totals and Grant let tests see what the Service gives to its Store.
func (p Period) Spans(by Step, m Marks) []Span { return p.spans(by, m) }

// Totals is totals.
func (p Period) Totals(m Marks) []Span { return p.totals(m) }

// Grant is grant.
func Grant(limit *int64, used, reserved, want, least int64) int64 {
	return grant(limit, used, reserved, want, least)
}
